// SPDX-License-Identifier: MIT
#include "bluetooth/secret_table.hpp"

#include <algorithm>

namespace bluetooth {
namespace {

auto has_name(SecretType type, Bytes key) {
    return [type, key](const SecretRecord& record) {
        return record.type == type && Bytes{record.key} == key;
    };
}

}  // namespace

std::optional<Bytes> SecretTable::find(SecretType type, Bytes key) const {
    const auto found = std::ranges::find_if(records_, has_name(type, key));
    if (found == records_.end()) return std::nullopt;
    return found->value.octets();
}

std::optional<Bytes> SecretTable::at(SecretType type, std::size_t index) const {
    for (const SecretRecord& record : records_)
        if (record.type == type && index-- == 0) return record.value.octets();
    return std::nullopt;
}

std::size_t SecretTable::count(SecretType type) const {
    return static_cast<std::size_t>(std::ranges::count(records_, type, &SecretRecord::type));
}

bool SecretTable::put(SecretType type, Bytes key, Bytes value) {
    if (key.empty() || key.size() > max_key_size || value.size() > max_value_size) return false;
    const auto found = std::ranges::find_if(records_, has_name(type, key));
    if (found != records_.end()) {
        found->value = SecretOctets{value};
        return true;
    }
    if (records_.size() >= max_records) return false;
    records_.push_back({type, {key.begin(), key.end()}, SecretOctets{value}});
    return true;
}

bool SecretTable::erase(SecretType type, Bytes key) {
    return std::erase_if(records_, has_name(type, key)) > 0;
}

}  // namespace bluetooth
