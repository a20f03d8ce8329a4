// SPDX-License-Identifier: MIT
// One literal vector for each PDU, laid out after the figures of Vol 3 Part A 3.1 and 4.
#include "l2cap/pdus.hpp"

#include <doctest/doctest.h>

#include <array>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::l2cap;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

/// `wire` is the whole command, sent with identifier 0x2a.
template <class Command> void check(const Command& command, std::string_view wire) {
    const Octets octets = hex(wire);
    std::array<std::uint8_t, 64> out;
    INFO(Command::pdu_name);
    CHECK(Octets{Bytes{encode_command(0x2a, command, out)}} == octets);
    const auto header = decode_prefix<CommandHeader>(octets);
    REQUIRE(header);
    CHECK(header->code == Command::code);
    CHECK(header->identifier == 0x2a);
    CHECK(header->data_length == octets.size() - command_header_size);
    const auto decoded = decode_fields<Command>(Bytes{octets}.subspan(command_header_size));
    REQUIRE(decoded);
    CHECK(*decoded == command);
}

constexpr Cid cid(std::uint16_t value) { return static_cast<Cid>(value); }

}  // namespace

TEST_CASE("l2cap pdus: the basic header goes in front in place, length first") {
    BufferPool pool{1, 64};
    Buffer pdu = pool.acquire();
    (void)pdu.append(hex("0a 03 00"));
    add_basic_header(pdu, Cid::att);
    CHECK(Octets{pdu.bytes()} == hex("03 00 04 00 | 0a 03 00"));
    CHECK(pdu.headroom() == BufferPool::headroom - 4);
}

TEST_CASE("l2cap pdus: every command has the octets of its figure") {
    const Octets mtu = hex("17 00");
    check(CommandReject{RejectReason::command_not_understood, {}}, "01 2a 02 00 | 00 00");
    check(CommandReject{RejectReason::signalling_mtu_exceeded, mtu}, "01 2a 04 00 | 01 00 | 17 00");
    const Octets endpoints = hex("40 00 41 00");
    check(CommandReject{RejectReason::invalid_cid_in_request, endpoints},
          "01 2a 06 00 | 02 00 | 40 00 | 41 00");
    check(DisconnectionRequest{cid(0x40), cid(0x41)}, "06 2a 04 00 | 40 00 | 41 00");
    check(DisconnectionResponse{cid(0x40), cid(0x41)}, "07 2a 04 00 | 40 00 | 41 00");
    check(ConnectionParameterUpdateRequest{Units1250us{24}, Units1250us{40}, 4, Units10ms{600}},
          "12 2a 08 00 | 18 00 | 28 00 | 04 00 | 58 02");
    check(ConnectionParameterUpdateResponse{ParameterUpdateResult::rejected},
          "13 2a 02 00 | 01 00");
    check(LeCreditBasedConnectionRequest{static_cast<Spsm>(0x80), cid(0x41), 512, 23, 5},
          "14 2a 0a 00 | 80 00 | 41 00 | 00 02 | 17 00 | 05 00");
    check(LeCreditBasedConnectionResponse{cid(0x42), 512, 23, 5, ConnectionResult::successful},
          "15 2a 0a 00 | 42 00 | 00 02 | 17 00 | 05 00 | 00 00");
    check(FlowControlCreditIndication{cid(0x41), 3}, "16 2a 04 00 | 41 00 | 03 00");
    const Octets cids = hex("41 00 42 00");
    check(CreditBasedConnectionRequest{static_cast<Spsm>(0x80), 64, 65, 5, List<Cid>{cids}},
          "17 2a 0c 00 | 80 00 | 40 00 | 41 00 | 05 00 | 41 00 42 00");
    check(CreditBasedConnectionResponse{64, 65, 5, ConnectionResult::no_resources_available,
                                        List<Cid>{cids}},
          "18 2a 0c 00 | 40 00 | 41 00 | 05 00 | 04 00 | 41 00 42 00");
    check(CreditBasedReconfigureRequest{64, 65, List<Cid>{cids}},
          "19 2a 08 00 | 40 00 | 41 00 | 41 00 42 00");
    check(CreditBasedReconfigureResponse{ReconfigureResult::invalid_destination_cid},
          "1a 2a 02 00 | 03 00");
}
