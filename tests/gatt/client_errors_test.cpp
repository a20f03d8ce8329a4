// SPDX-License-Identifier: MIT
//
// Everything that a client's request may be answered with: each error code, for each procedure.
#include <doctest/doctest.h>

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "tests/gatt/client_script.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
using bluetooth::gatt::Client;
using bluetooth::gatt::ServiceType;

namespace {

struct Procedure {
    std::function<error_code(ClientScript&)> begin;
    std::string request;     // its opcode
    std::string response;    // one of those that end the procedure at once, with success
    const char* done;        // how its …Done line begins
    bool is_search = false;  // ends with Attribute Not Found
};

const std::array<att::Handle, 2> two{handle(3), handle(5)};

/// Procedures of one request, for each of the requests.
const Procedure procedures[] = {
    {[](ClientScript& s) { return s.call(&Client::exchange_mtu, 256); }, "02", "03 17 00",
     "exchange done"},
    {[](ClientScript& s) { return s.call(&Client::discover_descriptors, handle(2), handle(3)); },
     "04", "05 01 03 00 02 29", "descriptors done", true},
    {[](ClientScript& s) {
         return s.call(&Client::discover_services, UUID{0x180f}, ServiceType::primary);
     },
     "06", "07 01 00 ff ff", "services done", true},
    {[](ClientScript& s) {
         return s.call(&Client::read_by_uuid, handle(3), handle(3), UUID{0x2a00});
     },
     "08", "09 03 03 00 aa", "read done 0000"},
    {[](ClientScript& s) { return s.call(&Client::read, handle(3)); }, "0a", "0b aa",
     "read done 0003"},
    {[](ClientScript& s) { return s.call(&Client::read_multiple, two, false); }, "0e", "0f aa",
     "read done 0003"},
    {[](ClientScript& s) {
         return s.call(&Client::discover_services, std::nullopt, ServiceType::primary);
     },
     "10", "11 06 01 00 ff ff 0f 18", "services done", true},
    {[](ClientScript& s) { return s.call(&Client::write, handle(3), hex("aa")); }, "12", "13",
     "write done 0003"},
    {[](ClientScript& s) { return s.call(&Client::read_multiple, two, true); }, "20",
     "21 00 00 00 00", "read done 0003"},
};

std::string hex_octet(unsigned value) {
    const std::uint8_t octets[]{static_cast<std::uint8_t>(value)};
    return to_hex(octets);
}

}  // namespace

TEST_CASE("gatt client: each procedure ends with the very error code that the peer gave") {
    for (const Procedure& procedure : procedures) {
        CAPTURE(procedure.request);
        for (unsigned code = 1; code <= 0xff; ++code) {
            CAPTURE(code);
            ClientScript script;
            REQUIRE_FALSE(procedure.begin(script));
            CHECK(script.drain().back().starts_with("send " + procedure.request));
            const auto error = att::make_error(static_cast<att::ErrorCode>(code));
            const bool regular = procedure.is_search && code == 0x0a;
            CHECK(script.peer("01" + procedure.request + "0300" + hex_octet(code)) ==
                  Lines{std::string{procedure.done} + ": " + (regular ? "ok" : error.message())});
            CHECK(error.value() == static_cast<int>(code));
            CHECK(error.category() == att_category());
            CHECK(script.all_buffers_back());
        }
    }
}

TEST_CASE("gatt client: an error code of zero is no success") {
    for (const Procedure& procedure : procedures) {
        ClientScript script;
        REQUIRE_FALSE(procedure.begin(script));
        script.drain();
        CHECK(script.peer("01" + procedure.request + "030000") ==
              Lines{std::string{procedure.done} + ": protocol error"});
    }
}

TEST_CASE("gatt client: of all responses only the one to the request under way is taken") {
    for (const Procedure& procedure : procedures) {
        CAPTURE(procedure.request);
        ClientScript script;
        REQUIRE_FALSE(procedure.begin(script));
        script.drain();
        for (const Procedure& other : procedures)
            if (&other != &procedure) {
                CHECK(script.peer(other.response) == Lines{});
                CHECK(script.peer("01" + other.request + "03000e") == Lines{});
            }
        for (const char* stray : {"0d aa", "17 03 00 00 00 aa", "19"})
            CHECK(script.peer(stray) == Lines{});
        CHECK(script.peer(procedure.response).back() == std::string{procedure.done} + ": ok");
        CHECK(script.peer(procedure.response) == Lines{});
        CHECK(script.all_buffers_back());
    }
}

TEST_CASE("gatt client: each error code ends a long read and a write that were under way") {
    const std::string full = "0b " + std::string(44, 'a');
    for (unsigned code = 1; code <= 0xff; ++code) {
        CAPTURE(code);
        const std::string message = att::make_error(static_cast<att::ErrorCode>(code)).message();
        ClientScript script;
        REQUIRE_FALSE(script.call(&Client::read_long, handle(3)));
        REQUIRE_FALSE(script.call(&Client::write_long, handle(3), hex("aa")));
        REQUIRE_FALSE(script.call(&Client::write_long, handle(3), hex("aa")));
        script.drain();
        CHECK(script.peer(full) == Lines{"send 0c03001600"});
        const bool end_of_value = code == 0x07 || code == 0x0b;
        CHECK(script.peer("01 0c 03 00" + hex_octet(code))[end_of_value ? 1 : 0] ==
              "read done 0003: " + (end_of_value ? "ok" : message));
        CHECK(script.peer("01 16 03 00" + hex_octet(code)) == Lines{"send 1800"});
        CHECK(script.peer("19") == Lines{"write done 0003: " + message, "send 1603000000aa"});
        CHECK(script.peer("17 03 00 00 00 aa") == Lines{"send 1801"});
        CHECK(script.peer("01 18 03 00" + hex_octet(code)) == Lines{"write done 0003: " + message});
        CHECK(script.all_buffers_back());
    }
}
