// SPDX-License-Identifier: MIT
// Privacy with the three whom it holds, at a controller that knows the rules.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <variant>

#include "gap/advertiser.hpp"
#include "gap/connector.hpp"
#include "gap/privacy.hpp"
#include "gap/scanner.hpp"
#include "tests/gap/privacy_script.hpp"

using namespace std::chrono_literals;
using namespace bluetooth;
using namespace bluetooth::gap;
using namespace bluetooth::gap::test;

namespace {

const Identity peers[] = {{AddressType::public_device, address("00:AA:00:00:00:0A")},
                          {AddressType::random_device, address("C0:00:00:00:00:0B")},
                          {AddressType::public_device, address("00:AA:00:00:00:0C")}};

/// Executes commands as they come; its answers and events reach the host later, in order.
struct Controller {
    struct Message {
        Sender sender{};
        std::optional<hci::Status> answer;  // nothing: a connection, or its failure
        hci::LeConnectionComplete event{};
    };

    explicit Controller(Dice& with) : dice(&with) {}

    Dice* dice;
    bool obedient = false;
    bool advertising = false;
    bool scanning = false;
    bool resolving = false;
    std::optional<hci::LeCreateConnection> initiating;
    Address random_address = static_address;
    std::set<Address> list;
    std::deque<Message> to_host;

    void receive(const SendCommand& send) {
        hci::Status status = execute(send);
        to_host.push_back({send.sender, status, {}});
        if (cancelled_) complete(hci::Status::unknown_connection_identifier, hci::Role::central);
        cancelled_ = false;
    }
    void complete(hci::Status status, hci::Role role) {
        hci::LeConnectionComplete event{.status = status, .role = role};
        if (role == hci::Role::central) {
            event.peer_address_type = initiating->peer_address_type;
            event.peer_address = initiating->peer_address;
            initiating.reset();
        } else {
            advertising = false;
        }
        to_host.push_back({{}, std::nullopt, event});
    }
    bool at_rest() const { return !advertising && !scanning && !initiating; }

private:
    hci::Status execute(const SendCommand& send) {
        const Bytes octets = send.command.parameters();
        const bool refuses = !obedient && dice->roll(12) == 0;
        switch (send.command.opcode) {
        // The rules that a pause is for.
        case hci::LeSetRandomAddress::opcode:
        case hci::LeAddDeviceToResolvingList::opcode:
        case hci::LeRemoveDeviceFromResolvingList::opcode:
        case hci::LeClearResolvingList::opcode:
        case hci::LeSetPrivacyMode::opcode:
        case hci::LeSetAddressResolutionEnable::opcode: REQUIRE(at_rest()); break;
        // Nor are these to be set while in use.
        case hci::LeSetAdvertisingParameters::opcode: REQUIRE_FALSE(advertising); break;
        case hci::LeSetScanParameters::opcode: REQUIRE_FALSE(scanning); break;
        default: break;
        }
        const auto identity = [&] {
            std::array<std::uint8_t, 6> wire{};
            std::copy_n(octets.begin() + 1, 6, wire.begin());
            return Address::from_wire(wire);
        };
        switch (send.command.opcode) {
        case hci::LeSetAdvertisingEnable::opcode:
            if (octets[0] == 1 && refuses) return disallowed;
            advertising = octets[0] == 1;
            return success;
        case hci::LeSetScanEnable::opcode:
            if (octets[0] == 1 && refuses) return disallowed;
            scanning = octets[0] == 1;
            return success;
        case hci::LeCreateConnection::opcode:
            if (initiating || refuses) return disallowed;
            initiating = hci::decode_command<hci::LeCreateConnection>(octets);
            return success;
        case hci::LeCreateConnectionCancel::opcode:
            if (!initiating || refuses) return disallowed;
            cancelled_ = true;
            return success;
        default: break;
        }
        if (refuses) return disallowed;
        switch (send.command.opcode) {
        case hci::LeSetRandomAddress::opcode:
            random_address = hci::decode_command<hci::LeSetRandomAddress>(octets)->random_address;
            break;
        case hci::LeAddDeviceToResolvingList::opcode:
            REQUIRE_FALSE(resolving);
            if (list.size() == 2) return hci::Status::memory_capacity_exceeded;
            list.insert(identity());
            break;
        case hci::LeRemoveDeviceFromResolvingList::opcode:
            REQUIRE_FALSE(resolving);
            list.erase(identity());
            break;
        case hci::LeClearResolvingList::opcode:
            REQUIRE_FALSE(resolving);
            list.clear();
            break;
        case hci::LeSetAddressResolutionEnable::opcode: resolving = octets[0] == 1; break;
        default: break;
        }
        return success;
    }

    bool cancelled_ = false;
};

struct World : Script {
    explicit World(std::uint32_t seed) : dice(seed) {}

    Dice dice;
    Controller controller{dice};
    crypto::SeededRandom random{1};
    Advertiser advertiser;
    Scanner scanner;
    Connector connector;
    Privacy privacy;
    bool held = false;

