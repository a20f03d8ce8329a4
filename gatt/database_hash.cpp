// SPDX-License-Identifier: MIT
#include "gatt/database_hash.hpp"

#include <algorithm>
#include <array>

#include "base/wire.hpp"

namespace bluetooth::gatt {

namespace {

/// How an attribute counts (Vol 3 Part G 7.3.1): declarations with their values, the descriptors
/// that the specification defines without, and values of characteristics not at all.
enum class Part { none, handle_and_type, all };

Part part_of(const att::Attribute& attribute) {
    using Kind = att::Attribute::Kind;
    switch (attribute.kind) {
    case Kind::service:
    case Kind::include:
    case Kind::characteristic: return Part::all;
    case Kind::client_configuration: return Part::handle_and_type;
    case Kind::descriptor: break;
    case Kind::value:
    case Kind::client_features: return Part::none;
    }
    if (attribute.type == att::type::extended_properties) return Part::all;
    constexpr std::array defined{att::type::user_description, att::type::client_configuration,
                                 att::type::server_configuration, att::type::presentation_format,
                                 att::type::aggregate_format};
    return std::ranges::find(defined, attribute.type) != defined.end() ? Part::handle_and_type
                                                                       : Part::none;
}

}  // namespace

crypto::Block database_hash(const att::Database& database) {
    crypto::AesCmac hash{crypto::Key{}};  // the key is zero
    for (const att::Attribute& attribute : database.in({att::first_handle, att::last_handle})) {
        const Part part = part_of(attribute);
        if (part == Part::none) continue;
        hash.update(Bytes{octets_of(att::number(attribute.handle))});
        hash.update(attribute.type.bytes());
        if (part == Part::all) hash.update(attribute.value);
    }
    return hash.finish();
}

}  // namespace bluetooth::gatt
