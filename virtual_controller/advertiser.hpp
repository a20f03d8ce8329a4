// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.hpp"
#include "hci/commands.hpp"
#include "virtual_controller/advertising_set.hpp"

namespace bluetooth::virtual_controller {

class Controller;

/// The Advertising state of a controller (Vol 6 Part B 4.4.2): the set of the legacy commands,
/// those of the extended ones, and periodic advertising.
///
///   advertiser.cpp             events on the air, beginning and end
///   legacy_advertising.cpp     the commands of Core 4.0
///   extended_advertising.cpp   those of Core 5.0
///   periodic_advertising.cpp   periodic advertising, commands and events
class Advertiser {
public:
    explicit Advertiser(Controller& controller);

    /// As after Reset.
    void reset();
    /// Whether any set advertises; periodic advertising alone does not count.
    bool active() const;
    /// Whether the controller's random address is in use.
    bool legacy_active() const { return legacy().enabled; }
    bool uses_accept_list() const;
    /// Sets that advertise with a resolvable private address take the present one.
    void renew_addresses();
    void on_timer(const Timer& timer, Time due);

    /// Whether a scan request, or a connection request, of the device that calls itself so is
    /// answered.
    bool answers_scan(const AdvertisingSet& set, const Device& scanner) const;
    bool answers_connect(const AdvertisingSet& set, const Device& initiator) const;
    void on_scan_request(const AdvertisingSet& set, const Device& scanner);
    /// The set has ended in a connection.
    void on_connected(AdvertisingSet& set, hci::ConnectionHandle link);

    /// The set with this handle, or null.
    AdvertisingSet* find(hci::AdvertisingHandle handle) const;

    // The commands, answered by what they return
    hci::Status run(const hci::LeSetAdvertisingParameters&);
    hci::LeReadAdvertisingPhysicalChannelTxPower::Return run(
        const hci::LeReadAdvertisingPhysicalChannelTxPower&);
    hci::Status run(const hci::LeSetAdvertisingData&);
    hci::Status run(const hci::LeSetScanResponseData&);
    hci::Status run(const hci::LeSetAdvertisingEnable&);
    hci::Status run(const hci::LeSetAdvertisingSetRandomAddress&);
    hci::LeSetExtendedAdvertisingParameters::Return run(
        const hci::LeSetExtendedAdvertisingParameters&);
    hci::Status run(const hci::LeSetExtendedAdvertisingData&);
    hci::Status run(const hci::LeSetExtendedScanResponseData&);
    hci::Status run(const hci::LeSetExtendedAdvertisingEnable&);
    hci::LeReadMaximumAdvertisingDataLength::Return run(
        const hci::LeReadMaximumAdvertisingDataLength&);
    hci::LeReadNumberOfSupportedAdvertisingSets::Return run(
        const hci::LeReadNumberOfSupportedAdvertisingSets&);
    hci::Status run(const hci::LeRemoveAdvertisingSet&);
    hci::Status run(const hci::LeClearAdvertisingSets&);
    hci::Status run(const hci::LeSetPeriodicAdvertisingParameters&);
    hci::Status run(const hci::LeSetPeriodicAdvertisingData&);
    hci::Status run(const hci::LeSetPeriodicAdvertisingEnable&);

private:
    AdvertisingSet& legacy() const { return *sets_[0]; }
    std::size_t index_of(const AdvertisingSet& set) const;
    /// A new set for a handle, or null where there is room for no more.
    AdvertisingSet* create(hci::AdvertisingHandle handle);
    void remove(AdvertisingSet& set);

    hci::Status check(const hci::LeSetExtendedAdvertisingParameters& command) const;
    hci::Status set_data(AdvertisingSet* set, FragmentedData& data, hci::DataOperation operation,
                         Bytes fragment);
    hci::Status check_enable(const hci::AdvertisingSetEnable& wanted) const;

    bool has_addresses(const AdvertisingSet& set) const;
    void take_addresses(AdvertisingSet& set) const;
    void start(AdvertisingSet& set, Duration duration, std::uint8_t max_events);
    void stop(AdvertisingSet& set);
    void terminate(AdvertisingSet& set, hci::Status status, hci::ConnectionHandle link);
    void on_event(AdvertisingSet& set, Time due);
    void finish_event(AdvertisingSet& set, Time due);
    void change_data_identifier(AdvertisingSet& set);

    void start_train(AdvertisingSet& set);
    void stop_train(AdvertisingSet& set);
    void on_periodic_event(AdvertisingSet& set, Time due);

    Controller& controller_;
    /// [0] is the legacy commands' own; null where there is none.
    std::vector<std::unique_ptr<AdvertisingSet>> sets_;
};

}  // namespace bluetooth::virtual_controller
