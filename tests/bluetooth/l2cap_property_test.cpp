// SPDX-License-Identifier: MIT
//
// Channels between two whole hosts over the virtual air, everything being random but for what is
// to come of it: what was sent arrives whole, in order, once.
#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

namespace {

constexpr std::uint64_t runs = 10'000;

class Run {
public:
    explicit Run(std::uint64_t seed) : random_(seed), world_(seed) {
        world_.connect(*devices_[0], *devices_[1]);
    }

    void carry_out() {
        for (Device* device : devices_)
            for (const Psm psm : psms) REQUIRE(!device->host.l2cap_listen(psm, mtu(), options()));
        for (std::size_t count = between(1, 4); count != 0; --count) open(between(0, 1));
        for (std::size_t steps = between(20, 200); steps != 0; --steps) step();
        bool moved = true;
        while (moved) {
            world_.advance(std::chrono::milliseconds{100});
            moved = false;
            for (Channel& channel : channels_)
                for (std::size_t side : {0u, 1u}) moved |= read(channel, side, 100'000);
        }
        for (const Channel& channel : channels_)
            for (std::size_t side : {0u, 1u}) {
                if (channel.ended) continue;
                CHECK(channel.read[1 - side] == channel.sent[side].size());
                CHECK_FALSE(channel.stalled[side]);
            }
    }

private:
    static constexpr Psm psms[]{Psm{0x80}, Psm{0x81}};

    struct Channel {
        ChannelEnd ends[2];
        std::uint16_t longest[2]{};  // SDU, by the side that sends
        Octets sent[2]{};            // by that side
        std::size_t read[2]{};       // by this side
        bool stalled[2]{};
        bool ended = false;
    };

    std::size_t between(std::size_t low, std::size_t high) {
        return low + random_() % (high - low + 1);
    }
    std::uint16_t mtu() { return static_cast<std::uint16_t>(between(64, between(64, 4000))); }
    L2capOptions options() {
        L2capOptions some;
        some.mps = static_cast<std::uint16_t>(between(0, 2) == 0 ? 0 : between(64, 517));
        some.credits = static_cast<std::uint16_t>(between(0, 20));
        return some;
    }

    /// `side` opens one or several channels, in either mode.
    void open(std::size_t side) {
        const auto mode = between(0, 1) == 0 ? l2cap::Mode::le : l2cap::Mode::enhanced;
        std::vector<ChannelId> cids(mode == l2cap::Mode::le ? 1 : between(1, 3));
        for (Device* device : devices_) device->forget_events();
        REQUIRE(!devices_[side]->host.l2cap_connect(conn, mode, psms[between(0, 1)], mtu(),
                                                    options(), cids));
        world_.advance(std::chrono::milliseconds{200});
        std::vector<L2capConnect> opened[2];
        for (std::size_t each : {0u, 1u})
            for (const Event& event : devices_[each]->events())
                if (const auto* connect = std::get_if<L2capConnect>(&event))
                    opened[each].push_back(*connect);
        REQUIRE(opened[0].size() == cids.size());
        REQUIRE(opened[1].size() == cids.size());
        for (std::size_t i = 0; i < cids.size(); ++i) {
            Channel channel{{{*devices_[0], opened[0][i].cid}, {*devices_[1], opened[1][i].cid}}};
            for (std::size_t each : {0u, 1u})  // what `l2cap_send` takes
                channel.longest[each] = static_cast<std::uint16_t>(
                    std::min(opened[each][i].peer_mtu + 0, 2 * opened[each][i].our_mtu));
            channels_.push_back(std::move(channel));
        }
        for (Device* device : devices_) device->forget_events();
    }

    void step() {
        Channel& channel = channels_[between(0, channels_.size() - 1)];
        const std::size_t side = between(0, 1);
        switch (between(0, 9)) {
        case 0:
        case 1: return world_.advance(std::chrono::milliseconds{between(0, 60)});
        case 2:
        case 3: (void)read(channel, side, between(1, 3000)); return;
        case 4:
            if (between(0, 20) != 0 || channel.ended) return;
            channel.ended = true;
            CHECK(channel.ends[side].disconnect() == error_code{});
            return;
        default: return send(channel, side);
        }
    }

    void send(Channel& channel, std::size_t side) {
        if (channel.ended) return;
        hear(side);
        const Octets sdu = pattern(between(0, between(0, channel.longest[side])), next_seed_++);
        error_code error;
        const bool more = channel.ends[side].send(sdu, error);
        CHECK((error == errc::busy) == channel.stalled[side]);
        CHECK((!error || error == errc::busy || error == errc::no_buffers));
        if (!error) {
            channel.sent[side].insert(channel.sent[side].end(), sdu.begin(), sdu.end());
            channel.stalled[side] = !more;
        }
    }

    /// Reads at `side`; whether anything was there.
    bool read(Channel& channel, std::size_t side, std::size_t limit) {
        hear(side);
        Octets octets(limit);
        error_code error;
        ChannelEnd& end = channel.ends[side];
        octets.resize(end.device.host.l2cap_receive(end.conn, end.cid, octets, error));
        const Bytes sent{channel.sent[1 - side]};
        std::size_t& done = channel.read[side];
        const bool fits = octets.size() <= sent.size() - done;
        CHECK(fits);
        CHECK((fits && std::ranges::equal(octets, sent.subspan(done, octets.size()))));
        done += octets.size();
        return !octets.empty();
    }

    /// What the events of a device tell.
    void hear(std::size_t side) {
        for (const Event& event : devices_[side]->events())
            if (const auto* ready = std::get_if<L2capSendReady>(&event))
                for (Channel& channel : channels_)
                    if (channel.ends[side].cid == ready->cid) channel.stalled[side] = false;
        devices_[side]->forget_events();
    }

    static constexpr ConnectionHandle conn{0x0040};
    std::mt19937_64 random_;
    World world_;
    Device* devices_[2]{&world_.add(), &world_.add()};
    std::vector<Channel> channels_;
    unsigned next_seed_ = 1;
};

}  // namespace

TEST_CASE("l2cap: over the air too SDUs arrive whole, in order, once") {
    const char* only = std::getenv("ASIOBLE_SEED");  // the one that has failed
    const std::uint64_t first = only != nullptr ? std::strtoull(only, nullptr, 10) : 1;
    const std::uint64_t last = only != nullptr ? first : runs;
    for (std::uint64_t seed = first; seed <= last; ++seed) {
        CAPTURE(seed);
        Run{seed}.carry_out();
    }
}
