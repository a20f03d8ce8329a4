// SPDX-License-Identifier: MIT
#include "att/database.hpp"

#include <algorithm>
#include <cassert>
#include <vector>

#include "att/declarations.hpp"

namespace bluetooth::att {

namespace {

/// The form in which types are compared: 16 bits where the UUID has such a form, else 128.
UUID comparable(const UUID& uuid) {
    const UUID shortest = uuid.shortest();
    return shortest.size() == 2 ? shortest : uuid.canonical();
}

template <class Declaration>
std::vector<std::uint8_t> value_of_declaration(const Declaration& declaration) {
    std::vector<std::uint8_t> value(wire_size(declaration));
    encode_fields(declaration, value);
    return value;
}

}  // namespace

bool Attribute::same_definition(const Attribute& other) const {
    // As in the Database Hash (Vol 3 Part G 7.3.1).
    const bool counts = kind == Kind::service || kind == Kind::include ||
                        kind == Kind::characteristic || type == att::type::extended_properties;
    return handle == other.handle && group_end == other.group_end && type == other.type &&
           kind == other.kind && flags == other.flags && (!counts || value == other.value);
}

Attribute* Database::add(const UUID& type, Attribute::Kind kind, std::uint16_t flags, Bytes value) {
    if (next_ > number(last_handle)) return nullptr;
    assert(attributes_.empty() || next_ > number(attributes_.back().handle));
    Attribute& attribute = attributes_.emplace_back();
    attribute.type = wire_uuid(type);
    attribute.kind = kind;
    // Only what the application reads and writes itself concerns it when others do.
    attribute.user =
        user_ && (kind == Attribute::Kind::value || kind == Attribute::Kind::descriptor);
    attribute.flags = flags;
    attribute.handle = attribute.group_end = static_cast<Handle>(next_++);
    attribute.capacity = std::max(Attribute::default_capacity, value.size());
    attribute.value.assign(value.begin(), value.end());
    return &attribute;
}

Handle Database::add_service(const UUID& uuid, const UUID& declaration) {
    const UUID wire = wire_uuid(uuid);
    const Attribute* service = add(declaration, Attribute::Kind::service, flag::read, wire.bytes());
    return service != nullptr ? service->handle : no_handle;
}

Handle Database::add_include(HandleRange service, const UUID& uuid) {
    const IncludeDeclaration declaration{service.start, service.end,
                                         uuid.size() == 2 ? uuid.bytes() : Bytes{}};
    const Attribute* include =
        add(type::include, Attribute::Kind::include, flag::read, value_of_declaration(declaration));
    return include != nullptr ? include->handle : no_handle;
}

Handle Database::add_characteristic(const UUID& uuid, std::uint8_t properties, std::uint16_t flags,
                                    Bytes value, std::uint8_t min_key_size) {
    const UUID wire = wire_uuid(uuid);
    const CharacteristicDeclaration declaration{properties, static_cast<Handle>(next_ + 1),
                                                wire.bytes()};
    if (add(type::characteristic, Attribute::Kind::characteristic, flag::read,
            value_of_declaration(declaration)) == nullptr)
        return no_handle;
    Attribute* added = add(uuid, Attribute::Kind::value, flags, value);
    if (added == nullptr) return no_handle;
    added->min_key_size = min_key_size;
    return added->handle;
}

Handle Database::add_descriptor(const UUID& uuid, std::uint16_t flags, Bytes value,
                                std::uint8_t min_key_size) {
    Attribute* added = add(uuid, Attribute::Kind::descriptor, flags, value);
    if (added == nullptr) return no_handle;
    added->min_key_size = min_key_size;
    return added->handle;
}

Handle Database::add_extended_properties(Bytes value) {
    Attribute* added =
        add(type::extended_properties, Attribute::Kind::descriptor, flag::read, value);
    if (added == nullptr) return no_handle;
    added->user = false;
    return added->handle;
}

Handle Database::add_client_features() {
    constexpr std::uint16_t flags = flag::read | flag::write;
    const Handle handle = add_characteristic(type::client_supported_features, flags, flags);
    if (handle != no_handle) attributes_.back().kind = Attribute::Kind::client_features;
    return handle;
}

Handle Database::add_client_configuration() {
    const auto value = std::ranges::find(attributes_.rbegin(), attributes_.rend(),
                                         Attribute::Kind::value, &Attribute::kind);
    assert(value != attributes_.rend());
    if (configuration_count_ == Attribute::no_configuration) return no_handle;
    value->configuration = static_cast<std::uint16_t>(configuration_count_++);
    // Who may not read the value may not subscribe to it either. Clients write a CCCD with and
    // without response.
    const auto readers =
        (value->flags & (flag::read_encrypted | flag::read_authenticated | flag::read_authorized))
        << 3;
    const auto updates = value->flags & (flag::notify | flag::indicate);
    const auto flags = readers | updates | flag::read | flag::write | flag::write_no_response;
    const std::uint16_t configuration = value->configuration;
    const std::uint8_t min_key_size = value->min_key_size;
    const Handle configured = value->handle;
    Attribute* added = add(type::client_configuration, Attribute::Kind::client_configuration,
                           static_cast<std::uint16_t>(flags), {});
    if (added == nullptr) return no_handle;
    added->configuration = configuration;
    added->min_key_size = min_key_size;
    configuration_handles_.push_back(added->handle);
    configured_values_.push_back(configured);
    return added->handle;
}

void Database::seal() {
    using Kind = Attribute::Kind;
    Attribute* service = nullptr;
    Attribute* characteristic = nullptr;
    for (Attribute& attribute : attributes_) {
        if (attribute.kind == Kind::service) {
            service = &attribute;
            characteristic = nullptr;
        } else if (attribute.kind == Kind::characteristic) {
            characteristic = &attribute;
        }
        if (service != nullptr) service->group_end = attribute.handle;
        if (characteristic != nullptr) characteristic->group_end = attribute.handle;
    }

    struct Entry {
        UUID type;
        std::uint32_t place;
    };
    std::vector<Entry> entries;
    entries.reserve(attributes_.size());
    for (std::uint32_t place = 0; place < attributes_.size(); ++place)
        entries.push_back({comparable(attributes_[place].type), place});
    std::ranges::stable_sort(entries, {}, &Entry::type);
    types_.clear();
    places_by_type_.clear();
    for (const Entry& entry : entries) {
        if (types_.empty() || types_.back().type != entry.type)
            types_.push_back({entry.type, static_cast<std::uint32_t>(places_by_type_.size()), 0});
        ++types_.back().count;
        places_by_type_.push_back(entry.place);
    }
}

const Attribute* Database::search(Handle handle) const {
    const auto found = std::ranges::lower_bound(attributes_, handle, {}, &Attribute::handle);
    return found != attributes_.end() && found->handle == handle ? &*found : nullptr;
}

std::span<const Attribute> Database::in(HandleRange range) const {
    const auto first = std::ranges::lower_bound(attributes_, range.start, {}, &Attribute::handle);
    const auto last =
        std::ranges::upper_bound(first, attributes_.end(), range.end, {}, &Attribute::handle);
    return {first, last};
}

std::span<const std::uint32_t> Database::of_type(const UUID& type, HandleRange range) const {
    const UUID wanted = comparable(type);
    const auto group = std::ranges::lower_bound(types_, wanted, {}, &TypeGroup::type);
    if (group == types_.end() || group->type != wanted) return {};
    const auto places = std::span{places_by_type_}.subspan(group->first, group->count);
    const auto handle_at = [this](std::uint32_t place) { return attributes_[place].handle; };
    const auto first = std::ranges::lower_bound(places, range.start, {}, handle_at);
    const auto last = std::ranges::upper_bound(first, places.end(), range.end, {}, handle_at);
    return {first, last};
}

std::size_t Database::configurations_below(Handle end) const {
    const auto first_not_below = std::ranges::lower_bound(configuration_handles_, end);
    return static_cast<std::size_t>(first_not_below - configuration_handles_.begin());
}

std::optional<HandleRange> Database::difference(const Database& other) const {
    const auto same = [](const Attribute& a, const Attribute& b) { return a.same_definition(b); };
    const auto [ours, theirs] = std::ranges::mismatch(attributes_, other.attributes_, same);
    const bool ours_ended = ours == attributes_.end();
    const bool theirs_ended = theirs == other.attributes_.end();
    if (ours_ended && theirs_ended) return std::nullopt;
    const Handle start = ours_ended     ? theirs->handle
                         : theirs_ended ? ours->handle
                                        : std::min(ours->handle, theirs->handle);
    Handle end = start;
    for (const auto* attributes : {&attributes_, &other.attributes_})
        if (!attributes->empty()) end = std::max(end, attributes->back().handle);
    return HandleRange{start, end};
}

}  // namespace bluetooth::att
