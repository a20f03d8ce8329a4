// SPDX-License-Identifier: MIT
#include "hci/events.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/show.hpp"
#include "hci/acl.hpp"
#include "hci/commands.hpp"
#include "tests/hci/event_vectors.hpp"
#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::hci;
using test::hex;
using test::Octets;
using test::read_reports;

namespace {

constexpr ConnectionHandle handle{0x0040};
const Address address = Address::from_display({0x11, 0x22, 0x33, 0x44, 0x55, 0x66});
const Address private_address = Address::from_display({0x4a, 0xbb, 0xcc, 0xdd, 0xee, 0xff});

test::Coverage covered;

template <class E> void check(const E& event, std::string_view text) {
    test::check_event(covered, event, text);
}

template <std::size_t N> std::array<std::uint8_t, N> counting() {
    std::array<std::uint8_t, N> octets{};
    for (std::size_t i = 0; i < N; ++i) octets[i] = static_cast<std::uint8_t>(i);
    return octets;
}

std::vector<std::pair<int, int>> read_completed(std::string_view parameters) {
    std::vector<std::pair<int, int>> completed;
    for_each_completed(hex(parameters), [&](ConnectionHandle link, std::uint16_t count) {
        completed.emplace_back(static_cast<int>(link), count);
    });
    return completed;
}
using Completed = std::vector<std::pair<int, int>>;

}  // namespace

TEST_CASE("hci events: as Vol 4 Part E 7.7 lays them out") {
    check(DisconnectionComplete{Status::success, handle, Status::remote_user_terminated_connection},
          "05 04 00 40 00 13");
    check(EncryptionChange{Status::success, handle, Enable::enabled}, "08 04 00 40 00 01");
    check(ReadRemoteVersionInformationComplete{Status::success, handle, CoreVersion::v5_0, 0x000f,
                                               0x6109},
          "0c 08 00 40 00 09 0f 00 09 61");
    const Octets returned = hex("00 fb 00 08");
    check(CommandComplete{1, LeReadBufferSize::opcode, returned}, "0e 07 01 02 20 00 fb 00 08");
    check(CommandStatus{Status::command_disallowed, 1, LeCreateConnection::opcode},
          "0f 04 0c 01 0d 20");
    check(HardwareError{0x42}, "10 01 42");
    const Octets pairs = hex("40 00 02 00 41 00 01 00");
    check(NumberOfCompletedPackets{{List<CompletedPackets>{pairs}}},
          "13 09 02 40 00 02 00 41 00 01 00");
    check(DataBufferOverflow{0x01}, "1a 01 01");
    check(EncryptionKeyRefreshComplete{Status::success, handle}, "30 03 00 40 00");
    check(AuthenticatedPayloadTimeoutExpired{handle}, "57 02 40 00");
}

TEST_CASE("hci events: LE Meta, as Vol 4 Part E 7.7.65 lays them out") {
    check(
        LeConnectionComplete{Status::success, handle, Role::peripheral, AddressType::random_device,
                             address, Units1250us{0x0018}, 0x0002, Units10ms{0x002a}, 0x05},
        "3e 13 01 00 40 00 01 01 66 55 44 33 22 11 18 00 02 00 2a 00 05");
    const Octets report = hex("00 01 66 55 44 33 22 11 03 02 01 06 c4");
    check(LeAdvertisingReport{1, report}, "3e 0f 02 01 00 01 66 55 44 33 22 11 03 02 01 06 c4");
    check(LeConnectionUpdateComplete{Status::success, handle, Units1250us{0x0028}, 0x0004,
                                     Units10ms{0x01f4}},
          "3e 0a 03 00 40 00 28 00 04 00 f4 01");
    check(LeReadRemoteFeaturesComplete{Status::success, handle, 0x0000'0000'0000'00ff},
          "3e 0c 04 00 40 00 ff 00 00 00 00 00 00 00");
    check(LeLongTermKeyRequest{handle, {1, 2, 3, 4, 5, 6, 7, 8}, 0x1234},
          "3e 0d 05 40 00 01 02 03 04 05 06 07 08 34 12");
    check(LeRemoteConnectionParameterRequest{handle, Units1250us{0x0006}, Units1250us{0x0c80},
                                             0x01f3, Units10ms{0x0c80}},
          "3e 0b 06 40 00 06 00 80 0c f3 01 80 0c");
    check(LeDataLengthChange{handle, 0x00fb, Microseconds{0x0848}, 0x001b, Microseconds{0x0148}},
          "3e 0b 07 40 00 fb 00 48 08 1b 00 48 01");
    check(LeReadLocalP256PublicKeyComplete{Status::success, counting<32>(), counting<32>()},
          "3e 42 08 00 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
          "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    check(LeGenerateDhKeyComplete{Status::success, counting<32>()},
          "3e 22 09 00 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    check(LeEnhancedConnectionComplete{Status::success, handle, Role::central,
                                       AddressType::public_identity, address, Address{},
                                       private_address, Units1250us{0x0018}, 0x0000,
                                       Units10ms{0x002a}, 0x01},
          "3e 1f 0a 00 40 00 00 02 66 55 44 33 22 11 00 00 00 00 00 00 "
          "ff ee dd cc bb 4a 18 00 00 00 2a 00 01");
    const Octets directed = hex("01 01 66 55 44 33 22 11 01 ff ee dd cc bb 4a c4");
    check(LeDirectedAdvertisingReport{1, directed},
          "3e 12 0b 01 01 01 66 55 44 33 22 11 01 ff ee dd cc bb 4a c4");
    check(LePhyUpdateComplete{Status::success, handle, Phy::le_2m, Phy::le_1m},
          "3e 06 0c 00 40 00 02 01");
    check(LeChannelSelectionAlgorithm{handle, 0x01}, "3e 04 14 40 00 01");
}

