// SPDX-License-Identifier: MIT
#include "transport/h4.hpp"

#include <random>
#include <vector>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::transport;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

using Direction = H4Framer::Direction;
using Outcome = H4Framer::Outcome;
using Packets = std::vector<Octets>;

struct Heard {
    Packets packets;  // with indicator
    Packets sync_losses;
    friend bool operator==(const Heard&, const Heard&) = default;
};

// Takes all there is; `on_sync_lost` is the host's reaction.
template <class F> void drain(H4Framer& framer, Heard& heard, F on_sync_lost) {
    for (;;) {
        const H4Framer::Item item = framer.next();
        if (item.outcome == Outcome::need_more) return;
        if (item.outcome == Outcome::sync_lost) {
            heard.sync_losses.emplace_back(item.bytes);
            on_sync_lost();
            continue;
        }
        Octets whole{static_cast<std::uint8_t>(item.type)};
        whole.insert(whole.end(), item.bytes.begin(), item.bytes.end());
        heard.packets.push_back(std::move(whole));
    }
}

template <class F> void feed(H4Framer& framer, Heard& heard, Bytes octets, F on_sync_lost) {
    while (!octets.empty()) {
        const MutableBytes space = framer.space();
        REQUIRE(!space.empty());
        const std::size_t count = std::min(space.size(), octets.size());
        std::copy_n(octets.begin(), count, space.begin());
        framer.commit(count);
        octets = octets.subspan(count);
        drain(framer, heard, on_sync_lost);
    }
}
void feed(H4Framer& framer, Heard& heard, Bytes octets) {
    feed(framer, heard, octets, [] {});
}
Heard heard_from(Bytes octets, Direction direction = Direction::to_host) {
    H4Framer framer{direction};
    Heard heard;
    feed(framer, heard, octets);
    return heard;
}

const Packets one_of_each_for_a_host{
    hex("04 0E 04 01 03 0C 00"),                 // HCI_Command_Complete
    hex("02 40 20 07 00 03 00 04 00 02 17 00"),  // ACL data
    hex("03 40 00 02 AA BB"),                    // synchronous data
    hex("05 60 00 03 40 01 02 03"),  // ISO data; the top bits of the length are reserved
    hex("04 13 05 01 40 00 01 00"),  // HCI_Number_Of_Completed_Packets
    hex("04 FF 00"),                 // a vendor's event without parameters
    hex("02 40 10 00 00"),           // ACL data without data
};
const Packets one_of_each_for_a_controller{
    hex("01 03 0C 00"),                          // HCI_Reset
    hex("01 0C 20 02 01 00"),                    // LE Set Scan Enable
    hex("02 40 00 07 00 03 00 04 00 02 17 00"),  // ACL data
    hex("03 40 00 02 AA BB"),                    // synchronous data
    hex("05 60 00 03 00 01 02 03"),              // ISO data
};

Octets joined(const Packets& packets) {
    Octets all;
    for (const Octets& packet : packets) all.insert(all.end(), packet.begin(), packet.end());
    return all;
}

}  // namespace

TEST_CASE("h4: a host's framer cuts every kind of packet that a controller sends") {
    CHECK(heard_from(joined(one_of_each_for_a_host)).packets == one_of_each_for_a_host);
}

TEST_CASE("h4: a controller's framer cuts every kind of packet that a host sends") {
    CHECK(heard_from(joined(one_of_each_for_a_controller), Direction::to_controller).packets ==
          one_of_each_for_a_controller);
}

TEST_CASE("h4: any split of the stream in three gives the same packets (H02)") {
    const Octets stream = joined(one_of_each_for_a_host);
    const Bytes all{stream};
    for (std::size_t first = 0; first <= all.size(); ++first) {
        for (std::size_t second = first; second <= all.size(); ++second) {
            H4Framer framer{Direction::to_host};
            Heard heard;
            feed(framer, heard, all.first(first));
            feed(framer, heard, all.subspan(first, second - first));
            feed(framer, heard, all.subspan(second));
            REQUIRE(heard.packets == one_of_each_for_a_host);
        }
    }
}

