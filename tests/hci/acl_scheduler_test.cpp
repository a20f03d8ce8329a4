// SPDX-License-Identifier: MIT
#include "hci/acl_scheduler.hpp"

#include <doctest/doctest.h>

#include <map>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "hci/events.hpp"
#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::hci;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

constexpr ConnectionHandle a{0x0040};
constexpr ConnectionHandle b{0x0041};
constexpr ConnectionHandle c{0x0eff};

struct Fixture {
    BufferPool pool{64, 600};
    AclScheduler scheduler{4};

    explicit Fixture(std::uint16_t length = 27, std::uint16_t count = 8) {
        scheduler.configure(length, count);
    }
    Buffer pdu(std::size_t size, std::uint8_t first = 0) {
        Buffer buffer = pool.acquire();
        Octets octets(size);
        std::iota(octets.begin(), octets.end(), first);
        REQUIRE(buffer.append(octets));
        return buffer;
    }
    error_code submit(ConnectionHandle handle, std::size_t size, std::uint8_t first = 0) {
        return scheduler.submit(handle, pdu(size, first));
    }
    /// The octets of the next packet, as the transport would send them; empty when there is none.
    Octets next() {
        Fragment fragment;
        if (!scheduler.next(fragment)) return {};
        return packet(fragment);
    }
    static Octets packet(const Fragment& fragment) {
        Octets octets{Bytes{fragment.header.data(), fragment.header_size}};
        const Bytes payload = fragment.payload.bytes();
        octets.insert(octets.end(), payload.begin(), payload.end());
        return octets;
    }
    /// The links that the packets which can be sent now belong to, as letters.
    std::string order() {
        std::string letters;
        for (Octets octets = next(); !octets.empty(); octets = next())
            letters += octets[1] == 0x40 ? 'a' : octets[1] == 0x41 ? 'b' : 'c';
        return letters;
    }
};

}  // namespace

TEST_CASE("acl scheduler: a PDU that fits leaves in one packet, its header written in place") {
    Fixture host;
    host.scheduler.add_link(a);
    CHECK_FALSE(host.submit(a, 5, 0xa0));
    Fragment fragment;
    REQUIRE(host.scheduler.next(fragment));
    CHECK(fragment.header_size == 0);
    CHECK(Fixture::packet(fragment) == hex("02 40 00 05 00 a0 a1 a2 a3 a4"));
    CHECK_FALSE(host.scheduler.next(fragment));
    fragment = {};
    CHECK(host.pool.available() == host.pool.size());
}

TEST_CASE("acl scheduler: a long PDU is cut to the controller's size without copying") {
    Fixture host;
    host.scheduler.add_link(c);
    Buffer pdu = host.pdu(60);
    const std::uint8_t* const data = pdu.bytes().data();
    CHECK_FALSE(host.scheduler.submit(c, std::move(pdu)));

    Fragment first;
    Fragment second;
    Fragment third;
    REQUIRE(host.scheduler.next(first));
    REQUIRE(host.scheduler.next(second));
    REQUIRE(host.scheduler.next(third));
    CHECK(host.pool.available() == host.pool.size() - 1);
    CHECK(first.payload.bytes().data() == data - 5);
    CHECK(second.payload.bytes().data() == data + 27);
    CHECK(third.payload.bytes().data() == data + 54);
    // All three exist at the same time: no header may stand in another fragment's data.
    CHECK(Fixture::packet(first) ==
          hex("02 ff 0e 1b 00 000102030405060708090a0b0c0d0e0f101112131415161718191a"));
    CHECK(Fixture::packet(second) ==
          hex("02 ff 1e 1b 00 1b1c1d1e1f202122232425262728292a2b2c2d2e2f303132333435"));
    CHECK(Fixture::packet(third) == hex("02 ff 1e 06 00 36 37 38 39 3a 3b"));

    first = {};
    second = {};
    CHECK(host.pool.available() == host.pool.size() - 1);
    third = {};
    CHECK(host.pool.available() == host.pool.size());
}

TEST_CASE("acl scheduler: a PDU of exactly the controller's size is not cut") {
    Fixture host;
    host.scheduler.add_link(a);
    host.submit(a, 27);
    host.submit(a, 28);
    CHECK(host.next().size() == 5 + 27);
    CHECK(host.next().size() == 5 + 27);
    CHECK(host.next() == hex("02 40 10 01 00 1b"));
    CHECK(host.next().empty());
}

TEST_CASE("acl scheduler: a PDU waits until the fragments of the one before are out") {
    Fixture host(27, 2);
    host.scheduler.add_link(a);
    host.submit(a, 60);
    host.submit(a, 1, 0xee);
    CHECK(host.next().size() == 5 + 27);
    CHECK(host.next().size() == 5 + 27);
    CHECK(host.next().empty());
    host.scheduler.on_completed(a, 2);
    CHECK(host.next() == hex("02 40 10 06 00 36 37 38 39 3a 3b"));
    CHECK(host.next() == hex("02 40 00 01 00 ee"));
}

