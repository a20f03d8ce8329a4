// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/bytes.hpp"
#include "base/time.hpp"
#include "hci/acl.hpp"
#include "hci/commands.hpp"
#include "hci/events.hpp"
#include "virtual_controller/duplicate_filter.hpp"
#include "virtual_controller/link.hpp"
#include "virtual_controller/outgoing.hpp"
#include "virtual_controller/profile.hpp"
#include "virtual_controller/random.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

class Air;

/// What went wrong at one controller, for tests and for the curious.
struct Counters {
    std::uint64_t malformed_packets = 0;  ///< dropped, and answered by Hardware Error
    std::uint64_t refused_commands = 0;   ///< dropped: the host did not read the answers
    std::uint64_t refused_data = 0;       ///< ACL packets that the host should not have sent
    std::uint64_t missed_reports = 0;     ///< advertising reports the host had no room for
};

/// An LE controller, as its host sees it through HCI (Core 5.4 Vol 4 Part E). It does nothing on
/// its own: packets of the host go in by `receive`, time passes by `Air::advance`, and what is for
/// the host waits in `pending`.
///
/// Whatever a host sends, the controller stays whole. Its queue to the host is bounded: where the
/// host does not read, see `Share`.
class Controller {
public:
    /// For `Air::add`.
    Controller(Air& air, const Profile& profile, std::size_t index, std::uint16_t number,
               std::uint64_t seed);
    Controller(const Controller&) = delete;
    Controller& operator=(const Controller&) = delete;

    /// Takes one H4 packet of the host, indicator included. What is no packet of a host, or is not
    /// as long as it says, is answered by Hardware Error.
    void receive(Time now, Bytes h4_packet);

    /// The H4 packets that wait for the host, back to back; packets completed since the last call
    /// are told in one event at the end. Valid until the next call to anything of the air.
    Bytes pending();
    /// The host has taken the first `count` octets of `pending`; whatever waited for room goes on.
    void consume(std::size_t count);

    /// A small number that no other controller of the air has at the same time.
    std::size_t index() const { return index_; }
    const Address& public_address() const { return public_address_; }
    const Counters& counters() const { return counters_; }

private:
    friend class Air;
    friend class CommandTable;

    /// When a scanner or initiator listens, and on which channel (Vol 6 Part B 4.4.3).
    struct ScanWindow {
        Time start{};
        Duration interval{};
        Duration window{};
        bool hears(Time at, std::uint8_t channel_map) const;
    };
    struct Device {
        AddressType type{};
        Address address{};
        friend bool operator==(const Device&, const Device&) = default;
    };
    // What holds until the host sets it (Vol 4 Part E 7.8.5 and 7.8.10)
    static constexpr hci::LeSetAdvertisingParameters default_advertising{
        Units625us{0x0800},
        Units625us{0x0800},
        hci::AdvertisingType::adv_ind,
        hci::OwnAddressType::public_device,
        AddressType::public_device,
        Address{},
        hci::all_advertising_channels,
        hci::AdvertisingFilterPolicy::all};
    static constexpr hci::LeSetScanParameters default_scan{
        hci::ScanType::passive, Units625us{0x0010}, Units625us{0x0010},
        hci::OwnAddressType::public_device, hci::ScanFilterPolicy::all};

    struct Advertiser {
        bool enabled = false;
        hci::LeSetAdvertisingParameters parameters = default_advertising;
        Device own{};
        std::uint8_t data_size = 0;
        std::uint8_t response_size = 0;
        std::array<std::uint8_t, 31> data{};
        std::array<std::uint8_t, 31> response{};
        Time high_duty_end{};
        Bytes data_bytes() const { return {data.data(), data_size}; }
        Bytes response_bytes() const { return {response.data(), response_size}; }
    };
    struct Scanner {
        bool enabled = false;
        bool filter_duplicates = false;
        hci::LeSetScanParameters parameters = default_scan;
        Device own{};
        ScanWindow window{};
    };
    struct Initiator {
        bool enabled = false;
        bool cancelled = false;  ///< its Connection Complete has yet to be sent
        hci::LeCreateConnection command{};
        Device own{};
        ScanWindow window{};
    };
    /// An ACL packet that waits in one of our buffers.
    struct HeldPacket {
        std::uint8_t buffer = 0;
        std::uint8_t link = 0;
        PacketBoundary boundary{};
        std::uint16_t size = 0;
    };

