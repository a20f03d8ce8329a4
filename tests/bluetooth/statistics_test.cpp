// SPDX-License-Identifier: MIT
#include <doctest/doctest.h>

#include "tests/bluetooth/gatt_link.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

TEST_CASE("statistics: what L2CAP and the GATT client drop of a link counts, also when it ended") {
    GattLink link;
    const auto dropped = [&] { return link.central.host.statistics().packets_dropped; };
    REQUIRE(dropped() == 0);
    link.central.inject("02 40 10 02 00 61 62");  // continues a PDU that never began
    CHECK(dropped() == 1);
    link.central.inject("02 40 20 0a 00 06 00 05 00 13 01 02 00 00 00");  // answers no request
    CHECK(dropped() == 2);
    link.central.inject("02 40 20 06 00 02 00 04 00 0b 61");  // nor does this
    CHECK(dropped() == 3);
    link.central.inject("02 41 20 06 00 02 00 04 00 0b 61");  // no such link
    CHECK(dropped() == 4);
    REQUIRE(!link.central.host.disconnect(link.conn));
    link.run();
    CHECK(dropped() == 4);
}