TEST_CASE("h4: octet by octet gives the same packets (H02)") {
    const Octets stream = joined(one_of_each_for_a_host);
    H4Framer framer{Direction::to_host};
    Heard heard;
    for (std::size_t i = 0; i < stream.size(); ++i)
        feed(framer, heard, Bytes{stream}.subspan(i, 1));
    CHECK(heard.packets == one_of_each_for_a_host);
}

TEST_CASE("h4: long random streams, cut at random, give their packets") {
    std::mt19937 random{20240229};
    const auto below = [&](std::size_t limit) {
        return std::uniform_int_distribution<std::size_t>{0, limit - 1}(random);
    };
    for (int round = 0; round < 50; ++round) {
        Packets packets;
        for (int i = 0; i < 200; ++i) {
            Octets packet;
            if (below(2) == 0) {
                const std::size_t size = below(256);
                packet = {0x04, 0x3e, static_cast<std::uint8_t>(size)};
                packet.resize(3 + size, 0x04);
            } else {
                const std::size_t size = below(H4Framer::default_max_payload + 1);
                packet = {0x02, 0x40, 0x20, static_cast<std::uint8_t>(size),
                          static_cast<std::uint8_t>(size >> 8)};
                packet.resize(5 + size, static_cast<std::uint8_t>(below(256)));
            }
            packets.push_back(std::move(packet));
        }
        const Octets stream = joined(packets);
        H4Framer framer{Direction::to_host};
        Heard heard;
        for (std::size_t at = 0; at < stream.size();) {
            const std::size_t count = std::min(1 + below(1 + below(5000)), stream.size() - at);
            feed(framer, heard, Bytes{stream}.subspan(at, count));
            at += count;
        }
        REQUIRE(heard.packets == packets);
        REQUIRE(heard.sync_losses.empty());
    }
}

TEST_CASE("h4: views of one read stay valid while the packets behind them are taken") {
    H4Framer framer{Direction::to_host};
    const Octets stream = hex("04 0E 04 01 03 0C 00 | 04 13 05 01 40 00 01 00 | 04 3E");
    std::ranges::copy(stream, framer.space().begin());
    framer.commit(stream.size());
    const Bytes first = framer.next().bytes;
    const Bytes second = framer.next().bytes;
    CHECK(framer.next().outcome == Outcome::need_more);
    CHECK(first == hex("0E 04 01 03 0C 00"));
    CHECK(second == hex("13 05 01 40 00 01 00"));
}

TEST_CASE(
    "h4: an unknown indicator is loss of synchronisation; nothing after it is guessed (H01)") {
    H4Framer framer{Direction::to_host};
    Heard heard;
    feed(framer, heard, hex("04 0E 04 01 03 0C 00 | FF 00 | 04 13 05 01 40 00 01 00"));
    CHECK(heard.packets == Packets{hex("04 0E 04 01 03 0C 00")});
    CHECK(heard.sync_losses == Packets{hex("FF 00 04 13 05 01 40 00 01 00")});
    CHECK(framer.sync_losses() == 1);

    // Not even an answer to HCI_Reset counts before the host has sent one.
    feed(framer, heard, hex("04 0E 04 01 03 0C 00 04 13 05 01 40 00 01 00"));
    CHECK(heard.packets.size() == 1);
    CHECK(heard.sync_losses.size() == 1);
    CHECK(framer.octets_discarded() == 25);
}

TEST_CASE(
    "h4: after HCI_Reset the framer hunts for its Command Complete, however it is split (H01)") {
    const Octets stream =
        hex("FF 00 | 04 13 05 01 40 00 01 00"   // what was under way
            "02 40 20 04 00 04 0E 04 01"        // looks like a beginning
            "04 04 0E 04 04 0E 04 05 03 0C 00"  // the answer, with five credits
            "04 0E 04 01 03 10 00");            // the next event
    const Bytes all{stream};
    const Packets expected{hex("04 0E 04 05 03 0C 00"), hex("04 0E 04 01 03 10 00")};
    for (std::size_t split = 1; split <= all.size(); ++split) {
        H4Framer framer{Direction::to_host};
        Heard heard;
        feed(framer, heard, hex("77"), [&] { framer.resynchronise(); });
        feed(framer, heard, all.first(split));
        feed(framer, heard, all.subspan(split));
        REQUIRE(heard.sync_losses.size() == 1);
        REQUIRE(heard.packets == expected);
    }
}

