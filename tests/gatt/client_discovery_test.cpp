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
using bluetooth::test::Lines;

namespace {

const UUID nordic_uart = UUID::from_string("6e400001-b5a3-f393-e0a9-e50e24dcca9e");

void discover_services(ClientScript& script) {
    REQUIRE_FALSE(script.call(&Client::discover_services, std::nullopt, ServiceType::primary));
}
void discover_included(ClientScript& script) {
    REQUIRE_FALSE(script.call(&Client::discover_included, handle(1), handle(0xffff)));
}
void discover_characteristics(ClientScript& script) {
    REQUIRE_FALSE(
        script.call(&Client::discover_characteristics, handle(0x10), handle(0x2f), std::nullopt));
}
void discover_descriptors(ClientScript& script) {
    REQUIRE_FALSE(script.call(&Client::discover_descriptors, handle(0x12), handle(0x15)));
}

}  // namespace

TEST_CASE("gatt client: all services, of 16 and of 128 bits, up to handle 0xffff") {
    ClientScript script;
    discover_services(script);
    CHECK(script.drain() == Lines{"send 100100ffff0028"});
    CHECK(script.peer("11 06 | 01 00 05 00 00 18 | 06 00 09 00 01 18") ==
          Lines{"service 0001-0005 UUID(0x1800)", "service 0006-0009 UUID(0x1801)",
                "send 100a00ffff0028"});
    CHECK(script.peer("11 14 | 0a 00 ff ff 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e") ==
          Lines{"service 000a-ffff UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e')",
                "services done: ok"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a search for services ends with Attribute Not Found, or fails") {
    ClientScript script;
    discover_services(script);
    script.drain();
    CHECK(script.peer("11 06 | 01 00 05 00 00 18") ==
          Lines{"service 0001-0005 UUID(0x1800)", "send 100600ffff0028"});
    CHECK(script.peer("01 10 06 00 0a") == Lines{"services done: ok"});
    discover_services(script);
    script.drain();
    CHECK(script.peer("01 10 01 00 0a") == Lines{"services done: ok"});
    discover_services(script);
    script.drain();
    CHECK(script.peer("01 10 01 00 05") == Lines{"services done: insufficient authentication"});
}

TEST_CASE("gatt client: services by UUID of 16, 32 and 128 bits") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::discover_services, UUID{0x180d}, ServiceType::primary));
    CHECK(script.drain() == Lines{"send 060100ffff00280d18"});
    CHECK(script.peer("07 | 10 00 1f 00 | 30 00 30 00") == Lines{"service 0010-001f UUID(0x180d)",
                                                                 "service 0030-0030 UUID(0x180d)",
                                                                 "send 063100ffff00280d18"});
    CHECK(script.peer("07 | 40 00 ff ff") ==
          Lines{"service 0040-ffff UUID(0x180d)", "services done: ok"});

    REQUIRE_FALSE(script.call(&Client::discover_services, nordic_uart, ServiceType::primary));
    CHECK(script.drain() == Lines{"send 060100ffff00289ecadc240ee5a9e093f3a3b50100406e"});
    CHECK(script.peer("01 06 01 00 0a") == Lines{"services done: ok"});

    REQUIRE_FALSE(
        script.call(&Client::discover_services, UUID::from_u32(0x01020304), ServiceType::primary));
    CHECK(script.drain() == Lines{"send 060100ffff0028fb349b5f80000080001000000403"
                                  "0201"});
    CHECK(script.peer("07 | 10 00 1f 00") == Lines{"service 0010-001f UUID(0x01020304)",
                                                   "send 062000ffff0028fb349b5f80000080001000000403"
                                                   "0201"});
}

TEST_CASE("gatt client: secondary services are found like primary ones, by their group type") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::discover_services, std::nullopt, ServiceType::secondary));
    CHECK(script.drain() == Lines{"send 100100ffff0128"});
    CHECK(script.peer("11 06 | 01 00 10 00 0a 18 | 20 00 2f 00 0f 18") ==
          Lines{"service 0001-0010 UUID(0x180a)", "service 0020-002f UUID(0x180f)",
                "send 103000ffff0128"});
    CHECK(script.peer("01 10 30 00 0a") == Lines{"services done: ok"});

    // By UUID there is no request for them: they are picked out here.
    REQUIRE_FALSE(script.call(&Client::discover_services, UUID{0x180f}, ServiceType::secondary));
    CHECK(script.drain() == Lines{"send 100100ffff0128"});
    CHECK(script.peer("11 06 | 01 00 10 00 0a 18 | 20 00 2f 00 0f 18") ==
          Lines{"service 0020-002f UUID(0x180f)", "send 103000ffff0128"});
    CHECK(script.peer("11 14 | 30 00 ff ff fb 34 9b 5f 80 00 00 80 00 10 00 00 0f 18 00 00") ==
          Lines{"service 0030-ffff UUID(0x180f)", "services done: ok"});
}

