// SPDX-License-Identifier: MIT
//
// Octets on the wire: who reads and who writes them, and how integers, enumerations, durations and
// octets stand in them (little endian, Vol 4 Part E 5.2). `get` and `put` are
// overloaded for each type that a PDU may hold; base/pdu.hpp adds structs and lists.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "base/bytes.hpp"
#include "base/time.hpp"

namespace bluetooth {

/// A number as it stands on the wire.
constexpr std::array<std::uint8_t, 2> octets_of(std::uint16_t number) {
    return {static_cast<std::uint8_t>(number), static_cast<std::uint8_t>(number >> 8)};
}

/// Takes octets from the front of a view. A read beyond the end fails for good, yields zeros and
/// is asked for once, at the end, by `ok()`.
class Reader {
public:
    explicit constexpr Reader(Bytes in) : in_(in) {}

    constexpr bool ok() const { return ok_; }
    constexpr bool done() const { return in_.empty(); }
    constexpr std::size_t remaining() const { return in_.size(); }
    constexpr Bytes rest() const { return in_; }

    constexpr Bytes take(std::size_t count) {
        if (count > in_.size()) {
            fail();
            return {};
        }
        Bytes head{in_.first(count)};
        in_ = in_.subspan(count);
        return head;
    }
    constexpr void fail() {
        ok_ = false;
        in_ = {};
    }

private:
    Bytes in_;
    bool ok_ = true;
};

/// Puts octets one after the other into a view. A write beyond the end fails for good.
class Writer {
public:
    explicit constexpr Writer(MutableBytes out) : out_(out) {}

    constexpr bool ok() const { return ok_; }
    constexpr std::size_t size() const { return size_; }
    constexpr void fail() { ok_ = false; }
    constexpr MutableBytes written() const { return ok_ ? out_.first(size_) : MutableBytes{}; }

    /// Room for `count` octets, or an empty view when there is none.
    constexpr MutableBytes reserve(std::size_t count) {
        if (!ok_ || count > out_.size() - size_) {
            ok_ = false;
            return {};
        }
        size_ += count;
        return out_.subspan(size_ - count, count);
    }

private:
    MutableBytes out_;
    std::size_t size_ = 0;
    bool ok_ = true;
};

template <class T>
concept WireInteger = std::integral<T> && !std::same_as<T, bool>;

template <class T>
concept WireEnum = std::is_enum_v<T>;

template <class T>
concept WireDuration = requires {
    typename T::rep;
    typename T::period;
}
&&WireInteger<typename T::rep>;

template <WireInteger T> constexpr void get(Reader& reader, T& value) {
    const Bytes octets = reader.take(sizeof(T));
    value = 0;
    if (octets.empty()) return;
    if (std::is_constant_evaluated() || std::endian::native != std::endian::little) {
        std::make_unsigned_t<T> bits = 0;
        for (std::size_t i = sizeof(T); i-- > 0;)
            bits = static_cast<std::make_unsigned_t<T>>((std::uint64_t{bits} << 8) | octets[i]);
        value = static_cast<T>(bits);
    } else {
        std::memcpy(&value, octets.data(), sizeof(T));
    }
}
template <WireInteger T> constexpr void put(Writer& writer, T value) {
    const MutableBytes out = writer.reserve(sizeof(T));
    if (out.empty()) return;
    if (std::is_constant_evaluated() || std::endian::native != std::endian::little) {
        const auto bits = static_cast<std::make_unsigned_t<T>>(value);
        for (std::size_t i = 0; i < sizeof(T); ++i)
            out[i] = static_cast<std::uint8_t>(std::uint64_t{bits} >> (8 * i));
    } else {
        std::memcpy(out.data(), &value, sizeof(T));
    }
}

template <WireEnum E> constexpr void get(Reader& reader, E& value) {
    std::underlying_type_t<E> raw{};
    get(reader, raw);
    value = static_cast<E>(raw);
}
template <WireEnum E> constexpr void put(Writer& writer, E value) {
    put(writer, static_cast<std::underlying_type_t<E>>(value));
}

template <WireDuration D> constexpr void get(Reader& reader, D& value) {
    typename D::rep count{};
    get(reader, count);
    value = D{count};
}
template <WireDuration D> constexpr void put(Writer& writer, D value) {
    put(writer, value.count());
}

/// How many octets a value of fixed size takes on the wire.
template <class T> inline constexpr std::size_t octets_on_wire = sizeof(T);
template <> inline constexpr std::size_t octets_on_wire<LongUnits625us> = 3;

constexpr void get(Reader& reader, LongUnits625us& value) {
    std::uint16_t low{};
    std::uint8_t high{};
    get(reader, low);
    get(reader, high);
    value = LongUnits625us{low | std::uint32_t{high} << 16};
}
constexpr void put(Writer& writer, LongUnits625us value) {
    if (value.count() > 0xff'ffff) writer.fail();  // the count does not fit its octets
    put(writer, static_cast<std::uint16_t>(value.count()));
    put(writer, static_cast<std::uint8_t>(value.count() >> 16));
}

template <std::size_t N> constexpr void get(Reader& reader, std::array<std::uint8_t, N>& value) {
    const Bytes octets = reader.take(N);
    value = {};
    std::copy(octets.begin(), octets.end(), value.begin());
}
template <std::size_t N>
constexpr void put(Writer& writer, const std::array<std::uint8_t, N>& value) {
    const MutableBytes out = writer.reserve(N);
    if (!out.empty()) std::copy(value.begin(), value.end(), out.begin());
}

/// Everything up to the end of the PDU.
constexpr void get(Reader& reader, Bytes& value) { value = reader.take(reader.remaining()); }
constexpr void put(Writer& writer, Bytes value) {
    const MutableBytes out = writer.reserve(value.size());
    if (!out.empty()) std::copy(value.begin(), value.end(), out.begin());
}

}  // namespace bluetooth
