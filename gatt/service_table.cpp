// SPDX-License-Identifier: MIT
#include "gatt/service_table.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/wire.hpp"

namespace bluetooth::gatt {

namespace {

namespace flag = att::flag;
using att::Handle;

std::ptrdiff_t count(const CharacteristicDefinition& characteristic, const UUID& descriptor) {
    return std::ranges::count_if(characteristic.descriptors, [&](const DescriptorDefinition& one) {
        return one.uuid.same_as(descriptor);
    });
}

bool declares(const CharacteristicDefinition& characteristic, const UUID& descriptor) {
    return count(characteristic, descriptor) != 0;
}

bool updates_clients(const CharacteristicDefinition& characteristic) {
    return (characteristic.flags & (flag::notify | flag::indicate)) != 0;
}

bool brings_client_configuration(const CharacteristicDefinition& characteristic) {
    return updates_clients(characteristic) &&
           !declares(characteristic, att::type::client_configuration);
}

/// Vol 3 Part G 3.3.3.1, Table 3.8: bit 0 reliable write, bit 1 writable auxiliaries.
std::uint16_t extended_properties(const CharacteristicDefinition& characteristic) {
    return static_cast<std::uint16_t>(
        (characteristic.flags & flag::reliable_write) / flag::reliable_write +
        (characteristic.flags & flag::aux_write) / flag::aux_write * 2);
}

bool brings_extended_properties(const CharacteristicDefinition& characteristic) {
    return extended_properties(characteristic) != 0 &&
           !declares(characteristic, att::type::extended_properties);
}

/// How many handles a service takes.
std::size_t size_of(const ServiceDefinition& service) {
    std::size_t size = 1 + service.includes.size();
    for (const CharacteristicDefinition& characteristic : service.characteristics)
        size += 2 + characteristic.descriptors.size() +
                (brings_client_configuration(characteristic) ? 1 : 0) +
                (brings_extended_properties(characteristic) ? 1 : 0);
    return size;
}

/// Whether all included services are there, and following the includes from a service never leads
/// back to it: then the services can be taken away one by one, each after all that include it.
bool are_includes_valid(std::span<const ServiceDefinition> services) {
    std::vector<std::size_t> includers(services.size());
    for (const ServiceDefinition& service : services)
        for (const std::size_t included : service.includes) {
            if (included >= services.size()) return false;
            ++includers[included];
        }
    std::vector<std::size_t> free;
    for (std::size_t place = 0; place < services.size(); ++place)
        if (includers[place] == 0) free.push_back(place);
    for (std::size_t taken = 0; taken < free.size(); ++taken)
        for (const std::size_t included : services[free[taken]].includes)
            if (--includers[included] == 0) free.push_back(included);
    return free.size() == services.size();
}

template <class Definition> bool is_valid_value(const Definition& definition) {
    const bool key_size_valid = definition.min_key_size == 0 ||
                                (definition.min_key_size >= 7 && definition.min_key_size <= 16);
    return key_size_valid && definition.value.size() <= att::max_value_size;
}

bool is_valid_descriptor(const DescriptorDefinition& descriptor) {
    const bool size_valid = !descriptor.uuid.same_as(att::type::extended_properties) ||
                            descriptor.value.empty() || descriptor.value.size() == 2;
    return size_valid && is_valid_value(descriptor);
}

/// Vol 3 Part G 3.3.3: of some descriptors a characteristic has one at most.
bool is_valid(const CharacteristicDefinition& characteristic) {
    return is_valid_value(characteristic) &&
           count(characteristic, att::type::client_configuration) <= 1 &&
           count(characteristic, att::type::extended_properties) <= 1 &&
           std::ranges::all_of(characteristic.descriptors, is_valid_descriptor);
}

bool are_valid(std::span<const ServiceDefinition> services) {
    return are_includes_valid(services) &&
           std::ranges::all_of(services, [](const ServiceDefinition& service) {
               return std::ranges::all_of(service.characteristics, is_valid);
           });
}

/// Adds a declared descriptor. Those that have a part in the protocol are not the application's.
Handle add(att::Database& database, const CharacteristicDefinition& characteristic,
           const DescriptorDefinition& descriptor) {
    if (descriptor.uuid.same_as(att::type::client_configuration) && updates_clients(characteristic))
        return database.add_client_configuration();
    if (descriptor.uuid.same_as(att::type::extended_properties))
        return database.add_extended_properties(
            descriptor.value.empty() ? Bytes{octets_of(extended_properties(characteristic))}
                                     : Bytes{descriptor.value});
    return database.add_descriptor(descriptor.uuid, descriptor.flags, descriptor.value,
                                   descriptor.min_key_size);
}

/// Adds a characteristic; false when handles ran out.
bool add(att::Database& database, const CharacteristicDefinition& characteristic,
         std::vector<Handle>& handles) {
    std::uint8_t properties = static_cast<std::uint8_t>(characteristic.flags);
    const std::uint16_t extended = extended_properties(characteristic);
    if (extended != 0 || declares(characteristic, att::type::extended_properties))
        properties |= flag::reliable_write;
    handles.push_back(database.add_characteristic(characteristic.uuid, properties,
                                                  characteristic.flags, characteristic.value,
                                                  characteristic.min_key_size));
    if (handles.back() == att::no_handle) return false;
    if (brings_client_configuration(characteristic) &&
        database.add_client_configuration() == att::no_handle)
        return false;
    if (brings_extended_properties(characteristic) &&
        database.add_extended_properties(octets_of(extended)) == att::no_handle)
        return false;
    for (const DescriptorDefinition& descriptor : characteristic.descriptors) {
        handles.push_back(add(database, characteristic, descriptor));
        if (handles.back() == att::no_handle) return false;
    }
    return true;
}

}  // namespace

error_code add_services(att::Database& database, std::span<const ServiceDefinition> services,
                        std::vector<std::vector<Handle>>& handles) {
    if (!are_valid(services)) return make_error(errc::invalid_argument);

    // An include tells where the other service lies, which may stand behind it.
    std::vector<att::HandleRange> ranges;
    std::size_t next = database.next_handle();
    for (const ServiceDefinition& service : services) {
        const std::size_t end = next + size_of(service) - 1;
        if (end > att::number(att::last_handle)) return make_error(errc::too_big);
        ranges.push_back({static_cast<Handle>(next), static_cast<Handle>(end)});
        next = end + 1;
    }

    for (const ServiceDefinition& service : services) {
        std::vector<Handle>& values = handles.emplace_back();
        const bool primary = service.type == ServiceType::primary;
        database.add_service(service.uuid,
                             primary ? att::type::primary_service : att::type::secondary_service);
        for (const std::size_t included : service.includes)
            database.add_include(ranges[included], services[included].uuid);
        for (const CharacteristicDefinition& characteristic : service.characteristics)
            if (!add(database, characteristic, values)) return make_error(errc::too_big);
    }
    return {};
}

}  // namespace bluetooth::gatt
