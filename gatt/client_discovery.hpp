// SPDX-License-Identifier: MIT
//
// The client's discovery procedures (Vol 3 Part G 4.4 to 4.7). What their functions are for is told
// in client_procedures.hpp; `query` is what the discovery cache remembers an answer by.
#pragma once

#include <optional>

#include "gatt/cache.hpp"
#include "gatt/client_transaction.hpp"
#include "gatt/service_definition.hpp"

namespace bluetooth::gatt {

/// A search of a range of handles for what the query says.
template <class Done> class Discovery {
public:
    explicit Discovery(const DiscoveryQuery& query)
        : query_(query), range_(query.start, query.end) {}
    const DiscoveryQuery& query() const { return query_; }
    bool complete() const { return range_.empty(); }
    bool concerns(att::Handle handle) const { return range_.contains(handle); }
    error_code on_error(ClientContext&, att::ErrorCode code) { return end_of_search(range_, code); }
    void end(ClientContext& ctx, error_code error) const { ctx.out.push(Done{error}); }

protected:
    DiscoveryQuery query_;
    SearchRange range_;  // what is left
};

/// For secondary services the same as for primary ones, with their group type. Those with one UUID
/// only can be found for primary ones in a shorter way (4.4.2): here they are picked out.
class DiscoverAllServices : public Discovery<ServiceDone> {  // 4.4.1
public:
    explicit DiscoverAllServices(ServiceType type = ServiceType::primary,
                                 const std::optional<UUID>& uuid = {});
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
};

class DiscoverPrimaryServiceByUuid : public Discovery<ServiceDone> {  // 4.4.2
public:
    explicit DiscoverPrimaryServiceByUuid(const UUID& uuid);
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
};

/// A service of a 128-bit UUID is included without it, which has to be read from the service's own
/// declaration. Nothing else of included services is looked at: a service that includes itself, by
/// way of others or not, is just a result.
class FindIncludedServices : public Discovery<IncludedServiceDone> {  // 4.5.1
public:
    FindIncludedServices(att::Handle start, att::Handle end);
    bool complete() const { return Discovery::complete() && !nameless_; }
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);

private:
    error_code on_declarations(ClientContext& ctx, Bytes pdu);
    error_code on_uuid(ClientContext& ctx, Bytes pdu);

    Buffer nameless_;  // declarations whose UUIDs are being read, the front one by a request
};

/// Also by UUID (4.6.2): all declarations are read, as only the next one tells where a
/// characteristic ends.
class DiscoverCharacteristics : public Discovery<CharacteristicDone> {  // 4.6.1
public:
    DiscoverCharacteristics(att::Handle start, att::Handle end, const std::optional<UUID>& uuid);
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
    error_code on_error(ClientContext& ctx, att::ErrorCode code);

private:
    void report_found(ClientContext& ctx, att::Handle end);

    std::optional<CharacteristicResult> found_;  // the last one, until its end is known
};

class DiscoverDescriptors : public Discovery<DescriptorDone> {  // 4.7.1
public:
    /// Everything behind `after` up to `last`.
    DiscoverDescriptors(att::Handle after, att::Handle last);
    Buffer request(ClientContext& ctx, const att::Bearer& bearer);
    error_code on_response(ClientContext& ctx, att::Bearer& bearer, Bytes pdu);
};

}  // namespace bluetooth::gatt
