// SPDX-License-Identifier: MIT
// Peers whose keys are known, in the resolving list of the controller.
#include <doctest/doctest.h>

#include <optional>
#include <string_view>

#include "tests/gap/privacy_script.hpp"

using namespace std::chrono_literals;
using namespace bluetooth;
using namespace bluetooth::gap;
using namespace bluetooth::gap::test;

namespace {

using Fixture = PrivacyScript;

const Identity a{AddressType::public_device, address("00:AA:00:00:00:0A")};
const Identity b{AddressType::random_device, address("C0:00:00:00:00:0B")};
const Identity c{AddressType::public_device, address("00:AA:00:00:00:0C")};
const std::string_view a_octets = "00 0a 00 00 00 aa 00";
const std::string_view b_octets = "01 0b 00 00 00 00 c0";
const std::string_view c_octets = "00 0c 00 00 00 aa 00";

constexpr hci::Status full = hci::Status::memory_capacity_exceeded;
constexpr hci::Status unknown = hci::Status::unknown_hci_command;

std::optional<Identity> resolve(Fixture& f, const Address& address) {
    return f.privacy.resolve(AddressType::random_device, address);
}

}  // namespace

// ---- the controller's list

TEST_CASE(
    "privacy peers: the list is filled in one pause, the last first, and resolution enabled") {
    Fixture f;
    f.restore();
    f.add(a);
    f.add(b, true);
    CHECK_FALSE(f.privacy.in_controller_list(a));
    CHECK(f.pause() == Lines{add_command(b_octets), add_command(a_octets),
                             device_mode_command(b_octets), enable_resolution});
    CHECK(f.privacy.in_controller_list(a));
    CHECK(f.privacy.in_controller_list(b));
    CHECK_FALSE(f.privacy.in_controller_list(c));
}

TEST_CASE("privacy peers: own address and list are changed in the same pause") {
    Fixture f;
    f.use_resolvable();
    f.add(a);
    f.restore();
    CHECK(f.pause() == Lines{set_sample_rpa, add_command(a_octets), enable_resolution});
}

TEST_CASE("privacy peers: the list is changed while resolution is disabled") {
    Fixture f;
    f.restore();
    f.add(a);
    (void)f.pause();
    f.add(b);
    CHECK(f.pause() == Lines{disable_resolution, add_command(b_octets), enable_resolution});
    f.privacy.remove_peer(f.context(), a);
    CHECK_FALSE(f.privacy.in_controller_list(a));
    CHECK(f.pause() == Lines{disable_resolution, remove_command(a_octets), enable_resolution});
    f.privacy.remove_peer(f.context(), a);
    CHECK(f.take() == Lines{});
    f.privacy.clear(f.context());
    CHECK(f.pause() == Lines{disable_resolution, clear_list});
    f.privacy.clear(f.context());
    CHECK(f.take() == Lines{});
}

TEST_CASE("privacy peers: a peer added again replaces the former entry") {
    Fixture f;
    f.restore();
    f.add(a);
    (void)f.pause();
    f.add(a, true);
    CHECK_FALSE(f.privacy.in_controller_list(a));
    CHECK(f.pause() == Lines{disable_resolution, remove_command(a_octets), add_command(a_octets),
                             device_mode_command(a_octets), enable_resolution});
    CHECK(f.privacy.in_controller_list(a));
}

TEST_CASE("privacy peers: a key of zeros is none, and takes a former one away") {
    Fixture f;
    f.restore();
    f.add(a, false, crypto::Key{});
    CHECK(f.take() == Lines{});
    f.add(a);
    (void)f.pause();
    CHECK(resolve(f, sample_rpa) == a);
    f.add(a, false, crypto::Key{});
    CHECK(f.pause() == Lines{disable_resolution, clear_list});
    CHECK_FALSE(resolve(f, sample_rpa));
}

TEST_CASE("privacy peers: what is no identity address is refused") {
    Fixture f;
    f.restore();
    const auto refused = [&](AddressType type, const Address& peer) {
        return f.privacy.add_peer(f.context(), {type, peer}, sample_irk, false) ==
               errc::invalid_argument;
    };
    CHECK(refused(AddressType::random_device, sample_rpa));
    CHECK(refused(AddressType::random_device, address("00:00:00:00:00:01")));
    CHECK(refused(AddressType::public_identity, a.address));
    CHECK(refused(AddressType::unknown, a.address));
    CHECK(f.take() == Lines{});
}

