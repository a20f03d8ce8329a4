// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "att/database.hpp"
#include "base/link_security.hpp"
#include "crypto/aes.hpp"

namespace bluetooth::att {

/// With what a client signs its Signed Write Commands (Vol 3 Part H 2.4.5).
struct SigningKey {
    crypto::Key csrk;
    /// The smallest SignCounter that has not been used. Wider than the counter, which may be used
    /// up.
    std::uint64_t next_counter = 0;
};

/// Bits of the Client Supported Features (Vol 3 Part G 7.2, Table 7.6).
namespace client_feature {
inline constexpr std::uint8_t robust_caching = 0x01;
inline constexpr std::uint8_t enhanced_bearer = 0x02;
inline constexpr std::uint8_t multiple_notifications = 0x04;
inline constexpr std::uint8_t all = 0x07;
}  // namespace client_feature

/// Whether a client knows the table as it is (Vol 3 Part G 2.5.2.1).
enum class ChangeAwareness : std::uint8_t {
    aware,
    unaware,
    /// It was told, by Database Out Of Sync or by the Database Hash that it has read; its next
    /// request shows that it has received that and makes it aware.
    told,
};

class Server;

/// What a server knows of one client, on whichever bearers it comes. Lives as long as the
/// connection, longer than its sessions and less long than its server.
class ClientState {
public:
    explicit ClientState(Server& server);
    ClientState(const ClientState&) = delete;
    ClientState& operator=(const ClientState&) = delete;
    ~ClientState();

    LinkSecurity security;
    std::optional<SigningKey> signing_key;

    /// The value of a CCCD, by its number (Vol 3 Part G 3.3.3.3); 0 for unknown ones.
    std::uint16_t configuration(std::size_t number) const {
        if (number >= configurations_.size()) return 0;
        return static_cast<std::uint16_t>(configurations_[number][0] | configurations_[number][1]
                                                                           << 8);
    }
    void set_configuration(std::size_t number, std::uint16_t value) {
        if (number < configurations_.size())
            configurations_[number] = {static_cast<std::uint8_t>(value),
                                       static_cast<std::uint8_t>(value >> 8)};
    }

    std::uint8_t features() const { return features_[0]; }
    void set_features(std::uint8_t features) { features_[0] = features; }

    ChangeAwareness awareness() const { return awareness_; }
    /// The table is not the one that the client knows: it is to be told of this range.
    void table_changed(HandleRange range);
    /// Whether its ignorance must be respected: only clients that said so can cope with that.
    bool out_of_sync() const {
        return awareness_ != ChangeAwareness::aware &&
               (features() & client_feature::robust_caching) != 0;
    }

private:
    friend class Server;
    friend class ServerSession;

    void announce(HandleRange range);

    Server& server_;
    std::vector<std::array<std::uint8_t, 2>> configurations_;  // as on the wire
    std::array<std::uint8_t, 1> features_{};
    ChangeAwareness awareness_ = ChangeAwareness::aware;
    std::size_t bearers_ = 0;
    std::uint32_t changes_ = 0;                 // of the table, while this client was connected
    std::optional<HandleRange> unannounced_{};  // what Service Changed has still to tell
};

}  // namespace bluetooth::att
