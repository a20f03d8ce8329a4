// SPDX-License-Identifier: MIT
// Attacks on the pairing itself, by the ids of the list of attacks that this project keeps.
#include <doctest/doctest.h>

#include "tests/smp/bonds.hpp"
#include "tests/smp/two_managers.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::array_of;
using bluetooth::test::hex;
using bluetooth::test::Lines;
using bluetooth::test::ManagerScript;
using bluetooth::test::Octets;
using bluetooth::test::TwoManagers;
using std::chrono::seconds;

namespace {

/// A peripheral that waits for the central's public key.
void await_public_key(ManagerScript& script) {
    (void)script.connect();
    CHECK(script.receive("01 03 00 08 10 00 00") == Lines{"send 02030008100000"});
}
/// And a central: it has sent its own, which is returned.
std::string await_peripherals_key(ManagerScript& script) {
    (void)script.connect();
    CHECK(script.pair() == Lines{"send 01030008100000"});
    const Lines lines = script.receive("02 03 00 08 10 00 00");
    REQUIRE(lines.size() == 1);
    return lines[0].substr(7);  // behind "send 0c"
}
void use_passkey(TwoManagers& two, bool sc) {
    for (ManagerScript* side : {&two.central, &two.peripheral}) {
        side->local.settings.mitm = true;
        side->local.settings.secure_connections = sc;
    }
    two.central.local.settings.io = IoCapability::keyboard_only;
    two.peripheral.local.settings.io = IoCapability::display_only;
}

}  // namespace

TEST_CASE("smp attack M05, M06, M07: key sizes out of range or below the minimum") {
    for (unsigned size = 0; size < 256; ++size) {
        CAPTURE(size);
        const std::array octet{static_cast<std::uint8_t>(size)};
        for (const std::uint8_t least : {std::uint8_t{7}, std::uint8_t{16}}) {
            const std::string reason = size > 16 ? "0a" : size < least ? "06" : "";
            ManagerScript peripheral{Role::peripheral};
            peripheral.local.settings.min_key_size = least;
            (void)peripheral.connect();
            const Lines answer = peripheral.receive("01 03 00 01" + to_hex(octet) + "07 07");
            ManagerScript central{Role::central};
            central.local.settings.min_key_size = least;
            (void)central.connect();
            (void)central.pair();
            const Lines second = central.receive("02 03 00 01" + to_hex(octet) + "07 07");
            if (reason.empty()) {
                CHECK(answer == Lines{"send 02030008100000"});
                CHECK(second.at(0).starts_with("send 03"));
            } else {
                CHECK(answer.at(0) == "send 05" + reason);
                CHECK(second.at(0) == "send 05" + reason);
                CHECK_FALSE(central.manager.busy());
                CHECK_FALSE(peripheral.manager.busy());
            }
        }
    }
    // A minimum below what there may be does not count.
    ManagerScript lax{Role::peripheral};
    lax.local.settings.min_key_size = 0;
    (void)lax.connect();
    CHECK(lax.receive("01 03 00 01 06 07 07").at(0) == "send 0506");
}

TEST_CASE("smp attack M08: PDUs that are too short or too long, with a pairing and without") {
    constexpr std::array<std::size_t, 15> sizes{0,  7, 7,  17, 17, 2,  17, 11,
                                                17, 8, 17, 2,  65, 17, 2};
    for (std::size_t code = 1; code < sizes.size(); ++code)
        for (const std::size_t size : {std::size_t{1}, sizes[code] - 1, sizes[code] + 1})
            for (const int state : {0, 1, 2}) {
                CAPTURE(code);
                CAPTURE(size);
                Octets pdu(size, 0x01);
                pdu[0] = static_cast<std::uint8_t>(code);
                ManagerScript script{state == 2 ? Role::central : Role::peripheral};
                if (state == 0) (void)script.connect();
                if (state == 1) await_public_key(script);
                if (state == 2) (void)await_peripherals_key(script);
                const Lines lines = script.receive(Bytes{pdu});
                CHECK_FALSE(script.manager.busy());
                if (code == 0x05) {  // is not answered (M24), yet fails the pairing
                    CHECK(lines == (state == 0 ? Lines{} : Lines{"failed: bluetooth.smp.peer 8"}));
                } else {
                    CHECK(lines.at(0) == "send 050a");
                    CHECK(lines.size() == (state == 0 ? 1 : 2));
                }
            }
    ManagerScript script{Role::peripheral};
    CHECK(script.receive("").empty());
}

