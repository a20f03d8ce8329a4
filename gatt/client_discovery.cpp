// SPDX-License-Identifier: MIT
#include "gatt/client_discovery.hpp"

#include <cstddef>

#include "att/attribute_types.hpp"
#include "att/declarations.hpp"

namespace bluetooth::gatt {
namespace {

using Kind = DiscoveryQuery::Kind;

constexpr std::uint16_t primary_service = 0x2800;  // as Find By Type Value has it

/// A declaration in a Read By Type Response (Vol 3 Part F 3.4.4.2).
template <class Declaration> struct Declared {
    att::Handle handle{};
    Declaration value{};
    BT_FIELDS(Declared, handle, value);
};
using Include = Declared<att::IncludeDeclaration>;
using Characteristic = Declared<att::CharacteristicDeclaration>;

constexpr std::size_t nameless_size = wire_size(Include{});  // of one without a UUID

/// Whether elements of this length can be an `Element` with its UUID.
template <class Element> constexpr bool has_uuid(std::uint8_t length) {
    constexpr std::size_t without_uuid = wire_size(Element{});
    return length == without_uuid + 2 || length == without_uuid + 16;
}

IncludedServiceResult included_service(Bytes element) {
    const auto [handle, value] = decode_fields<Include>(element).value_or(Include{});
    return {handle, value.included_service_attribute_handle, value.end_group_handle,
            to_uuid(value.service_uuid)};
}

}  // namespace

// ---- 4.4.1 Discover All Primary Services

DiscoverAllServices::DiscoverAllServices(ServiceType type, const std::optional<UUID>& uuid)
    : Discovery({type == ServiceType::primary ? Kind::primary_services : Kind::secondary_services,
                 att::first_handle, att::last_handle, uuid}) {}

Buffer DiscoverAllServices::request(ClientContext& ctx, const att::Bearer&) {
    const UUID& type = query_.kind == Kind::primary_services ? att::type::primary_service
                                                             : att::type::secondary_service;
    return encode_request(ctx,
                          att::ReadByGroupTypeRequest{range_.first(), range_.last(), type.bytes()});
}

error_code DiscoverAllServices::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    const auto response = decode<att::ReadByGroupTypeResponse>(pdu);
    if (!response || !has_uuid<att::ServiceElement>(response->length)) return protocol_error();
    const bool valid =
        for_each_element(response->attribute_data_list, response->length, [&](Reader& reader) {
            att::ServiceElement element;
            get(reader, element);
            const att::Handle start = element.attribute_handle;
            const att::Handle end = element.end_group_handle;
            if (end < start || !range_.pass(start)) return false;
            const UUID uuid = to_uuid(element.service_uuid);
            if (!query_.uuid || query_.uuid->same_as(uuid))
                ctx.out.push(ServiceResult{start, end, query_.uuid.value_or(uuid)});
            return end == start || range_.pass(end);
        });
    return valid ? error_code{} : protocol_error();
}

// ---- 4.4.2 Discover Primary Service by Service UUID

DiscoverPrimaryServiceByUuid::DiscoverPrimaryServiceByUuid(const UUID& uuid)
    : Discovery({Kind::primary_services, att::first_handle, att::last_handle, uuid}) {}

Buffer DiscoverPrimaryServiceByUuid::request(ClientContext& ctx, const att::Bearer&) {
    const UUID uuid = att::wire_uuid(*query_.uuid);
    return encode_request(ctx, att::FindByTypeValueRequest{range_.first(), range_.last(),
                                                           primary_service, uuid.bytes()});
}

error_code DiscoverPrimaryServiceByUuid::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    const auto response = decode<att::FindByTypeValueResponse>(pdu);
    if (!response || response->handles_information_list.empty()) return protocol_error();
    for (const auto [start, end] : response->handles_information_list) {
        if (end < start || !range_.pass(start)) return protocol_error();
        ctx.out.push(ServiceResult{start, end, *query_.uuid});
        if (end != start && !range_.pass(end)) return protocol_error();
    }
    return {};
}

// ---- 4.5.1 Find Included Services

FindIncludedServices::FindIncludedServices(att::Handle start, att::Handle end)
    : Discovery({Kind::included_services, start, end, {}}) {}

Buffer FindIncludedServices::request(ClientContext& ctx, const att::Bearer&) {
    if (nameless_) {
        const Bytes front = nameless_.bytes().first(nameless_size);
        return encode_request(ctx, att::ReadRequest{included_service(front).start_handle});
    }
    return encode_request(
        ctx, att::ReadByTypeRequest{range_.first(), range_.last(), att::type::include.bytes()});
}

