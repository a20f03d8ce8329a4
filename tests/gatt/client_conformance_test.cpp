// SPDX-License-Identifier: MIT
//
// The conformance cases that another stack's unit tests are made of, named as the Bluetooth SIG
// names them, run against our client. The peer is what the case writes down, octet by octet.
#include <doctest/doctest.h>

#include <algorithm>
#include <boost/json/value.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/gatt/client_script.hpp"
#include "tests/support/json.hpp"

using namespace bluetooth;
using namespace bluetooth::test;
namespace json = boost::json;
using bluetooth::gatt::Client;
using bluetooth::gatt::ServiceType;

namespace {

using Call = std::function<error_code(ClientScript&)>;

Call exchange_mtu(std::uint16_t mtu) {
    return [=](ClientScript& s) { return s.call(&Client::exchange_mtu, mtu); };
}
Call services(ServiceType type) {
    return [=](ClientScript& s) { return s.call(&Client::discover_services, std::nullopt, type); };
}
Call included(std::uint16_t start, std::uint16_t end) {
    return [=](ClientScript& s) {
        return s.call(&Client::discover_included, handle(start), handle(end));
    };
}
Call characteristics(std::uint16_t start, std::uint16_t end) {
    return [=](ClientScript& s) {
        return s.call(&Client::discover_characteristics, handle(start), handle(end), std::nullopt);
    };
}
Call descriptors(std::uint16_t value, std::uint16_t end) {
    return [=](ClientScript& s) {
        return s.call(&Client::discover_descriptors, handle(value), handle(end));
    };
}
Call read(std::uint16_t at) {
    return [=](ClientScript& s) { return s.call(&Client::read, handle(at)); };
}
Call read_by_uuid(std::uint16_t start, std::uint16_t end, UUID uuid) {
    return [=](ClientScript& s) {
        return s.call(&Client::read_by_uuid, handle(start), handle(end), uuid);
    };
}
Call write(std::uint16_t at, Octets value) {
    return [=](ClientScript& s) { return s.call(&Client::write, handle(at), value); };
}

/// How the client of the cases begins on each table: it looks at everything there is.
std::vector<Call> initial_calls(const std::string& segment, std::uint16_t mtu) {
    constexpr UUID server_supported_features{0x2b3a};
    std::vector<Call> calls{exchange_mtu(mtu)};
    if (segment == "MTU_EXCHANGE_CLIENT_PDUS" || segment.empty()) return calls;
    const auto add = [&](std::initializer_list<Call> more) {
        calls.insert(calls.end(), more.begin(), more.end());
    };
    add({read_by_uuid(1, 0xffff, server_supported_features), services(ServiceType::primary),
         services(ServiceType::secondary)});
    if (segment == "SERVICE_DATA_1_PDUS")
        add({included(1, 8), characteristics(1, 8), descriptors(3, 4), descriptors(7, 8)});
    else if (segment == "CLIENT_INIT_PDUS")
        add({included(1, 0xffff), characteristics(1, 0xffff), descriptors(3, 6), read(6),
             descriptors(8, 0x10), descriptors(0xf015, 0xf016), read(0xf016)});
    else
        FAIL("no calls for the segment " << segment);
    return calls;
}

/// What the case's own function does, once the client has begun.
Call own_call(const json::value& test, const json::value& vectors) {
    const std::string function = text_at(test, "function");
    std::optional<UUID> uuid;
    if (const json::value* search = test.as_object().if_contains("search_uuid");
        search != nullptr && search->is_string())
        uuid = UUID::parse(search->as_string());
    if (function == "test_search_primary")
        return [=](ClientScript& s) {
            return s.call(&Client::discover_services, uuid, ServiceType::primary);
        };
    if (function == "test_search_included") return included(1, 0xffff);
    if (function == "test_search_chars") return characteristics(0x10, 0x20);

    const json::object& step = test.at("step").as_object();
    const auto number = [&](const char* member) {
        return step.contains(member) ? step.at(member).to_number<std::uint16_t>()
                                     : std::uint16_t{0};
    };
    const std::uint16_t at = number("handle");
    const std::uint16_t end = number("end_handle");
    const Octets value = step.contains("value") ? hex_at(test.at("step"), "value") : Octets{};
    if (function == "test_read_by_type") return read_by_uuid(at, end, *uuid);

    const std::string action = text_at(test.at("step"), "func");
    if (action == "test_read") return read(at);
    if (action == "test_long_read")
        return [=](ClientScript& s) { return s.call(&Client::read_long, handle(at)); };
    if (action == "test_multiple_read")
        return [=](ClientScript& s) {
            const att::Handle handles[]{handle(at), handle(end)};
            return s.call(&Client::read_multiple, handles, false);
        };
    if (action == "test_write") return write(at, value);
    if (action == "test_long_write")
        return [=](ClientScript& s) { return s.call(&Client::write_long, handle(at), value); };
    if (action == "test_reliable_write")
        return [=](ClientScript& s) {
            const att::HandleValue values[]{{handle(at), value}};
            return s.call(&Client::write_reliable, values);
        };
    if (action == "test_signed_write") {
        const json::value& key = vectors.at("csrk_of_signed_write");
        REQUIRE(text_at(key, "test") == text_at(test, "name"));
        crypto::Key csrk;
        std::ranges::reverse_copy(hex_at(key, "csrk_lsb_first"), csrk.octets().begin());
        return [=](ClientScript& s) {
            return s.call(&Client::write_signed, handle(at), value, csrk, 0);
        };
    }
    // The descriptor is the next attribute; these cases write it without a search.
    const auto configuration = static_cast<std::uint16_t>(at + 1);
    if (action == "test_notification") return write(configuration, hex("01 00"));
    if (action == "test_indication") return write(configuration, hex("02 00"));
    FAIL("no call for the function " << function << " " << action);
    return {};
}

/// Whether the client's last words are what the case expects.
void check_outcome(const json::value& test, const Lines& lines) {
    const json::value& step = test.at("step");
    if (!step.is_object() || step.as_object().empty()) {
        CHECK(lines.back().ends_with(" done: ok"));
        return;
    }
    const json::object& expected = step.as_object();
    const std::string value = expected.contains("value") ? text_at(step, "value") : "";
    const bool is_write = test.at("function") == "test_client" &&
                          text_at(step, "func").find("write") != std::string::npos;
    if (!value.empty() && !is_write)
        CHECK(std::ranges::any_of(lines, [&](const std::string& line) {
            return line.ends_with(" " + value) && !line.starts_with("send");
        }));
    if (!expected.contains("expected_att_ecode")) return;
    auto code = expected.at("expected_att_ecode").to_number<int>();
    // The Attribute Not Found behind the last value is no failure.
    if (code == 0x0a && !value.empty()) code = 0;
    const std::string message =
        code == 0 ? "ok" : att::make_error(static_cast<att::ErrorCode>(code)).message();
    if (text_at(test, "name") != "/TP/GAW/CL/BV-02-C")  // nothing tells that a command was sent
        CHECK(std::ranges::any_of(lines, [&](const std::string& line) {
            return line.find(" done") != line.npos && line.ends_with(": " + message);
        }));
}

void run(const json::value& test, const json::value& vectors) {
    const json::array& pdus = test.at("pdus").as_array();
    const bool has_segment = pdus[0].as_object().contains("segment");
    std::vector<Call> calls = initial_calls(has_segment ? text_at(pdus[0], "segment") : "",
                                            vectors.at("iut_mtu").to_number<std::uint16_t>());
    calls.push_back(own_call(test, vectors));

    ClientScript script;
    // The cases whose names end so are for clients that secure the link by themselves.
    script.client.raise_security(text_at(test, "name").ends_with("/auto"));
    Lines sent;      // and not compared yet
    Lines outcomes;  // of the last call
    std::size_t next = 0;
    const auto take = [&](const Lines& lines) {
        for (const std::string& line : lines)
            (line.starts_with("send ") ? sent : outcomes).push_back(line);
    };
    for (const json::value& pdu : pdus) {
        if (pdu.as_object().contains("event")) continue;  // the peer goes on without an answer
        if (text_at(pdu, "dir") == "tester->iut") {
            CHECK(sent == Lines{});
            take(script.peer(text_at(pdu, "hex")));
            if (script.client.awaits_security()) {
                CHECK(outcomes.back() == "security needed");
                take(script.secured(true));
            }
            if (!outcomes.empty() && outcomes.back().starts_with("indicated")) {
                CHECK_FALSE(script.call(&Client::confirm, script.last_token));
                take(script.drain());
            }
            continue;
        }
        if (sent.empty() && next < calls.size()) {
            outcomes.clear();
            CHECK_FALSE(calls[next++](script));
            take(script.drain());
        }
        CHECK(sent == Lines{"send " + text_at(pdu, "hex")});
        sent.clear();
    }
    CHECK(next == calls.size());
    CHECK(sent == Lines{});
    check_outcome(test, outcomes);
    CHECK(script.all_buffers_back());
}

}  // namespace

TEST_CASE("gatt client: the conformance cases get the requests that are expected of any client") {
    const auto vectors = fixture_json("vectors/gatt.json");
    if (!vectors) return;
    int count = 0;
    for (const json::value& test : vectors->at("tests").as_array()) {
        if (text_at(test, "side") != "client") continue;
        const std::string name = text_at(test, "name");
        CAPTURE(name);
        ++count;
        run(test, *vectors);
    }
    CHECK(count > 0);
    MESSAGE(count, " cases");
}
