// SPDX-License-Identifier: MIT
#include "base/pdu.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;
using bluetooth::test::Octets;

namespace {

enum class Handle : std::uint16_t {};
enum class Kind : std::uint8_t { first = 1, second = 2 };

struct Integers {
    std::uint8_t u8{};
    std::uint16_t u16{};
    std::uint32_t u32{};
    std::uint64_t u64{};
    std::int8_t i8{};
    std::int16_t i16{};
    BT_FIELDS(Integers, u8, u16, u32, u64, i8, i16);
};

struct Kinds {
    Handle handle{};
    Kind kind{};
    Units1250us interval{};
    Address peer;
    std::array<std::uint8_t, 3> octets{};
    BT_FIELDS(Kinds, handle, kind, interval, peer, octets);
};

struct Pair {
    Handle handle{};
    std::uint8_t value{};
    BT_FIELDS(Pair, handle, value);
};

struct Nested {
    std::uint8_t before{};
    Pair pair;
    std::uint8_t behind{};
    BT_FIELDS(Nested, before, pair, behind);
};

struct Rest {
    std::uint8_t head{};
    Bytes value;
    BT_PDU(Rest, 0x12, head, value);
};

struct Counted {
    Octets8 name;
    CountedList<Pair> pairs;
    std::uint8_t tail{};
    BT_PDU(Counted, 0x13, name, pairs, tail);
};

struct Listed {
    List<Pair> pairs;
    BT_PDU(Listed, 0x14, pairs);
};

struct Empty {
    BT_PDU(Empty, 0x15);
};

struct Forgetful {
    std::uint8_t named{};
    std::uint8_t forgotten{};
    BT_FIELDS(Forgetful, named);
};

struct HoldsRest {
    std::uint8_t before{};
    Rest rest;
    BT_FIELDS(HoldsRest, before, rest);
};

// As many members as the longest HCI parameter lists have, and more.
struct Long {
    std::uint8_t a0{}, a1{}, a2{}, a3{}, a4{}, a5{}, a6{}, a7{}, a8{}, a9{};
    std::uint8_t b0{}, b1{}, b2{}, b3{}, b4{}, b5{}, b6{}, b7{}, b8{}, b9{};
    std::uint8_t c0{}, c1{}, c2{}, c3{};
    BT_FIELDS(Long, a0, a1, a2, a3, a4, a5, a6, a7, a8, a9, b0, b1, b2, b3, b4, b5, b6, b7, b8, b9,
              c0, c1, c2, c3);
};

static_assert(detail::all_members_named<Integers>);
static_assert(detail::all_members_named<Kinds>);
static_assert(detail::all_members_named<Nested>);
static_assert(detail::all_members_named<Counted>);
static_assert(detail::all_members_named<Listed>);
static_assert(detail::all_members_named<Empty>);
static_assert(detail::all_members_named<Long>);
static_assert(!detail::all_members_named<Forgetful>);

static_assert(Described<Pair> && Described<Empty> && Described<Address>);
static_assert(!Described<std::uint8_t> && !Described<Bytes> && !Described<Kind>);

static_assert(fixed_size<Integers>() == 18);
static_assert(fixed_size<Kinds>() == 14);
static_assert(fixed_size<Nested>() == 5, "no padding on the wire");
static_assert(fixed_size<HoldsRest>() == 0, "a struct is as open as its members");
static_assert(fixed_size<Rest>() == 0 && fixed_size<Counted>() == 0 && fixed_size<Listed>() == 0);

// Every value and its octets; `check_cuts` finds the exact length in the octets themselves.
const Integers integers{0x01, 0x0302, 0x07060504, 0x0f0e0d0c0b0a0908, -1, -2};
constexpr std::string_view integers_octets =
    "01 | 02 03 | 04 05 06 07 | 08 09 0a 0b 0c 0d 0e 0f"
    "ff | fe ff";
const Kinds kinds{Handle{0x0040},
                  Kind::second,
                  Units1250us{24},
                  Address::from_display({0x00, 0xaa, 0x01, 0x02, 0x03, 0x04}),
                  {{0xd1, 0xd2, 0xd3}}};
constexpr std::string_view kinds_octets = "40 00 | 02 | 18 00 | 04 03 02 01 aa 00 | d1 d2 d3";

constexpr std::string_view counted_octets = "13 | 02 41 42 | 02 | 01 00 0a | 02 00 0b | 7f";

template <class P> Octets encoded_fields(const P& value) {
    std::array<std::uint8_t, 64> memory{};
    return Octets{encode_fields(value, memory)};
}
template <class P> Octets encoded(const P& value) {
    std::array<std::uint8_t, 64> memory{};
    return Octets{encode(value, memory)};
}

/// A PDU of exact length must decode from `octets` only: not from fewer, not from more.
template <class Decode> void check_cuts(Octets octets, Decode decode) {
    for (std::size_t size = 0; size < octets.size(); ++size) {
        CAPTURE(size);
        const Octets cut{Bytes{Bytes{octets}.first(size)}};  // of its own, so that ASan guards it
        CHECK_FALSE(decode(Bytes{cut}));
    }
    CHECK(decode(Bytes{octets}));
    octets.push_back(0);
    CHECK_FALSE(decode(Bytes{octets}));
}

/// The value must be refused for every buffer that is too small, with no octet written behind it.
template <class Encode> void check_small_buffers(std::size_t needed, Encode encode_into) {
    for (std::size_t size = 0; size <= needed; ++size) {
        CAPTURE(size);
        Octets memory(needed + 1, 0xee);
        const MutableBytes out = encode_into(MutableBytes{memory}.first(size));
        CHECK(out.size() == (size == needed ? needed : 0));
        CHECK(std::ranges::all_of(Bytes{memory}.subspan(size), [](auto o) { return o == 0xee; }));
    }
}

}  // namespace

