// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/bytes.hpp"
#include "base/time.hpp"
#include "hci/commands.hpp"
#include "virtual_controller/device.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

namespace property = hci::advertising_event_properties;

// The legacy PDUs, in the words of the extended commands (Vol 4 Part E 7.8.53)
inline constexpr std::uint16_t legacy_adv_ind =
    property::legacy | property::connectable | property::scannable;
inline constexpr std::uint16_t legacy_adv_scan_ind = property::legacy | property::scannable;
inline constexpr std::uint16_t legacy_adv_nonconn_ind = property::legacy;
inline constexpr std::uint16_t legacy_adv_direct_ind_low_duty =
    property::legacy | property::connectable | property::directed;
inline constexpr std::uint16_t legacy_adv_direct_ind_high_duty =
    legacy_adv_direct_ind_low_duty | property::high_duty_cycle;

/// Data that a host hands over in fragments (Vol 4 Part E 7.8.54).
class FragmentedData {
public:
    static constexpr std::size_t max_size = 1650;

    Bytes bytes() const { return octets_; }
    std::size_t size() const { return octets_.size(); }
    /// False from the first fragment to the last.
    bool complete() const { return complete_; }
    void set(Bytes octets) {
        octets_.assign(octets.begin(), octets.end());
        complete_ = true;
    }
    void clear() { set({}); }
    /// One fragment; what is beyond `max_size` is refused, and what there was before discarded.
    hci::Status add(hci::DataOperation operation, Bytes fragment);

private:
    std::vector<std::uint8_t> octets_;
    bool complete_ = true;
};

/// Periodic advertising of a set (Vol 6 Part B 4.4.2.12).
struct PeriodicTrain {
    bool configured = false;
    bool enabled = false;  ///< by the host; begins with the set's advertising
    bool running = false;
    std::uint16_t properties = 0;
    Units1250us interval{};
    FragmentedData data;
    std::uint32_t identifier = 0;  ///< of all trains that ever ran on the air
    Timer timer{};
};

/// One advertising set (Vol 4 Part E 7.8.53); the legacy commands have one of their own.
struct AdvertisingSet {
    /// How it advertises, in the words of the extended commands.
    struct Parameters {
        std::uint16_t properties = legacy_adv_ind;
        Duration interval{};
        std::uint8_t channel_map = hci::all_advertising_channels;
        hci::OwnAddressType own_address_type{};
        Device peer{};
        hci::AdvertisingFilterPolicy filter_policy{};
        hci::Phy primary_phy = hci::Phy::le_1m;
        hci::Phy secondary_phy = hci::Phy::le_1m;
        std::uint8_t sid = 0;
        std::int8_t tx_power = 0;
        bool reports_scan_requests = false;
    };

    hci::AdvertisingHandle handle{};  ///< of no meaning for the legacy commands' set
    bool enabled = false;
    Parameters parameters;
    std::optional<Address> random_address{};
    FragmentedData data;
    FragmentedData response;
    std::uint16_t data_identifier = 0;  ///< of the ADI: another one after each change of the two
    PeriodicTrain periodic;

    // While it is enabled
    Device own{};                    ///< AdvA as sent
    std::optional<Device> target{};  ///< TargetA as sent
    std::uint8_t max_events = 0;     ///< 0: no limit
    std::uint8_t events = 0;
    std::uint8_t channels = 0;  ///< of the event on the air: those where nothing collided
    Time event_start{};
    Timer event_timer{};
    Timer event_end_timer{};
    Timer end_timer{};

    bool has(std::uint16_t property) const { return (parameters.properties & property) != 0; }
    bool is_connectable() const { return has(property::connectable); }
    bool is_scannable() const { return has(property::scannable); }
    bool is_directed() const { return has(property::directed); }
    bool is_high_duty() const { return has(property::high_duty_cycle); }
    bool is_legacy() const { return has(property::legacy); }
    bool is_anonymous() const { return has(property::anonymous); }
    bool has_tx_power() const { return has(property::include_tx_power); }
};

}  // namespace bluetooth::virtual_controller
