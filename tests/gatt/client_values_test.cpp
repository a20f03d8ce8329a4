// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include <optional>

#include "tests/gatt/client_script.hpp"

using namespace bluetooth;
using bluetooth::gatt::Client;
using bluetooth::gatt::ServiceType;
using bluetooth::test::check_cut_off_anywhere;
using bluetooth::test::ClientScript;
using bluetooth::test::handle;
using bluetooth::test::hex;
using bluetooth::test::Lines;
using bluetooth::test::Octets;

namespace {

/// `count` octets of the hex digits `digits`.
std::string times(std::size_t count, const char* digits) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += digits;
    return text;
}

}  // namespace

TEST_CASE("gatt client: the MTU exchange takes the smaller MTU") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::exchange_mtu, 256));
    CHECK(script.drain() == Lines{"send 020001"});
    CHECK(script.peer("03 c8 00") == Lines{"mtu 200", "exchange done: ok"});
    CHECK(script.bearer.mtu() == 200);
    CHECK(script.call(&Client::exchange_mtu, 256) == errc::already_in_progress);
    // A second response belongs to nothing (B09).
    CHECK(script.peer("03 17 00") == Lines{});
    CHECK(script.bearer.mtu() == 200);
}

TEST_CASE("gatt client: an MTU exchange that fails leaves 23, and is not tried again") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::exchange_mtu, 256));
    CHECK(script.call(&Client::exchange_mtu, 256) == errc::already_in_progress);
    script.drain();
    CHECK(script.peer("01 02 00 00 06") == Lines{"exchange done: request not supported"});
    CHECK(script.bearer.mtu() == 23);
    CHECK(script.call(&Client::exchange_mtu, 256) == errc::already_in_progress);

    ClientScript malformed;
    REQUIRE_FALSE(malformed.call(&Client::exchange_mtu, 256));
    malformed.drain();
    CHECK(malformed.peer("03 00") == Lines{"exchange done: protocol error"});
}

TEST_CASE("gatt client: once the peer has exchanged the MTU, there is nothing left to do") {
    ClientScript script;
    CHECK(script.bearer.finish_mtu_exchange(256, 100));
    CHECK(script.call(&Client::exchange_mtu, 256) == errc::already_in_progress);
    CHECK(script.drain() == Lines{});
}

TEST_CASE("gatt client: when both sides' MTU requests cross, the exchange is news once") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::exchange_mtu, 256));
    script.drain();
    CHECK(script.bearer.finish_mtu_exchange(256, 100));  // the server side answers the peer
    // A peer that says something else now does not take back what it has said (B09).
    CHECK(script.peer("03 17 00") == Lines{"exchange done: ok"});
    CHECK(script.bearer.mtu() == 100);
}

TEST_CASE("gatt client: a value is read, or refused") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read, handle(0x1234)));
    CHECK(script.drain() == Lines{"send 0a3412"});
    CHECK(script.peer("0b aa bb cc") == Lines{"value 1234 aabbcc", "read done 1234: ok"});
    REQUIRE_FALSE(script.call(&Client::read, handle(3)));
    script.drain();
    CHECK(script.peer("01 0a 03 00 02") == Lines{"read done 0003: read not permitted"});
    REQUIRE_FALSE(script.call(&Client::read, handle(3)));
    script.drain();
    CHECK(script.peer("0b") == Lines{"value 0003 ", "read done 0003: ok"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a response longer than ATT_MTU fails its procedure (B14)") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read, handle(3)));
    script.drain();
    CHECK(script.peer("0b " + times(23, "aa")) == Lines{"read done 0003: protocol error"});
    REQUIRE_FALSE(script.call(&Client::read, handle(3)));
    script.drain();
    CHECK(script.peer("0b " + times(22, "aa")).back() == "read done 0003: ok");
}

TEST_CASE("gatt client: an error response of code 0 is no success") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read, handle(3)));
    script.drain();
    CHECK(script.peer("01 0a 03 00 00") == Lines{"read done 0003: protocol error"});
}