TEST_CASE("gatt client: included services; UUIDs of 128 bits are read from their declarations") {
    ClientScript script;
    discover_included(script);
    CHECK(script.drain() == Lines{"send 080100ffff0228"});
    CHECK(script.peer("09 08 | 02 00 10 00 1f 00 0f 18") ==
          Lines{"included 0002: 0010-001f UUID(0x180f)", "send 080300ffff0228"});
    CHECK(script.peer("09 06 | 03 00 20 00 2f 00 | 04 00 30 00 3f 00") == Lines{"send 0a2000"});
    CHECK(script.peer("0b 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e") ==
          Lines{"included 0003: 0020-002f UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e')",
                "send 0a3000"});
    CHECK(script.peer("0b 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 02 00 40 6e") ==
          Lines{"included 0004: 0030-003f UUID('6e400002-b5a3-f393-e0a9-e50e24dcca9e')",
                "send 080500ffff0228"});
    CHECK(script.peer("01 08 05 00 0a") == Lines{"included services done: ok"});
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: the UUID of an include at the end of the range is read as well") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::discover_included, handle(2), handle(3)));
    CHECK(script.drain() == Lines{"send 080200030002"
                                  "28"});
    CHECK(script.peer("09 06 | 03 00 20 00 2f 00") == Lines{"send 0a2000"});
    SUBCASE("with success") {
        CHECK(script.peer("0b 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e") ==
              Lines{"included 0003: 0020-002f UUID('6e400001-b5a3-f393-e0a9-e50e24dcca9e')",
                    "included services done: ok"});
    }
    SUBCASE("or refused") {
        CHECK(script.peer("01 0a 20 00 0a") ==
              Lines{"included services done: attribute not found"});
    }
    SUBCASE("or is none, as one of 16 bits would have been in the include") {
        CHECK(script.peer("0b 0f 18") == Lines{"included services done: protocol error"});
    }
    CHECK(script.all_buffers_back());
}

TEST_CASE("gatt client: a characteristic ends before the next one, the last with the query") {
    ClientScript script{64};
    discover_characteristics(script);
    CHECK(script.drain() == Lines{"send 0810002f000328"});
    CHECK(script.peer("09 07 | 11 00 10 12 00 37 2a | 14 00 02 15 00 38 2a") ==
          Lines{"characteristic 0012-0013 10 UUID(0x2a37)", "send 0815002f000328"});
    CHECK(script.peer("09 15 | 20 00 0c 21 00 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 02 00 40 6e") ==
          Lines{"characteristic 0015-001f 02 UUID(0x2a38)", "send 0821002f000328"});
    CHECK(script.peer("01 08 21 00 0a") ==
          Lines{"characteristic 0021-002f 0c UUID('6e400002-b5a3-f393-e0a9-e50e24dcca9e')",
                "characteristics done: ok"});
}

TEST_CASE("gatt client: a declaration at the end of the query leaves nothing to ask for") {
    ClientScript script;
    REQUIRE_FALSE(script.call(&Client::discover_characteristics, handle(0xfffe), handle(0xffff),
                              std::nullopt));
    CHECK(script.drain() == Lines{"send 08feffffff0328"});
    CHECK(script.peer("09 07 | fe ff 02 ff ff 00 2a") == Lines{"send 08ffffffff0328"});
    CHECK(script.peer("01 08 ff ff 0a") ==
          Lines{"characteristic ffff-ffff 02 UUID(0x2a00)", "characteristics done: ok"});
}