TEST_CASE("privacy peers: those added or used last are in a list that is too short for all") {
    Fixture f;
    f.restore(2);
    f.add(a);
    f.add(b);
    (void)f.pause();
    f.add(c);
    CHECK(f.pause() == Lines{disable_resolution, remove_command(a_octets), add_command(c_octets),
                             enable_resolution});
    CHECK_FALSE(f.privacy.in_controller_list(a));

    f.privacy.use_peer(f.context(), b);
    CHECK(f.take() == Lines{});  // it is in already
    f.privacy.use_peer(f.context(), a);
    CHECK(f.pause() == Lines{disable_resolution, remove_command(c_octets), add_command(a_octets),
                             enable_resolution});
    f.privacy.use_peer(f.context(), {AddressType::public_device, Address{}});
    CHECK(f.take() == Lines{});

    // Whose place becomes free gets it.
    f.privacy.remove_peer(f.context(), b);
    CHECK(f.pause() == Lines{disable_resolution, remove_command(b_octets), add_command(c_octets),
                             enable_resolution});
}

TEST_CASE("privacy peers: without a list in the controller the host resolves alone") {
    Fixture f;
    f.restore(0);
    f.add(a);
    f.privacy.remove_peer(f.context(), a);
    f.add(a);
    CHECK(f.take() == Lines{});
    CHECK_FALSE(f.privacy.in_controller_list(a));
    CHECK(resolve(f, sample_rpa) == a);
}

TEST_CASE("privacy peers: where modes cannot be set, device privacy is for the host to respect") {
    Fixture f;
    f.restore(4, false);
    f.add(a, true);
    CHECK(f.take() == Lines{});
    f.add(b, false);
    CHECK(f.pause() == Lines{add_command(b_octets), enable_resolution});
    CHECK_FALSE(f.privacy.in_controller_list(a));
    CHECK(resolve(f, sample_rpa) == b);
}

// ---- refusals

TEST_CASE("privacy peers: a list that is full earlier than announced is not filled further") {
    Fixture f;
    f.restore(4);
    f.add(a);
    f.add(b);
    f.add(c);
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{add_command(c_octets)});
    CHECK(f.answered() == Lines{add_command(b_octets)});
    CHECK(f.answered(full) == Lines{enable_resolution});
    CHECK(f.answered() == Lines{"release"});
    CHECK(f.privacy.in_controller_list(c));
    CHECK_FALSE(f.privacy.in_controller_list(b));
    // The one place is still given to who was used last.
    f.privacy.use_peer(f.context(), a);
    CHECK(f.pause() == Lines{disable_resolution, remove_command(c_octets), add_command(a_octets),
                             enable_resolution});
}

TEST_CASE("privacy peers: a list that takes nobody is left alone") {
    Fixture f;
    f.restore();
    f.add(a);
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{add_command(a_octets)});
    CHECK(f.answered(full) == Lines{"release"});
    f.add(b);
    CHECK(f.take() == Lines{});
    CHECK(resolve(f, sample_rpa) == b);
}

TEST_CASE("privacy peers: a peer that is refused is resolved by the host, the others are not") {
    Fixture f;
    f.restore();
    f.add(a);
    f.add(b);
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{add_command(b_octets)});
    CHECK(f.answered(disallowed) == Lines{add_command(a_octets)});
    CHECK(f.answered() == Lines{enable_resolution});
    CHECK(f.answered() == Lines{"release"});
    CHECK(f.privacy.in_controller_list(a));
    CHECK_FALSE(f.privacy.in_controller_list(b));
    f.privacy.use_peer(f.context(), b);
    CHECK(f.take() == Lines{});
    f.add(b);  // a new chance
    CHECK(f.pause() == Lines{disable_resolution, add_command(b_octets), enable_resolution});
}

TEST_CASE("privacy peers: a peer whose mode is refused is taken out again") {
    Fixture f;
    f.restore();
    f.add(a, true);
    f.add(b);
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{add_command(b_octets)});
    CHECK(f.answered() == Lines{add_command(a_octets)});
    CHECK(f.answered() == Lines{device_mode_command(a_octets)});
    CHECK(f.answered(unknown) == Lines{remove_command(a_octets)});
    CHECK(f.answered() == Lines{enable_resolution});
    CHECK(f.answered() == Lines{"release"});
    CHECK_FALSE(f.privacy.in_controller_list(a));

    Fixture alone;
    alone.restore();
    alone.add(a, true);
    CHECK(alone.take() == Lines{"hold"});
    CHECK(alone.at_rest() == Lines{add_command(a_octets)});
    CHECK(alone.answered() == Lines{device_mode_command(a_octets)});
    CHECK(alone.answered(unknown) == Lines{clear_list});
    CHECK(alone.answered(unknown) == Lines{"release"});
}

