// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "hci/commands.hpp"
#include "virtual_controller/advertising_set.hpp"
#include "virtual_controller/link.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

class Controller;

// How a train may be followed (Vol 4 Part E 7.8.67, 7.8.91)
inline constexpr std::uint16_t longest_sync_skip = 0x01f3;
inline constexpr Units10ms shortest_sync_timeout{0x000a};
inline constexpr Units10ms longest_sync_timeout{0x4000};

/// The Synchronization state of a controller: the periodic advertising trains that it follows (Vol
/// 6 Part B 4.4.5), found by scanning or handed over by the peer of a link.
///
///   synchronizer.cpp     the commands, and how trains are found, heard and lost
///   sync_transfer.cpp    trains handed over on a link
class Synchronizer {
public:
    explicit Synchronizer(Controller& controller);

    /// As after Reset.
    void reset();
    /// Whether a train is looked for.
    bool searching() const;
    void on_timer(const Timer& timer);

    /// The scanner has heard of a set's train.
    void hear(const AdvertisingSet& set);
    /// An event of a train.
    void hear_train(Controller& advertiser, const AdvertisingSet& set);
    /// Sends the events that are due; false when there is no room for one.
    bool settle();

    const SyncTransferParameters& default_transfer_parameters() const { return by_default_; }

    // The commands, answered by what they return
    hci::Status run(const hci::LePeriodicAdvertisingCreateSync&);
    hci::Status run(const hci::LePeriodicAdvertisingCreateSyncCancel&);
    hci::Status run(const hci::LePeriodicAdvertisingTerminateSync&);
    hci::Status run(const hci::LeAddDeviceToPeriodicAdvertiserList&);
    hci::Status run(const hci::LeRemoveDeviceFromPeriodicAdvertiserList&);
    hci::Status run(const hci::LeClearPeriodicAdvertiserList&);
    hci::LeReadPeriodicAdvertiserListSize::Return run(const hci::LeReadPeriodicAdvertiserListSize&);
    hci::Status run(const hci::LeSetPeriodicAdvertisingReceiveEnable&);
    hci::Status run(const hci::LePeriodicAdvertisingSyncTransfer&);
    hci::Status run(const hci::LePeriodicAdvertisingSetInfoTransfer&);
    hci::Status run(const hci::LeSetPeriodicAdvertisingSyncTransferParameters&);
    hci::Status run(const hci::LeSetDefaultPeriodicAdvertisingSyncTransferParameters&);

private:
    /// What SyncInfo tells of a train, and who sends it: with the address that is on the air.
    struct Train {
        std::uint32_t identifier = 0;
        Device advertiser{};
        std::uint8_t sid = 0;
        hci::Phy phy{};
        Units1250us interval{};
    };
    struct Advertiser {
        Device device{};
        std::uint8_t sid = 0;
        friend bool operator==(const Advertiser&, const Advertiser&) = default;
    };
    struct Search {
        bool by_list = false;
        Advertiser wanted{};
        bool reports = true;
        std::uint16_t skip = 0;
        Units10ms timeout{};
    };
    /// A train that came over a link.
    struct Transfer {
        hci::ConnectionHandle link{};
        std::uint16_t service_data = 0;
    };
    /// A train that is followed, or is about to be.
    struct Sync {
        bool in_use = false;
        bool established = false;  ///< as the host was told
        bool lost = false;         ///< of which the host was not told yet
        Train train{};
        std::optional<Transfer> transfer{};
        bool reports = true;
        std::uint16_t skip = 0;
        std::uint16_t to_skip = 0;
        Units10ms timeout{};
        Timer timer{};
    };

    Sync* find(hci::SyncHandle handle);
    hci::SyncHandle handle_of(const Sync& sync) const;
    bool follows(const Train& train) const;
    bool can_follow(const Train& train) const;
    Sync* begin(const Train& train, const std::optional<Transfer>& transfer, bool reports,
                std::uint16_t skip, Units10ms timeout);
    void end(Sync& sync);
    bool report_cancelled();
    bool report_begin(const Sync& sync, hci::Status status);
    bool report_end(const Sync& sync);
    void report(const Sync& sync, std::int8_t rssi, const AdvertisingSet& set, Bytes data);

    hci::Status transfer(hci::ConnectionHandle link, std::uint16_t service_data,
                         const Train& train);
    void receive_transfer(const Link& link, std::uint16_t service_data, const Train& train);

    Controller& controller_;
    std::vector<Sync> syncs_;  // all there can be, never resized
    std::optional<Search> search_;
    bool cancelled_ = false;  // its event has yet to be sent
    std::vector<Advertiser> advertisers_;
    SyncTransferParameters by_default_;
};

}  // namespace bluetooth::virtual_controller