TEST_CASE("gatt client: characteristics by UUID still end where the next one begins") {
    ClientScript script{64};
    REQUIRE_FALSE(
        script.call(&Client::discover_characteristics, handle(0x10), handle(0x2f), UUID{0x2a37}));
    CHECK(script.drain() == Lines{"send 0810002f000328"});
    CHECK(script.peer("09 07 | 11 00 10 12 00 37 2a | 14 00 02 15 00 38 2a") ==
          Lines{"characteristic 0012-0013 10 UUID(0x2a37)", "send 0815002f000328"});
    CHECK(script.peer("01 08 15 00 0a") == Lines{"characteristics done: ok"});

    // The same characteristic, written by the peer in 128 bits.
    REQUIRE_FALSE(
        script.call(&Client::discover_characteristics, handle(0x10), handle(0x2f), UUID{0x2a37}));
    script.drain();
    CHECK(script.peer("09 15 | 11 00 10 12 00 fb 34 9b 5f 80 00 00 80 00 10 00 00 37 2a 00 00") ==
          Lines{"send 0812002f000328"});
    CHECK(script.peer("01 08 12 00 0a") ==
          Lines{"characteristic 0012-002f 10 UUID(0x2a37)", "characteristics done: ok"});
}

TEST_CASE("gatt client: descriptors are all attributes behind the start handle") {
    ClientScript script{64};
    discover_descriptors(script);
    CHECK(script.drain() == Lines{"send 0413001500"});
    CHECK(script.peer("05 01 | 13 00 02 29 | 14 00 03 28") ==
          Lines{"descriptor 0013 UUID(0x2902)", "descriptor 0014 UUID(0x2803)", "send 0415001500"});
    CHECK(script.peer("05 02 | 15 00 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 02 00 40 6e") ==
          Lines{"descriptor 0015 UUID('6e400002-b5a3-f393-e0a9-e50e24dcca9e')",
                "descriptors done: ok"});
}

TEST_CASE("gatt client: descriptors of a characteristic without any need no request") {
    ClientScript script;
    for (const auto at : {handle(0x0012), handle(0xffff)}) {
        REQUIRE_FALSE(script.call(&Client::discover_descriptors, at, at));
        CHECK(script.drain() == Lines{"descriptors done: ok"});
    }
    // In the order of the calls all the same.
    REQUIRE_FALSE(script.call(&Client::read, handle(3)));
    REQUIRE_FALSE(script.call(&Client::discover_descriptors, handle(3), handle(3)));
    REQUIRE_FALSE(script.call(&Client::read, handle(4)));
    CHECK(script.drain() == Lines{"send 0a0300"});
    CHECK(script.peer("0b") ==
          Lines{"value 0003 ", "read done 0003: ok", "descriptors done: ok", "send 0a0400"});
}

TEST_CASE("gatt client: ranges that are none are refused at the call") {
    ClientScript script;
    CHECK(script.call(&Client::discover_characteristics, handle(0), handle(5), std::nullopt) ==
          errc::invalid_argument);
    CHECK(script.call(&Client::discover_characteristics, handle(6), handle(5), std::nullopt) ==
          errc::invalid_argument);
    CHECK(script.call(&Client::discover_descriptors, handle(6), handle(5)) ==
          errc::invalid_argument);
    CHECK(script.call(&Client::discover_included, handle(0), handle(5)) == errc::invalid_argument);
    CHECK(script.call(&Client::discover_included, handle(6), handle(5)) == errc::invalid_argument);
    CHECK(script.drain() == Lines{});
}

TEST_CASE("gatt client: a discovery cut off at any step is done once") {
    check_cut_off_anywhere(
        23, 1, discover_services,
        {"11 06 01 00 05 00 00 18", "11 06 06 00 09 00 01 18", "01 10 0a 00 0a"});
    check_cut_off_anywhere(23, 1,
                           [](ClientScript& script) {
                               REQUIRE_FALSE(script.call(&Client::discover_services, UUID{0x180d},
                                                         ServiceType::primary));
                           },
                           {"07 10 00 1f 00", "01 06 20 00 0a"});
    check_cut_off_anywhere(
        23, 1, discover_included,
        {"09 08 02 00 10 00 1f 00 0f 18", "09 06 03 00 20 00 2f 00",
         "0b 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e", "01 08 04 00 0a"});
    check_cut_off_anywhere(
        23, 1, discover_characteristics,
        {"09 07 11 00 10 12 00 37 2a", "09 07 14 00 02 15 00 38 2a", "01 08 15 00 0a"});
    check_cut_off_anywhere(23, 1, discover_descriptors,
                           {"05 01 13 00 02 29", "05 01 14 00 03 28 15 00 38 2a"});
}
