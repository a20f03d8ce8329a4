// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "att/attribute_types.hpp"
#include "att/pdus.hpp"
#include "base/bytes.hpp"
#include "base/uuid.hpp"

namespace bluetooth::att {

/// What a peer may do with an attribute, in the bits of MicroPython's flags. The low octet is the
/// Characteristic Properties field (Vol 3 Part G 3.3.1.1).
namespace flag {
inline constexpr std::uint16_t broadcast = 0x0001;
inline constexpr std::uint16_t read = 0x0002;
inline constexpr std::uint16_t write_no_response = 0x0004;
inline constexpr std::uint16_t write = 0x0008;
inline constexpr std::uint16_t notify = 0x0010;
inline constexpr std::uint16_t indicate = 0x0020;
inline constexpr std::uint16_t authenticated_signed_write = 0x0040;
inline constexpr std::uint16_t reliable_write = 0x0080;  ///< as property: extended properties
inline constexpr std::uint16_t aux_write = 0x0100;
inline constexpr std::uint16_t read_encrypted = 0x0200;
inline constexpr std::uint16_t read_authenticated = 0x0400;
inline constexpr std::uint16_t read_authorized = 0x0800;
inline constexpr std::uint16_t write_encrypted = 0x1000;
inline constexpr std::uint16_t write_authenticated = 0x2000;
inline constexpr std::uint16_t write_authorized = 0x4000;
}  // namespace flag

struct HandleRange {
    Handle start = no_handle;
    Handle end = no_handle;
    BT_FIELDS(HandleRange, start, end);
};

struct Attribute {
    enum class Kind : std::uint8_t {
        service,
        include,
        characteristic,  ///< the declaration
        value,           ///< of a characteristic
        descriptor,      ///< any but the next
        // of_each_client:
        client_configuration,
        client_features,
    };
    static constexpr std::size_t default_capacity = 20;
    static constexpr std::uint16_t no_configuration = 0xffff;

    UUID type;  ///< 16 or 128 bits, as on the wire
    Kind kind{};
    /// A value or descriptor of the application, which hears of reads and writes.
    bool user = false;
    bool append = false;  ///< remote writes add to the value
    Handle handle = no_handle;
    Handle group_end = no_handle;  ///< of a service or characteristic; else the handle itself
    std::uint16_t flags = 0;
    std::uint8_t min_key_size = 0;  ///< where flags ask for encryption; 0: the server's minimum
    /// Of a value: the number of its CCCD. Of a CCCD: its own. They count from 0 by handle.
    std::uint16_t configuration = no_configuration;
    std::size_t capacity = default_capacity;  ///< for remote writes; what exceeds it is dropped
    std::vector<std::uint8_t> value;

    /// Whether each client has a value of its own here.
    bool of_each_client() const { return kind >= Kind::client_configuration; }
    /// Whether a client that knows `other` needs not rediscover this attribute.
    bool same_definition(const Attribute& other) const;
};

/// The attributes of a server in handle order. It is filled by the `add_` functions in the order of
/// the handles, sealed, and from then on keeps its shape; only values change.
class Database {
public:
    // ---- filling; each returns the new handle, or no_handle when handles or CCCDs ran out

    /// The next attribute gets this handle, which must be above all in use.
    void continue_at(Handle handle) { next_ = number(handle); }
    /// The number of the next handle; 0x10000 when all are used up.
    std::uint32_t next_handle() const { return next_; }
    Handle add_service(const UUID& uuid, const UUID& declaration = type::primary_service);
    Handle add_include(HandleRange service, const UUID& uuid);
    /// Adds the declaration, which shows `properties`, and the value. Returns the value's handle.
    Handle add_characteristic(const UUID& uuid, std::uint8_t properties, std::uint16_t flags,
                              Bytes value = {}, std::uint8_t min_key_size = 0);
    Handle add_descriptor(const UUID& uuid, std::uint16_t flags, Bytes value = {},
                          std::uint8_t min_key_size = 0);
    /// A CCCD that belongs to the characteristic value added last.
    Handle add_client_configuration();
    /// The Characteristic Extended Properties, which belong to the table: the application neither
    /// writes them nor hears of reads.
    Handle add_extended_properties(Bytes value);
    /// The Client Supported Features characteristic, whose value every client has for itself.
    Handle add_client_features();
    /// What is added from now on belongs to the application, or not.
    void user_attributes(bool user) { user_ = user; }
    /// Computes the ends of the groups and the index by type.
    void seal();

    // ---- looking up

    const Attribute* find(Handle handle) const {
        // Handles are nearly always consecutive: then the place is the distance from the first.
        if (attributes_.empty()) return nullptr;
        const std::size_t place = std::size_t{number(handle)} - number(attributes_.front().handle);
        if (place < attributes_.size() && attributes_[place].handle == handle)
            return &attributes_[place];
        return search(handle);
    }
    Attribute* find(Handle handle) {
        return const_cast<Attribute*>(static_cast<const Database&>(*this).find(handle));
    }
    const Attribute& operator[](std::size_t place) const { return attributes_[place]; }

    /// The attributes in this range of handles.
    std::span<const Attribute> in(HandleRange range) const;
    /// The places of the attributes of this type, in handle order, within the range. 16-bit UUIDs
    /// match their 128-bit forms (Vol 3 Part F 3.2.1).
    std::span<const std::uint32_t> of_type(const UUID& type, HandleRange range) const;

    std::size_t size() const { return attributes_.size(); }
    std::size_t configuration_count() const { return configuration_count_; }
    /// The number of CCCDs whose handles are below `end`.
    std::size_t configurations_below(Handle end) const;
    /// The handle of the CCCD with this number.
    Handle configuration_handle(std::size_t configuration) const {
        return configuration_handles_[configuration];
    }
    /// The handle of the value that it configures.
    Handle configured_value(std::size_t configuration) const {
        return configured_values_[configuration];
    }

    /// From the first to the last handle whose definition differs from `other`'s; nothing when the
    /// tables are the same to a client.
    std::optional<HandleRange> difference(const Database& other) const;

private:
    struct TypeGroup {
        UUID type;
        std::uint32_t first;  ///< in places_by_type_
        std::uint32_t count;
    };
    Attribute* add(const UUID& type, Attribute::Kind kind, std::uint16_t flags, Bytes value);
    const Attribute* search(Handle handle) const;

    std::vector<Attribute> attributes_;
    std::vector<TypeGroup> types_;  // sorted by type
    std::vector<std::uint32_t> places_by_type_;
    std::vector<Handle> configuration_handles_;  // both by number
    std::vector<Handle> configured_values_;
    std::size_t configuration_count_ = 0;
    std::uint32_t next_ = 1;
    bool user_ = false;
};

}  // namespace bluetooth::att
