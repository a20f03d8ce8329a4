// SPDX-License-Identifier: MIT
// One literal vector for each PDU, laid out after the tables of Vol 3 Part F 3.4.
#include "att/pdus.hpp"

#include <doctest/doctest.h>

#include <array>

#include "base/show.hpp"
#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::att;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

template <class Pdu> void check(const Pdu& pdu, std::string_view wire) {
    const Octets octets = hex(wire);
    std::array<std::uint8_t, 64> out;
    INFO(Pdu::pdu_name);
    CHECK(Octets{Bytes{encode(pdu, out)}} == octets);
    CHECK(encoded_size(pdu) == octets.size());
    const auto decoded = decode<Pdu>(octets);
    REQUIRE(decoded);
    CHECK(*decoded == pdu);
}

constexpr Handle h(std::uint16_t handle) { return static_cast<Handle>(handle); }

}  // namespace

TEST_CASE("att pdus: every PDU has the octets of its table") {
    const Octets value = hex("aa bb cc");
    const Octets handles = hex("03 00 05 01");
    const Octets heart_rate = hex("0d 18");
    const Octets uuid128 = hex("9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e");

    check(ErrorResponse{Opcode::read_request, h(0x0103), ErrorCode::read_not_permitted},
          "01 | 0a | 03 01 | 02");
    check(ExchangeMtuRequest{247}, "02 | f7 00");
    check(ExchangeMtuResponse{517}, "03 | 05 02");
    check(FindInformationRequest{h(1), h(0xffff)}, "04 | 01 00 | ff ff");
    const Octets pair16 = hex("04 00 02 29");
    check(FindInformationResponse{InformationFormat::uuid16, pair16}, "05 | 01 | 04 00 02 29");
    Octets pair128 = hex("04 00");
    pair128.insert(pair128.end(), uuid128.begin(), uuid128.end());
    check(FindInformationResponse{InformationFormat::uuid128, pair128},
          "05 | 02 | 04 00 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e");
    check(FindByTypeValueRequest{h(1), h(0xffff), 0x2800, heart_rate},
          "06 | 01 00 | ff ff | 00 28 | 0d 18");
    const Octets ranges = hex("10 00 1f 00 20 00 ff ff");
    check(FindByTypeValueResponse{List<HandlesInformation>{ranges}},
          "07 | 10 00 1f 00 | 20 00 ff ff");
    const Octets characteristic = hex("03 28");
    check(ReadByTypeRequest{h(0x10), h(0x1f), characteristic}, "08 | 10 00 | 1f 00 | 03 28");
    check(ReadByTypeRequest{h(0x10), h(0x1f), uuid128},
          "08 | 10 00 | 1f 00 | 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e");
    const Octets declaration = hex("11 00 02 12 00 37 2a");
    check(ReadByTypeResponse{7, declaration}, "09 | 07 | 11 00 | 02 12 00 37 2a");
    check(ReadRequest{h(0x1234)}, "0a | 34 12");
    check(ReadResponse{value}, "0b | aa bb cc");
    check(ReadResponse{}, "0b");
    check(ReadBlobRequest{h(3), 0x0116}, "0c | 03 00 | 16 01");
    check(ReadBlobResponse{value}, "0d | aa bb cc");
    check(ReadMultipleRequest{List<Handle>{handles}}, "0e | 03 00 | 05 01");
    check(ReadMultipleResponse{value}, "0f | aa bb cc");
    const Octets primary = hex("00 28");
    check(ReadByGroupTypeRequest{h(1), h(0xffff), primary}, "10 | 01 00 | ff ff | 00 28");
    const Octets group = hex("01 00 09 00 00 18");
    check(ReadByGroupTypeResponse{6, group}, "11 | 06 | 01 00 | 09 00 | 00 18");
    check(WriteRequest{h(3), value}, "12 | 03 00 | aa bb cc");
    check(WriteResponse{}, "13");
    check(PrepareWriteRequest{h(3), 0x0102, value}, "16 | 03 00 | 02 01 | aa bb cc");
    check(PrepareWriteResponse{h(3), 0x0102, value}, "17 | 03 00 | 02 01 | aa bb cc");
    check(ExecuteWriteRequest{ExecuteWriteFlags::cancel}, "18 | 00");
    check(ExecuteWriteRequest{ExecuteWriteFlags::write}, "18 | 01");
    check(ExecuteWriteResponse{}, "19");
    check(HandleValueNotification{h(3), value}, "1b | 03 00 | aa bb cc");
    check(HandleValueIndication{h(3), value}, "1d | 03 00 | aa bb cc");
    check(HandleValueConfirmation{}, "1e");
    check(ReadMultipleVariableRequest{List<Handle>{handles}}, "20 | 03 00 | 05 01");
    const Octets lengths = hex("01 00 aa 02 00 bb cc");
    check(ReadMultipleVariableResponse{lengths}, "21 | 01 00 aa | 02 00 bb cc");
    const Octets tuples = hex("03 00 01 00 aa 05 00 00 00");
    check(MultipleHandleValueNotification{tuples}, "23 | 03 00 01 00 aa | 05 00 00 00");
    check(WriteCommand{h(3), value}, "52 | 03 00 | aa bb cc");
    const Octets signed_value = hex("aa 01 00 00 00 11 22 33 44 55 66 77 88");
    check(SignedWriteCommand{h(3), signed_value},
          "d2 | 03 00 | aa | 01 00 00 00 | 11 22 33 44 55 66 77 88");
}

