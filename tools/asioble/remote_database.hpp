// SPDX-License-Identifier: MIT
//
// What discovery has learnt of a peer's database.
#pragma once

#include <optional>
#include <vector>

#include "bluetooth/events.hpp"
#include "tools/asioble/text.hpp"

namespace bluetooth::tool {

struct RemoteDescriptor {
    AttributeHandle handle{};
    UUID uuid;
};
struct RemoteCharacteristic {
    AttributeHandle value_handle{};
    AttributeHandle end_handle{};
    std::uint8_t properties = 0;
    UUID uuid;
    std::vector<RemoteDescriptor> descriptors{};

    /// Its Client Characteristic Configuration descriptor (Vol 3 Part G 3.3.3.3).
    std::optional<AttributeHandle> configuration() const;
};
/// A service that another one includes.
struct RemoteInclude {
    AttributeHandle handle{};  // of the include declaration
    AttributeHandle start_handle{};
    AttributeHandle end_handle{};
    UUID uuid;
};
struct RemoteService {
    AttributeHandle start_handle{};
    AttributeHandle end_handle{};
    UUID uuid;
    bool secondary = false;
    std::vector<RemoteInclude> includes{};
    std::vector<RemoteCharacteristic> characteristics{};
};
using RemoteDatabase = std::vector<RemoteService>;

/// The characteristic with this value handle or UUID. Throws a `Failure` when there is none or, of
/// that UUID, more than one.
const RemoteCharacteristic& find_characteristic(const RemoteDatabase& database,
                                                const AttributeName& name);

/// What a characteristic's value or a descriptor is; nothing for other handles.
std::optional<UUID> type_of(const RemoteDatabase& database, AttributeHandle handle);

}  // namespace bluetooth::tool