TEST_CASE("gatt client: a short value is read whole by one request") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read_long, handle(3)));
    CHECK(script.drain() == Lines{"send 0a0300"});
    CHECK(script.peer("0b " + times(21, "aa")) ==
          Lines{"value 0003 " + times(21, "aa"), "read done 0003: ok"});
}

TEST_CASE("gatt client: a long value is read part by part") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read_long, handle(3)));
    CHECK(script.drain() == Lines{"send 0a0300"});
    CHECK(script.peer("0b " + times(22, "aa")) == Lines{"send 0c03001600"});
    CHECK(script.peer("0d " + times(22, "bb")) == Lines{"send 0c03002c00"});
    const std::string value = "value 0003 " + times(22, "aa") + times(22, "bb");
    SUBCASE("ended by a short part") {
        CHECK(script.peer("0d cc") == Lines{value + "cc", "read done 0003: ok"});
    }
    SUBCASE("ended by an empty part") {
        CHECK(script.peer("0d") == Lines{value, "read done 0003: ok"});
    }
    SUBCASE("ended by Attribute Not Long") {
        CHECK(script.peer("01 0c 03 00 0b") == Lines{value, "read done 0003: ok"});
    }
    SUBCASE("ended by Invalid Offset") {
        CHECK(script.peer("01 0c 03 00 07") == Lines{value, "read done 0003: ok"});
    }
    SUBCASE("refused in the middle") {
        CHECK(script.peer("01 0c 03 00 05") ==
              Lines{"read done 0003: insufficient authentication"});
    }
    SUBCASE("by a response that is longer than ATT_MTU") {
        CHECK(script.peer("0d " + times(23, "cc")) == Lines{"read done 0003: protocol error"});
    }
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a part that was full when it was asked for is not the last one") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read_long, handle(3)));
    CHECK(script.drain() == Lines{"send 0a0300"});
    CHECK(script.bearer.finish_mtu_exchange(256, 100));  // the peer exchanges the MTU meanwhile
    SUBCASE("but answers by the one of before") {
        CHECK(script.peer("0b " + times(22, "aa")) == Lines{"send 0c03001600"});
        // From here on 100 is what both know of.
        CHECK(script.peer("0d " + times(99, "bb")) == Lines{"send 0c03007900"});
        CHECK(script.peer("0d " + times(98, "cc")) ==
              Lines{"value 0003 " + times(22, "aa") + times(99, "bb") + times(98, "cc"),
                    "read done 0003: ok"});
    }
    SUBCASE("and answers by the new one") {
        CHECK(script.peer("0b " + times(99, "aa")) == Lines{"send 0c03006300"});
        CHECK(script.peer("0d") == Lines{"value 0003 " + times(99, "aa"), "read done 0003: ok"});
    }
    SUBCASE("but a shorter one is") {
        CHECK(script.peer("0b " + times(21, "aa")) ==
              Lines{"value 0003 " + times(21, "aa"), "read done 0003: ok"});
    }
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: of a value of 512 octets, the longest there are, nothing more is asked") {
    ClientScript by_one{513};
    REQUIRE_FALSE(by_one.call(&Client::read_long, handle(3)));
    by_one.drain();
    CHECK(by_one.peer("0b " + times(512, "aa")) ==
          Lines{"value 0003 " + times(512, "aa"), "read done 0003: ok"});

    ClientScript by_two{257};
    REQUIRE_FALSE(by_two.call(&Client::read_long, handle(3)));
    by_two.drain();
    CHECK(by_two.peer("0b " + times(256, "aa")) == Lines{"send 0c03000001"});
    CHECK(by_two.peer("0d " + times(256, "bb")) ==
          Lines{"value 0003 " + times(256, "aa") + times(256, "bb"), "read done 0003: ok"});
    CHECK(by_two.all_buffers_back());

    ClientScript by_many;  // 23 * 22 + 6
    REQUIRE_FALSE(by_many.call(&Client::read_long, handle(3)));
    by_many.drain();
    CHECK(by_many.peer("0b " + times(22, "aa")) == Lines{"send 0c03001600"});
    for (int part = 2; part <= 23; ++part) CHECK(by_many.peer("0d " + times(22, "aa")).size() == 1);
    CHECK(by_many.peer("0d " + times(6, "bb")) ==
          Lines{"value 0003 " + times(506, "aa") + times(6, "bb"), "read done 0003: ok"});
    CHECK(by_many.all_buffers_back());
}