TEST_CASE("h4: what was received before HCI_Reset was sent is not searched for its answer (H01)") {
    H4Framer framer{Direction::to_host};
    Heard heard;
    feed(framer, heard, hex("FF 04 0E 04 01 03 0C 00"), [&] { framer.resynchronise(); });
    CHECK(heard.packets.empty());
    feed(framer, heard, hex("04 0E 04 01 03 0C 00"));
    CHECK(heard.packets.size() == 1);
}

TEST_CASE("h4: an HCI_Reset that failed does not end the hunt") {
    H4Framer framer{Direction::to_host};
    Heard heard;
    framer.resynchronise();
    feed(framer, heard, hex("04 0E 04 01 03 0C 03 | 04 0F 04 00 01 03 0C"));
    CHECK(heard.packets.empty());
}

TEST_CASE("h4: a controller that lost synchronisation finds it at the next HCI_Reset by itself") {
    H4Framer framer{Direction::to_controller};
    Heard heard;
    feed(framer, heard, hex("04 13 05 01 40 00 01 00"));  // no event is for a controller
    CHECK(heard.sync_losses.size() == 1);
    CHECK(heard.packets.empty());
    feed(framer, heard, hex("01 03 0C"));
    feed(framer, heard, hex("00 | 01 01 10 00"));
    CHECK(heard.packets == Packets{hex("01 03 0C 00"), hex("01 01 10 00")});
}

TEST_CASE("h4: a command is no packet for a host") {
    CHECK(heard_from(hex("01 03 0C 00")).sync_losses == Packets{hex("01 03 0C 00")});
}

TEST_CASE("h4: a packet longer than allowed is consumed and dropped, and sync is kept (H03)") {
    H4Framer framer{Direction::to_host};
    Heard heard;
    feed(framer, heard, hex("02 40 20 FF FF"));
    const Octets filler(65535, 0x04);
    for (std::size_t at = 0; at < filler.size(); at += 4369)
        feed(framer, heard, Bytes{filler}.subspan(at, 4369));
    CHECK(heard.packets.empty());
    feed(framer, heard, hex("04 13 05 01 40 00 01 00"));
    CHECK(heard.packets == Packets{hex("04 13 05 01 40 00 01 00")});
    CHECK(heard.sync_losses.empty());
    CHECK(framer.oversized_packets() == 1);
}

TEST_CASE("h4: the limit on a packet's length can be chosen, and is inclusive") {
    H4Framer framer{Direction::to_host, 4};
    Heard heard;
    feed(framer, heard,
         hex("02 40 20 04 00 01 02 03 04 | 02 40 20 05 00 01 02 03 04 05"
             "04 0F 04 00 01 03 0C"));
    CHECK(heard.packets == Packets{hex("02 40 20 04 00 01 02 03 04"), hex("04 0F 04 00 01 03 0C")});
    CHECK(framer.oversized_packets() == 1);
}

TEST_CASE("h4: random octets never harm a framer, and HCI_Reset always brings it back") {
    std::mt19937 random{7};
    for (int round = 0; round < 200; ++round) {
        H4Framer framer{Direction::to_host};
        Heard heard;
        for (int i = 0; i < 20; ++i) {
            Octets noise(1 + random() % 3000);
            for (auto& octet : noise) octet = static_cast<std::uint8_t>(random() % 8);
            feed(framer, heard, noise, [&] { framer.resynchronise(); });
        }
        framer.resynchronise();
        heard = {};
        feed(framer, heard, hex("04 0E 04 01 03 0C 00"));
        REQUIRE(heard.packets.size() == 1);
    }
}
