// SPDX-License-Identifier: MIT
#include "virtual_controller/addresses.hpp"

#include <algorithm>

#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::OwnAddressType;
using hci::Status;

namespace {

constexpr hci::Seconds default_rpa_timeout{0x0384};  // Vol 4 Part E 7.8.45
constexpr hci::Seconds longest_rpa_timeout{0x0e10};

}  // namespace

Addresses::Addresses(Controller& controller)
    : controller_(controller),
      resolving_list_(controller.profile().resolving_list_size),
      rpa_timer_{&controller, Timer::Kind::resolvable_address} {
    if (controller.profile().has_public_address)
        public_address_ = *controller.profile().public_address;
    accept_list_.reserve(controller.profile().accept_list_size);
    reset();
}

void Addresses::reset() {
    random_address_.reset();
    accept_list_.clear();
    resolving_list_.clear();
    resolves_ = false;
    rpa_timeout_ = default_rpa_timeout;
    controller_.air().timers().disarm(rpa_timer_);
}

// ---- ourselves

bool Addresses::knows(OwnAddressType type) const {
    return type <= (controller_.profile().has(hci::LeFeature::ll_privacy)
                        ? OwnAddressType::resolvable_or_random
                        : OwnAddressType::random_device);
}

std::optional<Device> Addresses::own(OwnAddressType type, const Device& peer,
                                     const std::optional<Address>& random_address) const {
    if (type >= OwnAddressType::resolvable_or_public) {
        const ResolvingList::Entry* const entry = resolving_list_.find(peer);
        if (entry != nullptr && entry->local_rpa)
            return Device{AddressType::random_device, *entry->local_rpa};
    }
    const bool random =
        type == OwnAddressType::random_device || type == OwnAddressType::resolvable_or_random;
    if (random && random_address) return Device{AddressType::random_device, *random_address};
    if (!random && controller_.profile().has_public_address)
        return Device{AddressType::public_device, public_address_};
    return std::nullopt;
}

std::optional<Device> Addresses::own_identity(const Device& target, OwnAddressType used) {
    const bool random =
        used == OwnAddressType::random_device || used == OwnAddressType::resolvable_or_random;
    const Device identity =
        random ? Device{AddressType::random_device, random_address_.value_or(Address{})}
               : Device{AddressType::public_device, public_address_};
    if (target == identity) return identity;
    if (!resolves_ || !is_own_resolvable(target)) return std::nullopt;
    return Device{random ? AddressType::random_identity : AddressType::public_identity,
                  identity.address};
}

bool Addresses::is_own_resolvable(const Device& device) {
    return device.type == AddressType::random_device && !resolving_list_.empty() &&
           device.address.is_resolvable_private() && resolving_list_.is_local_rpa(device.address);
}

// ---- others

Addresses::Identity Addresses::identify(const Device& sender) {
    if (!resolves_ || resolving_list_.empty()) return {sender, sender, true};
    if (sender.type == AddressType::random_device && sender.address.is_resolvable_private()) {
        const ResolvingList::Entry* const entry = resolving_list_.resolve(sender.address);
        if (entry == nullptr) return {sender, sender, true};
        const bool random = entry->identity.type == AddressType::random_device;
        return {{random ? AddressType::random_identity : AddressType::public_identity,
                 entry->identity.address},
                entry->identity,
                true};
    }
    const ResolvingList::Entry* const entry = resolving_list_.find(sender);
    return {sender, sender, entry == nullptr || entry->accepts_identity_address()};
}

Device Addresses::target(const Device& peer) const {
    const ResolvingList::Entry* const entry = resolving_list_.find(peer);
    if (entry == nullptr || !entry->target_rpa) return peer;
    return {AddressType::random_device, *entry->target_rpa};
}

// ---- the random address and the filter accept list

Status Addresses::run(const hci::LeSetRandomAddress& command) {  // Vol 4 Part E 7.8.4
    if (controller_.advertiser().legacy_active() || controller_.scanner().enabled() ||
        controller_.initiator().active())
        return Status::command_disallowed;
    if (!is_random(command.random_address)) return Status::invalid_hci_command_parameters;
    random_address_ = command.random_address;
    return Status::success;
}

bool Addresses::accepts(const Device& listed) const {
    return std::ranges::find(accept_list_, listed) != accept_list_.end();
}

// While it is in use the list must not change (Vol 4 Part E 7.8.15 to 7.8.17).
bool Addresses::accept_list_in_use() const {
    return controller_.advertiser().uses_accept_list() ||
           controller_.scanner().uses_accept_list() || controller_.initiator().uses_accept_list();
}