TEST_CASE("gatt client: a write with response is done when the peer says so") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::write, handle(3), hex("01 00")));
    CHECK(script.drain() == Lines{"send 1203000100"});
    CHECK(script.peer("13") == Lines{"write done 0003: ok"});
    REQUIRE_FALSE(script.call(&Client::write, handle(3), Bytes{}));
    CHECK(script.drain() == Lines{"send 120300"});
    CHECK(script.peer("01 12 03 00 03") == Lines{"write done 0003: write not permitted"});
    REQUIRE_FALSE(script.call(&Client::write, handle(3), Bytes{}));
    script.drain();
    CHECK(script.peer("13 00") == Lines{"write done 0003: protocol error"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: writes are cut to ATT_MTU - 3, as it is when they are sent") {
    const Octets value(600, 0xaa);
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::exchange_mtu, 256));
    REQUIRE_FALSE(script.call(&Client::write, handle(3), value));
    REQUIRE_FALSE(script.call(&Client::write_command, handle(3), value));
    CHECK(script.drain() == Lines{"send 020001", "send 520300" + times(20, "aa")});
    CHECK(script.peer("03 64 00") ==
          Lines{"mtu 100", "exchange done: ok", "send 120300" + times(97, "aa")});
    REQUIRE_FALSE(script.call(&Client::write_command, handle(3), value));
    CHECK(script.drain() == Lines{"send 520300" + times(97, "aa")});
}

TEST_CASE("gatt client: write commands go out at once, while there are buffers") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::read, handle(3)));
    script.drain();
    REQUIRE_FALSE(script.call(&Client::write_command, handle(4), hex("aa bb")));
    CHECK(script.drain() == Lines{"send 520400aabb"});
    std::vector<Buffer> taken;
    while (Buffer buffer = script.pool.acquire()) taken.push_back(std::move(buffer));
    CHECK(script.call(&Client::write_command, handle(4), hex("aa bb")) == errc::no_buffers);
    CHECK(script.call(&Client::write, handle(4), hex("aa bb")) == errc::no_buffers);
    CHECK(script.call(&Client::write_long, handle(4), hex("aa bb")) == errc::no_buffers);
    taken.clear();
    CHECK_FALSE(script.call(&Client::write_command, handle(4), hex("aa bb")));
    CHECK(script.drain() == Lines{"send 520400aabb"});
}

