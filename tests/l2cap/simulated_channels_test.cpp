// SPDX-License-Identifier: MIT
//
// Sessions of another stack with itself, both sides recorded: our link takes the place of either
// side, hears what that side heard, and its application does what that side's did.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "l2cap/link.hpp"
#include "tests/support/btsnoop.hpp"
#include "tests/support/json.hpp"

using namespace bluetooth;
using namespace bluetooth::l2cap;
using bluetooth::test::Octets;
using bluetooth::test::SnoopRecord;

namespace {

using Records = std::vector<SnoopRecord>;

std::uint16_t number(Bytes octets, std::size_t at) {
    return static_cast<std::uint16_t>(octets[at] | octets[at + 1] << 8);
}
Octets part(Bytes octets, std::size_t from, std::size_t count) {
    return Octets{Bytes{octets.subspan(from, count)}};
}

/// Puts the PDUs together that stand in ACL packets, in the test's own way.
class Assembly {
public:
    /// The PDU that is complete with this packet, or nothing.
    Octets add(Bytes packet) {
        if ((packet[2] >> 4 & 3) != 1) pdu_.clear();
        pdu_.insert(pdu_.end(), packet.begin() + 5, packet.end());
        if (pdu_.size() < 4 || pdu_.size() < 4u + number(pdu_, 0)) return {};
        return std::exchange(pdu_, {});
    }

private:
    Octets pdu_;
};

/// Puts SDUs together from K-frames, likewise.
class Sdus {
public:
    /// The SDU that is complete with this frame of the channel, basic header included.
    std::optional<Octets> add(Bytes pdu) {
        Octets& octets = octets_[number(pdu, 2)];
        octets.insert(octets.end(), pdu.begin() + 4, pdu.end());
        if (octets.size() < 2u + number(octets, 0)) return std::nullopt;
        Octets whole = std::exchange(octets, {});
        whole.erase(whole.begin(), whole.begin() + 2);
        return whole;
    }

private:
    std::map<std::uint16_t, Octets> octets_;
};

bool is_acl(const SnoopRecord& record) { return record.packet[0] == 0x02; }
bool is_signalling(Bytes pdu) { return number(pdu, 2) == 0x0005; }

/// What a side has sent, PDU by PDU.
std::vector<Octets> sent_in(const Records& records) {
    std::vector<Octets> pdus;
    Assembly assembly;
    for (const SnoopRecord& record : records)
        if (is_acl(record) && !record.received)
            if (Octets pdu = assembly.add(record.packet); !pdu.empty())
                pdus.push_back(std::move(pdu));
    return pdus;
}
/// SDUs by the CID that they were sent to.
std::map<std::uint16_t, std::vector<Octets>> sdus_in(const Records& records) {
    std::map<std::uint16_t, std::vector<Octets>> all;
    Sdus sdus;
    for (const Octets& pdu : sent_in(records))
        if (!is_signalling(pdu))
            if (auto sdu = sdus.add(pdu)) all[number(pdu, 2)].push_back(std::move(*sdu));
    return all;
}

/// Our link in the place of one side.
class Player {
public:
    Player(Role role, const Records& records)
        : records_(records), link_{role, {listeners_, security_, channel_pool_}} {
        for (const Octets& pdu : sent_in(records)) {
            if (!is_signalling(pdu)) continue;
            // It listens with the numbers that its responses told.
            if (pdu[4] == 0x15 && number(pdu, 16) == 0)
                listeners_.add(
                    {Spsm{0x80}, {number(pdu, 10), number(pdu, 12), number(pdu, 14)}, {}, {}});
            if (pdu[4] == 0x18 && number(pdu, 14) == 0)
                listeners_.add(
                    {Spsm{0x80}, {number(pdu, 8), number(pdu, 10), number(pdu, 12)}, {}, {}});
        }
    }

    void play() {
        Assembly assembly;
        Sdus sdus;
        for (const SnoopRecord& record : records_) {
            if (!is_acl(record)) continue;
            if (record.received) {
                hear(record.packet);
                continue;
            }
            const Octets pdu = assembly.add(record.packet);
            if (pdu.empty()) continue;
            recorded.push_back(pdu);
            if (is_signalling(pdu))
                act(pdu);
            else if (const auto sdu = sdus.add(pdu))
                CHECK_FALSE(link_.channels().send(local_of(number(pdu, 2)), Bytes{*sdu}));
            pump();
        }
        CHECK(link_.dropped() == 0);
        CHECK(channel_pool_.available() == channel_pool_.size());
        CHECK(receive_pool_.available() == receive_pool_.size());
    }

    std::vector<Octets> recorded;                            // what that side has sent
    std::vector<Octets> sent;                                // what we have sent
    std::map<std::uint16_t, std::vector<Octets>> delivered;  // SDUs, by our CID
    std::size_t opened = 0;
    std::size_t closed = 0;
    std::size_t failed = 0;

private:
    void hear(const Octets& packet) {
        Octets data = part(packet, 5, packet.size() - 5);
        // Our identifiers are our own: we give credits at other times.
        constexpr std::array<std::uint8_t, 4> responses{0x01, 0x07, 0x15, 0x18};
        if (data.size() > 5 && is_signalling(data) &&
            std::ranges::find(responses, data[4]) != responses.end())
            data[5] = identifier_;
        constexpr std::array boundaries{PacketBoundary::first_non_flushable,
                                        PacketBoundary::continuing, PacketBoundary::first_flushable,
                                        PacketBoundary::complete};
        auto ctx = context();
        link_.receive(ctx, boundaries[packet[2] >> 4 & 3], data);
        drain();
        pump();
    }

