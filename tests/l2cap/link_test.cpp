// SPDX-License-Identifier: MIT
#include "l2cap/link.hpp"

#include <doctest/doctest.h>

#include "tests/l2cap/link_script.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using bluetooth::l2cap::Role;
using bluetooth::test::Lines;
using bluetooth::test::LinkScript;

TEST_CASE("l2cap link: a PDU that came whole is delivered as a view of its packet") {
    LinkScript link{Role::central};
    CHECK(link.start("03 00 04 00 | 0a 03 00") == Lines{"ATT 0a0300"});
    CHECK(link.start("02 00 06 00 | 0b 01") == Lines{"SMP 0b01"});
    CHECK(link.packet(PacketBoundary::first_non_flushable, "01 00 04 00 | 13") ==
          Lines{"ATT 13 copied"});
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap link: fragments are put together, wherever they are cut") {
    const test::Octets whole = test::hex("06 00 04 00 | 1b 03 00 aa bb cc");
    for (std::size_t first = 0; first < whole.size(); ++first)
        for (std::size_t second = first; second < whole.size(); ++second) {
            LinkScript link{Role::central};
            const Bytes bytes{whole};
            CHECK(link.start(to_hex(bytes.first(first))) == Lines{});
            // An empty start packet begins nothing that could be continued.
            if (first == 0) continue;
            CHECK(link.more(to_hex(bytes.subspan(first, second - first))) == Lines{});
            CHECK(link.more(to_hex(bytes.subspan(second))) == Lines{"ATT 1b0300aabbcc copied"});
            CHECK(link.all_buffers_back());
        }
}

TEST_CASE("l2cap link: a continuation without a start is dropped (L02)") {
    LinkScript link{Role::central};
    CHECK(link.more("aa bb cc dd") == Lines{});
    CHECK(link.link.counters().continuation_without_start == 1);
    CHECK(link.start("01 00 04 00 13") == Lines{"ATT 13"});
    CHECK(link.more("aa") == Lines{});
    CHECK(link.link.counters().continuation_without_start == 2);
}

TEST_CASE("l2cap link: a new start in the middle of a PDU drops the old one") {
    LinkScript link{Role::central};
    CHECK(link.start("06 00 04 00 1b 03") == Lines{});
    CHECK(link.start("02 00 06 00 0b 01") == Lines{"SMP 0b01 copied"});
    CHECK(link.link.counters().incomplete == 1);
    CHECK(link.more("00 aa bb cc") == Lines{});
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap link: more octets than announced spoil the PDU, not the next one") {
    LinkScript link{Role::central};
    CHECK(link.start("02 00 04 00 0a 03 00") == Lines{});
    CHECK(link.start("03 00 04 00 0a 03") == Lines{});
    CHECK(link.more("00 ff") == Lines{});
    CHECK(link.link.counters().overrun == 2);
    CHECK(link.more("00") == Lines{});
    CHECK(link.start("03 00 04 00 0a 03 00") == Lines{"ATT 0a0300"});
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap link: packets with boundary flag 0b11 are dropped (L07)") {
    LinkScript link{Role::central};
    CHECK(link.packet(PacketBoundary::complete, "01 00 04 00 13") == Lines{});
    CHECK(link.link.counters().invalid_boundary == 1);
}

TEST_CASE("l2cap link: a PDU of length zero is dropped on every channel (L08)") {
    LinkScript link{Role::central};
    for (const char* pdu : {"00 00 04 00", "00 00 05 00", "00 00 06 00", "00 00 40 00"})
        CHECK(link.start(pdu) == Lines{});
    CHECK(link.link.counters().empty == 3);
    CHECK(link.link.channels().counters().not_open == 1);
    CHECK(link.start("00 00") == Lines{});
    CHECK(link.more("04 00") == Lines{});
    CHECK(link.link.counters().empty == 4);
    CHECK(link.start("01 00 04 00 13") == Lines{"ATT 13"});
}

TEST_CASE("l2cap link: channels that are not there are dropped, whole or in pieces (L09)") {
    LinkScript link{Role::central};
    for (const char* cid : {"00 00", "01 00", "07 00", "3f 00", "40 00", "ff ff"}) {
        CHECK(link.start(std::string{"02 00 "} + cid + " 0b 01") == Lines{});
        CHECK(link.start(std::string{"02 00 "} + cid + " 0b") == Lines{});
        CHECK(link.receive_pool.available() == 1);
        CHECK(link.more("01") == Lines{});
    }
    CHECK(link.link.counters().unknown_channel == 10);
    CHECK(link.link.channels().counters().not_open == 2);
    CHECK(link.start("01 00 04 00 13") == Lines{"ATT 13"});
}

TEST_CASE("l2cap link: a PDU too long for its channel is skipped without memory (L10)") {
    LinkScript link{Role::central};
    CHECK(link.start("ff ff 04 00 1b") == Lines{});
    CHECK(link.receive_pool.available() == 1);
    CHECK(link.link.counters().too_long == 1);
    std::size_t left = 0xffff - 1;
    for (; left > 1000; left -= 1000) CHECK(link.more(std::string(2000, '0')) == Lines{});
    CHECK(link.more(std::string(2 * left, '0')) == Lines{});
    CHECK(link.start("01 00 04 00 13") == Lines{"ATT 13"});
    // SMP: 65 octets are a Public Key; somewhat more is for the Security Manager to refuse.
    CHECK(link.start("81 00 06 00 " + std::string(2 * 129, '0')) == Lines{});
    CHECK(link.start("80 00 06 00 " + std::string(2 * 128, '0')).size() == 1);
}

TEST_CASE("l2cap link: an unfinished PDU is given up after 30 s without a fragment (L10)") {
    LinkScript link{Role::central};
    CHECK(link.start("06 00 04 00 1b") == Lines{});
    CHECK(link.receive_pool.available() == 0);
    CHECK(link.wait(29s) == Lines{});
    CHECK(link.more("03") == Lines{});
    CHECK(link.wait(29s) == Lines{});
    CHECK(link.receive_pool.available() == 0);
    CHECK(link.wait(1s) == Lines{});
    CHECK(link.all_buffers_back());
    CHECK(link.link.counters().timed_out == 1);
    CHECK(link.more("00 aa bb cc") == Lines{});
}

TEST_CASE("l2cap link: a disconnection gives the memory of an unfinished PDU back") {
    LinkScript link{Role::central};
    CHECK(link.start("06 00 04 00 1b 03") == Lines{});
    CHECK_FALSE(link.all_buffers_back());
    CHECK(link.disconnect() == Lines{});
    CHECK(link.all_buffers_back());
}

TEST_CASE("l2cap link: without a free buffer a fragmented PDU is skipped, whole ones pass") {
    LinkScript link{Role::central};
    Buffer taken = link.receive_pool.acquire();
    CHECK(link.start("03 00 04 00 0a") == Lines{});
    CHECK(link.more("03 00") == Lines{});
    CHECK(link.link.counters().no_buffer == 1);
    CHECK(link.start("03 00 04 00 0a 03 00") == Lines{"ATT 0a0300"});
}