error_code FindIncludedServices::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    return nameless_ ? on_uuid(ctx, pdu) : on_declarations(ctx, pdu);
}

error_code FindIncludedServices::on_declarations(ClientContext& ctx, Bytes pdu) {
    constexpr std::size_t with_uuid = nameless_size + 2;
    const auto response = decode<att::ReadByTypeResponse>(pdu);
    if (!response || (response->length != nameless_size && response->length != with_uuid))
        return protocol_error();
    const Bytes list = response->attribute_data_list;
    const bool named = response->length == with_uuid;
    const bool valid = for_each_element(list, response->length, [&](Reader& reader) {
        const IncludedServiceResult included = included_service(reader.rest());
        if (included.end_handle < included.start_handle || !range_.pass(included.handle))
            return false;
        if (named) ctx.out.push(included);
        return true;
    });
    if (!valid) return protocol_error();
    if (named) return {};
    nameless_ = ctx.buffers.acquire();
    return nameless_.append(list) ? error_code{} : make_error(errc::no_buffers);
}

error_code FindIncludedServices::on_uuid(ClientContext& ctx, Bytes pdu) {
    const auto response = decode<att::ReadResponse>(pdu);
    // A UUID of 16 bits would have been in the declaration (3.2).
    if (!response || response->attribute_value.size() != 16) return protocol_error();
    IncludedServiceResult included = included_service(nameless_.bytes().first(nameless_size));
    included.uuid = to_uuid(response->attribute_value);
    ctx.out.push(included);
    nameless_.remove_prefix(nameless_size);
    if (nameless_.size() == 0) nameless_.reset();
    return {};
}

error_code FindIncludedServices::on_error(ClientContext& ctx, att::ErrorCode code) {
    return nameless_ ? att::make_error(code) : Discovery::on_error(ctx, code);
}

// ---- 4.6.1 Discover All Characteristics of a Service

DiscoverCharacteristics::DiscoverCharacteristics(att::Handle start, att::Handle end,
                                                 const std::optional<UUID>& uuid)
    : Discovery({Kind::characteristics, start, end, uuid}) {}

Buffer DiscoverCharacteristics::request(ClientContext& ctx, const att::Bearer&) {
    return encode_request(ctx, att::ReadByTypeRequest{range_.first(), range_.last(),
                                                      att::type::characteristic.bytes()});
}

error_code DiscoverCharacteristics::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    const auto response = decode<att::ReadByTypeResponse>(pdu);
    if (!response || !has_uuid<Characteristic>(response->length)) return protocol_error();
    const bool valid =
        for_each_element(response->attribute_data_list, response->length, [&](Reader& reader) {
            Characteristic element;
            get(reader, element);
            const att::Handle value = element.value.characteristic_value_handle;
            if (!range_.pass(element.handle)) return false;
            if (value <= element.handle || value > range_.last()) return false;
            report_found(ctx, static_cast<att::Handle>(att::number(element.handle) - 1));
            const UUID uuid = to_uuid(element.value.characteristic_uuid);
            if (!query_.uuid || query_.uuid->same_as(uuid))
                found_ = CharacteristicResult{
                    {}, value, element.value.characteristic_properties, query_.uuid.value_or(uuid)};
            return true;
        });
    // Behind each declaration is its value: so there is always a handle left to ask about, and the
    // search ends with Attribute Not Found.
    return valid ? error_code{} : protocol_error();
}

error_code DiscoverCharacteristics::on_error(ClientContext& ctx, att::ErrorCode code) {
    const error_code error = Discovery::on_error(ctx, code);
    if (!error) report_found(ctx, range_.last());
    return error;
}

void DiscoverCharacteristics::report_found(ClientContext& ctx, att::Handle end) {
    if (!found_) return;
    found_->end_handle = end;
    ctx.out.push(*found_);
    found_.reset();
}

// ---- 4.7.1 Discover All Characteristic Descriptors

DiscoverDescriptors::DiscoverDescriptors(att::Handle after, att::Handle last)
    : Discovery({Kind::descriptors, after, last, {}}) {
    (void)range_.pass(after);
}

Buffer DiscoverDescriptors::request(ClientContext& ctx, const att::Bearer&) {
    return encode_request(ctx, att::FindInformationRequest{range_.first(), range_.last()});
}

error_code DiscoverDescriptors::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    const bool valid = for_each_information(pdu, [&](att::Handle handle, const UUID& uuid) {
        if (!range_.pass(handle)) return false;
        ctx.out.push(DescriptorResult{handle, uuid});
        return true;
    });
    return valid ? error_code{} : protocol_error();
}

}  // namespace bluetooth::gatt
