// SPDX-License-Identifier: MIT
#include "base/bytes.hpp"

#include <string>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;
using bluetooth::test::Octets;

TEST_CASE("bytes: views are equal when their octets are, wherever they lie") {
    const Octets a = hex("01 02 03");
    const Octets b = hex("01 02 03");
    CHECK(Bytes{a} == Bytes{b});
    CHECK(Bytes{a} != Bytes{hex("01 02")});
    CHECK(Bytes{a} != Bytes{hex("01 02 04")});
    CHECK(Bytes{} == Bytes{Octets{}});
}

TEST_CASE("bytes: the parts of a view are comparable too") {
    const Octets octets = hex("01 02 03");
    CHECK(Bytes{octets}.first(2) == hex("01 02"));
    CHECK(Bytes{octets}.last(2) == hex("02 03"));
    CHECK(Bytes{octets}.subspan(1) == hex("02 03"));
    CHECK(Bytes{octets}.subspan(1, 1) == hex("02"));
}

TEST_CASE("bytes: a text is its octets and back, zeros and high octets included") {
    using namespace std::string_view_literals;
    CHECK(Bytes::of("caf\xc3\xa9\0"sv) == hex("63 61 66 c3 a9 00"));
    CHECK(Bytes::of("caf\xc3\xa9\0"sv).text() == "caf\xc3\xa9\0"sv);
    CHECK(Bytes::of("").empty());
}

TEST_CASE("bytes: hex digits are lower case, two an octet, appended to what is there") {
    std::string out = "value ";
    append_hex(out, hex("00 0f a5 ff"));
    CHECK(out == "value 000fa5ff");
    CHECK(to_hex(Bytes{}).empty());
}
