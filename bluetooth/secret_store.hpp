// SPDX-License-Identifier: MIT
//
// Where secrets are kept when the application does not keep them itself by `GetSecret` and
// `SetSecret`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"

namespace bluetooth {

/// What a secret is, as MicroPython numbers it.
enum class SecretType : std::uint8_t {
    our_keys = 1,     ///< the keys that we gave to a peer; the key is `smp::BondKey`
    peer_keys = 2,    ///< the keys that a peer gave to us; likewise
    gatt_client = 3,  ///< extension: what a bonded peer has configured at our server; likewise
    identity = 10,    ///< our own: key "irk", 16 octets; extension: "address", 6
};

class SecretStore {
public:
    virtual ~SecretStore() = default;

    /// The secret with this key; or, without a key, the `index`th (from 0) of its type. Nothing
    /// when there is none. The view is valid until the next call.
    virtual std::optional<Bytes> get(SecretType type, std::size_t index,
                                     std::optional<Bytes> key) = 0;
    /// Stores a secret, or without a value deletes it. False when it could not be stored, or was
    /// not there to be deleted.
    virtual bool set(SecretType type, Bytes key, std::optional<Bytes> value) = 0;
};

}  // namespace bluetooth
