// SPDX-License-Identifier: MIT
#include "virtual_controller/initiator.hpp"

#include <bit>
#include <utility>

#include "base/connection_parameters.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::InitiatorFilterPolicy;
using hci::Status;

namespace {

constexpr Status invalid = Status::invalid_hci_command_parameters;

bool is_valid_wish(const hci::PhyInitiatingParameters& wanted) {
    return is_valid({wanted.connection_interval_min, wanted.connection_interval_max,
                     wanted.max_latency, wanted.supervision_timeout}) &&
           wanted.min_ce_length <= wanted.max_ce_length;
}

}  // namespace

void Initiator::reset() {
    stop();
    cancelled_ = false;
}

void Initiator::stop() {
    active_ = false;
    controller_.update_listening();
}

std::optional<Initiator::Wish> Initiator::hear(Controller& advertiser,
                                               const AdvertisingSet& set) const {
    if (!active_ || !set.is_connectable()) return std::nullopt;
    const bool coded = set.parameters.primary_phy == hci::Phy::le_coded;
    if (!set.is_legacy() && !extended_) return std::nullopt;
    const OnPhy& primary = coded ? on_coded_ : on_1m_;
    if (!primary.enabled || !primary.hears.hears(set.event_start, set.channels))
        return std::nullopt;
    // Extended sets are connected to on the PHY of their AUX_ADV_IND.
    const hci::Phy phy = set.is_legacy() ? hci::Phy::le_1m : set.parameters.secondary_phy;
    if (!controller_.profile().has_phy(phy) ||
        !controller_.air().in_reach(advertiser, controller_, phy))
        return std::nullopt;
    Addresses& addresses = controller_.addresses();
    const Addresses::Identity identity = addresses.identify(set.own);
    const bool wanted = policy_ == InitiatorFilterPolicy::accept_list
                            ? addresses.accepts(identity.listed)
                            : identity.listed == peer_ || set.own == peer_;
    if (!wanted || !identity.acceptable || !controller_.links().have_room() ||
        controller_.links().is_connected_to(identity.listed))
        return std::nullopt;
    if (set.target && !addresses.own_identity(*set.target, own_address_type_)) return std::nullopt;
    const auto own = addresses.own(own_address_type_, identity.listed);
    Links& peer_links = advertiser.links();
    if (!own || !advertiser.advertiser().answers_connect(set, *own) || !peer_links.have_room() ||
        peer_links.is_connected_to(advertiser.addresses().identify(*own).listed) ||
        !controller_.air().receive(advertiser, controller_, set.parameters.tx_power,
                                   set.parameters.primary_phy))
        return std::nullopt;
    const OnPhy* element = &primary;
    if (phy == hci::Phy::le_2m && on_2m_.enabled) element = &on_2m_;
    if (phy == hci::Phy::le_coded && on_coded_.enabled) element = &on_coded_;
    if (phy == hci::Phy::le_1m && on_1m_.enabled) element = &on_1m_;
    return Wish{*own, phy, element->parameters};
}

/// What the two commands have in common.
Status Initiator::start(InitiatorFilterPolicy policy, const Device& peer,
                        hci::OwnAddressType own_address_type) {
    if (policy > InitiatorFilterPolicy::accept_list ||
        !controller_.addresses().knows(own_address_type))
        return invalid;
    if (policy == InitiatorFilterPolicy::peer_address) {
        if (peer.type > AddressType::random_device) return invalid;
        if (controller_.links().is_connected_to(peer)) return Status::connection_already_exists;
    }
    if (!controller_.addresses().own(own_address_type, peer)) return invalid;
    if (!controller_.links().have_room()) return Status::connection_limit_exceeded;
    active_ = true;
    policy_ = policy;
    peer_ = peer;
    own_address_type_ = own_address_type;
    controller_.update_listening();
    return Status::success;
}

