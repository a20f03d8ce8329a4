// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "att/server.hpp"
#include "base/error.hpp"
#include "crypto/aes.hpp"
#include "gatt/service_definition.hpp"

namespace bluetooth::gatt {

using att::ClientState;
using att::ServerContext;
using att::ServerOutbox;
using att::ServerSession;

/// The value of one CCCD, as a bond keeps it.
struct ClientConfiguration {
    att::Handle handle{};
    std::uint16_t value = 0;
    friend bool operator==(const ClientConfiguration&, const ClientConfiguration&) = default;
};

/// What a server remembers of a bonded client between its connections (Vol 3 Part
/// G 2.5.2.1, 3.3.3.3, 7.2).
struct ClientRecord {
    std::vector<ClientConfiguration> configurations;  ///< those that are not 0
    std::uint8_t features = 0;                        ///< bits of `att::client_feature`
    crypto::Block table{};  ///< the Database Hash of the table that these handles are of
    bool aware = true;      ///< whether the client knew that table
    friend bool operator==(const ClientRecord&, const ClientRecord&) = default;
};

/// What registering services has led to.
struct Registration {
    /// For each service the handles of its values: each characteristic's value, then its declared
    /// descriptors.
    std::vector<std::vector<att::Handle>> handles;
    /// The handles that mean something else now; nothing when the table is what it was.
    std::optional<att::HandleRange> changed;
};

/// Peripheral Preferred Connection Parameters (Vol 3 Part C 12.3); the defaults say "no
/// preference".
struct PreferredConnectionParameters {
    Units1250us min_interval{0xffff};
    Units1250us max_interval{0xffff};
    std::uint16_t latency = 0;
    Units10ms supervision_timeout{0xffff};
    BT_FIELDS(PreferredConnectionParameters, min_interval, max_interval, latency,
              supervision_timeout);
};

/// An ATT server whose table is made from service definitions (Vol 3 Part G): the GAP and the GATT
/// service first, at handles that never change, then the application's.
class Server : public att::Server {
public:
    /// The longest device name (Vol 3 Part C 12.1).
    static constexpr std::size_t max_device_name = 248;
    /// The greatest capacity of a value: long ones are of use where writes are appended.
    static constexpr std::size_t max_capacity = 65'535;

    explicit Server(const att::ServerLimits& limits = {});

    /// Replaces all services of the application; their values begin as defined, with a capacity of
    /// at least 20 octets. Equal tables get equal handles. When `changed` is set, call
    /// `announce_change` for each client. Errors: those of `add_services`; the former table is then
    /// untouched.
    result<Registration> register_services(std::span<const ServiceDefinition> services);
    /// The Database Hash of the present table.
    const crypto::Block& hash() const { return hash_; }

    /// The value of a user's attribute, valid until the next call of this object. In append mode
    /// reading empties it. Error: `invalid_argument` (not a handle from `register_services`).
    result<Bytes> read(att::Handle handle);
    /// Replaces the value, whatever its capacity, which grows with it. Nobody is told: see
    /// `notify`, `indicate` and `send_update`. Error as for `read`.
    error_code write(att::Handle handle, Bytes value);
    /// How much a peer may write, and whether its writes add to the value. Empties the value.
    /// Errors: `no_buffers` (`capacity` is 0), `too_big` (above `max_capacity`), and as for `read`.
    error_code set_buffer(att::Handle handle, std::size_t capacity, bool append = false);

    /// Of at most 248 octets, else `invalid_argument`. Survives registrations.
    error_code set_device_name(Bytes name);
    Bytes device_name() const;
    void set_appearance(std::uint16_t appearance);
    void set_preferred_connection_parameters(const PreferredConnectionParameters& parameters);
    /// Whether our controller resolves private addresses for us (Vol 3 Part C 12.4).
    void set_central_address_resolution(bool supported);
    /// Whether clients may open Enhanced ATT bearers (Vol 3 Part G 7.4); not at first. Survives
    /// registrations.
    void set_enhanced_bearers(bool supported);

    /// What to store with the bond of this client.
    ClientRecord record(const ClientState& client) const;
    /// Makes a client that has come back what it was. If the table has changed since, it is told
    /// so by Service Changed, should it have subscribed to that (call `announce_change`), and its
    /// other subscriptions, which may mean other values by now, have ended.
    void restore(ClientState& client, const ClientRecord& record) const;

private:
    void update_hash();
    void set_value(att::Handle handle, Bytes value);
    att::Attribute* user_attribute(att::Handle handle);

    crypto::Block hash_{};
    std::vector<std::uint8_t> taken_;  // what `read` took from an appending value
};

}  // namespace bluetooth::gatt