    /// Has our link's application do what has led to this command.
    void act(const Octets& pdu) {
        auto ctx = context();
        const auto connect = [&](Mode mode, std::size_t numbers, std::size_t count) {
            std::vector<Cid> cids(count);
            CHECK_FALSE(link_.channels().connect(
                ctx, mode, Spsm{number(pdu, 8)},
                {number(pdu, numbers), number(pdu, numbers + 2), number(pdu, numbers + 4)},
                Delivery::stream, cids));
        };
        switch (pdu[4]) {
        case 0x14: connect(Mode::le, 12, 1); break;
        case 0x17: connect(Mode::enhanced, 10, (pdu.size() - 16) / 2); break;
        case 0x06: CHECK_FALSE(link_.channels().disconnect(ctx, Cid{number(pdu, 10)})); break;
        default: break;
        }
        drain();
    }

    Cid local_of(std::uint16_t remote) {
        for (const auto& [local, sdus] : delivered)
            if (link_.channels().find(Cid{local})->remote == Cid{remote}) return Cid{local};
        return Cid::null;
    }
    LinkContext context() { return {Time{}, receive_pool_, send_pool_, out_}; }
    void pump() {
        auto ctx = context();
        (void)link_.channels().pump(ctx, 1000);
        drain();
    }
    void drain() {
        for (std::size_t i = 0; i < out_.size(); ++i)
            std::visit([this](auto& action) { execute(action); }, out_[i]);
        out_.clear();
    }
    void execute(Send& action) {
        sent.emplace_back(action.pdu.bytes());
        const Octets& pdu = sent.back();
        if (is_signalling(pdu) && (pdu[4] == 0x06 || pdu[4] == 0x14 || pdu[4] == 0x17))
            identifier_ = pdu[5];
    }
    void execute(ChannelRequested& action) {
        auto ctx = context();
        (void)link_.channels().answer(ctx, action.channel, ConnectionResult::successful);
    }
    void execute(ChannelOpened& action) {
        ++opened;
        delivered[static_cast<std::uint16_t>(action.channel)];
    }
    void execute(ChannelClosed& action) {
        ++(action.was_open ? closed : failed);
        link_.channels().release(action.channel);
    }
    void execute(SduReceived& action) {
        Channel* channel = link_.channels().readable(action.channel);
        Octets sdu(channel->receiver.next_sdu().value());
        (void)channel->receiver.read_sdu(sdu);
        link_.channels().on_read(*channel);
        delivered[static_cast<std::uint16_t>(action.channel)].push_back(std::move(sdu));
    }
    template <class Other> void execute(Other&) {}

    const Records& records_;
    BufferPool receive_pool_{1, 560};
    BufferPool send_pool_{16, 64};
    BufferPool channel_pool_{64, 2100};
    Listeners listeners_;
    LinkSecurity security_;
    LinkOutbox out_;
    Link link_;
    std::uint8_t identifier_ = 0;
};

/// What a side has sent but for credits, identifiers apart, which tell of these; and of a refusal
/// only that.
std::vector<Octets> comparable(const std::vector<Octets>& pdus) {
    std::vector<Octets> result;
    for (Octets pdu : pdus) {
        if (is_signalling(pdu) && pdu[4] == 0x16) continue;
        if (is_signalling(pdu)) pdu[5] = 0;
        if (is_signalling(pdu) && pdu[4] == 0x15 && number(pdu, 16) != 0)
            pdu = part(pdu, 16, 2);
        else if (is_signalling(pdu) && pdu[4] == 0x18 && number(pdu, 14) != 0)
            pdu = part(pdu, 14, 2);
        result.push_back(std::move(pdu));
    }
    return result;
}

}  // namespace

TEST_CASE("l2cap simulated: our link takes either side of another stack's sessions") {
    const auto meta = test::fixture_json("simulated/meta.json");
    if (!meta) return;
    std::size_t sessions = 0;
    for (const auto& [key, session] : meta->as_object()) {
        const std::string name{key};
        if (!name.starts_with("coc_") && !name.starts_with("ecred_")) continue;
        ++sessions;
        const auto central = test::fixture_btsnoop("simulated/" + name + ".central.btsnoop");
        const auto peripheral = test::fixture_btsnoop("simulated/" + name + ".peripheral.btsnoop");
        REQUIRE(central);
        REQUIRE(peripheral);
        for (const Role role : {Role::central, Role::peripheral}) {
            CAPTURE(name);
            const bool is_central = role == Role::central;
            CAPTURE(is_central);
            Player player{role, is_central ? *central : *peripheral};
            player.play();
            // Requests, responses and K-frames are the same, octet by octet.
            CHECK(comparable(player.sent) == comparable(player.recorded));
            // What has arrived is what the other side's capture sends.
            const auto expected = sdus_in(is_central ? *peripheral : *central);
            const auto* transferred = session.as_object().if_contains("transferred");
            if (transferred == nullptr) {  // a session whose channels were refused
                CHECK(player.opened == 0);
                CHECK(player.failed == (is_central ? 6 : 0));
                continue;
            }
            CHECK(player.delivered == expected);
            const auto channels = static_cast<std::size_t>(session.at("channels").as_int64());
            CHECK(player.opened == channels);
            CHECK(player.closed == channels);
            for (const auto& entry : transferred->as_array()) {
                if ((entry.at(1).as_string() == "p2c") != is_central) continue;
                const auto number = static_cast<std::uint16_t>(0x40 + entry.at(0).as_int64());
                std::size_t total = 0;
                for (const Octets& sdu : player.delivered[number]) total += sdu.size();
                CHECK(total == static_cast<std::size_t>(entry.at(2).as_int64()));
            }
        }
    }
    CHECK(sessions == 7);
}
