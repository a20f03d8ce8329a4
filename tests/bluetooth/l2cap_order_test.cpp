// SPDX-License-Identifier: MIT
//
// What must not overtake what on its way to the controller.
#include <doctest/doctest.h>

#include "tests/bluetooth/l2cap_room.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

namespace {

/// Fills the controller with notifications, so that what follows waits.
void congest(PlayedLink& link) {
    link.completes = false;
    for (int i = 0; i < 8; ++i) REQUIRE(!link.host().notify(link.conn, AttributeHandle{3}, {}));
    link.run();
    (void)link.take_sent();
}
/// Lets out what waits, one packet after the other.
Lines let_out(PlayedLink& link, int packets = 40) {
    for (int i = 0; i < packets; ++i) {
        link.device().wire->feed(hex("04 13 05 01 40 00 01 00"));
        link.world.settle();
    }
    Lines lines;
    for (const Octets& pdu : link.take_sent()) lines.push_back(to_hex(pdu).substr(0, 12));
    return lines;
}

}  // namespace

TEST_CASE("l2cap order: an SDU that is sent in L2capConnect leaves behind the response") {
    PlayedLink link{hci::Role::peripheral};
    REQUIRE(!link.host().l2cap_listen(Psm{0x80}, 100, {}));
    link.device().handler = [&](const Event& event) {
        if (std::holds_alternative<L2capConnect>(event)) CHECK(link.end().send(hex("aa")));
    };
    congest(link);
    link.receive("0e 00 05 00 | 14 01 0a 00 80 00 41 00 64 00 40 00 05 00");
    CHECK(let_out(link) == Lines{"0e0005001501", "030041000100"});
}

TEST_CASE("l2cap order: longer frames leave before a smaller MPS is granted") {
    PlayedLink link{hci::Role::peripheral};
    REQUIRE(!link.host().l2cap_listen(Psm{0x80}, 300, {}));
    link.receive("0e 00 05 00 | 17 01 0a 00 80 00 2c 01 c8 00 09 00 41 00");  // MTU 300, MPS 200
    congest(link);
    for (int i = 0; i < 3; ++i) CHECK(link.end().send(pattern(190)));
    link.run();
    link.receive("0a 00 05 00 | 19 02 06 00 2c 01 40 00 41 00");  // MPS 64
    CHECK(let_out(link) == Lines{"c0004100be00", "c0004100be00", "c0004100be00", "060005001a02"});
}

TEST_CASE("l2cap order: data of a channel that the peer closes leaves before the answer to that") {
    PlayedLink link{hci::Role::peripheral};
    REQUIRE(!link.host().l2cap_listen(Psm{0x80}, 300, {}));
    link.receive("0e 00 05 00 | 14 01 0a 00 80 00 41 00 64 00 40 00 05 00");
    congest(link);
    for (int i = 0; i < 3; ++i) CHECK(link.end().send(hex("aa")));
    link.run();
    link.receive("08 00 05 00 | 06 02 04 00 40 00 41 00");
    CHECK(let_out(link) == Lines{"030041000100", "030041000100", "030041000100", "080005000702"});
}

TEST_CASE("l2cap order: all channels of a congested link may be opened and closed without a wait") {
    PlayedLink link{hci::Role::peripheral};
    REQUIRE(!link.host().l2cap_listen(Psm{0x80}, 100, {}));
    congest(link);
    constexpr std::uint8_t channels = 64;
    Octets open = hex("0e 00 05 00 | 14 00 0a 00 80 00 00 00 64 00 40 00 05 00");
    Octets close = hex("08 00 05 00 | 06 00 04 00 00 00 00 00");
    for (std::uint8_t i = 0; i < channels; ++i) {
        open[5] = static_cast<std::uint8_t>(i + 1);
        open[10] = static_cast<std::uint8_t>(0x40 + i);
        link.receive(Bytes{open});
    }
    for (std::uint8_t i = 0; i < channels; ++i) {
        close[5] = static_cast<std::uint8_t>(channels + i + 1);
        close[8] = close[10] = static_cast<std::uint8_t>(0x40 + i);
        link.receive(Bytes{close});
    }
    CHECK(link.device().count<CentralDisconnect>() == 0);
    const Lines answers = let_out(link, 150);
    REQUIRE(answers.size() == 2 * channels);
    for (std::size_t i = 0; i < answers.size(); ++i)
        CHECK(answers[i].substr(0, 10) == (i < channels ? "0e00050015" : "0800050007"));
    CHECK(link.device().count<L2capDisconnect>() == channels);
}
