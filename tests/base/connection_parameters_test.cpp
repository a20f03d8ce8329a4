// SPDX-License-Identifier: MIT
#include "base/connection_parameters.hpp"

#include <doctest/doctest.h>

#include <chrono>

using namespace std::chrono_literals;
using namespace bluetooth;

namespace {
ConnectionParameters parameters(std::uint16_t interval_min, std::uint16_t interval_max,
                                std::uint16_t latency, std::uint16_t timeout) {
    return {Units1250us{interval_min}, Units1250us{interval_max}, latency, Units10ms{timeout}};
}
}  // namespace

TEST_CASE("connection parameters: the ranges are those of the specification") {
    CHECK(is_valid(ConnectionParameters{}));
    CHECK(is_valid(parameters(6, 3200, 0, 801)));
    CHECK_FALSE(is_valid(parameters(5, 24, 0, 256)));
    CHECK_FALSE(is_valid(parameters(24, 3201, 0, 3200)));
    CHECK_FALSE(is_valid(parameters(25, 24, 0, 256)));
    CHECK(is_valid(parameters(6, 6, 499, 3200)));
    CHECK_FALSE(is_valid(parameters(6, 6, 500, 3200)));
    CHECK(is_valid(parameters(6, 6, 0, 10)));
    CHECK_FALSE(is_valid(parameters(6, 6, 0, 9)));
    CHECK_FALSE(is_valid(parameters(6, 6, 0, 3201)));
    CHECK_FALSE(is_valid(parameters(0, 0, 0, 0)));
    CHECK_FALSE(is_valid(parameters(0xffff, 0xffff, 0xffff, 0xffff)));
}

TEST_CASE("connection parameters: the supervision timeout exceeds two attended events") {
    // 2 x (1 + 0) x 40 x 1.25 ms = 100 ms
    CHECK_FALSE(is_valid(parameters(40, 40, 0, 10)));
    CHECK(is_valid(parameters(40, 40, 0, 11)));
    // 2 x (1 + 9) x 80 x 1.25 ms = 2 s
    CHECK_FALSE(is_valid(parameters(80, 80, 9, 200)));
    CHECK(is_valid(parameters(80, 80, 9, 201)));
}

TEST_CASE("connection parameters: the default supervision timeout grows with the interval") {
    CHECK(default_supervision_timeout(Units1250us{40}, 0) == Units10ms{256});
    CHECK(default_supervision_timeout(Units1250us{1023}, 0) == Units10ms{256});  // 2557.5 ms
    CHECK(default_supervision_timeout(Units1250us{1024}, 0) == Units10ms{257});  // 2560 ms
    CHECK(default_supervision_timeout(Units1250us{1025}, 0) == Units10ms{257});  // 2562.5 ms
    CHECK(default_supervision_timeout(Units1250us{3200}, 0) == Units10ms{801});
    CHECK(default_supervision_timeout(Units1250us{0xffff}, 0xffff) == Units10ms{0xffff});
}

TEST_CASE("connection parameters: intervals that are not given keep their defaults") {
    CHECK(make_connection_parameters({}, {}).value() == ConnectionParameters{});
    CHECK(make_connection_parameters({}, {}).value() == parameters(24, 40, 0, 256));
    CHECK(make_connection_parameters(7'500us, {}).value() == parameters(6, 40, 0, 256));
    CHECK(make_connection_parameters({}, 4s).value() == parameters(24, 3200, 0, 801));
    CHECK(make_connection_parameters(10'999us, 11'249us).value() == parameters(8, 8, 0, 256));
}

TEST_CASE("connection parameters: intervals out of range or in the wrong order are refused") {
    CHECK(make_connection_parameters(7'499us, {}).error() == errc::invalid_argument);
    CHECK(make_connection_parameters({}, 4'001'250us).error() == errc::invalid_argument);
    CHECK(make_connection_parameters(60ms, {}).error() == errc::invalid_argument);  // above 50 ms
    CHECK(make_connection_parameters({}, 20ms).error() == errc::invalid_argument);  // below 30 ms
    CHECK(make_connection_parameters(-1us, {}).error() == errc::invalid_argument);
    // 65542 x 1.25 ms, which would be 6 in 16 bits.
    CHECK(make_connection_parameters(81'927'500us, {}).error() == errc::invalid_argument);
}