TEST_CASE("gatt client: a long value is prepared part by part, verified and executed") {
    ClientScript script;
    const Octets value(40, 0xaa);
    REQUIRE_FALSE(script.call(&Client::write_long, handle(3), value));
    CHECK(script.drain() == Lines{"send 1603000000" + times(18, "aa")});
    CHECK(script.peer("17 03 00 00 00" + times(18, "aa")) ==
          Lines{"send 1603001200" + times(18, "aa")});
    CHECK(script.peer("17 03 00 12 00" + times(18, "aa")) == Lines{"send 1603002400aaaaaaaa"});
    SUBCASE("and written") {
        CHECK(script.peer("17 03 00 24 00 aa aa aa aa") == Lines{"send 1801"});
        CHECK(script.peer("19") == Lines{"write done 0003: ok"});
    }
    SUBCASE("and refused at the end") {
        CHECK(script.peer("17 03 00 24 00 aa aa aa aa") == Lines{"send 1801"});
        CHECK(script.peer("01 18 03 00 0d") ==
              Lines{"write done 0003: invalid attribute value length"});
    }
    SUBCASE("or cancelled when the peer refuses a part") {
        CHECK(script.peer("01 16 03 00 09") == Lines{"send 1800"});
        CHECK(script.peer("19") == Lines{"write done 0003: prepare queue full"});
    }
    SUBCASE("or cancelled when the peer queued another value") {
        CHECK(script.peer("17 03 00 24 00 aa aa aa ab") == Lines{"send 1800"});
        CHECK(script.peer("19") == Lines{"write done 0003: protocol error"});
    }
    SUBCASE("or cancelled when the peer queued it elsewhere, even if cancelling fails") {
        CHECK(script.peer("17 04 00 24 00 aa aa aa aa") == Lines{"send 1800"});
        CHECK(script.peer("01 18 03 00 0e") == Lines{"write done 0003: protocol error"});
    }
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a last part of one octet is a part") {
    ClientScript script;
    const Octets value(19, 0xaa);
    REQUIRE_FALSE(script.call(&Client::write_long, handle(3), value));
    CHECK(script.drain() == Lines{"send 1603000000" + times(18, "aa")});
    CHECK(script.peer("17 03 00 00 00" + times(18, "aa")) == Lines{"send 1603001200aa"});
    CHECK(script.peer("17 03 00 12 00 aa") == Lines{"send 1801"});
    CHECK(script.peer("19") == Lines{"write done 0003: ok"});
}

TEST_CASE("gatt client: a long write is cancelled as well when its first part is refused") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::write_long, handle(3), Bytes{}));
    CHECK(script.drain() == Lines{"send 1603000000"});
    CHECK(script.peer("01 16 03 00 03") == Lines{"send 1800"});
    CHECK(script.peer("19") == Lines{"write done 0003: write not permitted"});
    CHECK(script.call(&Client::write_long, handle(3), Octets(513, 0)) == errc::too_big);
    CHECK(script.drain() == Lines{});
}

TEST_CASE("gatt client: reads and writes cut off at any step are done once") {
    check_cut_off_anywhere(
        23, 1, [](ClientScript& s) { REQUIRE_FALSE(s.call(&Client::exchange_mtu, 256)); },
        {"03 64 00"});
    check_cut_off_anywhere(
        23, 1, [](ClientScript& s) { REQUIRE_FALSE(s.call(&Client::read, handle(3))); }, {"0b aa"});
    const std::string full = "0d " + times(22, "bb");
    check_cut_off_anywhere(
        23, 1, [](ClientScript& s) { REQUIRE_FALSE(s.call(&Client::read_long, handle(3))); },
        {"0b aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", full.c_str(), "0d cc"});
    check_cut_off_anywhere(
        23, 1, [](ClientScript& s) { REQUIRE_FALSE(s.call(&Client::write, handle(3), hex("aa"))); },
        {"13"});
    check_cut_off_anywhere(23, 1,
                           [](ClientScript& s) {
                               REQUIRE_FALSE(s.call(&Client::write_long, handle(3),
                                                    hex("01 02 03 04 05 06 07 08 09 "
                                                        "0a 0b 0c 0d 0e 0f 10 11 12 "
                                                        "13")));
                           },
                           {"17 03 00 00 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12",
                            "17 03 00 12 00 13", "19"});
    check_cut_off_anywhere(
        23, 4,
        [](ClientScript& s) {
            REQUIRE_FALSE(s.call(&Client::read, handle(3)));
            REQUIRE_FALSE(s.call(&Client::discover_services, std::nullopt, ServiceType::primary));
            REQUIRE_FALSE(s.call(&Client::write, handle(3), hex("aa")));
            REQUIRE_FALSE(s.call(&Client::read_long, handle(3)));
        },
        {"0b aa", "01 10 01 00 0a", "13", "0b aa"});
}
