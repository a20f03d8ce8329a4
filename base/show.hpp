// SPDX-License-Identifier: MIT
//
// Values as text, for logs and the monitor: a PDU prints what its declaration names. Whoever
// overloads `show` or `to_string` beside a type of its own is heard here too.
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/pdu.hpp"

namespace bluetooth {

/// Appends `value`: integers in hex, signed ones in decimal, octets as hex digits, durations in
/// milliseconds, enumerations by name where they have one, structs and lists member by member.
template <class T> void show(std::string& out, const T& value) {
    if constexpr (Described<T>) {
        out += '{';
        bool first = true;
        T::fields(value, [&](std::string_view name, const auto& field) {
            if (!first) out += ", ";
            first = false;
            out += name;
            out += '=';
            show(out, field);
        });
        out += '}';
    } else if constexpr (WireEnum<T>) {
        // An enumeration prints as its name where its header defines `to_string` beside it.
        if constexpr (requires { to_string(value); })
            out += to_string(value);
        else
            show(out, static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (WireDuration<T>) {
        const auto microseconds =
            std::chrono::duration_cast<std::chrono::microseconds>(
                std::chrono::duration<std::int64_t, typename T::period>{value.count()})
                .count();
        out += std::to_string(microseconds / 1000);
        if (microseconds % 1000 != 0) {
            std::string fraction = std::to_string(1000 + microseconds % 1000).substr(1);
            fraction.erase(fraction.find_last_not_of('0') + 1);
            out += '.' + fraction;
        }
        out += " ms";
    } else if constexpr (std::signed_integral<T>) {
        out += std::to_string(value);
    } else if constexpr (std::unsigned_integral<T>) {
        static constexpr std::string_view digits = "0123456789abcdef";
        out += "0x";
        for (std::size_t i = 2 * sizeof(T); i-- > 0;)
            out += digits[(std::uint64_t{value} >> (4 * i)) & 15];
    } else if constexpr (std::same_as<T, Octets8>) {
        show(out, value.octets);
    } else if constexpr (requires { value.elements; }) {
        show(out, value.elements);
    } else if constexpr (requires {
                             typename T::iterator::value_type;
                             value.raw();
                         }) {
        out += '[';
        bool first = true;
        for (const auto& element : value) {
            if (!first) out += ", ";
            first = false;
            show(out, element);
        }
        out += ']';
    } else {
        append_hex(out, Bytes{value});
    }
}

/// `Name{member=value, …}`.
template <Described P> std::string to_string(const P& value) {
    std::string out{P::pdu_name};
    show(out, value);
    return out;
}

}  // namespace bluetooth
