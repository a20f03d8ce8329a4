// SPDX-License-Identifier: MIT
//
// The controller's own addresses and its filter accept list.
#include <algorithm>

#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::Status;

/// Nothing when there is no such address; those of the resolving list are not supported.
std::optional<Controller::Device> Controller::own_device(hci::OwnAddressType type) const {
    if (type == hci::OwnAddressType::public_device && profile_.has_public_address)
        return Device{AddressType::public_device, public_address_};
    if (type == hci::OwnAddressType::random_device && has_random_address_)
        return Device{AddressType::random_device, random_address_};
    return std::nullopt;
}

Status Controller::run(const hci::LeSetRandomAddress& command) {  // Vol 4 Part E 7.8.4
    if (advertiser_.enabled || scanner_.enabled || initiator_.enabled)
        return Status::command_disallowed;
    const Address& address = command.random_address;
    // Only 0b10 in the most significant bits is no kind of random address (Vol 6 Part B 1.3.2).
    if (!address.is_static_random() && !address.is_resolvable_private() &&
        !address.is_non_resolvable_private())
        return Status::invalid_hci_command_parameters;
    random_address_ = address;
    has_random_address_ = true;
    return Status::success;
}

bool Controller::accepts(const Device& device) const {
    return std::ranges::find(accept_list_, device) != accept_list_.end();
}

// While it is in use the list must not change (Vol 4 Part E 7.8.15 to 7.8.17).
bool Controller::accept_list_in_use() const {
    return (advertiser_.enabled && advertiser_.parameters.advertising_filter_policy !=
                                       hci::AdvertisingFilterPolicy::all) ||
           (scanner_.enabled &&
            scanner_.parameters.scanning_filter_policy == hci::ScanFilterPolicy::accept_list) ||
           (initiator_.enabled &&
            initiator_.command.initiator_filter_policy == hci::InitiatorFilterPolicy::accept_list);
}

hci::LeReadFilterAcceptListSize::Return Controller::run(const hci::LeReadFilterAcceptListSize&) {
    return {Status::success, profile_.accept_list_size};
}

Status Controller::run(const hci::LeClearFilterAcceptList&) {
    if (accept_list_in_use()) return Status::command_disallowed;
    accept_list_.clear();
    return Status::success;
}

Status Controller::run(const hci::LeAddDeviceToFilterAcceptList& command) {
    if (accept_list_in_use()) return Status::command_disallowed;
    if (command.address_type > AddressType::random_device)
        return Status::invalid_hci_command_parameters;
    const Device device{command.address_type, command.address};
    if (accepts(device)) return Status::success;
    if (accept_list_.size() == profile_.accept_list_size) return Status::memory_capacity_exceeded;
    accept_list_.push_back(device);
    return Status::success;
}

Status Controller::run(const hci::LeRemoveDeviceFromFilterAcceptList& command) {
    if (accept_list_in_use()) return Status::command_disallowed;
    if (command.address_type > AddressType::random_device)
        return Status::invalid_hci_command_parameters;
    std::erase(accept_list_, Device{command.address_type, command.address});
    return Status::success;
}

}  // namespace bluetooth::virtual_controller
