// SPDX-License-Identifier: MIT
//
// One call for each procedure of a client, for tests that are about all of them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tests/gatt/client_script.hpp"

namespace bluetooth::test {

using Begin = void (*)(ClientScript&);

inline const std::vector<att::Handle> handles_to_read{handle(3), handle(5)};

inline void discover_services(ClientScript& s) {
    REQUIRE_FALSE(
        s.call(&gatt::Client::discover_services, std::nullopt, gatt::ServiceType::primary));
}
inline void discover_by_uuid(ClientScript& s) {
    REQUIRE_FALSE(
        s.call(&gatt::Client::discover_services, UUID{0x180d}, gatt::ServiceType::primary));
}
inline void discover_included(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::discover_included, handle(0x10), handle(0x2f)));
}
inline void discover_characteristics(ClientScript& s) {
    REQUIRE_FALSE(
        s.call(&gatt::Client::discover_characteristics, handle(0x10), handle(0x2f), std::nullopt));
}
inline void discover_descriptors(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::discover_descriptors, handle(0x12), handle(0x15)));
}
inline void exchange_mtu(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::exchange_mtu, 256));
}
inline void read(ClientScript& s) { REQUIRE_FALSE(s.call(&gatt::Client::read, handle(3))); }
inline void read_long(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::read_long, handle(3)));
}
inline void read_by_uuid(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::read_by_uuid, handle(0x10), handle(0x2f), UUID{0x2a00}));
}
inline void read_multiple(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::read_multiple, handles_to_read, false));
}
inline void read_multiple_variable(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::read_multiple, handles_to_read, true));
}
inline void write(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::write, handle(3), hex("aa")));
}
inline void write_long(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::write_long, handle(3), hex("aa bb")));
}
inline void subscribe(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::subscribe, handle(0x12), gatt::Subscription::both));
}

inline void enable_enhanced_bearers(ClientScript& s) {
    REQUIRE_FALSE(s.call(&gatt::Client::enable_enhanced_bearers));
}

/// Each procedure, and responses that bring it to its end.
struct ScriptedProcedure {
    Begin begin;
    std::vector<const char*> responses;
};
inline const ScriptedProcedure procedures[] = {
    {discover_services, {"11 06 01 00 05 00 00 18 06 00 09 00 01 18", "01 10 0a 00 0a"}},
    {discover_by_uuid, {"07 10 00 1f 00", "01 06 20 00 0a"}},
    {discover_included,
     {"09 08 12 00 10 00 1f 00 0f 18", "09 06 13 00 20 00 2f 00 14 00 30 00 3f 00",
      "0b 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 01 00 40 6e",
      "0b 9e ca dc 24 0e e5 a9 e0 93 f3 a3 b5 02 00 40 6e", "01 08 15 00 0a"}},
    {discover_characteristics,
     {"09 07 11 00 10 12 00 37 2a 14 00 02 15 00 38 2a", "01 08 15 00 0a"}},
    {discover_descriptors, {"05 01 13 00 02 29", "05 01 14 00 03 28 15 00 38 2a"}},
    {exchange_mtu, {"03 64 00"}},
    {read, {"0b aa bb"}},
    {read_long, {"0b aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "0d bb"}},
    {read_by_uuid, {"09 03 11 00 aa 13 00 bb", "01 08 14 00 0a"}},
    {read_multiple, {"0f aa bb"}},
    {read_multiple_variable, {"21 01 00 aa 02 00 bb cc"}},
    {write, {"13"}},
    {write_long, {"17 03 00 00 00 aa bb", "19"}},
    {subscribe, {"05 01 13 00 01 29 14 00 02 29", "13"}},
    {enable_enhanced_bearers, {"09 03 13 00 01", "09 03 0f 00 00", "13"}},
};

inline std::size_t count_done(const Lines& lines) {
    return static_cast<std::size_t>(std::ranges::count_if(
        lines, [](const std::string& line) { return line.find(" done") != line.npos; }));
}

/// The client is idle and takes a new procedure to its end.
inline void check_works(ClientScript& script) {
    CHECK_FALSE(script.bearer.closed());
    CHECK(script.all_buffers_back());
    REQUIRE_FALSE(script.call(&gatt::Client::read, handle(0x77)));
    CHECK(script.drain() == Lines{"send 0a7700"});
    CHECK(script.peer("0b 77") == Lines{"value 0077 77", "read done 0077: ok"});
}

}  // namespace bluetooth::test