    /// As the host does it after each input.
    void drain() {
        for (bool again = true; again;) {
            again = out().size() != 0;
            for (std::size_t i = 0; i < out().size(); ++i) {
                const auto action = out()[i];
                if (const auto* hold = std::get_if<HoldAddresses>(&action)) {
                    REQUIRE(held != hold->held);
                    held = hold->held;
                    advertiser.hold(context(), held);
                } else if (const auto* send = std::get_if<SendCommand>(&action)) {
                    if (send->sender == Sender::privacy) REQUIRE(held);
                    controller.receive(*send);
                }
            }
            out().clear();
            // Both scan: never at the same time.
            scanner.hold(context(), held || connector.scanning());
            connector.hold(context(), held || !scanner.at_rest());
            if (held && advertiser.at_rest() && scanner.at_rest() && connector.at_rest())
                privacy.on_at_rest(context());
            again |= out().size() != 0;
        }
    }
    void deliver() {
        if (controller.to_host.empty()) return;
        const Controller::Message message = controller.to_host.front();
        controller.to_host.pop_front();
        if (message.answer) {
            const auto tell = [&](auto& core) {
                core.on_command_done(context(), 0, *message.answer, {});
            };
            switch (message.sender) {
            case Sender::advertiser: tell(advertiser); break;
            case Sender::scanner: tell(scanner); break;
            case Sender::connector: tell(connector); break;
            case Sender::privacy: tell(privacy); break;
            }
        } else if (!connector.on_connection_complete(context(), message.event) &&
                   message.event.role == hci::Role::peripheral) {
            advertiser.on_connected(context());
        }
        drain();
    }
    void pass(Duration time) {
        now += time;
        scanner.on_timer(context());
        connector.on_timer(context());
        privacy.on_timer(context(), random);
        drain();
    }
    void reset() {
        controller = Controller{dice};
        advertiser.on_controller_reset(context(), make_error(errc::timed_out));
        scanner.on_controller_reset(context(), make_error(errc::timed_out));
        connector.on_controller_reset(context(), make_error(errc::timed_out));
        privacy.on_controller_reset(context());
        drain();
        REQUIRE(controller.to_host.empty());
        restore();
    }
    void restore() {
        privacy.restore(context(), {.public_address = public_address,
                                    .random_address = controller.random_address,
                                    .resolving_list_size = 3,
                                    .privacy_modes = true});
        drain();
    }
    void act() {
        const Identity& peer = peers[dice.roll(3)];
        switch (dice.roll(16)) {
        case 0: (void)advertiser.start(context(), {}, {}, {}); break;
        case 1: advertiser.stop(context()); break;
        case 2:
            if (!connector.pending()) (void)scanner.start(context(), {.duration = 700ms});
            break;
        case 3:
            if (connector.pending()) break;
            scanner.stop(context());
            drain();
            (void)connector.connect(context(), {.peer_type = peer.type,
                                                .peer = peer.address,
                                                .timeout = 3s,
                                                .find_first = !privacy.in_controller_list(peer)});
            break;
        case 4: (void)connector.cancel(context()); break;
        case 5:
            if (!connector.finding() || !controller.scanning) break;
            connector.on_advertiser(context(), AddressType::random_device, sample_rpa);
            break;
        case 6: pass(std::chrono::milliseconds{dice.roll(1000)}); break;
        case 7: (void)privacy.add_peer(context(), peer, sample_irk, dice.roll(2) == 0); break;
        case 8: privacy.remove_peer(context(), peer); break;
        case 9:
            if (dice.roll(2) == 0)
                privacy.use_resolvable(context(), sample_irk, random);
            else
                privacy.use_public(context());
            break;
        case 10:
            if (controller.advertising) controller.complete(success, hci::Role::peripheral);
            break;
        case 11:
            if (controller.initiating) controller.complete(success, hci::Role::central);
            break;
        case 12:
            if (dice.roll(8) == 0) reset();
            break;
        default: deliver(); break;
        }
        drain();
    }
};

}  // namespace

TEST_CASE("privacy together: whatever the order of inputs, it changes addresses only at rest") {
    for (std::uint32_t seed = 0; seed < 1500; ++seed) {
        CAPTURE(seed);
        World world{seed};
        REQUIRE(!world.privacy.set_interval(1s));
        world.restore();
        for (int i = 0; i < 120; ++i) world.act();

        // In the end controller and host agree, and nothing is held any more.
        world.controller.obedient = true;
        const auto settle = [&] {
            while (!world.controller.to_host.empty()) world.deliver();
        };
        settle();
        world.privacy.use_resolvable(world.context(), sample_irk, world.random);
        world.drain();
        if (world.controller.initiating && !world.connector.pending())
            world.controller.complete(success, hci::Role::central);  // an abandoned attempt
        for (int i = 0; i < 100; ++i) {
            settle();
            world.pass(700ms);
        }
        settle();
        CHECK_FALSE(world.held);
        CHECK(world.privacy.own_address_type() == hci::OwnAddressType::random_device);
        CHECK(world.privacy.own_address() == world.controller.random_address);
        CHECK(crypto::IdentityResolver{sample_irk}.resolves(world.controller.random_address));
        for (const Identity& peer : peers)
            if (world.privacy.in_controller_list(peer)) {
                CHECK(world.controller.resolving);
                CHECK(world.controller.list.contains(peer.address));
            }
        CHECK(world.advertiser.advertising() == world.controller.advertising);
        CHECK_FALSE(world.connector.pending());
    }
}