TEST_CASE("pdu: integers are little endian, signed ones in two's complement") {
    CHECK(encoded_fields(integers) == hex(integers_octets));
    CHECK(decode_fields<Integers>(hex(integers_octets)) == integers);
}

TEST_CASE("pdu: enumerations, units, addresses and arrays of octets stand as in the packet") {
    CHECK(encoded_fields(kinds) == hex(kinds_octets));
    CHECK(decode_fields<Kinds>(hex(kinds_octets)) == kinds);
}

TEST_CASE("pdu: an enumeration keeps a value that it has no name for") {
    const auto pair =
        decode_fields<Kinds>(hex("40 00 | fe | 18 00 | 04 03 02 01 aa 00 | d1 d2 d3"));
    REQUIRE(pair);
    CHECK(static_cast<int>(pair->kind) == 0xfe);
}

TEST_CASE("pdu: a struct within a struct stands in its place") {
    const Nested nested{0x01, {Handle{0x0302}, 0x04}, 0x05};
    CHECK(encoded_fields(nested) == hex("01 02 03 04 05"));
    CHECK(decode_fields<Nested>(hex("01 02 03 04 05")) == nested);
}

TEST_CASE("pdu: every member of a long list is visited, in order") {
    Octets octets;
    for (std::uint8_t i = 0; i < 24; ++i) octets.push_back(i);
    const auto value = decode_fields<Long>(octets);
    REQUIRE(value);
    CHECK(value->a0 == 0);
    CHECK(value->b4 == 14);
    CHECK(value->c3 == 23);
    CHECK(encoded_fields(*value) == octets);
}

TEST_CASE("pdu: members of fixed size decode from exactly their octets") {
    check_cuts(hex(integers_octets), [](Bytes in) { return decode_fields<Integers>(in); });
    check_cuts(hex(kinds_octets), [](Bytes in) { return decode_fields<Kinds>(in); });
    check_cuts(hex("01 02 03 04 05"), [](Bytes in) { return decode_fields<Nested>(in); });
}

TEST_CASE("pdu: counted members decode from exactly their octets") {
    check_cuts(hex(counted_octets), [](Bytes in) { return decode<Counted>(in); });
    check_cuts(hex("15"), [](Bytes in) { return decode<Empty>(in); });
}

