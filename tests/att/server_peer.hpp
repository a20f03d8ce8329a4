// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "att/server.hpp"
#include "tests/support/hex.hpp"

namespace bluetooth::test {

/// A bearer to a server, seen from the client, with an application behind the server that answers
/// its events at once unless it is told to wait.
class ServerPeer {
public:
    explicit ServerPeer(att::Server& tested, std::size_t buffers = 32)
        : server(tested), pool(buffers, 544), client(tested), session(tested, client, bearer) {}
    ~ServerPeer() {
        server.on_disconnected(ctx(), session);
        out.clear();
        CHECK(pool.available() == pool.size());
    }

    att::ServerContext ctx() { return {now, pool, out}; }

    /// Sends a PDU and returns what comes back: nothing, or exactly one PDU.
    Octets send(Bytes pdu) {
        sent.clear();
        server.receive(ctx(), session, pdu);
        drain();
        REQUIRE(sent.size() <= 1);
        return sent.empty() ? Octets{} : sent.front();
    }
    Octets send(std::string_view pdu) { return send(Bytes{hex(pdu)}); }

    void drain() {
        while (!out.empty()) {
            std::vector<att::ServerOutbox::Action> actions;
            for (auto& action : out) actions.push_back(std::move(action));
            out.clear();
            for (auto& action : actions) std::visit([this](auto& what) { take(what); }, action);
        }
        wake = std::min(wake, out.take_wake());
    }
    /// Lets time pass. The timer also comes once when nothing is due, which must do no harm.
    void advance(Duration time) {
        sent.clear();
        server.on_timer(ctx(), session);
        CHECK(sent.empty());
        now += time;
        if (now >= wake) {
            wake = never;
            server.on_timer(ctx(), session);
        }
        drain();
    }
    void answer_read(std::optional<att::ErrorCode> refusal = std::nullopt) {
        REQUIRE(!reads.empty());
        const att::ReadRequested read = reads.front();
        reads.erase(reads.begin());
        server.answer_read(ctx(), session, read.token, refusal);
        drain();
    }
    void answer_write() {
        REQUIRE(!writes.empty());
        const att::Written write = writes.front();
        writes.erase(writes.begin());
        server.answer_write(ctx(), session, write.token);
        drain();
    }

    att::Server& server;
    BufferPool pool;
    att::ServerOutbox out;
    Time now{};
    Time wake = never;
    att::Bearer bearer;
    att::ClientState client;
    att::ServerSession session;
    bool answer_writes_at_once = true;

    std::vector<Octets> sent;
    std::vector<att::ReadRequested> reads;  // not answered yet
    std::vector<att::Written> writes;       // not answered yet
    std::vector<att::Handle> written;       // all
    std::vector<att::Subscribed> subscriptions;
    std::vector<att::IndicationDone> indications;
    std::vector<std::uint16_t> mtus;
    std::optional<error_code> closed;

private:
    void take(att::Send& action) { sent.emplace_back(action.pdu.bytes()); }
    void take(att::CloseBearer& action) { closed = action.error; }
    void take(att::MtuExchanged& action) { mtus.push_back(action.mtu); }
    void take(att::ReadRequested& action) { reads.push_back(action); }
    void take(att::Written& action) {
        written.push_back(action.handle);
        if (answer_writes_at_once)
            server.answer_write(ctx(), session, action.token);
        else
            writes.push_back(action);
    }
    void take(att::Subscribed& action) { subscriptions.push_back(action); }
    void take(att::IndicationDone& action) { indications.push_back(action); }
};

/// The table that the tests of the ATT server share.
inline att::Database heart_rate_database() {
    namespace flag = att::flag;
    const UUID vendor_service = *UUID::parse("0000a00c-0000-0000-0123-456789abcdef");
    const UUID vendor_value = *UUID::parse("0000b009-0000-0000-0123-456789abcdef");
    const auto characteristic = [](att::Database& database, const UUID& uuid, int flags,
                                   Bytes value) {
        database.add_characteristic(uuid, static_cast<std::uint8_t>(flags),
                                    static_cast<std::uint16_t>(flags), value);
    };
    att::Database database;
    database.user_attributes(true);
    database.add_service(UUID{0x180d});                                        // 1
    characteristic(database, UUID{0x2a39}, 0x0e, Bytes::of("Hello"));          // 2, 3
    characteristic(database, UUID{0x2a37}, 0x32, Bytes::of("\x06\x48"));       // 4, 5
    database.add_client_configuration();                                       // 6
    database.add_descriptor(UUID{0x2901}, flag::read, Bytes::of("Rate"));      // 7
    characteristic(database, UUID{0x2a3a}, flag::write, Bytes::of("secret"));  // 8, 9
    database.add_service(vendor_service);                                      // 10
    characteristic(database, vendor_value, flag::read, Bytes::of("V"));        // 11, 12
    characteristic(database, UUID{0x2a3b}, flag::read | flag::read_encrypted,  // 13, 14
                   Bytes::of("E"));
    characteristic(database, UUID{0x2a3b}, flag::write_no_response, Bytes{});  // 15, 16
    database.seal();
    return database;
}

struct HeartRateServer : att::Server {
    explicit HeartRateServer(const att::ServerLimits& limits = {})
        : att::Server(heart_rate_database(), limits) {}
    using att::Server::attribute;
    using att::Server::replace_database;

    Octets value(std::uint16_t handle) {
        return Octets{Bytes{attribute(static_cast<att::Handle>(handle))->value}};
    }
};

inline Octets text(std::string_view characters) { return Octets{Bytes::of(characters)}; }

}  // namespace bluetooth::test
