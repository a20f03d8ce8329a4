// SPDX-License-Identifier: MIT
//
// Secrets in memory: what stores of secrets have in common.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "bluetooth/secret_store.hpp"
#include "crypto/secret.hpp"

namespace bluetooth {

/// As `crypto::Secret`, of any size.
class SecretOctets {
public:
    SecretOctets() = default;
    explicit SecretOctets(Bytes octets) : octets_(octets.begin(), octets.end()) {}
    /// So many zeros.
    explicit SecretOctets(std::size_t size) : octets_(size) {}
    SecretOctets(const SecretOctets&) = default;
    SecretOctets(SecretOctets&& other) noexcept : octets_(std::exchange(other.octets_, {})) {}
    SecretOctets& operator=(SecretOctets other) noexcept {
        octets_.swap(other.octets_);
        return *this;
    }
    ~SecretOctets() { crypto::cleanse(octets_); }

    Bytes octets() const { return octets_; }
    MutableBytes writable() { return octets_; }

private:
    std::vector<std::uint8_t> octets_;  // never grows: what it grows out of would not be wiped
};

struct SecretRecord {
    SecretType type{};
    std::vector<std::uint8_t> key;
    SecretOctets value;
};

/// Secrets by type and key, in the order in which they came. Bounded.
class SecretTable {
public:
    static constexpr std::size_t max_records = 1024;
    static constexpr std::size_t max_key_size = 64;
    static constexpr std::size_t max_value_size = 8192;

    /// Nothing when there is none. Views into the table are valid until it changes.
    std::optional<Bytes> find(SecretType type, Bytes key) const;
    /// The `index`th of its type, from 0.
    std::optional<Bytes> at(SecretType type, std::size_t index) const;
    std::size_t count(SecretType type) const;
    /// Adds or replaces; a replaced one keeps its place. False when it is too large, has no key, or
    /// the table is full.
    bool put(SecretType type, Bytes key, Bytes value);
    /// False when it was not there.
    bool erase(SecretType type, Bytes key);

    const std::vector<SecretRecord>& records() const { return records_; }

private:
    std::vector<SecretRecord> records_;
};

/// Forgets everything at its end: for simulations and tests.
class MemorySecretStore final : public SecretStore {
public:
    std::optional<Bytes> get(SecretType type, std::size_t index,
                             std::optional<Bytes> key) override {
        return key ? table_.find(type, *key) : table_.at(type, index);
    }
    bool set(SecretType type, Bytes key, std::optional<Bytes> value) override {
        return value ? table_.put(type, key, *value) : table_.erase(type, key);
    }

private:
    SecretTable table_;
};

}  // namespace bluetooth
