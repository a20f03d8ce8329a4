// SPDX-License-Identifier: MIT
//
// The client's discovery procedures (Vol 3 Part G 4.4 to 4.7). What their functions are for is told
// in client_procedures.hpp; `query` is what the discovery cache remembers an answer by, and is
// called before the first request.
#pragma once

#include <optional>

#include "gatt/cache.hpp"
#include "gatt/client_transaction.hpp"
#include "gatt/service_definition.hpp"

namespace bluetooth::gatt {

/// For secondary services the same as for primary ones, with their group type. Those with one UUID
/// only can be found for primary ones in a shorter way (4.4.2): here they are picked out.
class DiscoverAllServices {  // 4.4.1
public:
    DiscoverAllServices() = default;
    DiscoverAllServices(ServiceType type, const std::optional<UUID>& uuid)
        : type_(type), uuid_(uuid) {}
    DiscoveryQuery query() const;
    bool complete() const { return range_.empty(); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    ServiceType type_ = ServiceType::primary;
    std::optional<UUID> uuid_;
    SearchRange range_{att::first_handle, att::last_handle};
};

class DiscoverPrimaryServiceByUuid {  // 4.4.2
public:
    explicit DiscoverPrimaryServiceByUuid(const UUID& uuid) : uuid_(uuid) {}
    DiscoveryQuery query() const;
    bool complete() const { return range_.empty(); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    UUID uuid_;
    SearchRange range_{att::first_handle, att::last_handle};
};

/// A service of a 128-bit UUID is included without it, which has to be read from the service's own
/// declaration. Nothing else of included services is looked at: a service that includes itself, by
/// way of others or not, is just a result.
class FindIncludedServices {  // 4.5.1
public:
    FindIncludedServices(att::Handle start, att::Handle end) : range_(start, end) {}
    DiscoveryQuery query() const;
    bool complete() const { return range_.empty() && !nameless_; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    error_code on_declarations(ClientContext& ctx, Bytes pdu);
    error_code on_uuid(ClientContext& ctx, Bytes pdu);

    SearchRange range_;
    Buffer nameless_;  // declarations whose UUIDs are being read, the front one by a request
};

/// Also by UUID (4.6.2): all declarations are read, as only the next one tells where a
/// characteristic ends.
class DiscoverCharacteristics {  // 4.6.1
public:
    DiscoverCharacteristics(att::Handle start, att::Handle end, const std::optional<UUID>& uuid)
        : uuid_(uuid), range_(start, end) {}
    DiscoveryQuery query() const;
    bool complete() const { return range_.empty(); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    void report_found(ClientContext& ctx, att::Handle end);

    std::optional<UUID> uuid_;
    SearchRange range_;
    std::optional<CharacteristicResult> found_;  // the last one, until its end is known
};

class DiscoverDescriptors {  // 4.7.1
public:
    /// Everything behind `after` up to `last`.
    DiscoverDescriptors(att::Handle after, att::Handle last) : range_(after, last) {
        (void)range_.pass(after);
    }
    DiscoveryQuery query() const;
    bool complete() const { return range_.empty(); }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);
    void end(ClientContext& ctx, error_code error) const;

private:
    SearchRange range_;
};

}  // namespace bluetooth::gatt