Initiator::OnPhy Initiator::on_phy(const hci::PhyInitiatingParameters& wanted) const {
    return {true,
            {controller_.air().now(), wanted.scan_interval, wanted.scan_window},
            {wanted.connection_interval_max, wanted.max_latency, wanted.supervision_timeout}};
}

Status Initiator::run(const hci::LeCreateConnection& command) {  // Vol 4 Part E 7.8.12
    if (active_) return Status::command_disallowed;
    const hci::PhyInitiatingParameters wanted{
        command.le_scan_interval,        command.le_scan_window, command.connection_interval_min,
        command.connection_interval_max, command.max_latency,    command.supervision_timeout,
        command.min_ce_length,           command.max_ce_length};
    if (!is_valid_scan(wanted.scan_interval, wanted.scan_window, longest_legacy_scan) ||
        !is_valid_wish(wanted))
        return invalid;
    // Hosts of before LE Set Privacy Mode name identities by types of their own.
    Device peer{command.peer_address_type, command.peer_address};
    if (controller_.profile().has(hci::LeFeature::ll_privacy)) {
        if (peer.type == AddressType::public_identity) peer.type = AddressType::public_device;
        if (peer.type == AddressType::random_identity) peer.type = AddressType::random_device;
    }
    const Status status = start(command.initiator_filter_policy, peer, command.own_address_type);
    if (status != Status::success) return status;
    extended_ = false;
    on_1m_ = on_phy(wanted);
    on_2m_ = on_coded_ = {};
    return Status::success;
}

Status Initiator::run(const hci::LeExtendedCreateConnection& command) {  // Vol 4 Part E 7.8.66
    constexpr std::uint8_t known = hci::prefer_le_1m | hci::prefer_le_2m | hci::prefer_le_coded;
    if (active_) return Status::command_disallowed;
    const std::uint8_t phys = command.initiating_phys;
    // 2M alone would never hear anybody: it is no PHY of the primary channels.
    if ((phys & (hci::prefer_le_1m | hci::prefer_le_coded)) == 0 ||
        command.phys.size() != static_cast<std::size_t>(std::popcount(phys)))
        return invalid;
    const Profile& profile = controller_.profile();
    if ((phys & ~known) != 0 ||
        ((phys & hci::prefer_le_2m) != 0 && !profile.has_phy(hci::Phy::le_2m)) ||
        ((phys & hci::prefer_le_coded) != 0 && !profile.has_phy(hci::Phy::le_coded)))
        return Status::unsupported_feature_or_parameter_value;
    for (const hci::PhyInitiatingParameters wanted : command.phys)
        if (!is_valid_scan(wanted.scan_interval, wanted.scan_window) || !is_valid_wish(wanted))
            return invalid;
    const Status status =
        start(command.initiator_filter_policy, {command.peer_address_type, command.peer_address},
              command.own_address_type);
    if (status != Status::success) return status;
    extended_ = true;
    auto next = command.phys.begin();
    const auto take = [&](OnPhy& element, std::uint8_t bit) {
        element = {};
        if ((phys & bit) == 0) return;
        element = on_phy(*next);
        ++next;
    };
    take(on_1m_, hci::prefer_le_1m);
    take(on_2m_, hci::prefer_le_2m);
    take(on_coded_, hci::prefer_le_coded);
    return Status::success;
}

// Its answer comes first, then Connection Complete (Vol 4 Part E 7.8.13).
Status Initiator::run(const hci::LeCreateConnectionCancel&) {
    if (!active_) return Status::command_disallowed;
    stop();
    cancelled_ = true;
    controller_.mark_unsettled();
    return Status::success;
}

bool Initiator::report_cancelled() {
    if (!std::exchange(cancelled_, false)) return true;
    cancelled_ = !controller_.links().report_failed(Status::unknown_connection_identifier,
                                                    hci::Role::central);
    return !cancelled_;
}

}  // namespace bluetooth::virtual_controller