TEST_CASE("acl scheduler: no more packets than the controller has buffers for") {
    Fixture host(27, 3);
    host.scheduler.add_link(a);
    for (int i = 0; i < 4; ++i) host.submit(a, 10);
    CHECK(host.order() == "aaa");
    host.scheduler.on_completed(a, 1);
    CHECK(host.order() == "a");
    CHECK(host.order().empty());
}

TEST_CASE("acl scheduler: links take turns, one fragment each") {
    Fixture host(27, 12);
    for (const auto handle : {a, b, c}) host.scheduler.add_link(handle);
    host.submit(a, 81);  // three fragments
    host.submit(a, 10);
    host.submit(b, 10);
    host.submit(b, 10);
    host.submit(c, 54);  // two fragments
    CHECK(host.order() == "abcabcaa");
}

TEST_CASE("acl scheduler: the turn is kept when buffers come one by one") {
    Fixture host(27, 1);
    for (const auto handle : {a, b, c}) host.scheduler.add_link(handle);
    for (const auto handle : {a, b, c})
        for (int i = 0; i < 3; ++i) host.submit(handle, 10);
    std::string order;
    for (int i = 0; i < 9; ++i) {
        const std::string letter = host.order();
        REQUIRE(letter.size() == 1);
        order += letter;
        host.scheduler.on_completed(letter == "a" ? a : letter == "b" ? b : c, 1);
    }
    CHECK(order == "abcabcabc");
}

TEST_CASE("acl scheduler: a link whose peer is out of range leaves a buffer for each other link") {
    Fixture host(27, 4);
    for (const auto handle : {a, b, c}) host.scheduler.add_link(handle);
    for (int i = 0; i < 4; ++i) host.submit(a, 10);
    CHECK(host.order() == "aa");  // and nothing of them is ever completed
    host.submit(b, 10);
    host.submit(b, 10);
    CHECK(host.order() == "b");
    host.submit(c, 10);
    CHECK(host.order() == "c");
    host.scheduler.on_completed(b, 1);
    CHECK(host.order() == "b");
}

TEST_CASE("acl scheduler: more packets completed than outstanding are not counted (H12)") {
    Fixture host(27, 2);
    host.scheduler.add_link(a);
    for (int i = 0; i < 4; ++i) host.submit(a, 10);
    CHECK(host.order() == "aa");
    host.scheduler.on_completed(a, 65535);
    CHECK(host.scheduler.wrong_completions() == 1);
    host.submit(a, 10);
    CHECK(host.order() == "aa");
    host.scheduler.on_completed(a, 2);
    CHECK(host.scheduler.wrong_completions() == 1);
    CHECK(host.order() == "a");
    host.scheduler.on_completed(a, 1);
    host.scheduler.on_completed(a, 1);
    CHECK(host.scheduler.wrong_completions() == 2);
}

TEST_CASE("acl scheduler: packets completed on a link that does not exist are not counted (H13)") {
    Fixture host(27, 1);
    host.scheduler.add_link(a);
    host.submit(a, 10);
    CHECK(host.order() == "a");
    for_each_completed(hex("03 41 00 01 00 ff 0e 01 00 40"),
                       [&](ConnectionHandle handle, std::uint16_t count) {
                           host.scheduler.on_completed(handle, count);
                       });
    CHECK(host.scheduler.wrong_completions() == 2);
    host.submit(a, 10);
    CHECK(host.order().empty());
    host.scheduler.on_completed(a, 0);
    CHECK(host.scheduler.wrong_completions() == 2);
}

TEST_CASE("acl scheduler: a link that ends gives back its credits and its buffers (H27)") {
    Fixture host(27, 2);
    host.scheduler.add_link(a);
    host.scheduler.add_link(b);
    host.submit(a, 60);
    host.submit(a, 10);
    CHECK(host.next().size() == 5 + 27);
    host.submit(b, 10);
    CHECK(host.scheduler.remove_link(a));
    CHECK(host.pool.available() == host.pool.size() - 1);
    CHECK(host.submit(a, 10) == errc::not_connected);
    host.submit(b, 10);
    CHECK(host.order() == "bb");
    CHECK(host.pool.available() == host.pool.size());
}

