// SPDX-License-Identifier: MIT
#pragma once

#include <boost/assert/source_location.hpp>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace bluetooth::transport {

/// Why something could not be opened: `message` is for a person and says what to do next.
struct Failure {
    error_code code;
    std::string message;
};

/// A value, or why there is none.
template <class T> using Attempt = boost::system::result<T, Failure>;

/// Makes `Attempt::value()` throw what an API call of the library throws.
[[noreturn]] inline void throw_exception_from_error(const Failure& failure,
                                                    const boost::source_location&) {
    throw system_error(failure.code, failure.message);
}

inline error_code system_error_code(int number) {
    return {number, boost::system::system_category()};
}
/// "WHAT: text of the errno value", and the remedy behind it where there is one.
inline Failure system_failure(std::string_view what, int number, std::string_view remedy = {}) {
    const error_code code = system_error_code(number);
    std::string message{what};
    message += ": " + code.message();
    if (!remedy.empty()) (message += "; ") += remedy;
    return {code, std::move(message)};
}
inline Failure invalid_name(std::string message) {
    return {make_error(errc::invalid_argument), std::move(message)};
}

}  // namespace bluetooth::transport
