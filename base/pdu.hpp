// SPDX-License-Identifier: MIT
//
// A PDU is a struct whose members stand in wire order with wire types, and one line, BT_PDU, that
// names them once more. Encoding, bounds-checked decoding, printing (base/show.hpp) and fuzzing
// walk that line.
//
//     struct ExchangeMtuRequest {                    // Vol 3 Part F 3.4.2.1
//         std::uint16_t client_rx_mtu{};
//         BT_PDU(ExchangeMtuRequest, 0x02, client_rx_mtu);
//     };
//
// Members may be what base/wire.hpp reads and writes (integers, enumerations, durations that count
// wire units, arrays of octets), other structs with BT_FIELDS, and views: Bytes (the rest), Octets8
// (a length octet and that many octets), List<E> (the rest as elements of fixed size),
// CountedList<E> (a count octet and that many elements). Views point into the decoded octets.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include "base/wire.hpp"

namespace bluetooth {

namespace detail {
struct CountFields {
    std::size_t& count;
    template <class T> constexpr void operator()(std::string_view, T&) const { ++count; }
};
}  // namespace detail

/// A struct declared with BT_FIELDS or BT_PDU.
template <class T>
concept Described = requires(T& value, std::size_t& count) {
    T::fields(value, detail::CountFields{count});
};

namespace detail {

struct AnyField {
    template <class T> operator T() const;
};
template <class P, class... A> consteval std::size_t member_count() {
    if constexpr (requires { P{A{}..., AnyField{}}; })
        return member_count<P, A..., AnyField>();
    else
        return sizeof...(A);
}
template <class P> consteval std::size_t named_count() {
    std::size_t count = 0;
    P value{};
    P::fields(value, CountFields{count});
    return count;
}
/// Members with array type swallow several initializers in brace elision, so the count is taken
/// with each member braced by AnyField; a forgotten member leaves the two counts unequal.
template <class P> inline constexpr bool all_members_named = named_count<P>() == member_count<P>();

}  // namespace detail

/// A length octet and that many octets.
struct Octets8 {
    Bytes octets;
    friend bool operator==(const Octets8&, const Octets8&) = default;
};
constexpr void get(Reader& reader, Octets8& value) {
    std::uint8_t length{};
    get(reader, length);
    value.octets = reader.take(length);
}
constexpr void put(Writer& writer, const Octets8& value) {
    if (value.octets.size() > 0xff) {
        writer.fail();  // the length does not fit its octet
        return;
    }
    put(writer, static_cast<std::uint8_t>(value.octets.size()));
    put(writer, value.octets);
}

template <Described T> constexpr void get(Reader& reader, T& value) {
    T::fields(value, [&reader](std::string_view, auto& field) { get(reader, field); });
}
template <Described T> constexpr void put(Writer& writer, const T& value) {
    static_assert(detail::all_members_named<T>, "name every member, in wire order");
    T::fields(value, [&writer](std::string_view, const auto& field) { put(writer, field); });
}

namespace detail {

template <class T> inline constexpr bool fixed_field = true;
template <> inline constexpr bool fixed_field<Bytes> = false;
template <> inline constexpr bool fixed_field<Octets8> = false;

}  // namespace detail

/// The size on the wire of a struct whose members all have a fixed size; 0 for any other.
template <class P> consteval std::size_t fixed_size() {
    if constexpr (Described<P>) {
        std::size_t size = 0;
        bool fixed = true;
        P value{};
        P::fields(value, [&](std::string_view, auto& field) {
            using Field = std::remove_cvref_t<decltype(field)>;
            if constexpr (fixed_size<Field>() > 0)
                size += fixed_size<Field>();
            else
                fixed = false;
        });
        return fixed ? size : 0;
    } else if constexpr (detail::fixed_field<P>) {
        return octets_on_wire<P>;
    } else {
        return 0;
    }
}

/// The rest of a PDU as elements of one fixed size, decoded while iterating. A rest that is not a
/// whole number of elements fails to decode.
template <class E> class List {
public:
    static constexpr std::size_t element_size = fixed_size<E>();
    static_assert(element_size > 0);

    constexpr List() = default;
    explicit constexpr List(Bytes raw) : raw_(raw) {}

    class iterator {
    public:
        using value_type = E;
        using difference_type = std::ptrdiff_t;
        constexpr iterator() = default;
        explicit constexpr iterator(const std::uint8_t* at) : at_(at) {}
        constexpr E operator*() const {
            Reader reader{Bytes{at_, element_size}};
            E element{};
            get(reader, element);
            return element;
        }
        constexpr iterator& operator++() {
            at_ += element_size;
            return *this;
        }
        constexpr iterator operator++(int) {
            iterator old = *this;
            ++*this;
            return old;
        }
        friend constexpr bool operator==(iterator, iterator) = default;

    private:
        const std::uint8_t* at_ = nullptr;
    };

    constexpr iterator begin() const { return iterator{raw_.data()}; }
    constexpr iterator end() const {
        return iterator{raw_.data() + raw_.size() / element_size * element_size};
    }
    constexpr std::size_t size() const { return raw_.size() / element_size; }
    constexpr bool empty() const { return size() == 0; }
    /// The element at an index below `size()`.
    constexpr E operator[](std::size_t index) const {
        return *iterator{raw_.data() + index * element_size};
    }
    constexpr Bytes raw() const { return raw_; }
    friend bool operator==(const List&, const List&) = default;

private:
    Bytes raw_;
};
template <class E> constexpr void get(Reader& reader, List<E>& value) {
    if (reader.remaining() % List<E>::element_size != 0)
        reader.fail();
    else
        value = List<E>{reader.take(reader.remaining())};
}
template <class E> constexpr void put(Writer& writer, const List<E>& value) {
    if (value.raw().size() % List<E>::element_size != 0) writer.fail();
    put(writer, value.raw());
}

/// A count octet and that many elements of one fixed size.
template <class E> struct CountedList {
    List<E> elements;
    friend bool operator==(const CountedList&, const CountedList&) = default;
};
template <class E> constexpr void get(Reader& reader, CountedList<E>& value) {
    std::uint8_t count{};
    get(reader, count);
    value.elements = List<E>{reader.take(std::size_t{count} * List<E>::element_size)};
}
template <class E> constexpr void put(Writer& writer, const CountedList<E>& value) {
    if (value.elements.size() > 0xff) writer.fail();  // the count does not fit its octet
    put(writer, static_cast<std::uint8_t>(value.elements.size()));
    put(writer, value.elements);
}

namespace detail {
template <class E> inline constexpr bool fixed_field<List<E>> = false;
template <class E> inline constexpr bool fixed_field<CountedList<E>> = false;
}  // namespace detail

/// Encodes the members of `value` behind one another. Empty when `out` is too small.
template <Described P> MutableBytes encode_fields(const P& value, MutableBytes out) {
    Writer writer{out};
    put(writer, value);
    return writer.written();
}
/// Decodes a struct that fills `in` exactly; nothing when it is shorter or longer.
template <Described P> std::optional<P> decode_fields(Bytes in) {
    static_assert(detail::all_members_named<P>, "name every member, in wire order");
    Reader reader{in};
    P value{};
    get(reader, value);
    if (!reader.ok() || !reader.done()) return std::nullopt;
    return value;
}
/// Decodes a struct from the front of `in`, leaving what follows alone: for parameters to which
/// later versions of the specification have appended members.
template <Described P> std::optional<P> decode_prefix(Bytes in) {
    static_assert(detail::all_members_named<P>, "name every member, in wire order");
    Reader reader{in};
    P value{};
    get(reader, value);
    if (!reader.ok()) return std::nullopt;
    return value;
}

/// Encodes `code` and the members: the form of ATT and SMP PDUs. Empty when `out` is too small.
template <Described P> MutableBytes encode(const P& value, MutableBytes out) {
    Writer writer{out};
    put(writer, P::code);
    put(writer, value);
    return writer.written();
}
/// Decodes a PDU of the form `code` + members that fills `in` exactly.
template <Described P> std::optional<P> decode(Bytes in) {
    if (in.size() < sizeof(P::code)) return std::nullopt;
    Reader reader{in};
    std::remove_const_t<decltype(P::code)> code{};
    get(reader, code);
    if (code != P::code) return std::nullopt;
    return decode_fields<P>(reader.rest());
}

/// How many octets a value takes on the wire.
constexpr std::size_t wire_size(Bytes value) { return value.size(); }
constexpr std::size_t wire_size(const Octets8& value) { return 1 + value.octets.size(); }
template <class E> constexpr std::size_t wire_size(const List<E>& value) {
    return value.raw().size();
}
template <class E> constexpr std::size_t wire_size(const CountedList<E>& value) {
    return 1 + value.elements.raw().size();
}
template <class T> constexpr std::size_t wire_size(const T& value) {
    if constexpr (Described<T>) {
        std::size_t size = 0;
        T::fields(value, [&](std::string_view, const auto& field) { size += wire_size(field); });
        return size;
    } else {
        return octets_on_wire<T>;
    }
}

/// The size that `encode` needs.
template <Described P> constexpr std::size_t encoded_size(const P& value) {
    return sizeof(P::code) + wire_size(value);
}

/// The registry of one protocol's PDUs, which decoder, monitor and fuzzer iterate.
template <class... P> struct PduSet {
    /// Decodes `in` as the PDU with its code and hands it to `visitor`; false when no PDU has the
    /// code or the octets do not fit it.
    template <class Visitor> static bool dispatch(Bytes in, Visitor&& visitor) {
        bool handled = false;
        (void)(try_one<P>(in, visitor, handled) || ...);
        return handled;
    }
    /// Calls `visitor(std::type_identity<P>{})` for each PDU of the set.
    template <class Visitor> static constexpr void for_each(Visitor&& visitor) {
        (visitor(std::type_identity<P>{}), ...);
    }
    static constexpr std::array codes{P::code...};

private:
    template <class Q, class Visitor>
    static bool try_one(Bytes in, Visitor& visitor, bool& handled) {
        Reader reader{in};
        std::remove_const_t<decltype(Q::code)> code{};
        get(reader, code);
        if (!reader.ok() || code != Q::code) return false;
        if (const auto pdu = decode_fields<Q>(reader.rest())) {
            handled = true;
            visitor(*pdu);
        }
        return true;
    }
    static constexpr bool distinct = [] {
        auto sorted = codes;
        std::ranges::sort(sorted);
        return std::ranges::adjacent_find(sorted) == sorted.end();
    }();
    static_assert(distinct, "two PDUs of one set share a code");
};

// ---- the only macros: name the members once more, in wire order

#define BT_PARENS ()
#define BT_EXPAND(...) BT_EXPAND3(BT_EXPAND3(BT_EXPAND3(__VA_ARGS__)))
#define BT_EXPAND3(...) BT_EXPAND2(BT_EXPAND2(BT_EXPAND2(__VA_ARGS__)))
#define BT_EXPAND2(...) BT_EXPAND1(BT_EXPAND1(BT_EXPAND1(__VA_ARGS__)))
#define BT_EXPAND1(...) __VA_ARGS__
#define BT_VISIT(field, ...)     \
    visitor(#field, self.field); \
    __VA_OPT__(BT_VISIT_AGAIN BT_PARENS(__VA_ARGS__))
#define BT_VISIT_AGAIN() BT_VISIT

/// Describes a struct that is part of PDUs or has no code of its own.
#define BT_FIELDS(Name, ...)                                             \
    [[maybe_unused]] static constexpr std::string_view pdu_name = #Name; \
    template <class Self, class Visitor>                                 \
    static constexpr void fields([[maybe_unused]] Self& self,            \
                                 [[maybe_unused]] Visitor&& visitor) {   \
        __VA_OPT__(BT_EXPAND(BT_VISIT(__VA_ARGS__)))                     \
    }                                                                    \
    [[maybe_unused]] friend bool operator==(const Name&, const Name&) = default

/// Describes a PDU and gives it its one-octet code.
#define BT_PDU(Name, pdu_code, ...)                                 \
    [[maybe_unused]] static constexpr std::uint8_t code = pdu_code; \
    BT_FIELDS(Name, __VA_ARGS__)

}  // namespace bluetooth