TEST_CASE("att pdus: what is too short, too long or not whole does not decode") {
    CHECK_FALSE(decode<ExchangeMtuRequest>(hex("02 17")));
    CHECK_FALSE(decode<ExchangeMtuRequest>(hex("02 17 00 ff")));
    CHECK_FALSE(decode<ReadRequest>(hex("0a 03")));
    CHECK_FALSE(decode<ErrorResponse>(hex("01 0a 03")));
    CHECK_FALSE(decode<HandleValueNotification>(hex("1b 00")));
    CHECK_FALSE(decode<WriteResponse>(hex("13 00")));
    CHECK_FALSE(decode<FindByTypeValueResponse>(hex("07 10 00 1f")));
    CHECK_FALSE(decode<ReadMultipleRequest>(hex("0e 03 00 05")));
    CHECK_FALSE(decode<ReadRequest>(Bytes{}));
}

TEST_CASE("att pdus: cut off anywhere, every PDU decodes or is refused") {
    const Octets longest = hex("06 01 00 ff ff 00 28 0d 18 01 02 03 04 05 06 07 08");
    for (unsigned code = 0; code <= 0xff; ++code)
        for (std::size_t size = 0; size <= longest.size(); ++size) {
            Octets pdu{Bytes{longest}.first(size)};
            if (size > 0) pdu[0] = static_cast<std::uint8_t>(code);
            if (size == 0) continue;
            Pdus::dispatch(pdu, [&](const auto& decoded) {
                std::array<std::uint8_t, 64> out;
                CHECK(Octets{Bytes{encode(decoded, out)}} == pdu);
                CHECK_FALSE(to_string(decoded).empty());
            });
        }
}

TEST_CASE("att pdus: they print by the specification's names") {
    CHECK(to_string(*decode<ErrorResponse>(hex("01 02 00 00 04"))) ==
          "ErrorResponse{request_opcode_in_error=ExchangeMtuRequest, "
          "attribute_handle_in_error=0x0000, error_code=invalid PDU}");
    CHECK(to_string(Opcode::multiple_handle_value_notification) ==
          "MultipleHandleValueNotification");
    CHECK(to_string(static_cast<Opcode>(0xbf)) == "unknown");
}

TEST_CASE("att pdus: a 32-bit UUID goes over the air in 128 bits") {
    CHECK(Octets{wire_uuid(UUID{0x180d}).bytes()} == hex("0d 18"));
    CHECK(Octets{wire_uuid(UUID::from_u32(0x01020304)).bytes()} ==
          hex("fb 34 9b 5f 80 00 00 80 00 10 00 00 04 03 02 01"));
}
