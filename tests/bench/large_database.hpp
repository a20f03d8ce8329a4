// SPDX-License-Identifier: MIT
//
// Attribute tables of any size, and requests to them whose answers are equally long for all sizes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "att/server.hpp"

namespace bluetooth::test {

/// `size` attributes, ten per service, with free handles between the services or without. Each
/// service has a value of a type of its own, and one in the middle of the table of type 0x2a00.
inline att::Database large_database(std::size_t size, bool gaps) {
    namespace flag = att::flag;
    constexpr std::array<std::uint8_t, 4> value{1, 2, 3, 4};
    const std::size_t services = size / 10;
    att::Database database;
    for (std::size_t service = 0; service < services; ++service) {
        const std::size_t distance = gaps ? 13 : 10;
        database.continue_at(att::Handle{static_cast<std::uint16_t>(1 + distance * service)});
        database.add_service(UUID{0x180d});
        database.add_descriptor(UUID{0x2901}, flag::read, value);
        const auto own = static_cast<std::uint16_t>(0x3000 + service);
        const std::uint16_t once = service == services / 2 ? 0x2a00 : 0x2a38;
        for (const std::uint16_t type : {std::uint16_t{0x2a37}, own, once, std::uint16_t{0x2a39}})
            database.add_characteristic(UUID{type}, flag::read, flag::read, value);
    }
    database.seal();
    return database;
}

struct LargeDatabaseRequest {
    const char* name;
    std::array<std::uint8_t, 7> octets;
    std::size_t size;
    std::uint8_t response;

    Bytes pdu() const { return Bytes{octets}.first(size); }
};

/// Requests around the only attribute of its type.
inline std::array<LargeDatabaseRequest, 5> large_database_requests(const att::Database& database) {
    const auto found =
        database.of_type(UUID{0x2a00}, att::HandleRange{att::first_handle, att::last_handle});
    const std::uint16_t handle = number(database[found.front()].handle);
    const auto low = static_cast<std::uint8_t>(handle);
    const auto high = static_cast<std::uint8_t>(handle >> 8);
    return {{
        {"Read", {0x0a, low, high}, 3, 0x0b},
        {"Find Information", {0x04, low, high, low, high}, 5, 0x05},
        {"Read By Type, one", {0x08, 0x01, 0x00, 0xff, 0xff, 0x00, 0x2a}, 7, 0x09},
        {"Read By Type, many", {0x08, 0x01, 0x00, 0xff, 0xff, 0x03, 0x28}, 7, 0x09},
        {"Read By Group Type", {0x10, 0x01, 0x00, 0xff, 0xff, 0x00, 0x28}, 7, 0x11},
    }};
}

/// A server with one client that throws the answers away, after a look at the opcode.
class LargeServer {
public:
    LargeServer(std::size_t size, bool gaps) : server_(large_database(size, gaps)) {}

    const att::Database& database() const { return server_.database(); }
    /// False when the answer is not the expected one.
    bool serve(const LargeDatabaseRequest& request) {
        server_.receive({Time{}, pool_, out_}, session_, request.pdu());
        bool answered = false;
        for (const auto& action : out_)
            if (const auto* send = std::get_if<att::Send>(&action))
                answered = send->pdu.bytes()[0] == request.response;
        out_.clear();
        return answered;
    }

private:
    BufferPool pool_{4, 544};
    att::ServerOutbox out_;
    att::Server server_;
    att::ClientState client_{server_};
    att::Bearer bearer_;
    att::ServerSession session_{server_, client_, bearer_};
};

}  // namespace bluetooth::test