TEST_CASE("smp attack M09: reserved values of IO capability and OOB flag; reserved bits") {
    for (const unsigned value : {0x05u, 0x06u, 0x7fu, 0xffu}) {
        const std::string octet = to_hex(std::array{static_cast<std::uint8_t>(value)});
        for (const std::string& features : {octet + "00", "03" + octet}) {
            ManagerScript peripheral{Role::peripheral};
            (void)peripheral.connect();
            CHECK(peripheral.receive("01" + features + "00 10 00 00").at(0) == "send 050a");
            ManagerScript central{Role::central};
            (void)central.connect();
            (void)central.pair();
            CHECK(central.receive("02" + features + "00 10 00 00").at(0) == "send 050a");
        }
    }
    // Reserved bits are ignored, and not sent.
    ManagerScript script{Role::peripheral};
    script.local.settings.bonding = true;
    (void)script.connect();
    CHECK(script.receive("01 03 00 e9 10 ff ff") == Lines{"send 02030009100707"});
}

TEST_CASE("smp attack M10: PDUs of the wrong role") {
    ManagerScript peripheral{Role::peripheral};
    (void)peripheral.connect();
    CHECK(peripheral.receive("0b 00") == Lines{"send 0507"});
    CHECK(peripheral.receive("02 03 00 00 10 00 00").empty());
    ManagerScript central{Role::central};
    (void)central.connect();
    CHECK(central.receive("01 03 00 00 10 00 00") == Lines{"send 0507"});
    // In a pairing, which has then failed for both.
    (void)peripheral.receive("01 03 00 08 10 00 00");
    CHECK(peripheral.receive("0b 00") == Lines{"send 0507", "failed: bluetooth.smp.local 7"});
    (void)central.pair();
    CHECK(central.receive("01 03 00 00 10 00 00") ==
          Lines{"send 0507", "failed: bluetooth.smp.local 7"});
    CHECK_FALSE(central.manager.busy());
    (void)peripheral.receive("01 03 00 08 10 00 00");
    CHECK(peripheral.receive("02 03 00 08 10 00 00").at(0) == "send 0508");
}

TEST_CASE("smp attack M12: a second request in the middle of a pairing ends it (CVE-2024-3332)") {
    ManagerScript script{Role::peripheral};
    await_public_key(script);
    CHECK(script.receive("01 03 00 08 10 00 00") ==
          Lines{"send 0508", "failed: bluetooth.smp.local 8"});
    CHECK(script.receive("0d" + test::key_text("11")).empty());
    // The central's is unmoved by a second Security Request.
    ManagerScript central{Role::central};
    (void)central.connect();
    CHECK(central.receive("0b 08") == Lines{"send 01030008100000"});
    CHECK(central.receive("0b 08").empty());
    CHECK(central.receive("02 03 00 08 10 00 00").at(0).starts_with("send 0c"));
    // A second response is no response.
    CHECK(central.receive("02 03 00 08 10 00 00").at(0) == "send 0508");
}

TEST_CASE("smp attack M16: confirm and random values that come back as they were sent") {
    SUBCASE("a responder that reflects them, in legacy pairing and in LE Secure Connections") {
        for (const bool sc : {false, true})
            for (const bool with_passkey : {false, true}) {
                if (sc && !with_passkey) continue;  // there the initiator shows none
                TwoManagers two;
                if (with_passkey) use_passkey(two, sc);
                for (ManagerScript* side : {&two.central, &two.peripheral})
                    side->local.settings.secure_connections = sc;
                Octets confirm;
                two.on_the_way = [&](bool to_central, Octets& pdu) {
                    if (pdu[0] == 0x03 && !to_central) confirm = pdu;
                    if (pdu[0] == 0x03 && to_central) pdu = confirm;
                };
                two.pair();
                CHECK(two.of_central().error() == local_error(Reason::confirm_value_failed));
                CHECK_FALSE(two.of_central().key);
                for (const Octets& pdu : two.of_central().sent) CHECK(pdu[0] != 0x04);
            }
    }
    SUBCASE("an initiator that waits for ours first") {
        TwoManagers two;
        use_passkey(two, true);
        bool first = true;
        two.on_the_way = [&](bool to_central, Octets& pdu) {
            if (pdu[0] == 0x04 && !to_central && std::exchange(first, false))
                pdu = hex("04" + test::key_text("00"));
        };
        two.pair();
        CHECK(two.of_peripheral().error() == local_error(Reason::confirm_value_failed));
    }
}

TEST_CASE("smp attack M17: the application learns the method and may allow one only") {
    TwoManagers two;
    use_passkey(two, true);
    two.central.local.settings.methods = {Method::numeric_comparison};
    two.pair();
    CHECK(two.of_central().error() == local_error(Reason::authentication_requirements));
    TwoManagers named;
    use_passkey(named, true);
    named.pair();
    CHECK(named.of_central().done.at(0).method == Method::passkey_entry);
}

TEST_CASE("smp attack M19: the bit for Secure Connections is cleared on the way") {
    for (const bool to_which : {false, true}) {
        TwoManagers two;
        for (ManagerScript* side : {&two.central, &two.peripheral})
            side->local.settings.secure_connections_only = true;
        two.on_the_way = [to_which](bool to_central, Octets& pdu) {
            if (pdu[0] <= 2 && to_central == to_which) pdu[3] &= 0xf7;
        };
        two.pair();
        const auto& finds = to_which ? two.of_central() : two.of_peripheral();
        CHECK(finds.error() == local_error(Reason::authentication_requirements));
        CHECK_FALSE(two.of_central().key);
    }
}

