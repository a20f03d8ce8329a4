// SPDX-License-Identifier: MIT
//
// Private: how the throwing forms of `BLE`'s calls are made of those with an `error_code`.
#pragma once

#include <string>
#include <string_view>
#include <type_traits>

#include "base/error.hpp"

namespace bluetooth {

/// What to do about an error of the host, behind its meaning.
std::string_view advice(const error_code& error);

/// Runs the form of a call that takes an `error_code` and throws what it reports.
template <class Call> auto throwing(const char* name, Call&& call) {
    error_code error;
    if constexpr (std::is_void_v<decltype(call(error))>) {
        call(error);
        if (error) throw system_error(error, std::string{name} + std::string{advice(error)});
    } else {
        auto value = call(error);
        if (error) throw system_error(error, std::string{name} + std::string{advice(error)});
        return value;
    }
}

}  // namespace bluetooth
