// SPDX-License-Identifier: MIT
#include "tools/asioble/remote_database.hpp"

#include <algorithm>

#include "tools/asioble/program.hpp"

namespace bluetooth::tool {

std::optional<AttributeHandle> RemoteCharacteristic::configuration() const {
    const auto found = std::ranges::find(descriptors, UUID{0x2902},
                                         [](const auto& d) { return d.uuid.shortest(); });
    if (found == descriptors.end()) return std::nullopt;
    return found->handle;
}

const RemoteCharacteristic& find_characteristic(const RemoteDatabase& database,
                                                const AttributeName& name) {
    const UUID* const uuid = std::get_if<UUID>(&name);
    const RemoteCharacteristic* found = nullptr;
    for (const RemoteService& service : database) {
        for (const RemoteCharacteristic& candidate : service.characteristics) {
            const bool matches = uuid != nullptr ? uuid->same_as(candidate.uuid)
                                                 : AttributeName{candidate.value_handle} == name;
            if (!matches) continue;
            if (found != nullptr)
                throw Failure{to_text(candidate.uuid) + " is there more than once, at " +
                              to_text(found->value_handle) + " and " +
                              to_text(candidate.value_handle) + ": say the handle"};
            found = &candidate;
        }
    }
    if (found != nullptr) return *found;
    const auto text = std::visit([](const auto& what) { return to_text(what); }, name);
    throw Failure{"the peer has no characteristic " + text + "; `asioble gatt` lists what it has"};
}

std::optional<UUID> type_of(const RemoteDatabase& database, AttributeHandle handle) {
    for (const RemoteService& service : database)
        for (const RemoteCharacteristic& characteristic : service.characteristics) {
            if (characteristic.value_handle == handle) return characteristic.uuid;
            for (const RemoteDescriptor& descriptor : characteristic.descriptors)
                if (descriptor.handle == handle) return descriptor.uuid;
        }
    return std::nullopt;
}

}  // namespace bluetooth::tool
