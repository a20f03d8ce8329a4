// SPDX-License-Identifier: MIT
#include "transport/h4_stream.hpp"

#include "tests/transport/loop.hpp"

using namespace bluetooth;
using namespace bluetooth::transport;
using namespace bluetooth::test;

namespace {

const Octets event = hex("04 0E 04 01 03 0C 00");
const Octets completed = hex("04 13 05 01 40 00 01 00");
const Octets acl = hex("02 40 20 07 00 03 00 04 00 02 17 00");
const Octets reset = hex("01 03 0C 00");

Octets operator+(Octets left, const Octets& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

// A stream, what it told, and the other end of its socket.
struct Fixture {
    Loop loop;
    BufferPool pool{256, 600};
    Recorder heard;
    FileDescriptor peer;
    std::unique_ptr<Transport> stream;

    explicit Fixture(std::size_t queue_capacity = 128, int send_buffer = 0) {
        auto [ours, theirs] = socket_pair();
        if (send_buffer != 0)
            REQUIRE(::setsockopt(ours.get(), SOL_SOCKET, SO_SNDBUF, &send_buffer,
                                 sizeof send_buffer) == 0);
        H4StreamOptions options;
        options.name = "test:1";
        options.queue_capacity = queue_capacity;
        stream = make_h4_stream(loop.executor(), std::move(ours), std::move(options)).value();
        peer = std::move(theirs);
        stream->start(heard);
        loop.settle();
    }

    void send(const Octets& octets) { REQUIRE(stream->send(small_packet(octets))); }
    void receive(const Octets& octets) {
        write_all(peer, octets);
        loop.settle();
    }
};

}  // namespace

TEST_CASE("h4 stream: all packets of one read are one batch") {
    Fixture f;
    f.receive(event + acl + completed);
    CHECK(f.heard.packets == Packets{event, acl, completed});
    CHECK(f.heard.batches == 1);
    CHECK(f.stream->statistics().read_calls == 1);
    CHECK(f.stream->statistics().packets_received == 3);
}

TEST_CASE("h4 stream: a packet may come in pieces, and only whole ones end a batch") {
    Fixture f;
    f.receive(hex("04 0E 04"));
    CHECK(f.heard.batches == 0);
    f.receive(hex("01 03 0C 00 | 04"));
    CHECK(f.heard.packets == Packets{event});
    CHECK(f.heard.batches == 1);
}

TEST_CASE("h4 stream: send does no I/O; flush sends all that is queued in one write") {
    Fixture f;
    Buffer pdu = f.pool.acquire();
    REQUIRE(pdu.append(hex("02 40 00 07 00 03 00 04 00 02 17 00")));
    f.send(reset);
    REQUIRE(f.stream->send(Packet{{}, 0, pdu.share()}));
    // A continuation fragment: header of its own, the rest of a shared buffer.
    Buffer rest = pdu.share();
    rest.remove_prefix(9);
    Packet fragment = small_packet(hex("02 40 10 03 00"));
    fragment.payload = std::move(rest);
    REQUIRE(f.stream->send(std::move(fragment)));
    pdu.reset();
    CHECK(read_some(f.peer).empty());

    f.stream->flush();
    CHECK(read_some(f.peer) == hex("01 03 0C 00 | 02 40 00 07 00 03 00 04 00 02 17 00"
                                   "02 40 10 03 00 02 17 00"));
    CHECK(f.stream->statistics().write_calls == 1);
    CHECK(f.stream->statistics().packets_sent == 3);
    CHECK(f.stream->statistics().octets_sent == 24);
    CHECK(f.pool.available() == f.pool.size());
    CHECK(f.heard.writable == 0);
}

TEST_CASE("h4 stream: flush with nothing queued makes no system call") {
    Fixture f;
    f.stream->flush();
    CHECK(f.stream->statistics().write_calls == 0);
}

TEST_CASE("h4 stream: a full queue refuses a packet and leaves it to its owner") {
    Fixture f{2};
    f.send(reset);
    f.send(reset);
    Packet third = small_packet(reset);
    third.payload = f.pool.acquire();
    CHECK_FALSE(f.stream->send(std::move(third)));
    CHECK(third.payload);
    CHECK(f.stream->statistics().sends_refused == 1);
    f.stream->flush();
    CHECK(f.stream->send(std::move(third)));
}

TEST_CASE("h4 stream: what the system does not take at once follows by itself, in order") {
    Fixture f{200, 4096};
    Octets expected;
    for (std::uint8_t i = 0; i < 200; ++i) {
        Buffer payload = f.pool.acquire();
        REQUIRE(payload.append(Octets(500, i)));
        Packet packet = small_packet(hex("02 40 00 F4 01"));
        packet.payload = std::move(payload);
        REQUIRE(f.stream->send(std::move(packet)));
        expected = expected + hex("02 40 00 F4 01") + Octets(500, i);
    }
    f.stream->flush();
    const auto calls = f.stream->statistics().write_calls;
    f.stream->flush();  // waits for the peer: it would be in vain
    CHECK(f.stream->statistics().write_calls == calls);

    Octets arrived;
    while (arrived.size() < expected.size()) {
        const Octets some = read_some(f.peer, 777);
        arrived.insert(arrived.end(), some.begin(), some.end());
        f.loop.settle();
    }
    CHECK(arrived == expected);
    CHECK(f.heard.writable == 1);
    CHECK(f.pool.available() == f.pool.size());
    CHECK(f.stream->statistics().packets_sent == 200);
}

TEST_CASE("h4 stream: more than one write takes is sent all the same") {
    Fixture f{1000};
    Octets expected;
    for (int i = 0; i < 1000; ++i) {
        f.send(reset);
        expected = expected + reset;
    }
    f.stream->flush();
    CHECK(read_some(f.peer) == expected);
}

TEST_CASE("h4 stream: what is queued after a packet that left in part does not mix with it") {
    Fixture f{100, 4096};
    Octets expected;
    for (std::uint8_t i = 0; i < 40; ++i) {
        Packet packet = small_packet(hex("02 40 00 F4 01"));
        packet.payload = f.pool.acquire();
        REQUIRE(packet.payload.append(Octets(500, i)));
        REQUIRE(f.stream->send(std::move(packet)));
        f.stream->flush();
        expected = expected + hex("02 40 00 F4 01") + Octets(500, i);
    }
    Octets arrived;
    while (arrived.size() < expected.size()) {
        arrived = arrived + read_some(f.peer);
        f.loop.settle();
    }
    CHECK(arrived == expected);
}

TEST_CASE("h4 stream: the packets before the peer's end are handed over, then the loss") {
    Fixture f;
    write_all(f.peer, event);
    f.peer = FileDescriptor{};
    f.loop.settle();
    CHECK(f.heard.packets == Packets{event});
    REQUIRE(f.heard.losses.size() == 1);
    CHECK(f.heard.losses[0].first == errc::connection_lost);
    CHECK(f.heard.losses[0].second == "test:1: the other side has closed the connection");
    CHECK_FALSE(f.stream->send(small_packet(reset)));
}

TEST_CASE("h4 stream: a write to a peer that is gone is a loss, told outside of flush") {
    Fixture f;
    f.stream->pause_reading();
    f.peer = FileDescriptor{};
    f.send(reset);
    f.stream->flush();
    CHECK(f.heard.losses.empty());
    f.loop.settle();
    REQUIRE(f.heard.losses.size() == 1);
    CHECK(f.heard.losses[0].first == errc::connection_lost);
}

TEST_CASE("h4 stream: a pause inside a batch holds back the rest of it until resumed") {
    Fixture f;
    f.heard.then_packet = [&] { f.stream->pause_reading(); };
    f.receive(event + acl + completed);
    CHECK(f.heard.packets == Packets{event});
    CHECK(f.heard.batches == 1);
    f.stream->resume_reading();
    CHECK(f.heard.packets.size() == 1);  // not from inside the call
    f.loop.settle();
    CHECK(f.heard.packets == Packets{event, acl});
    f.heard.then_packet = [] {};
    f.stream->resume_reading();
    f.stream->resume_reading();
    f.loop.settle();
    CHECK(f.heard.packets == Packets{event, acl, completed});
    f.receive(event);
    CHECK(f.heard.packets.size() == 4);
}

TEST_CASE("h4 stream: a pause between batches, and resuming inside a batch") {
    Fixture f;
    f.stream->pause_reading();
    f.receive(event);
    CHECK(f.heard.packets.empty());
    f.heard.then_packet = [&] { f.stream->pause_reading(); };
    f.heard.then_batch_end = [&] { f.stream->resume_reading(); };
    f.stream->resume_reading();
    f.loop.settle();
    f.receive(acl + completed);
    CHECK(f.heard.packets == Packets{event, acl, completed});
    CHECK(f.heard.batches == 3);
}

TEST_CASE("h4 stream: a peer that is not read from is held back, and nothing gets lost") {
    Fixture f;
    f.stream->pause_reading();
    std::size_t written = 0;
    while (::write(f.peer.get(), event.data(), event.size()) ==
           static_cast<ssize_t>(event.size())) {
        ++written;
        f.loop.settle();
    }
    CHECK(f.heard.packets.empty());
    f.stream->resume_reading();
    f.loop.settle();
    CHECK(f.heard.packets.size() == written);
}

TEST_CASE("h4 stream: after a close inside a callback there is no other callback") {
    Fixture f;
    f.heard.then_packet = [&] { f.stream->close(); };
    f.receive(event + acl);
    CHECK(f.heard.packets.size() == 1);
    CHECK(f.heard.batches == 0);
    f.stream->flush();
    f.stream->pause_reading();
    f.stream->resume_reading();
    f.loop.settle();
    CHECK(f.heard.losses.empty());
    CHECK(f.stream->name() == "test:1");
    CHECK(f.stream->statistics().packets_received == 1);
}

TEST_CASE("h4 stream: a stream may be destroyed inside each of its callbacks") {
    SUBCASE("on_packet") {
        Fixture f;
        f.heard.then_packet = [&] { f.stream.reset(); };
        f.receive(event + acl);
        CHECK(f.heard.packets.size() == 1);
    }
    SUBCASE("on_batch_end") {
        Fixture f;
        f.heard.then_batch_end = [&] { f.stream.reset(); };
        f.receive(event + acl);
        CHECK(f.heard.packets.size() == 2);
    }
    SUBCASE("on_sync_lost") {
        Fixture f;
        f.heard.then_sync_lost = [&] { f.stream.reset(); };
        f.receive(hex("FF"));
        CHECK(f.heard.sync_losses.size() == 1);
    }
    SUBCASE("on_lost") {
        Fixture f;
        f.heard.then_lost = [&] { f.stream.reset(); };
        f.peer = FileDescriptor{};
        f.loop.settle();
        CHECK(f.heard.losses.size() == 1);
    }
    SUBCASE("on_writable") {
        Fixture f{100, 4096};
        f.heard.then_writable = [&] { f.stream.reset(); };
        for (int i = 0; i < 100; ++i) {
            Packet packet;
            packet.payload = f.pool.acquire();
            REQUIRE(packet.payload.append(Octets(600, 0)));
            REQUIRE(f.stream->send(std::move(packet)));
        }
        f.stream->flush();
        while (f.stream && !read_some(f.peer).empty()) f.loop.settle();
        CHECK(f.heard.writable == 1);
    }
}

TEST_CASE("h4 stream: closing gives back every queued buffer") {
    Fixture f;
    Packet packet;
    packet.payload = f.pool.acquire();
    REQUIRE(f.stream->send(std::move(packet)));
    f.stream->close();
    CHECK(f.pool.available() == f.pool.size());
}

TEST_CASE("h4 stream: after loss of sync the host resets inside the callback and goes on (H01)") {
    Fixture f;
    f.heard.then_sync_lost = [&] {
        f.send(reset);
        f.stream->resynchronise();
        f.stream->flush();
    };
    f.receive(event + hex("FF 00") + completed);
    CHECK(f.heard.packets == Packets{event});
    CHECK(f.heard.sync_losses.size() == 1);
    CHECK(read_some(f.peer) == reset);
    f.receive(completed + event + completed);
    CHECK(f.heard.packets == Packets{event, event, completed});
    CHECK(f.stream->statistics().sync_losses == 1);
    CHECK(f.stream->statistics().octets_discarded == 18);
}

TEST_CASE("h4 stream: resynchronising while a read is under way") {
    Fixture f;
    f.receive(hex("04 0E 04"));  // cut off for ever
    f.stream->resynchronise();
    f.receive(completed + event);
    CHECK(f.heard.packets == Packets{event});
}

TEST_CASE("h4 stream: what a stream depends on is released when it closes") {
    Loop loop;
    auto [ours, theirs] = socket_pair();
    const auto resource = std::make_shared<int>();
    H4StreamOptions options;
    options.resource = resource;
    const auto stream =
        make_h4_stream(loop.executor(), std::move(ours), std::move(options)).value();
    CHECK(resource.use_count() == 2);
    stream->close();
    CHECK(resource.use_count() == 1);
}
