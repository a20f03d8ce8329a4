// SPDX-License-Identifier: MIT
#pragma once

#include <optional>
#include <vector>

#include "hci/commands.hpp"
#include "virtual_controller/device.hpp"
#include "virtual_controller/resolving_list.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

class Controller;

/// Only 0b10 in the most significant bits is no kind of random address (Vol 6 Part B 1.3.2).
constexpr bool is_random(const Address& address) {
    return address.is_static_random() || address.is_resolvable_private() ||
           address.is_non_resolvable_private();
}

/// Who the controller is, and whom it knows: its own addresses, the filter accept list, and the
/// resolving list with what follows from it (Vol 6 Part B 6).
class Addresses {
public:
    explicit Addresses(Controller& controller);

    /// As after Reset.
    void reset();
    void on_timer(Time due);

    const Address& public_address() const { return public_address_; }
    const std::optional<Address>& random_address() const { return random_address_; }

    // ---- ourselves

    /// Whether a command may name this kind; those of the resolving list come with LL privacy.
    bool knows(hci::OwnAddressType type) const;
    /// The address with which we show ourselves to `peer`; nothing when there is none of the kind.
    /// An advertising set of the extended commands has a random address of its own.
    std::optional<Device> own(hci::OwnAddressType type, const Device& peer,
                              const std::optional<Address>& random_address) const;
    std::optional<Device> own(hci::OwnAddressType type, const Device& peer = {}) const {
        return own(type, peer, random_address_);
    }
    /// Who of us somebody means by `target`; nothing when it is somebody else. A resolvable private
    /// address is told as the identity behind it.
    std::optional<Device> own_identity(const Device& target, hci::OwnAddressType used);
    /// Whether the address is one that we made with a local IRK.
    bool is_own_resolvable(const Device& device);

    // ---- others

    /// Who the sender of a PDU is.
    struct Identity {
        Device reported{};       ///< to the host: an identity by its types 0x02 and 0x03
        Device listed{};         ///< as lists name it: an identity by 0x00 and 0x01
        bool acceptable = true;  ///< not an identity address where privacy demands another
    };
    Identity identify(const Device& sender);
    /// The address that a peer is called by in what we direct to it.
    Device target(const Device& peer) const;
    bool accepts(const Device& listed) const;

    // The commands, answered by what they return
    hci::Status run(const hci::LeSetRandomAddress&);
    hci::LeReadFilterAcceptListSize::Return run(const hci::LeReadFilterAcceptListSize&);
    hci::Status run(const hci::LeClearFilterAcceptList&);
    hci::Status run(const hci::LeAddDeviceToFilterAcceptList&);
    hci::Status run(const hci::LeRemoveDeviceFromFilterAcceptList&);
    hci::Status run(const hci::LeAddDeviceToResolvingList&);
    hci::Status run(const hci::LeRemoveDeviceFromResolvingList&);
    hci::Status run(const hci::LeClearResolvingList&);
    hci::LeReadResolvingListSize::Return run(const hci::LeReadResolvingListSize&);
    hci::LeReadPeerResolvableAddress::Return run(const hci::LeReadPeerResolvableAddress&);
    hci::LeReadLocalResolvableAddress::Return run(const hci::LeReadLocalResolvableAddress&);
    hci::Status run(const hci::LeSetAddressResolutionEnable&);
    hci::Status run(const hci::LeSetResolvablePrivateAddressTimeout&);
    hci::Status run(const hci::LeSetPrivacyMode&);

private:
    bool accept_list_in_use() const;
    void arm_timer(Time from);

    Controller& controller_;
    Address public_address_;
    std::optional<Address> random_address_;
    std::vector<Device> accept_list_;
    ResolvingList resolving_list_;
    bool resolves_ = false;
    hci::Seconds rpa_timeout_{};
    Timer rpa_timer_;
};

}  // namespace bluetooth::virtual_controller
