// SPDX-License-Identifier: MIT
//
// What the security managers of all links share: who we are, how we want to pair, and who has
// failed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>

#include "crypto/aes.hpp"
#include "crypto/p256.hpp"
#include "smp/attempts.hpp"
#include "smp/methods.hpp"
#include "smp/pdus.hpp"
#include "smp/toolbox.hpp"

namespace bluetooth::smp {

/// A set of association models.
class Methods {
public:
    constexpr Methods() = default;  ///< all of them
    constexpr Methods(std::initializer_list<Method> methods) : bits_(0) {
        for (const Method method : methods) bits_ |= bit(method);
    }
    constexpr void set(Method method, bool allowed) {
        bits_ = allowed ? bits_ | bit(method) : bits_ & ~bit(method);
    }
    constexpr bool contains(Method method) const { return (bits_ & bit(method)) != 0; }
    friend constexpr bool operator==(const Methods&, const Methods&) = default;

private:
    static constexpr unsigned bit(Method method) { return 1u << static_cast<unsigned>(method); }
    unsigned bits_ = ~0u;
};

/// How we pair; read when a pairing begins.
struct Settings {
    bool bonding = false;                  ///< distribute and keep keys, where the peer does too
    bool mitm = false;                     ///< ask for protection against a man in the middle
    bool secure_connections = true;        ///< offer LE Secure Connections
    bool secure_connections_only = false;  ///< refuse anything else (Vol 3 Part C 10.2.4)
    bool keypress = false;                 ///< offer keypress notifications
    bool debug_keys = false;  ///< use the debug key pair, accept it from peers; no bonds
    IoCapability io = IoCapability::no_input_no_output;
    std::uint8_t min_key_size = smp::max_key_size;
    std::uint8_t max_key_size = smp::max_key_size;
    Methods methods;  ///< those that are allowed
};

/// Our identity: what a bonded peer knows us by.
struct Identity {
    TypedAddress address;  ///< public or random static
    crypto::Key irk;
};

/// What was exchanged out of band, over a way that nobody else can change (2.3.5.6.4).
struct OobData {
    crypto::Block random{};   ///< r
    crypto::Block confirm{};  ///< f4(PKx, PKx, r, 0)
};
/// Out-of-band data of ours, and the key pair that it confirms.
struct LocalOobData {
    OobData data;
    crypto::KeyPair key_pair;
};

/// What a pairing goes by: it takes a copy when it begins.
struct Terms {
    Settings settings;
    Identity identity;
    std::optional<LocalOobData> our_oob;  ///< was handed out
    std::optional<OobData> peer_oob;      ///< was received, for LE Secure Connections
    std::optional<crypto::Key> oob_tk;    ///< was agreed on, for legacy pairing
    /// For the next pairing; without one a new key pair is made for each (2.3.6).
    std::optional<crypto::KeyPair> key_pair;
};

struct Local : Terms {
    Attempts attempts;
};

/// The key pair of Vol 3 Part H 2.3.5.6.1, whose private key everybody knows.
crypto::KeyPair debug_key_pair();

/// Out-of-band data for a new key pair.
LocalOobData make_oob_data(crypto::RandomSource& random);

}  // namespace bluetooth::smp
