// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <optional>

#include "hci/commands.hpp"
#include "virtual_controller/advertising_set.hpp"
#include "virtual_controller/link.hpp"
#include "virtual_controller/scan_window.hpp"

namespace bluetooth::virtual_controller {

class Controller;

/// The Initiating state of a controller (Vol 6 Part B 4.4.4), up to the moment when a connection is
/// made.
class Initiator {
public:
    explicit Initiator(Controller& controller) : controller_(controller) {}

    /// As after Reset.
    void reset();
    bool active() const { return active_; }
    bool uses_accept_list() const {
        return active_ && policy_ == hci::InitiatorFilterPolicy::accept_list;
    }

    /// What a connection is to be like that an advertisement gives rise to.
    struct Wish {
        Device own{};  ///< InitA
        hci::Phy phy{};
        LinkParameters parameters{};
    };
    /// What we want of the sender of an advertising event; nothing when we do not hear it, or want
    /// nothing of it.
    std::optional<Wish> hear(Controller& advertiser, const AdvertisingSet& set) const;
    /// The wish was granted.
    void stop();
    /// After the answer to a cancel: its Connection Complete (Vol 4 Part E 7.8.13). False when
    /// there is no room for it.
    bool report_cancelled();

    // The commands, answered by what they return
    hci::Status run(const hci::LeCreateConnection&);
    hci::Status run(const hci::LeCreateConnectionCancel&);
    hci::Status run(const hci::LeExtendedCreateConnection&);

private:
    struct OnPhy {
        bool enabled = false;
        ScanWindow hears{};
        LinkParameters parameters{};
    };

    hci::Status start(hci::InitiatorFilterPolicy policy, const Device& peer,
                      hci::OwnAddressType own_address_type);
    OnPhy on_phy(const hci::PhyInitiatingParameters& wanted) const;

    Controller& controller_;
    bool active_ = false;
    bool extended_ = false;   // by which command, hence by which advertising PDUs
    bool cancelled_ = false;  // its Connection Complete has yet to be sent
    hci::InitiatorFilterPolicy policy_{};
    Device peer_{};
    hci::OwnAddressType own_address_type_{};
    OnPhy on_1m_;
    OnPhy on_2m_;  // only its parameters: the primary channels know no 2M
    OnPhy on_coded_;
};

}  // namespace bluetooth::virtual_controller