TEST_CASE("acl scheduler: a link removed twice or never added is not removed (H22)") {
    Fixture host(27, 2);
    host.scheduler.add_link(a);
    host.submit(a, 10);
    CHECK(host.order() == "a");
    CHECK(host.scheduler.remove_link(a));
    CHECK_FALSE(host.scheduler.remove_link(a));
    CHECK_FALSE(host.scheduler.remove_link(c));
    host.scheduler.on_completed(a, 1);  // late
    host.scheduler.add_link(b);
    for (int i = 0; i < 3; ++i) host.submit(b, 10);
    CHECK(host.order() == "bb");
}

TEST_CASE("acl scheduler: a new link on an old handle starts with a new PDU") {
    Fixture host;
    host.scheduler.add_link(a);
    host.submit(a, 60);
    CHECK(host.next().size() == 5 + 27);
    host.scheduler.remove_link(a);
    host.scheduler.add_link(a);
    host.submit(a, 2, 0x50);
    CHECK(host.next() == hex("02 40 00 02 00 50 51"));
}

TEST_CASE("acl scheduler: a link added twice is one link") {
    Fixture host(27, 2);
    host.scheduler.add_link(a);
    host.scheduler.add_link(a);
    for (int i = 0; i < 2; ++i) host.submit(a, 10);
    CHECK(host.order() == "aa");
    CHECK(host.scheduler.remove_link(a));
    CHECK(host.scheduler.room(a) == 0);
}

TEST_CASE("acl scheduler: a full queue refuses, and has room again when a PDU has left whole") {
    Fixture host(27, 8);
    host.scheduler.add_link(a);
    CHECK(host.scheduler.room(a) == 4);
    CHECK_FALSE(host.submit(a, 28));  // two fragments
    for (int i = 0; i < 3; ++i) CHECK_FALSE(host.submit(a, 10));
    CHECK(host.scheduler.room(a) == 0);
    CHECK(host.submit(a, 10) == errc::no_buffers);
    CHECK(host.pool.available() == host.pool.size() - 4);
    host.next();
    CHECK(host.scheduler.room(a) == 0);
    host.next();
    CHECK(host.scheduler.room(a) == 1);
    CHECK_FALSE(host.submit(a, 10));
    CHECK(host.submit(a, 10) == errc::no_buffers);
}

TEST_CASE("acl scheduler: after the controller was set up anew no link and no debt is left") {
    Fixture host(27, 2);
    host.scheduler.add_link(a);
    for (int i = 0; i < 4; ++i) host.submit(a, 10);
    CHECK(host.order() == "aa");
    host.scheduler.configure(251, 1);
    CHECK(host.pool.available() == host.pool.size());
    CHECK(host.submit(a, 10) == errc::not_connected);
    host.scheduler.add_link(a);
    host.submit(a, 200);
    host.submit(a, 10);
    CHECK(host.next().size() == 5 + 200);
    CHECK(host.next().empty());
}

TEST_CASE("acl scheduler: whatever happens, what arrives is what was queued, link by link") {
    std::mt19937 random{7};
    Fixture host(27, 5);
    std::map<ConnectionHandle, Octets> expected;
    std::map<ConnectionHandle, Octets> received;
    std::map<ConnectionHandle, std::uint16_t> held;
    for (int step = 0; step < 20'000; ++step) {
        const ConnectionHandle handle{static_cast<std::uint16_t>(random() % 4)};
        switch (random() % 8) {
        case 0: host.scheduler.add_link(handle); break;
        case 1:
            if (random() % 16 != 0) break;
            host.scheduler.remove_link(handle);
            expected.erase(handle);
            received.erase(handle);
            held.erase(handle);
            break;
        case 2:
        case 3: {
            const auto size = 1 + random() % 90;
            const auto first = static_cast<std::uint8_t>(random());
            const bool room = host.scheduler.room(handle) > 0;
            CHECK(room == !host.submit(handle, size, first));
            for (std::size_t i = 0; room && i < size; ++i)
                expected[handle].push_back(static_cast<std::uint8_t>(first + i));
            break;
        }
        case 4: {
            const auto count = static_cast<std::uint16_t>(random() % 3);
            host.scheduler.on_completed(handle, count);
            held[handle] = static_cast<std::uint16_t>(held[handle] - std::min(count, held[handle]));
            break;
        }
        default: {
            const Octets packet = host.next();
            if (packet.empty()) break;
            const ConnectionHandle link{packet[1]};
            ++held[link];
            received[link].insert(received[link].end(), packet.begin() + 5, packet.end());
            break;
        }
        }
        int total = 0;
        for (const auto& [link, count] : held) total += count;
        REQUIRE(total <= 5);
    }
    for (const auto& [handle, octets] : received) {
        REQUIRE(octets.size() <= expected[handle].size());
        CHECK(Bytes{octets} == Bytes{Bytes{expected[handle]}.first(octets.size())});
    }
    host.scheduler.configure(27, 5);
    CHECK(host.pool.available() == host.pool.size());
}
