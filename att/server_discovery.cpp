// SPDX-License-Identifier: MIT
//
// Requests over a range of handles (Vol 3 Part F 3.4.3, 3.4.4.1, 3.4.4.9). All end after the first
// response that is full; the client asks again from behind the last handle it got.
#include "att/server_run.hpp"

namespace bluetooth::att {

namespace {

bool valid(HandleRange range) { return range.start != no_handle && range.start <= range.end; }

/// An attribute type in a request: 16 or 128 bits.
std::optional<UUID> requested_type(Bytes octets) {
    return octets.size() == 4 ? std::nullopt : UUID::from_bytes(octets);
}

}  // namespace

Server::Outcome Server::find_information(Run& run) {
    const auto request = run.decoded<FindInformationRequest>();
    if (!request) return refuse(run, no_handle, ErrorCode::invalid_pdu);
    const HandleRange range{request->starting_handle, request->ending_handle};
    if (!valid(range)) return refuse(run, range.start, ErrorCode::invalid_handle);
    const std::span<const Attribute> found = database_.in(range);
    if (found.empty()) return refuse(run, range.start, ErrorCode::attribute_not_found);

    const std::size_t size = found.front().type.size();
    run.response.append(FindInformationResponse::code);
    run.response.append(static_cast<std::uint8_t>(size == 2 ? InformationFormat::uuid16
                                                            : InformationFormat::uuid128));
    for (const Attribute& attribute : found) {
        if (attribute.type.size() != size || run.response.left() < 2 + size) break;
        run.response.append(attribute.handle);
        run.response.append(attribute.type.bytes());
    }
    return Outcome::respond;
}

Server::Outcome Server::find_by_type_value(Run& run) {
    const auto request = run.decoded<FindByTypeValueRequest>();
    if (!request) return refuse(run, no_handle, ErrorCode::invalid_pdu);
    const HandleRange range{request->starting_handle, request->ending_handle};
    if (!valid(range)) return refuse(run, range.start, ErrorCode::invalid_handle);

    run.response.append(FindByTypeValueResponse::code);
    for (const std::uint32_t place : database_.of_type(UUID{request->attribute_type}, range)) {
        const Attribute& attribute = database_[place];
        if (run.response.left() < 4) break;
        // What may not be read is not found either: the comparison would tell the value.
        if (unreadable(run.session, attribute, false)) continue;
        if (value_of(run.session.client_, attribute) != request->attribute_value) continue;
        run.response.append(attribute.handle);
        run.response.append(attribute.group_end);
    }
    if (run.response.size() == 1) return refuse(run, range.start, ErrorCode::attribute_not_found);
    return Outcome::respond;
}

Server::Outcome Server::read_by_type(Run& run) {
    static constexpr std::size_t max_element_value = 253;  // the length octet counts two more
    const auto request = run.decoded<ReadByTypeRequest>();
    const auto type = request ? requested_type(request->attribute_type) : std::nullopt;
    if (!type) return refuse(run, no_handle, ErrorCode::invalid_pdu);
    const HandleRange range{request->starting_handle, request->ending_handle};
    if (!valid(range)) return refuse(run, range.start, ErrorCode::invalid_handle);

    std::size_t first_size = 0;
    bool any = false;
    run.response.append(ReadByTypeResponse::code);
    for (const std::uint32_t place : database_.of_type(*type, range)) {
        const Attribute& attribute = database_[place];
        // Only the first match reports an error; later ones end the list before them (3.4.4.1).
        const auto error = unreadable(run.session, attribute, read_events_);
        if (error && any) break;
        if (error) return refuse(run, attribute.handle, *error);
        const Bytes value = value_of(run.session.client_, attribute);
        // All elements have one length, which those cut to their octet's range have no more.
        if (any && (value.size() != first_size || first_size > max_element_value ||
                    run.response.left() < 2 + value.size()))
            break;
        const Verdict verdict = ask(run, attribute);
        if (verdict == Verdict::pending) return Outcome::await_reads;
        if (verdict == Verdict::refused && any) break;
        if (verdict == Verdict::refused)
            return refuse(run, attribute.handle, *run.session.refusal_);
        std::size_t size = value.size();
        if (!any) {
            any = true;
            first_size = value.size();
            size = std::min({size, run.response.left() - 3, max_element_value});
            run.response.append(static_cast<std::uint8_t>(2 + size));
        }
        run.response.append(attribute.handle);
        run.response.append(Bytes{value.first(size)});
    }
    if (!any) return refuse(run, range.start, ErrorCode::attribute_not_found);
    if (type->same_as(type::database_hash)) on_hash_told(run.session.client_);
    return Outcome::respond;
}

Server::Outcome Server::read_by_group_type(Run& run) {
    const auto request = run.decoded<ReadByGroupTypeRequest>();
    const auto type = request ? requested_type(request->attribute_group_type) : std::nullopt;
    if (!type) return refuse(run, no_handle, ErrorCode::invalid_pdu);
    const HandleRange range{request->starting_handle, request->ending_handle};
    if (!valid(range)) return refuse(run, range.start, ErrorCode::invalid_handle);
    // Vol 3 Part G 2.5.3: only services may be listed as groups.
    if (!type->same_as(type::primary_service) && !type->same_as(type::secondary_service))
        return refuse(run, range.start, ErrorCode::unsupported_group_type);

    const std::span<const std::uint32_t> places = database_.of_type(*type, range);
    if (places.empty()) return refuse(run, range.start, ErrorCode::attribute_not_found);
    const std::size_t size = database_[places.front()].value.size();
    run.response.append(ReadByGroupTypeResponse::code);
    run.response.append(static_cast<std::uint8_t>(4 + size));
    for (const std::uint32_t place : places) {
        const Attribute& service = database_[place];
        if (service.value.size() != size || run.response.left() < 4 + size) break;
        run.response.append(service.handle);
        run.response.append(service.group_end);
        run.response.append(Bytes{service.value});
    }
    return Outcome::respond;
}

}  // namespace bluetooth::att
