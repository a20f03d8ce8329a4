// SPDX-License-Identifier: MIT
//
// Every call about channels and bearers, at every time, also in every handler: whatever comes of
// it, each channel that begins ends once, before its link, and nothing is told of it afterwards.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"
#include "virtual_controller/random.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using namespace std::chrono_literals;

namespace {

using Random = virtual_controller::SeededRandom;
using Name = std::pair<ConnectionHandle, ChannelId>;

/// One of the two hosts, whose application does anything at any time.
class Restless {
public:
    Restless(Device& device, const Address& peer, Random& random)
        : device_(device), peer_(peer), random_(random) {
        device_.handler = [this](const Event& event) {
            std::visit([this](const auto& e) { follow(e); }, event);
            for (auto calls = below(3); calls > 0 && ++calls_in_handlers < 20'000; --calls) call();
            const auto* accept = std::get_if<L2capAccept>(&event);
            const bool asked =
                accept != nullptr && is_undecided({accept->conn_handle, accept->cid});
            if (asked) decide(*accept);
            if (below(20) != 0) return;
            if (asked) forget(*accept);
            throw std::runtime_error("thrown by the test");
        };
    }

    void call() {
        Host& host = device_.host;
        const ConnectionHandle conn = link();
        const auto cid = ChannelId(0x40 + below(8));
        const auto psm = Psm(0x80 + below(3));
        const auto mtu = static_cast<std::uint16_t>(20 + below(700));
        const AttributeHandle value{0x0016};
        const Octets data = pattern(below(800));
        Octets room(below(2000));
        std::array<ChannelId, 5> cids{cid, ChannelId(0x41), ChannelId(0x42)};
        error_code error;
        switch (below(20)) {
        case 0: (void)host.l2cap_listen(psm, mtu, {.credits = std::uint16_t(below(4))}); break;
        case 1: open(l2cap::Mode::le, psm, mtu, {cids.data(), 1}); break;
        case 2: open(l2cap::Mode::enhanced, psm, mtu, {cids.data(), 1 + below(5)}); break;
        case 3:
            if (!told_.contains({conn, cid})) break;
            (void)host.l2cap_disconnect(conn, cid);
            if (!begun_.contains({conn, cid})) told_.erase({conn, cid});
            break;
        case 4:
        case 5:
        case 6: (void)host.l2cap_send(conn, cid, data, error); break;
        case 7:
        case 8: (void)host.l2cap_receive(conn, cid, room, error); break;
        case 9: (void)host.l2cap_available(conn, cid, error); break;
        case 10:
            if (!is_undecided({conn, cid})) break;
            if (below(2) == 0) {
                accepted_.insert({conn, cid});
                if (host.l2cap_answer(conn, cid, 0)) accepted_.erase({conn, cid});
            } else {
                (void)host.l2cap_answer(conn, cid, 23);
                told_.erase({conn, cid});
            }
            break;
        case 11: (void)host.l2cap_reconfigure(conn, {cids.data(), 1 + below(3)}, mtu, 0); break;
        case 12:
            if (below(10) == 0) (void)host.disconnect(conn);
            break;
        case 13: (void)host.advertise(20ms, {}, {}, true); break;
        case 14: (void)host.connect(AddressType::public_device, peer_, 1s, {}, {}); break;
        case 15:
            (void)host.set(config::eatt{.bearers = std::uint8_t(below(4)), .unencrypted = true});
            break;
        case 16: (void)host.read(conn, AttributeHandle(1 + below(0x16))); break;
        case 17: (void)host.write(conn, value, hex("01"), below(2) == 0); break;
        case 18: (void)host.indicate(conn, value, hex("02")); break;
        default: (void)host.update_connection(conn, 30ms, 50ms, 0, 1s); break;
        }
    }
    /// The link that there is now.
    ConnectionHandle link() const { return linked_.empty() ? no_connection : *linked_.begin(); }
    /// Everything that has begun has ended.
    void check_ended() const {
        CHECK(begun_.empty());
        CHECK(accepted_.empty());
        CHECK(linked_.empty());
    }
    std::size_t opened = 0;
    int calls_in_handlers = 0;

private:
    std::size_t below(std::size_t limit) {
        return static_cast<std::size_t>(random_.next() % limit);
    }

    void open(l2cap::Mode mode, Psm psm, std::uint16_t mtu, std::span<ChannelId> cids) {
        const ConnectionHandle conn = link();
        if (device_.host.l2cap_connect(conn, mode, psm, mtu, {}, cids)) return;
        for (const ChannelId cid : cids) {
            CHECK(begun_.insert({conn, cid}).second);
            told_.insert({conn, cid});
        }
    }
    void decide(const L2capAccept& accept) {
        switch (below(4)) {
        case 0:
            accept.answer(24);
            forget(accept);
            break;
        case 1: accept.defer(); break;
        default: accepted_.insert({accept.conn_handle, accept.cid}); break;
        }
    }

    bool is_undecided(const Name& name) const {
        return told_.contains(name) && !begun_.contains(name) && !accepted_.contains(name);
    }
    /// Its name means nothing any more once it is refused.
    void forget(const L2capAccept& refused) {
        accepted_.erase({refused.conn_handle, refused.cid});
        if (!begun_.contains({refused.conn_handle, refused.cid}))
            told_.erase({refused.conn_handle, refused.cid});
    }

    void follow(const L2capConnect& e) {
        ++opened;
        CHECK(linked_.contains(e.conn_handle));
        begun_.insert({e.conn_handle, e.cid});
        accepted_.erase({e.conn_handle, e.cid});
    }
    void follow(const L2capDisconnect& e) {
        CHECK(linked_.contains(e.conn_handle));
        const Name name{e.conn_handle, e.cid};
        CHECK(begun_.erase(name) + accepted_.erase(name) == 1);
        told_.erase({e.conn_handle, e.cid});
    }
    void follow(const L2capRecv& e) { CHECK(begun_.contains({e.conn_handle, e.cid})); }
    void follow(const L2capSendReady& e) { CHECK(begun_.contains({e.conn_handle, e.cid})); }
    void follow(const L2capReconfigured& e) { CHECK(begun_.contains({e.conn_handle, e.cid})); }
    void follow(const L2capAccept& e) {
        CHECK(linked_.contains(e.conn_handle));
        CHECK(!begun_.contains({e.conn_handle, e.cid}));
        told_.insert({e.conn_handle, e.cid});
    }
    void follow(const CentralConnect& e) { linked_.insert(e.conn_handle); }
    void follow(const PeripheralConnect& e) { linked_.insert(e.conn_handle); }
    void follow(const CentralDisconnect& e) { on_link_ended(e.conn_handle); }
    void follow(const PeripheralDisconnect& e) {
        if (e.conn_handle != no_connection) on_link_ended(e.conn_handle);
    }
    template <class E> void follow(const E&) {}

    void on_link_ended(ConnectionHandle conn) {
        CHECK(linked_.erase(conn) == 1);
        told_.clear();
        for (const std::set<Name>* names : {&begun_, &accepted_})
            for (const Name& name : *names) CHECK(name.first != conn);
    }

    Device& device_;
    Address peer_;
    Random& random_;
    std::set<Name> begun_;
    std::set<Name> accepted_;  // and not open yet: others of their requests are undecided
    std::set<Name> told_;      // of these and of what was asked for the application knows the name
    std::set<ConnectionHandle> linked_;
};

}  // namespace

TEST_CASE("l2cap calls: whatever is called whenever, each channel ends once, before its link") {
    std::size_t opened = 0;
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        CAPTURE(seed);
        World world{seed};
        Device& one = world.add();
        Device& other = world.add();
        for (Device* device : {&one, &other}) {
            namespace flag = att::flag;
            const std::vector<gatt::ServiceDefinition> services{
                {UUID{0xff10}, {{UUID{0xff11}, flag::read | flag::write | flag::indicate, {}}}}};
            error_code error;
            (void)device->host.register_services(services, error);
            REQUIRE(!error);
        }
        Random random{seed};
        Restless first{one, address_of(2), random};
        Restless second{other, address_of(1), random};
        world.connect(one, other);
        for (int round = 0; round < 1000; ++round) {
            for (int i = 0; i < 4; ++i) {
                first.call();
                second.call();
            }
            world.advance(5ms);
            if (round % 300 == 299) one.inject("04 10 01 00");  // its controller fails
            one.forget_events();
            other.forget_events();
        }
        for (Device* device : {&one, &other}) {
            if (!device->host.active()) continue;
            (void)device->host.cancel_connect();
            device->host.stop_advertising();
        }
        first.calls_in_handlers = second.calls_in_handlers = 20'000;
        // There may be two links, one from either side.
        for (int i = 0; i < 2; ++i) {
            (void)one.host.disconnect(first.link());
            world.advance(60s);
        }
        first.check_ended();
        second.check_ended();
        opened += first.opened + second.opened;
    }
    CHECK(opened > 500);
}
