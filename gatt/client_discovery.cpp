// SPDX-License-Identifier: MIT
#include <cstddef>

#include "gatt/client_procedures.hpp"

namespace bluetooth::gatt {
namespace {

// Vol 3 Part G 3.4, Table 3.15
constexpr std::uint16_t primary_service_type = 0x2800;
constexpr UUID primary_service{primary_service_type};
constexpr UUID characteristic{0x2803};

// The elements of discovery responses. A UUID of 16 or 128 bits ends each of them.
struct Service {  // Vol 3 Part G 4.4.1
    att::Handle start{};
    att::Handle end{};
    BT_FIELDS(Service, start, end);
};
struct CharacteristicDeclaration {  // 3.3.1, behind the handle of the declaration
    att::Handle declaration{};
    std::uint8_t properties{};
    att::Handle value{};
    BT_FIELDS(CharacteristicDeclaration, declaration, properties, value);
};

/// Whether elements of this length can be an `Element` and its UUID.
template <class Element> constexpr bool has_uuid(std::uint8_t length) {
    return length == fixed_size<Element>() + 2 || length == fixed_size<Element>() + 16;
}

error_code protocol_error() { return make_error(errc::protocol_error); }

/// The rest of `reader` as a UUID: 2 or 16 octets, by the caller's check of the element's size.
UUID read_uuid(const Reader& reader) { return UUID::from_bytes(reader.rest()).value_or(UUID{}); }

/// Calls `visit(Reader&)` for each of the elements of `size` octets that make up `list`, until one
/// returns false. False also when there is no element or the last one is cut off (attack: entries
/// of length 0 made clients loop).
template <class Visitor> bool for_each_element(Bytes list, std::size_t size, Visitor&& visit) {
    if (list.empty() || list.size() % size != 0) return false;
    for (; !list.empty(); list = list.subspan(size)) {
        Reader element{list.first(size)};
        if (!visit(element)) return false;
    }
    return true;
}

/// A search ends with Attribute Not Found (e.g. Vol 3 Part G 4.4.1); anything else is a failure.
error_code end_of_search(SearchRange& range, att::ErrorCode code) {
    range.clear();
    return code == att::ErrorCode::attribute_not_found ? error_code{} : att::make_error(code);
}

}  // namespace

// ---- 4.4.1 Discover All Primary Services

Buffer DiscoverAllPrimaryServices::request(ClientContext& ctx, const att::Bearer&) {
    return encode_request(
        ctx, att::ReadByGroupTypeRequest{range_.first(), range_.last(), primary_service.bytes()});
}

error_code DiscoverAllPrimaryServices::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    const auto response = decode<att::ReadByGroupTypeResponse>(pdu);
    if (!response || !has_uuid<Service>(response->length)) return protocol_error();
    const bool valid =
        for_each_element(response->attribute_data_list, response->length, [&](Reader& reader) {
            Service element;
            get(reader, element);
            if (element.end < element.start || !range_.pass(element.start)) return false;
            ctx.out.push(ServiceResult{element.start, element.end, read_uuid(reader)});
            return element.end == element.start || range_.pass(element.end);
        });
    return valid ? error_code{} : protocol_error();
}

error_code DiscoverAllPrimaryServices::on_error(ClientContext&, att::ErrorCode code) {
    return end_of_search(range_, code);
}

void DiscoverAllPrimaryServices::end(ClientContext& ctx, error_code error) const {
    ctx.out.push(ServiceDone{error});
}

// ---- 4.4.2 Discover Primary Service by Service UUID

Buffer DiscoverPrimaryServiceByUuid::request(ClientContext& ctx, const att::Bearer&) {
    const UUID uuid = att::wire_uuid(uuid_);
    return encode_request(ctx, att::FindByTypeValueRequest{range_.first(), range_.last(),
                                                           primary_service_type, uuid.bytes()});
}

