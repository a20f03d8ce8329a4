// SPDX-License-Identifier: MIT
#include "base/wire.hpp"

#include <array>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;
using bluetooth::test::Octets;

static_assert(!WireInteger<bool>, "a wire octet has 256 values");

TEST_CASE("reader: a read beyond the end fails for good, yields zeros and consumes the rest") {
    const Octets octets = hex("01 02 03");
    Reader reader{octets};
    std::uint16_t first = 0xffff;
    get(reader, first);
    CHECK(first == 0x0201);
    CHECK(reader.rest() == hex("03"));
    std::uint16_t second = 0xffff;
    get(reader, second);
    CHECK(second == 0);
    std::uint8_t third = 0xff;
    get(reader, third);
    CHECK(third == 0);
    CHECK_FALSE(reader.ok());
    CHECK(reader.remaining() == 0);
}

TEST_CASE("reader: taking nothing succeeds everywhere") {
    Reader reader{Bytes{}};
    CHECK(reader.take(0).empty());
    CHECK(reader.ok());
    CHECK(reader.done());
}

TEST_CASE("writer: after a write beyond the end nothing is written any more, even what fits") {
    std::array<std::uint8_t, 3> memory{};
    Writer writer{memory};
    put(writer, std::uint16_t{0x0201});
    put(writer, std::uint16_t{0x0403});
    put(writer, std::uint8_t{0x05});
    CHECK_FALSE(writer.ok());
    CHECK(writer.written().empty());
    CHECK(Bytes{memory} == hex("01 02 00"));
}

TEST_CASE("wire: what is written at compile time is what is written at run time") {
    constexpr auto at_compile_time = [] {
        std::array<std::uint8_t, 18> out{};
        Writer writer{out};
        put(writer, std::uint8_t{0x01});
        put(writer, std::uint16_t{0x0302});
        put(writer, std::uint32_t{0x07060504});
        put(writer, std::uint64_t{0x0f0e0d0c0b0a0908});
        put(writer, std::int8_t{-1});
        put(writer, std::int16_t{-2});
        return out;
    }();
    CHECK(Bytes{at_compile_time} ==
          hex("01 | 02 03 | 04 05 06 07 | 08 09 0a 0b 0c 0d 0e 0f | ff | fe ff"));
    static_assert([] {
        std::array<std::uint8_t, 2> in{0xfe, 0xff};
        Reader reader{in};
        std::int16_t value{};
        get(reader, value);
        return reader.ok() && reader.done() && value == -2;
    }());
}

TEST_CASE("wire: a long interval takes three octets, and a larger count is not written") {
    std::array<std::uint8_t, 4> memory{};
    Writer writer{memory};
    put(writer, LongUnits625us{0x030201});
    CHECK(Bytes{writer.written()} == hex("01 02 03"));
    put(writer, LongUnits625us{0x1000000});
    CHECK_FALSE(writer.ok());

    const Octets octets = hex("fd fe ff 01 02");
    Reader reader{octets};
    LongUnits625us value{};
    get(reader, value);
    CHECK(value == LongUnits625us{0xfffefd});
    CHECK(reader.remaining() == 2);
    get(reader, value);
    CHECK_FALSE(reader.ok());
}