TEST_CASE("hci events: each event but the extended ones has a vector in this file") {
    covered.check_complete<BasicEvents>();
}

TEST_CASE("hci events: a truncated event is none, an extended one ignores what was appended") {
    Events::for_each([]<class E>(std::type_identity<E>) {
        INFO(E::pdu_name);
        std::array<std::uint8_t, 257> out{};
        const Bytes whole =
            decode_event_packet(Bytes{encode_event_packet(E{}, out)})->parameters.octets;
        for (std::size_t size = 0; size < whole.size(); ++size)
            CHECK_FALSE(decode_event<E>(Bytes{whole.first(size)}));
        Octets longer{whole};
        longer.push_back(0);
        if constexpr (fixed_size<E>() > 0) CHECK(decode_event<E>(longer) == E{});
    });
}

TEST_CASE("hci events: random octets are decoded or refused, and never read beyond their end") {
    std::mt19937 random{20};
    for (int round = 0; round < 20'000; ++round) {
        // Memory of exactly this size, so that the address sanitizer sees any octet too many.
        Octets octets(random() % 64);
        for (auto& octet : octets) octet = static_cast<std::uint8_t>(random());
        Events::for_each([&]<class E>(std::type_identity<E>) {
            if constexpr (LeMetaEvent<E>)
                if (!octets.empty()) octets[0] = static_cast<std::uint8_t>(E::subevent_code);
            if (const auto event = decode_event<E>(octets)) (void)to_string(*event);
        });
        Commands::for_each([&]<class C>(std::type_identity<C>) {
            if (const auto command = decode_command<C>(octets)) (void)to_string(*command);
            if constexpr (!std::is_same_v<typename C::Return, CommandStatusOnly>)
                if (const auto answer = decode_return<C>(octets)) (void)to_string(*answer);
        });
        for (const auto& report : AdvertisingReports{octets}) (void)to_string(report);
        for (const auto& report : DirectedAdvertisingReports{octets}) (void)to_string(report);
        for (const auto& report : ExtendedAdvertisingReports{octets}) (void)to_string(report);
        for_each_completed(octets, [](ConnectionHandle, std::uint16_t) {});
        (void)decode_acl(octets);
        (void)decode_command_packet(octets);
        (void)decode_event_packet(octets);
    }
}

TEST_CASE("hci events: a packet whose length octet is wrong is none") {
    CHECK_FALSE(decode_event_packet(hex("")));
    CHECK_FALSE(decode_event_packet(hex("05")));
    CHECK_FALSE(decode_event_packet(hex("05 04 00 40 00")));
    CHECK_FALSE(decode_event_packet(hex("05 04 00 40 00 13 00")));
}

TEST_CASE("hci events: one that would not fit its length octet is not encoded") {
    std::array<std::uint8_t, 400> out{};
    const Octets returned(253);
    CHECK(encode_event_packet(CommandComplete{1, 0x2002, returned}, out).empty());
    CHECK(encode_event_packet(CommandComplete{1, 0x2002, Bytes{Bytes{returned}.first(252)}}, out)
              .size() == 257);
    CHECK(encode_event_packet(HardwareError{1}, MutableBytes{out}.first(2)).empty());
}

TEST_CASE("hci events: LE Meta without a subevent code is no event of the set (H05)") {
    CHECK_FALSE(Events::dispatch(EventCode::le_meta, {}, [](const auto&) { FAIL("no event"); }));
    CHECK(event_name(EventCode::le_meta, {}) == "event");
}