    static constexpr std::uint16_t first_handle = 0x0040;
    static constexpr std::size_t max_links = 60;
    static constexpr std::int8_t tx_power = 0;  // dBm
    static constexpr std::uint8_t supported_phys = hci::prefer_le_1m | hci::prefer_le_2m;

    // ---- controller.cpp: packets in, events out
    void receive_command(Bytes packet);
    void on_timer(Timer& timer, Time due);
    void settle();
    void try_again();
    void mark_unsettled();
    void to_initial_state();
    void announce();
    bool is_unmasked(hci::EventCode code) const;
    bool is_unmasked(hci::LeSubevent code) const;
    /// Queues an event for the host, unless it is masked; false when there is no room for it.
    template <class Event> bool send(Share share, const Event& event);
    bool send_packet(Share share, Bytes packet);
    void hardware_error();

    // ---- addresses.cpp
    std::optional<Device> own_device(hci::OwnAddressType type) const;
    bool accepts(const Device& device) const;
    bool accept_list_in_use() const;

    // ---- advertising.cpp
    void start_advertising();
    void stop_advertising();
    void on_advertising_event(Time due);
    bool is_connectable() const;
    bool is_scannable() const;
    bool is_for(const Device& device) const;
    bool answers_scan_of(const Device& scanner) const;
    bool answers_connect_of(const Device& initiator) const;

    // ---- scanning.cpp
    void update_listening();
    void hear(const Controller& advertiser, Time at);
    void report(hci::AdvertisingEventType type, const Device& device, Bytes data, std::int8_t rssi);
    bool connects_to(const Controller& advertiser, Time at) const;

    // ---- connection.cpp
    Link* find(hci::ConnectionHandle handle);
    Link& free_link();
    bool links_have_room() const;
    bool is_connected_to(const Device& device) const;
    void connect(Controller& advertiser);
    void open(Link& link, Link& other, hci::Role role, const Device& peer,
              const ConnectionParameters& parameters);
    void send_connection_complete(const Link& link);
    void send_failed_connection(hci::Status status, hci::Role role);
    void close(Link& link, hci::Status reason);
    void drop(Link& link);
    void lose(Link& link);
    bool reaches(const Link& link) const;
    void start_supervision(Link& link);
    void on_supervision_timeout(Link& link);
    void on_procedure_timeout(Link& link);
    void on_vanished();
    void on_reappeared();

    // ---- procedures.cpp
    hci::Status request(hci::ConnectionHandle handle, Task task);
    void raise(Link& link, Task task);
    bool perform(Link& link, Task task);
    void update(Link& link, const ConnectionParameters& parameters);
    bool perform_terminate(Link& link);
    bool perform_read_remote_version(Link& link);
    bool perform_read_remote_features(Link& link);
    bool perform_parameter_request(Link& link);
    bool perform_set_phy(Link& link);
    void update_data_length(Link& link);

    // ---- data.cpp
    void receive_acl(Bytes packet);
    bool carry(Link& link, PacketBoundary boundary, Bytes data);
    void complete(Link& link);
    void release_held();
    void discard_data(const Link& link);
    void report_completed();