hci::LeReadFilterAcceptListSize::Return Addresses::run(const hci::LeReadFilterAcceptListSize&) {
    return {Status::success, controller_.profile().accept_list_size};
}

Status Addresses::run(const hci::LeClearFilterAcceptList&) {
    if (accept_list_in_use()) return Status::command_disallowed;
    accept_list_.clear();
    return Status::success;
}

namespace {

/// The entry that a command names; the one for anonymous advertising has no address. Nothing for a
/// type that there is not.
template <class Command> std::optional<Device> listed_device(const Command& command) {
    if (command.address_type == AddressType::unknown) return Device{AddressType::unknown, {}};
    if (command.address_type > AddressType::random_device) return std::nullopt;
    return Device{command.address_type, command.address};
}

}  // namespace

Status Addresses::run(const hci::LeAddDeviceToFilterAcceptList& command) {
    if (accept_list_in_use()) return Status::command_disallowed;
    const auto device = listed_device(command);
    if (!device) return Status::invalid_hci_command_parameters;
    if (accepts(*device)) return Status::success;
    if (accept_list_.size() == controller_.profile().accept_list_size)
        return Status::memory_capacity_exceeded;
    accept_list_.push_back(*device);
    return Status::success;
}

Status Addresses::run(const hci::LeRemoveDeviceFromFilterAcceptList& command) {
    if (accept_list_in_use()) return Status::command_disallowed;
    const auto device = listed_device(command);
    if (!device) return Status::invalid_hci_command_parameters;
    std::erase(accept_list_, *device);
    return Status::success;
}

// ---- the resolving list, which must not change while addresses are being resolved (Vol 4 Part E
// 7.8.38 to 7.8.40)

Status Addresses::run(const hci::LeAddDeviceToResolvingList& command) {
    if (resolves_ && controller_.uses_addresses()) return Status::command_disallowed;
    const Status status = resolving_list_.add(command, controller_.random());
    if (rpa_timer_.position == Timer::disarmed && !resolving_list_.empty())
        arm_timer(controller_.air().now());
    return status;
}

Status Addresses::run(const hci::LeRemoveDeviceFromResolvingList& command) {
    if (resolves_ && controller_.uses_addresses()) return Status::command_disallowed;
    return resolving_list_.remove(command);
}

Status Addresses::run(const hci::LeClearResolvingList&) {
    if (resolves_ && controller_.uses_addresses()) return Status::command_disallowed;
    resolving_list_.clear();
    return Status::success;
}

hci::LeReadResolvingListSize::Return Addresses::run(const hci::LeReadResolvingListSize&) {
    return {Status::success, resolving_list_.capacity()};
}

hci::LeReadPeerResolvableAddress::Return Addresses::run(
    const hci::LeReadPeerResolvableAddress& command) {
    return resolving_list_.read(command);
}

hci::LeReadLocalResolvableAddress::Return Addresses::run(
    const hci::LeReadLocalResolvableAddress& command) {
    return resolving_list_.read(command);
}

Status Addresses::run(const hci::LeSetAddressResolutionEnable& command) {  // Vol 4 Part E 7.8.44
    if (command.address_resolution_enable > hci::Enable::enabled)
        return Status::invalid_hci_command_parameters;
    if (controller_.uses_addresses()) return Status::command_disallowed;
    resolves_ = command.address_resolution_enable == hci::Enable::enabled;
    return Status::success;
}

Status Addresses::run(const hci::LeSetResolvablePrivateAddressTimeout& command) {  // 7.8.45
    if (command.rpa_timeout == hci::Seconds{0} || command.rpa_timeout > longest_rpa_timeout)
        return Status::invalid_hci_command_parameters;
    rpa_timeout_ = command.rpa_timeout;
    if (rpa_timer_.position != Timer::disarmed) arm_timer(controller_.air().now());
    return Status::success;
}

Status Addresses::run(const hci::LeSetPrivacyMode& command) {  // Vol 4 Part E 7.8.77
    if (controller_.uses_addresses()) return Status::command_disallowed;
    return resolving_list_.set_privacy_mode(command);
}

void Addresses::arm_timer(Time from) {
    controller_.air().timers().arm(rpa_timer_, from + rpa_timeout_);
}

void Addresses::on_timer(Time due) {
    resolving_list_.refresh(controller_.random());
    controller_.advertiser().renew_addresses();
    if (!resolving_list_.empty()) arm_timer(due);
}

}  // namespace bluetooth::virtual_controller