TEST_CASE("pdu: a prefix decodes whatever follows it, but not when it is cut itself") {
    const Octets octets = hex("01 02 03 04 05 | 06 07");
    for (std::size_t size = 0; size <= octets.size(); ++size) {
        CAPTURE(size);
        const auto nested = decode_prefix<Nested>(Bytes{octets}.first(size));
        CHECK(nested.has_value() == (size >= 5));
        if (nested) CHECK(*nested == Nested{0x01, {Handle{0x0302}, 0x04}, 0x05});
    }
}

TEST_CASE("pdu: the rest is a view of the octets that were decoded, also an empty one") {
    const Octets octets = hex("12 | 07 | 61 62 63");
    const auto pdu = decode<Rest>(octets);
    REQUIRE(pdu);
    CHECK(pdu->head == 0x07);
    CHECK(pdu->value.data() == octets.data() + 2);
    CHECK(pdu->value.size() == 3);

    const Octets shortest = hex("12 | 07");
    REQUIRE(decode<Rest>(shortest));
    CHECK(decode<Rest>(shortest)->value.empty());
    CHECK_FALSE(decode<Rest>(hex("12")));
}

TEST_CASE("pdu: octets and elements behind a count end where the count says") {
    const Octets octets = hex(counted_octets);
    const auto pdu = decode<Counted>(octets);
    REQUIRE(pdu);
    CHECK(pdu->name.octets == hex("41 42"));
    const std::vector<Pair> pairs(pdu->pairs.elements.begin(), pdu->pairs.elements.end());
    CHECK(pairs == std::vector<Pair>{{Handle{1}, 0x0a}, {Handle{2}, 0x0b}});
    CHECK(pdu->tail == 0x7f);
    CHECK(encoded(*pdu) == octets);
}

TEST_CASE("pdu: a count of zero is an empty list") {
    const auto pdu = decode<Counted>(hex("13 | 00 | 00 | 7f"));
    REQUIRE(pdu);
    CHECK(pdu->name.octets.empty());
    CHECK(pdu->pairs.elements.empty());
    CHECK(encoded(*pdu) == hex("13 | 00 | 00 | 7f"));
}

TEST_CASE("pdu: a count beyond the octets there are is refused, the largest one too") {
    CHECK_FALSE(decode<Counted>(hex("13 | ff 41 42 | 00 | 7f")));
    CHECK_FALSE(decode<Counted>(hex("13 | 00 | ff 01 00 0a | 7f")));
    CHECK_FALSE(decode<Counted>(hex("13 | 00 | 02 01 00 0a 7f")));
}

TEST_CASE("pdu: a list takes the rest, which must be a whole number of elements") {
    const Octets octets = hex("14 | 01 00 0a | 02 00 0b | 03 00 0c");
    for (std::size_t size = 1; size <= octets.size(); ++size) {
        CAPTURE(size);
        const auto pdu = decode<Listed>(Bytes{octets}.first(size));
        CHECK(pdu.has_value() == ((size - 1) % 3 == 0));
        if (pdu) CHECK(pdu->pairs.size() == (size - 1) / 3);
    }
}

TEST_CASE("pdu: a list is decoded while one walks it, as often as one likes") {
    const Octets octets = hex("01 00 0a | 02 00 0b | 03 00 0c");
    const List<Pair> list{octets};
    CHECK(list.size() == 3);
    CHECK_FALSE(list.empty());
    for (int round = 0; round < 2; ++round) {
        unsigned sum = 0;
        for (const Pair pair : list) sum += pair.value;
        CHECK(sum == 0x0a + 0x0b + 0x0c);
    }
    auto it = list.begin();
    CHECK((*it++).handle == Handle{1});
    CHECK((*++it).handle == Handle{3});
    CHECK(++it == list.end());

    CHECK(List<Pair>{}.empty());
    CHECK(List<Pair>{}.begin() == List<Pair>{}.end());
}

TEST_CASE("pdu: a PDU without members is its code alone") {
    CHECK(encoded(Empty{}) == hex("15"));
    CHECK(decode<Empty>(hex("15")));
}