error_code DiscoverPrimaryServiceByUuid::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    const auto response = decode<att::FindByTypeValueResponse>(pdu);
    if (!response || response->handles_information_list.empty()) return protocol_error();
    for (const auto [start, end] : response->handles_information_list) {
        if (end < start || !range_.pass(start)) return protocol_error();
        ctx.out.push(ServiceResult{start, end, uuid_});
        if (end != start && !range_.pass(end)) return protocol_error();
    }
    return {};
}

error_code DiscoverPrimaryServiceByUuid::on_error(ClientContext&, att::ErrorCode code) {
    return end_of_search(range_, code);
}

void DiscoverPrimaryServiceByUuid::end(ClientContext& ctx, error_code error) const {
    ctx.out.push(ServiceDone{error});
}

// ---- 4.6.1 Discover All Characteristics of a Service

Buffer DiscoverCharacteristics::request(ClientContext& ctx, const att::Bearer&) {
    return encode_request(
        ctx, att::ReadByTypeRequest{range_.first(), range_.last(), characteristic.bytes()});
}

error_code DiscoverCharacteristics::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    const auto response = decode<att::ReadByTypeResponse>(pdu);
    if (!response || !has_uuid<CharacteristicDeclaration>(response->length))
        return protocol_error();
    const bool valid =
        for_each_element(response->attribute_data_list, response->length, [&](Reader& reader) {
            CharacteristicDeclaration element;
            get(reader, element);
            if (!range_.pass(element.declaration)) return false;
            if (element.value <= element.declaration || element.value > range_.last()) return false;
            report_found(ctx, static_cast<att::Handle>(att::number(element.declaration) - 1));
            const UUID uuid = read_uuid(reader);
            if (!uuid_ || uuid_->same_as(uuid))
                found_ = CharacteristicResult{
                    {}, element.value, element.properties, uuid_.value_or(uuid)};
            return true;
        });
    // Behind each declaration is its value: so there is always a handle left to ask about, and the
    // search ends with Attribute Not Found.
    return valid ? error_code{} : protocol_error();
}

error_code DiscoverCharacteristics::on_error(ClientContext& ctx, att::ErrorCode code) {
    const error_code error = end_of_search(range_, code);
    if (!error) report_found(ctx, range_.last());
    return error;
}

void DiscoverCharacteristics::report_found(ClientContext& ctx, att::Handle end) {
    if (!found_) return;
    found_->end_handle = end;
    ctx.out.push(*found_);
    found_.reset();
}

void DiscoverCharacteristics::end(ClientContext& ctx, error_code error) const {
    ctx.out.push(CharacteristicDone{error});
}

// ---- 4.7.1 Discover All Characteristic Descriptors

Buffer DiscoverDescriptors::request(ClientContext& ctx, const att::Bearer&) {
    return encode_request(ctx, att::FindInformationRequest{range_.first(), range_.last()});
}

error_code DiscoverDescriptors::on_response(ClientContext& ctx, att::Bearer&, Bytes pdu) {
    const auto response = decode<att::FindInformationResponse>(pdu);
    if (!response) return protocol_error();
    std::size_t uuid_size = 0;
    switch (response->format) {
    case att::InformationFormat::uuid16: uuid_size = 2; break;
    case att::InformationFormat::uuid128: uuid_size = 16; break;
    default: return protocol_error();
    }
    const bool valid = for_each_element(
        response->information_data, sizeof(att::Handle) + uuid_size, [&](Reader& reader) {
            att::Handle handle{};
            get(reader, handle);
            if (!range_.pass(handle)) return false;
            ctx.out.push(DescriptorResult{handle, read_uuid(reader)});
            return true;
        });
    return valid ? error_code{} : protocol_error();
}

error_code DiscoverDescriptors::on_error(ClientContext&, att::ErrorCode code) {
    return end_of_search(range_, code);
}

void DiscoverDescriptors::end(ClientContext& ctx, error_code error) const {
    ctx.out.push(DescriptorDone{error});
}

}  // namespace bluetooth::gatt