TEST_CASE("advertising reports: several in one event, in the order received") {
    CHECK(read_reports<AdvertisingReports>("02  00 01 66 55 44 33 22 11 03 02 01 06 c4 "
                                           "04 00 65 55 44 33 22 11 00 7f") ==
          std::vector<std::string>{"11:22:33:44:55:66 -60 020106", "11:22:33:44:55:65 127 "});
}

TEST_CASE("advertising reports: only those that fit completely, whatever the count says (H06)") {
    const auto reports = read_reports<AdvertisingReports>("19 00 00 66 55 44 33 22 11 00 c4");
    CHECK(reports == std::vector<std::string>{"11:22:33:44:55:66 -60 "});
    CHECK(read_reports<DirectedAdvertisingReports>("19 01 01 66 55 44 33 22 11 01 ff ee dd cc bb "
                                                   "4a c4 01 01") ==
          std::vector<std::string>{"11:22:33:44:55:66 -60"});
}

TEST_CASE("advertising reports: a count of 0 or above 25 makes the event invalid (H06)") {
    CHECK(read_reports<AdvertisingReports>("00 00 00 66 55 44 33 22 11 00 c4").empty());
    CHECK(read_reports<AdvertisingReports>("1a 00 00 66 55 44 33 22 11 00 c4").empty());
    CHECK(read_reports<AdvertisingReports>("").empty());
}

TEST_CASE("advertising reports: a data length beyond the event drops the report (H08)") {
    CHECK(read_reports<AdvertisingReports>("01 00 00 66 55 44 33 22 11 ff 02 01 06").empty());
    // The RSSI is missing.
    CHECK(read_reports<AdvertisingReports>("01 00 00 66 55 44 33 22 11 03 02 01 06").empty());
}

TEST_CASE(
    "advertising reports: more than the 31 octets of legacy advertising drop the report (H09)") {
    std::string report = "01 00 00 66 55 44 33 22 11 20";
    for (int i = 0; i < 32; ++i) report += " 00";
    CHECK(read_reports<AdvertisingReports>(report + " c4").empty());
}

TEST_CASE("completed packets: each complete pair, whatever the count says (H13)") {
    CHECK(read_completed("02 40 00 02 00 41 00 01 00") == Completed{{0x40, 2}, {0x41, 1}});
    CHECK(read_completed("ff").empty());
    CHECK(read_completed("02 40 00 01").empty());
    CHECK(read_completed("ff 40 00 01 00 41 00") == Completed{{0x40, 1}});
    CHECK(read_completed("01 40 00 01 00 41 00 01 00") == Completed{{0x40, 1}});
    CHECK(read_completed("").empty());
}

TEST_CASE("acl: header fields, as Vol 4 Part E 5.4.2 lays them out") {
    const Octets start = hex("40 20 03 00 aa bb cc");
    const auto packet = decode_acl(start);
    REQUIRE(packet);
    CHECK(packet->handle == handle);
    CHECK(packet->boundary == PacketBoundary::first_flushable);
    CHECK(packet->broadcast == 0);
    CHECK(packet->data == Bytes{hex("aa bb cc")});

    const Octets odd = hex("ff 5e 00 00");
    const auto other = decode_acl(odd);
    REQUIRE(other);
    CHECK(other->handle == ConnectionHandle{0x0eff});
    CHECK(other->boundary == PacketBoundary::continuing);
    CHECK(other->broadcast == 1);

    CHECK(Octets{Bytes{acl_header(handle, PacketBoundary::first_non_flushable, 0x0123)}} ==
          hex("40 00 23 01"));
    CHECK(Octets{Bytes{acl_header(ConnectionHandle{0x0eff}, PacketBoundary::continuing, 5)}} ==
          hex("ff 1e 05 00"));
}

TEST_CASE("acl: a length that does not match the packet makes it none (L06)") {
    CHECK_FALSE(decode_acl(hex("40 20 09 04 08 00 01 00 02 01 04 00")));
    CHECK_FALSE(decode_acl(hex("40 20 01 00 aa bb")));
    CHECK_FALSE(decode_acl(hex("40 20 00")));
    CHECK_FALSE(decode_acl(hex("")));
}

TEST_CASE("hci codes: print by name") {
    CHECK(to_string(handle) == "0x0040");
    CHECK(to_string(Status::command_disallowed) == "command disallowed");
    CHECK(to_string(CoreVersion::v4_2) == "4.2");
    CHECK(to_string(CoreVersion::v6_0) == "6.0");
    CHECK(to_string(CoreVersion{0}) == "unknown");
    CHECK(to_string(CoreVersion{0xff}) == "unknown");
    CHECK(to_string(AdvertisingType::adv_direct_ind_low_duty) == "ADV_DIRECT_IND, low duty cycle");
    CHECK(to_string(AdvertisingEventType::scan_rsp) == "SCAN_RSP");
}