TEST_CASE("pdu: the octets of another code are not this PDU") {
    CHECK_FALSE(decode<Empty>(hex("14")));
    CHECK_FALSE(decode<Rest>(hex("13 07 61")));
    CHECK_FALSE(decode<Empty>(Bytes{}));
}

TEST_CASE("pdu: a buffer that is too small yields nothing, and nothing is written behind it") {
    const Octets octets = hex(counted_octets);
    const auto counted = decode<Counted>(octets);
    REQUIRE(counted);
    check_small_buffers(octets.size(), [&](MutableBytes out) { return encode(*counted, out); });
    check_small_buffers(18, [](MutableBytes out) { return encode_fields(integers, out); });
    check_small_buffers(14, [](MutableBytes out) { return encode_fields(kinds, out); });
}

TEST_CASE("pdu: octets that their length octet cannot count are not encoded") {
    std::vector<std::uint8_t> memory(600);
    const Octets octets(256, 0x61);
    CHECK(encode(Counted{{Bytes{octets}}, {}, 0}, memory).empty());
    const MutableBytes fits = encode(Counted{{Bytes{octets}.first(255)}, {}, 0}, memory);
    CHECK(fits.size() == 1 + 1 + 255 + 1 + 1);
}

TEST_CASE("pdu: elements that their count octet cannot count are not encoded") {
    std::vector<std::uint8_t> memory(900);
    const Octets elements(256 * 3);
    CHECK(encode(Counted{{}, {List<Pair>{elements}}, 0}, memory).empty());
    const Bytes fewer = Bytes{elements}.first(255 * 3);
    CHECK(encode(Counted{{}, {List<Pair>{fewer}}, 0}, memory).size() == 1 + 1 + 1 + 765 + 1);
}

TEST_CASE("pdu: half an element is not encoded") {
    const Octets octets = hex("01 00 0a | 02");
    CHECK(encoded(Listed{List<Pair>{octets}}).empty());
    CHECK(encoded(Counted{{}, {List<Pair>{octets}}, 0}).empty());
}

TEST_CASE("pdu: the size needed is known before encoding") {
    const Octets octets = hex(counted_octets);
    CHECK(encoded_size(*decode<Counted>(octets)) == octets.size());
    const Octets list = hex("14 | 01 00 0a | 02 00 0b");
    CHECK(encoded_size(*decode<Listed>(list)) == list.size());
    CHECK(encoded_size(Rest{0x07, Bytes::of("abc")}) == 5);
    CHECK(encoded_size(Empty{}) == 1);
}

TEST_CASE("pdu set: the PDU with the code is handed to the visitor") {
    using Set = PduSet<Rest, Counted, Listed, Empty>;
    std::string seen;
    const auto visitor = [&seen](const auto& pdu) { seen += pdu.pdu_name; };
    CHECK(Set::dispatch(hex("12 07 61"), visitor));
    CHECK(Set::dispatch(hex("15"), visitor));
    CHECK(Set::dispatch(hex(counted_octets), visitor));
    CHECK(seen == "RestEmptyCounted");
}

TEST_CASE("pdu set: an unknown code, no octets and octets that do not fit are refused") {
    using Set = PduSet<Rest, Counted, Listed, Empty>;
    const auto visitor = [](const auto&) { FAIL("nothing is to be visited"); };
    CHECK_FALSE(Set::dispatch(hex("99 07"), visitor));
    CHECK_FALSE(Set::dispatch(Bytes{}, visitor));
    CHECK_FALSE(Set::dispatch(hex("15 00"), visitor));
    CHECK_FALSE(Set::dispatch(hex("12"), visitor));
}

TEST_CASE("pdu set: knows its PDUs and their codes") {
    using Set = PduSet<Rest, Empty>;
    static_assert(Set::codes == std::array<std::uint8_t, 2>{0x12, 0x15});
    std::string names;
    Set::for_each([&names]<class P>(std::type_identity<P>) { names += P::pdu_name; });
    CHECK(names == "RestEmpty");
}