TEST_CASE("smp attack: features that are changed on the way make the checks fail") {
    for (const bool sc : {false, true})
        for (const bool to_which : {false, true})
            for (const std::uint8_t bit :
                 {std::uint8_t{0x01}, std::uint8_t{0x10}}) {  // bonding, keypress
                TwoManagers two;
                for (ManagerScript* side : {&two.central, &two.peripheral})
                    side->local.settings.secure_connections = sc;
                two.on_the_way = [=](bool to_central, Octets& pdu) {
                    if (pdu[0] <= 2 && to_central == to_which)
                        pdu[3] = static_cast<std::uint8_t>(pdu[3] ^ bit);
                };
                two.pair();
                CHECK(two.of_central().error());
                CHECK(two.of_peripheral().error());
                CHECK_FALSE(two.central.manager.security().encrypted);
                CHECK_FALSE(two.of_central().key);
            }
}

TEST_CASE("smp attack M24: Pairing Failed is never answered") {
    for (const Role role : {Role::central, Role::peripheral})
        for (const unsigned reason : {0x00u, 0x04u, 0x0bu, 0xffu}) {
            ManagerScript script{role};
            if (role == Role::central)
                (void)await_peripherals_key(script);
            else
                await_public_key(script);
            const std::string octet = to_hex(std::array{static_cast<std::uint8_t>(reason)});
            CHECK(script.receive("05" + octet) ==
                  Lines{"failed: bluetooth.smp.peer " + std::to_string(reason ? reason : 8)});
            CHECK(script.receive("05" + octet).empty());
        }
}

TEST_CASE("smp attack M25: reserved codes are ignored, in a pairing too") {
    ManagerScript script{Role::peripheral};
    await_public_key(script);
    for (unsigned code = 0; code < 256; ++code) {
        if (code >= 1 && code <= 0x0e) continue;
        CHECK(script.receive(Bytes{std::array{static_cast<std::uint8_t>(code)}}).empty());
        CHECK(script.receive(Bytes{Octets(65, static_cast<std::uint8_t>(code))}).empty());
    }
    CHECK(script.manager.pairing());
    CHECK(script.manager.dropped() == 2 * 242);
}

TEST_CASE("smp attack M27: a thousand wrong passkeys take days") {
    Local shared;
    Time now{};
    seconds waited{0};
    for (int i = 0; i < 1000; ++i) {
        while (!shared.attempts.allowed(ManagerScript::address_of(true), now)) {
            now += seconds{1};
            waited += seconds{1};
        }
        TwoManagers two;
        use_passkey(two, false);
        two.peripheral.local.attempts = shared.attempts;
        two.peripheral.now = now;
        two.typed = i;
        two.pair();
        CHECK(two.of_peripheral().error() == local_error(Reason::confirm_value_failed));
        shared.attempts = two.peripheral.local.attempts;
    }
    CHECK(waited > std::chrono::hours{24 * 11});
}

TEST_CASE("smp attack M30: a peer that has our own address (CVE-2020-26555)") {
    const TypedAddress ours = ManagerScript::address_of(true);
    for (const Role role : {Role::central, Role::peripheral}) {
        ManagerScript script{role, ours, ours};
        (void)script.connect();
        CHECK(script.pair() == Lines{make_error(errc::not_permitted).message()});
        const Lines answer = script.receive(role == Role::central ? "0b 00" : "01030000100000");
        CHECK(answer == Lines{"send 0508"});
        CHECK_FALSE(script.manager.busy());
    }
}

TEST_CASE("smp attack: a responder that does not wait for the initiator's part") {
    for (const bool sc : {false, true}) {
        TwoManagers two;
        use_passkey(two, sc);
        two.answers = false;
        two.pair();  // both users have been asked
        CHECK(two.central.receive("03" + test::key_text("11")) ==
              Lines{"send 0508", "failed: bluetooth.smp.local 8"});
    }
    TwoManagers two;
    for (ManagerScript* side : {&two.central, &two.peripheral}) {
        side->local.settings.mitm = true;
        side->local.settings.io = IoCapability::display_yes_no;
    }
    two.answers = false;
    two.pair();
    // The responder keeps an early check until its own user has agreed; the initiator has none yet.
    CHECK(two.peripheral.receive("0d" + test::key_text("11")).empty());
    CHECK(two.peripheral.receive("0d" + test::key_text("11")).at(0) == "send 0508");
    CHECK(two.central.receive("0d" + test::key_text("11")) ==
          Lines{"send 0508", "failed: bluetooth.smp.local 8"});
}
