// SPDX-License-Identifier: MIT
#include "base/error.hpp"

#include <array>
#include <string_view>

// Boost's class has a protected non-virtual destructor; the categories below are statics.
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"

namespace bluetooth {
namespace {

struct Entry {
    int value;
    std::string_view text;
};

template <std::size_t N>
std::string lookup(const std::array<Entry, N>& table, int value, std::string_view unknown) {
    for (const Entry& entry : table)
        if (entry.value == value) return std::string{entry.text};
    static constexpr std::string_view digits = "0123456789abcdef";
    std::string text{unknown};
    text += " 0x";
    if (value > 0xff) {
        text += digits[static_cast<std::size_t>(value >> 12 & 15)];
        text += digits[static_cast<std::size_t>(value >> 8 & 15)];
    }
    text += digits[static_cast<std::size_t>(value >> 4 & 15)];
    text += digits[static_cast<std::size_t>(value & 15)];
    return text;
}

constexpr std::array conditions{
    Entry{1, "operation not permitted here"},
    Entry{2, "no such procedure in progress"},
    Entry{5, "already done"},
    Entry{7, "too big"},
    Entry{11, "try again"},
    Entry{12, "no buffer or slot free"},
    Entry{13, "permission denied"},
    Entry{16, "busy with another procedure"},
    Entry{19, "not active: call active(true) first"},
    Entry{22, "invalid argument"},
    Entry{71, "protocol error"},
    Entry{95, "not supported"},
    Entry{104, "connection lost"},
    Entry{107, "not connected"},
    Entry{110, "timed out"},
    Entry{114, "the same procedure is already in progress"},
};

// Vol 1 Part F 1.3
constexpr std::array hci_statuses{
    Entry{0x00, "success"},
    Entry{0x01, "unknown HCI command"},
    Entry{0x02, "unknown connection identifier"},
    Entry{0x03, "hardware failure"},
    Entry{0x05, "authentication failure"},
    Entry{0x06, "PIN or key missing"},
    Entry{0x07, "memory capacity exceeded"},
    Entry{0x08, "connection timeout"},
    Entry{0x09, "connection limit exceeded"},
    Entry{0x0b, "connection already exists"},
    Entry{0x0c, "command disallowed"},
    Entry{0x0d, "rejected: limited resources"},
    Entry{0x0e, "rejected: security reasons"},
    Entry{0x10, "connection accept timeout exceeded"},
    Entry{0x11, "unsupported feature or parameter value"},
    Entry{0x12, "invalid HCI command parameters"},
    Entry{0x13, "remote user terminated connection"},
    Entry{0x14, "remote device terminated connection: low resources"},
    Entry{0x15, "remote device terminated connection: power off"},
    Entry{0x16, "connection terminated by local host"},
    Entry{0x17, "repeated attempts"},
    Entry{0x18, "pairing not allowed"},
    Entry{0x1a, "unsupported remote feature"},
    Entry{0x1e, "invalid LMP or LL parameters"},
    Entry{0x1f, "unspecified error"},
    Entry{0x20, "unsupported LMP or LL parameter value"},
    Entry{0x22, "LMP or LL response timeout"},
    Entry{0x23, "LMP error transaction or LL procedure collision"},
    Entry{0x24, "LMP PDU not allowed"},
    Entry{0x25, "encryption mode not acceptable"},
    Entry{0x28, "instant passed"},
    Entry{0x29, "pairing with unit key not supported"},
    Entry{0x2a, "different transaction collision"},
    Entry{0x2f, "insufficient security"},
    Entry{0x30, "parameter out of mandatory range"},
    Entry{0x3a, "controller busy"},
    Entry{0x3b, "unacceptable connection parameters"},
    Entry{0x3c, "advertising timeout"},
    Entry{0x3d, "connection terminated: MIC failure"},
    Entry{0x3e, "connection failed to be established"},
    Entry{0x42, "unknown advertising identifier"},
    Entry{0x43, "limit reached"},
    Entry{0x44, "operation cancelled by host"},
    Entry{0x45, "packet too long"},
};

// Vol 3 Part A 4.23, 4.26
constexpr std::array l2cap_results{
    Entry{0x0000, "success"},
    Entry{0x0002, "SPSM not supported"},
    Entry{0x0004, "no resources available"},
    Entry{0x0005, "insufficient authentication"},
    Entry{0x0006, "insufficient authorization"},
    Entry{0x0007, "encryption key size too short"},
    Entry{0x0008, "insufficient encryption"},
    Entry{0x0009, "invalid source CID"},
    Entry{0x000a, "source CID already allocated"},
    Entry{0x000b, "unacceptable parameters"},
    Entry{0x000c, "invalid parameters"},
};

// Vol 3 Part F 3.4.1.1, CSS Part B 1.2
constexpr std::array att_errors{
    Entry{0x01, "invalid handle"},
    Entry{0x02, "read not permitted"},
    Entry{0x03, "write not permitted"},
    Entry{0x04, "invalid PDU"},
    Entry{0x05, "insufficient authentication"},
    Entry{0x06, "request not supported"},
    Entry{0x07, "invalid offset"},
    Entry{0x08, "insufficient authorization"},
    Entry{0x09, "prepare queue full"},
    Entry{0x0a, "attribute not found"},
    Entry{0x0b, "attribute not long"},
    Entry{0x0c, "encryption key size too short"},
    Entry{0x0d, "invalid attribute value length"},
    Entry{0x0e, "unlikely error"},
    Entry{0x0f, "insufficient encryption"},
    Entry{0x10, "unsupported group type"},
    Entry{0x11, "insufficient resources"},
    Entry{0x12, "database out of sync"},
    Entry{0x13, "value not allowed"},
    Entry{0xfc, "write request rejected"},
    Entry{0xfd, "CCCD improperly configured"},
    Entry{0xfe, "procedure already in progress"},
    Entry{0xff, "out of range"},
};

// Vol 3 Part H 3.5.5
constexpr std::array smp_reasons{
    Entry{0x01, "passkey entry failed"},
    Entry{0x02, "OOB not available"},
    Entry{0x03, "authentication requirements"},
    Entry{0x04, "confirm value failed"},
    Entry{0x05, "pairing not supported"},
    Entry{0x06, "encryption key size"},
    Entry{0x07, "command not supported"},
    Entry{0x08, "unspecified reason"},
    Entry{0x09, "repeated attempts"},
    Entry{0x0a, "invalid parameters"},
    Entry{0x0b, "DHKey check failed"},
    Entry{0x0c, "numeric comparison failed"},
    Entry{0x0d, "BR/EDR pairing in progress"},
    Entry{0x0e, "cross-transport key derivation not allowed"},
    Entry{0x0f, "key rejected"},
    Entry{0x10, "busy"},
};

error_condition condition(errc value) { return make_error_condition(value); }

class ConditionCategory final : public error_category {
public:
    const char* name() const noexcept override { return "bluetooth"; }
    std::string message(int value) const override {
        return lookup(conditions, value, "unknown error");
    }
};

class HostCategory final : public error_category {
public:
    const char* name() const noexcept override { return "bluetooth.host"; }
    std::string message(int value) const override {
        return lookup(conditions, value, "unknown error");
    }
    error_condition default_error_condition(int value) const noexcept override {
        return {value, condition_category()};
    }
};

class HciCategory final : public error_category {
public:
    const char* name() const noexcept override { return "bluetooth.hci"; }
    std::string message(int value) const override {
        return lookup(hci_statuses, value, "HCI status");
    }
    error_condition default_error_condition(int value) const noexcept override {
        switch (value) {
        case 0x01:
        case 0x11:
        case 0x1a: return condition(errc::not_supported);
        case 0x02: return condition(errc::not_connected);
        case 0x05:
        case 0x06:
        case 0x0e:
        case 0x2f: return condition(errc::permission_denied);
        case 0x07:
        case 0x09:
        case 0x0d: return condition(errc::no_buffers);
        case 0x08:
        case 0x10:
        case 0x22:
        case 0x3c: return condition(errc::timed_out);
        case 0x0b: return condition(errc::already_done);
        case 0x0c:
        case 0x3a: return condition(errc::busy);
        case 0x12:
        case 0x1e:
        case 0x20:
        case 0x30:
        case 0x3b: return condition(errc::invalid_argument);
        case 0x13:
        case 0x14:
        case 0x15:
        case 0x16:
        case 0x3d:
        case 0x3e: return condition(errc::connection_lost);
        default: return {value, *this};
        }
    }
};

class L2capCategory final : public error_category {
public:
    const char* name() const noexcept override { return "bluetooth.l2cap"; }
    std::string message(int value) const override {
        return lookup(l2cap_results, value, "L2CAP result");
    }
    error_condition default_error_condition(int value) const noexcept override {
        switch (value) {
        case 0x0002: return condition(errc::not_supported);
        case 0x0004: return condition(errc::no_buffers);
        case 0x0005:
        case 0x0006:
        case 0x0007:
        case 0x0008: return condition(errc::permission_denied);
        case 0x0009:
        case 0x000a:
        case 0x000b:
        case 0x000c: return condition(errc::invalid_argument);
        default: return {value, *this};
        }
    }
};

class AttCategory final : public error_category {
public:
    const char* name() const noexcept override { return "bluetooth.att"; }
    std::string message(int value) const override {
        if (value >= 0x80 && value <= 0x9f) return lookup(att_errors, value, "application error");
        return lookup(att_errors, value, "ATT error");
    }
    error_condition default_error_condition(int value) const noexcept override {
        switch (value) {
        case 0x02:
        case 0x03:
        case 0x05:
        case 0x08:
        case 0x0c:
        case 0x0f: return condition(errc::permission_denied);
        case 0x01:
        case 0x04:
        case 0x07:
        case 0x0d:
        case 0x13: return condition(errc::invalid_argument);
        case 0x06:
        case 0x10: return condition(errc::not_supported);
        case 0x09:
        case 0x11: return condition(errc::no_buffers);
        case 0x0e: return condition(errc::protocol_error);
        default: return {value, *this};
        }
    }
};

class SmpCategory final : public error_category {
public:
    explicit SmpCategory(const char* name) : name_(name) {}
    const char* name() const noexcept override { return name_; }
    std::string message(int value) const override {
        return lookup(smp_reasons, value, "pairing failed, reason");
    }
    error_condition default_error_condition(int value) const noexcept override {
        switch (value) {
        case 0x05:
        case 0x07: return condition(errc::not_supported);
        case 0x0a: return condition(errc::invalid_argument);
        case 0x09:
        case 0x0d:
        case 0x10: return condition(errc::busy);
        default: return condition(errc::permission_denied);
        }
    }

private:
    const char* name_;
};

}  // namespace

const error_category& condition_category() noexcept {
    static const ConditionCategory category;
    return category;
}
const error_category& host_category() noexcept {
    static const HostCategory category;
    return category;
}
const error_category& hci_category() noexcept {
    static const HciCategory category;
    return category;
}
const error_category& l2cap_category() noexcept {
    static const L2capCategory category;
    return category;
}
const error_category& att_category() noexcept {
    static const AttCategory category;
    return category;
}
const error_category& smp_local_category() noexcept {
    static const SmpCategory category{"bluetooth.smp.local"};
    return category;
}
const error_category& smp_peer_category() noexcept {
    static const SmpCategory category{"bluetooth.smp.peer"};
    return category;
}

int errno_value(const error_code& error) {
    if (!error) return 0;
    if (error.category() == att_category()) return -(0x100 + error.value());
    if (error.category() == hci_category()) return -(0x200 + error.value());
    if (error.category() == l2cap_category()) return -(0x300 + error.value());
    if (error.category() == smp_local_category()) return -(0x400 + error.value());
    if (error.category() == smp_peer_category()) return -(0x500 + error.value());
    return error.value();
}

int event_status(const error_code& error) {
    static constexpr int not_connected = 7;
    static constexpr int timed_out = 13;
    if (!error) return 0;
    if (error.category() == att_category()) return 0x100 + error.value();
    if (error.category() == hci_category()) return 0x200 + error.value();
    if (error == errc::not_connected || error == errc::connection_lost) return not_connected;
    if (error == errc::timed_out) return timed_out;
    return error.value();
}

}  // namespace bluetooth