TEST_CASE("privacy peers: a removal that is refused counts as done") {
    Fixture f;
    f.restore();
    f.add(a);
    f.add(b);
    (void)f.pause();
    f.privacy.remove_peer(f.context(), a);
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{disable_resolution});
    CHECK(f.answered() == Lines{remove_command(a_octets)});
    CHECK(f.answered(hci::Status::unknown_connection_identifier) == Lines{enable_resolution});
    CHECK(f.answered() == Lines{"release"});
}

TEST_CASE("privacy peers: a controller that does not enable resolution is left alone") {
    Fixture f;
    f.restore();
    f.add(a);
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{add_command(a_octets)});
    CHECK(f.answered() == Lines{enable_resolution});
    CHECK(f.answered(disallowed) == Lines{"release"});
    CHECK_FALSE(f.privacy.in_controller_list(a));
    f.add(b);
    CHECK(f.take() == Lines{});
    CHECK(resolve(f, sample_rpa) == b);
}

TEST_CASE("privacy peers: one that does not disable it goes on with the list it has") {
    Fixture f;
    f.restore();
    f.add(a);
    (void)f.pause();
    f.add(b);
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{disable_resolution});
    CHECK(f.answered(disallowed) == Lines{"release"});
    CHECK(f.privacy.in_controller_list(a));
    CHECK_FALSE(f.privacy.in_controller_list(b));
    // Addresses of our own are still set.
    f.use_resolvable();
    CHECK(f.pause() == Lines{set_sample_rpa});
}

// ---- changes while a command is in flight

TEST_CASE("privacy peers: a peer removed while it is being added is taken out again") {
    for (const bool again : {false, true}) {
        CAPTURE(again);
        Fixture f;
        f.restore();
        f.add(b);
        f.add(a);
        CHECK(f.take() == Lines{"hold"});
        CHECK(f.at_rest() == Lines{add_command(a_octets)});
        f.privacy.remove_peer(f.context(), a);
        if (again) f.add(a);
        CHECK(f.take() == Lines{});
        CHECK(f.answered() == Lines{remove_command(a_octets)});
        if (again) CHECK(f.answered() == Lines{add_command(a_octets)});
        CHECK(f.answered() == Lines{add_command(b_octets)});
        CHECK(f.answered() == Lines{enable_resolution});
        CHECK(f.answered() == Lines{"release"});
        CHECK(f.privacy.in_controller_list(a) == again);
    }
}

TEST_CASE("privacy peers: a refusal does not concern a peer that was replaced meanwhile") {
    Fixture f;
    f.restore();
    f.add(a);
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{add_command(a_octets)});
    f.add(a);
    CHECK(f.answered(disallowed) == Lines{add_command(a_octets)});
    CHECK(f.answered() == Lines{enable_resolution});
}

TEST_CASE("privacy peers: a peer replaced while its mode is set gets its own entry and mode") {
    Fixture f;
    f.restore();
    f.add(a, true);
    CHECK(f.take() == Lines{"hold"});
    CHECK(f.at_rest() == Lines{add_command(a_octets)});
    CHECK(f.answered() == Lines{device_mode_command(a_octets)});
    f.add(a, true);
    CHECK(f.answered() == Lines{remove_command(a_octets)});
    CHECK(f.answered() == Lines{add_command(a_octets)});
    CHECK(f.answered() == Lines{device_mode_command(a_octets)});
    CHECK(f.answered() == Lines{enable_resolution});
}

TEST_CASE("privacy peers: after a reset at any step the list is filled anew") {
    for (int step = 0; step < 7; ++step) {
        CAPTURE(step);
        Fixture f;
        f.restore();
        f.add(a, true);
        if (step >= 1) f.privacy.on_at_rest(f.context());
        for (int i = 1; i < step && i < 4; ++i) f.answer();
        if (step >= 5) f.privacy.remove_peer(f.context(), a);
        if (step >= 6) f.privacy.on_at_rest(f.context());
        const Lines before = f.take();
        const bool paused = before.back() != "release";
        CHECK(f.reset() == (paused ? Lines{"release"} : Lines{}));
        CHECK_FALSE(f.privacy.in_controller_list(a));
        CHECK(f.answered() == Lines{});
        f.restore();
        if (step >= 5)
            CHECK(f.take() == Lines{});
        else
            CHECK(f.pause() ==
                  Lines{add_command(a_octets), device_mode_command(a_octets), enable_resolution});
    }
}

TEST_CASE("privacy peers: what was refused is tried again after a reset") {
    Fixture f;
    f.restore();
    f.add(a);
    CHECK(f.take() == Lines{"hold"});
    (void)f.at_rest();
    CHECK(f.answered(disallowed) == Lines{"release"});
    CHECK(f.reset() == Lines{});
    f.restore();
    CHECK(f.pause() == Lines{add_command(a_octets), enable_resolution});
}
