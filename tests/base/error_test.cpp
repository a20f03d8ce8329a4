// SPDX-License-Identifier: MIT
#include "base/error.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>

using namespace bluetooth;

namespace {

error_code hci(int status) { return {status, hci_category()}; }
error_code l2cap(int result) { return {result, l2cap_category()}; }
error_code att(int code) { return {code, att_category()}; }
error_code smp_local(int reason) { return {reason, smp_local_category()}; }
error_code smp_peer(int reason) { return {reason, smp_peer_category()}; }

constexpr errc all_conditions[] = {errc::not_permitted,     errc::no_such_procedure,
                                   errc::already_done,      errc::too_big,
                                   errc::try_again,         errc::no_buffers,
                                   errc::permission_denied, errc::busy,
                                   errc::not_active,        errc::invalid_argument,
                                   errc::protocol_error,    errc::not_supported,
                                   errc::connection_lost,   errc::not_connected,
                                   errc::timed_out,         errc::already_in_progress};

}  // namespace

TEST_CASE("error: the host's errors are the errno values of MicroPython") {
    CHECK(errno_value(make_error(errc::no_such_procedure)) == 2);
    CHECK(errno_value(make_error(errc::already_done)) == 5);
    CHECK(errno_value(make_error(errc::too_big)) == 7);
    CHECK(errno_value(make_error(errc::try_again)) == 11);
    CHECK(errno_value(make_error(errc::no_buffers)) == 12);
    CHECK(errno_value(make_error(errc::busy)) == 16);
    CHECK(errno_value(make_error(errc::not_active)) == 19);
    CHECK(errno_value(make_error(errc::invalid_argument)) == 22);
    CHECK(errno_value(make_error(errc::not_supported)) == 95);
    CHECK(errno_value(make_error(errc::not_connected)) == 107);
    CHECK(errno_value(make_error(errc::timed_out)) == 110);
    CHECK(errno_value(make_error(errc::already_in_progress)) == 114);
}

TEST_CASE("error: errors of the protocols are negative errno values, told apart by their origin") {
    CHECK(errno_value(att(0x05)) == -(0x100 + 0x05));
    CHECK(errno_value(hci(0x0c)) == -524);  // seen in MicroPython: Command Disallowed
    CHECK(errno_value(l2cap(0x0004)) == -(0x300 + 0x04));
    CHECK(errno_value(smp_local(0x04)) == -(0x400 + 0x04));
    CHECK(errno_value(smp_peer(0x04)) == -(0x500 + 0x04));
    CHECK(errno_value(error_code{}) == 0);
    CHECK(errno_value(hci(0x00)) == 0);
}

TEST_CASE("error: the status of an event is that of MicroPython's NimBLE") {
    CHECK(event_status(error_code{}) == 0);
    CHECK(event_status(att(0x01)) == 257);
    CHECK(event_status(att(0x02)) == 258);
    CHECK(event_status(att(0x05)) == 261);
    CHECK(event_status(hci(0x0c)) == 0x20c);
    CHECK(event_status(make_error(errc::not_connected)) == 7);
    CHECK(event_status(make_error(errc::connection_lost)) == 7);
    CHECK(event_status(make_error(errc::timed_out)) == 13);
    CHECK(event_status(make_error(errc::busy)) == 16);
}

TEST_CASE("error: every error of the host equals its own condition and no other") {
    for (const errc made : all_conditions)
        for (const errc other : all_conditions) {
            CAPTURE(static_cast<int>(made));
            CAPTURE(static_cast<int>(other));
            CHECK((make_error(made) == other) == (made == other));
        }
}

TEST_CASE("error: what was refused for security is permission denied, whichever layer refused") {
    for (const int code : {0x02, 0x03, 0x05, 0x08, 0x0c, 0x0f})
        CHECK(att(code) == errc::permission_denied);
    for (const int result : {0x0005, 0x0006, 0x0007, 0x0008})
        CHECK(l2cap(result) == errc::permission_denied);
    for (const int status : {0x05, 0x06, 0x0e, 0x2f}) CHECK(hci(status) == errc::permission_denied);
    for (const int reason : {0x01, 0x02, 0x03, 0x04, 0x06, 0x0b, 0x0c}) {
        CHECK(smp_local(reason) == errc::permission_denied);
        CHECK(smp_peer(reason) == errc::permission_denied);
    }
}

TEST_CASE("error: the other conditions are found in every layer too") {
    CHECK(hci(0x01) == errc::not_supported);
    CHECK(att(0x06) == errc::not_supported);
    CHECK(l2cap(0x0002) == errc::not_supported);
    CHECK(smp_peer(0x05) == errc::not_supported);

    CHECK(hci(0x07) == errc::no_buffers);
    CHECK(att(0x11) == errc::no_buffers);
    CHECK(l2cap(0x0004) == errc::no_buffers);

    CHECK(hci(0x12) == errc::invalid_argument);
    CHECK(att(0x01) == errc::invalid_argument);
    CHECK(l2cap(0x000b) == errc::invalid_argument);
    CHECK(smp_peer(0x0a) == errc::invalid_argument);

    CHECK(hci(0x02) == errc::not_connected);
    CHECK(hci(0x0b) == errc::already_done);
    CHECK(hci(0x0c) == errc::busy);
    CHECK(smp_peer(0x09) == errc::busy);
    CHECK(hci(0x08) == errc::timed_out);
    for (const int status : {0x13, 0x14, 0x15, 0x16, 0x3d, 0x3e})
        CHECK(hci(status) == errc::connection_lost);
    CHECK(att(0x0e) == errc::protocol_error);
}

TEST_CASE("error: a code without a condition equals none, and itself") {
    for (const error_code& error : {hci(0x43), att(0x80), att(0x0a), l2cap(0x1234)}) {
        for (const errc condition : all_conditions) CHECK(error != condition);
        CHECK(error == error.default_error_condition());
    }
}

TEST_CASE("error: the same octet of another origin is another error") {
    CHECK(att(0x05) != hci(0x05));
    CHECK(smp_local(0x04) != smp_peer(0x04));
}

TEST_CASE("error: categories name their layer") {
    CHECK(host_category().name() == std::string_view{"bluetooth.host"});
    CHECK(hci_category().name() == std::string_view{"bluetooth.hci"});
    CHECK(l2cap_category().name() == std::string_view{"bluetooth.l2cap"});
    CHECK(att_category().name() == std::string_view{"bluetooth.att"});
    CHECK(smp_local_category().name() == std::string_view{"bluetooth.smp.local"});
    CHECK(smp_peer_category().name() == std::string_view{"bluetooth.smp.peer"});
}

TEST_CASE("error: messages use the specification's words, and the number where it has none") {
    CHECK(hci(0x0c).message() == "command disallowed");
    CHECK(att(0x0f).message() == "insufficient encryption");
    CHECK(smp_peer(0x0b).message() == "DHKey check failed");
    CHECK(l2cap(0x0002).message() == "SPSM not supported");
    CHECK(make_error(errc::not_active).message() == "not active: call active(true) first");

    CHECK(hci(0xee).message() == "HCI status 0xee");
    CHECK(att(0x60).message() == "ATT error 0x60");
    CHECK(att(0x80).message() == "application error 0x80");
    CHECK(att(0x9f).message() == "application error 0x9f");
    CHECK(l2cap(0x1234).message() == "L2CAP result 0x1234");
    CHECK(smp_local(0x7f).message() == "pairing failed, reason 0x7f");
    for (const errc condition : all_conditions)
        CHECK(make_error(condition).message().find("0x") == std::string::npos);
}