    // ---- the commands, each beside what it is about; answered by what they return
    hci::Status run(const hci::Disconnect&);
    hci::Status run(const hci::ReadRemoteVersionInformation&);
    hci::Status run(const hci::SetEventMask&);
    hci::Status run(const hci::Reset&);
    hci::ReadTransmitPowerLevel::Return run(const hci::ReadTransmitPowerLevel&);
    hci::ReadLocalVersionInformation::Return run(const hci::ReadLocalVersionInformation&);
    hci::ReadLocalSupportedCommands::Return run(const hci::ReadLocalSupportedCommands&);
    hci::ReadLocalSupportedFeatures::Return run(const hci::ReadLocalSupportedFeatures&);
    hci::ReadBufferSize::Return run(const hci::ReadBufferSize&);
    hci::ReadBdAddr::Return run(const hci::ReadBdAddr&);
    hci::ReadRssi::Return run(const hci::ReadRssi&);
    hci::Status run(const hci::LeSetEventMask&);
    hci::LeReadBufferSize::Return run(const hci::LeReadBufferSize&);
    hci::LeReadLocalSupportedFeatures::Return run(const hci::LeReadLocalSupportedFeatures&);
    hci::Status run(const hci::LeSetRandomAddress&);
    hci::Status run(const hci::LeSetAdvertisingParameters&);
    hci::LeReadAdvertisingPhysicalChannelTxPower::Return run(
        const hci::LeReadAdvertisingPhysicalChannelTxPower&);
    hci::Status run(const hci::LeSetAdvertisingData&);
    hci::Status run(const hci::LeSetScanResponseData&);
    hci::Status run(const hci::LeSetAdvertisingEnable&);
    hci::Status run(const hci::LeSetScanParameters&);
    hci::Status run(const hci::LeSetScanEnable&);
    hci::Status run(const hci::LeCreateConnection&);
    hci::Status run(const hci::LeCreateConnectionCancel&);
    hci::LeReadFilterAcceptListSize::Return run(const hci::LeReadFilterAcceptListSize&);
    hci::Status run(const hci::LeClearFilterAcceptList&);
    hci::Status run(const hci::LeAddDeviceToFilterAcceptList&);
    hci::Status run(const hci::LeRemoveDeviceFromFilterAcceptList&);
    hci::Status run(const hci::LeConnectionUpdate&);
    hci::Status run(const hci::LeSetHostChannelClassification&);
    hci::LeReadChannelMap::Return run(const hci::LeReadChannelMap&);
    hci::Status run(const hci::LeReadRemoteFeatures&);
    hci::LeEncrypt::Return run(const hci::LeEncrypt&);
    hci::LeRand::Return run(const hci::LeRand&);
    hci::LeReadSupportedStates::Return run(const hci::LeReadSupportedStates&);
    hci::Status run(const hci::LeRemoteConnectionParameterRequestReply&);
    hci::Status run(const hci::LeRemoteConnectionParameterRequestNegativeReply&);
    hci::Status run(const hci::LeSetDataLength&);
    hci::LeReadSuggestedDefaultDataLength::Return run(const hci::LeReadSuggestedDefaultDataLength&);
    hci::Status run(const hci::LeWriteSuggestedDefaultDataLength&);
    hci::LeReadMaximumDataLength::Return run(const hci::LeReadMaximumDataLength&);
    hci::LeReadPhy::Return run(const hci::LeReadPhy&);
    hci::Status run(const hci::LeSetDefaultPhy&);
    hci::Status run(const hci::LeSetPhy&);

    Air& air_;
    Profile profile_;
    std::size_t index_;
    std::uint16_t number_;  // of all that were ever added; names the controller where order counts
    SeededRandom random_;
    Address public_address_;
    hci::SupportedCommands supported_commands_{};
    Outgoing outgoing_;
    Counters counters_;
    bool reachable_ = true;
    bool announced_ = false;  // stands in the air's list of those with news for their hosts
    bool unsettled_ = false;  // stands in the air's list of those with tasks to try
    bool stuck_ = false;      // tasks wait for room in our queue
    bool listening_ = false;  // stands in the air's list of listeners

    // What Reset restores
    std::uint64_t event_mask_ = 0;
    std::uint64_t le_event_mask_ = 0;
    Address random_address_;
    bool has_random_address_ = false;
    std::vector<Device> accept_list_;
    Advertiser advertiser_;
    Scanner scanner_;
    Initiator initiator_;
    std::array<std::uint8_t, 5> channel_map_{};
    DataLength suggested_data_length_ = initial_data_length;
    std::uint8_t default_tx_phys_ = 0;
    std::uint8_t default_rx_phys_ = 0;

    Timer advertising_timer_;
    std::vector<Link> links_;  // all there can be, never resized
    DuplicateFilter reported_;

    // The ACL buffers. Those neither free nor held carry packets of which the host was not told yet
    // that they are done.
    std::unique_ptr<std::uint8_t[]> acl_memory_;
    std::vector<std::uint8_t> empty_buffers_;  // of those that can hold a packet
    std::vector<HeldPacket> held_;             // in the order of arrival
    std::size_t free_buffers_ = 0;             // as the host counts them
    std::size_t completed_ = 0;                // sum over the links
    bool peers_wait_ = false;                  // for room in our queue
};

template <class Event> bool Controller::send(Share share, const Event& event) {
    if constexpr (hci::LeMetaEvent<Event>) {
        if (!is_unmasked(Event::subevent_code)) return true;
    } else {
        if (!is_unmasked(Event::code)) return true;
    }
    std::array<std::uint8_t, 1 + hci::event_header_size + hci::max_event_parameters> packet;
    packet[0] = 0x04;  // H4's indicator of an event
    const std::size_t size =
        1 + hci::encode_event_packet(event, MutableBytes{packet}.subspan(1)).size();
    return send_packet(share, MutableBytes{packet}.first(size));
}

}  // namespace bluetooth::virtual_controller
