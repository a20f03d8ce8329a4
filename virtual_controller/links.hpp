// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/bytes.hpp"
#include "base/packet_boundary.hpp"
#include "hci/commands.hpp"
#include "virtual_controller/initiator.hpp"
#include "virtual_controller/link.hpp"
#include "virtual_controller/timer_heap.hpp"

namespace bluetooth::virtual_controller {

class Controller;

/// The Connection state of a controller: its ends of links (Vol 6 Part B 4.5), and the buffers for
/// what its host sends on them.
///
///   links.cpp              beginning, end and supervision
///   link_procedures.cpp    tasks; termination, versions, features
///   link_parameters.cpp    connection parameters, data length, physical layers
///   link_encryption.cpp    encryption, its pause and refresh, authenticated payloads
///   link_data.cpp          ACL data, and the buffers that the host counts
///   connection_events.cpp  the time that all of this takes, where the air has timing
class Links {
public:
    static constexpr std::size_t max_links = 60;
    static constexpr std::uint16_t first_handle = 0x0040;

    explicit Links(Controller& controller);

    /// As after Reset. Peers are not told: they notice by their supervision timeouts.
    void reset();
    bool have_room() const;
    bool is_connected_to(const Device& peer) const;
    bool any_open() const;
    Link* find(hci::ConnectionHandle handle);
    Controller& controller() { return controller_; }

    /// Both ends of a new link, we as central of the set's owner.
    void connect(Links& peripheral, AdvertisingSet& set, const Initiator::Wish& wish);
    /// Connection Complete with an error; false when there is no room for it.
    bool report_failed(hci::Status status, hci::Role role);

    void on_timer(const Timer& timer, Time due);
    /// Who is in reach of whom may have changed.
    void on_reach_changed();
    /// Does what is to be done; false when something waits for room in the host's queue.
    bool settle();

    /// What the host sends.
    void receive_acl(Bytes packet);
    /// The host has taken something: its peers may go on.
    void on_host_room();
    bool has_completed() const { return completed_ != 0; }
    void report_completed();

    // The commands, answered by what they return
    hci::Status run(const hci::Disconnect&);
    hci::Status run(const hci::ReadRemoteVersionInformation&);
    hci::ReadTransmitPowerLevel::Return run(const hci::ReadTransmitPowerLevel&);
    hci::ReadRssi::Return run(const hci::ReadRssi&);
    hci::Status run(const hci::SetControllerToHostFlowControl&);
    hci::Status run(const hci::HostBufferSize&);
    hci::Status run(const hci::HostNumberOfCompletedPackets&);
    hci::ReadAuthenticatedPayloadTimeout::Return run(const hci::ReadAuthenticatedPayloadTimeout&);
    hci::Status run(const hci::WriteAuthenticatedPayloadTimeout&);
    hci::Status run(const hci::LeConnectionUpdate&);
    hci::Status run(const hci::LeSetHostChannelClassification&);
    hci::LeReadChannelMap::Return run(const hci::LeReadChannelMap&);
    hci::Status run(const hci::LeReadRemoteFeatures&);
    hci::Status run(const hci::LeEnableEncryption&);
    hci::Status run(const hci::LeLongTermKeyRequestReply&);
    hci::Status run(const hci::LeLongTermKeyRequestNegativeReply&);
    hci::Status run(const hci::LeRemoteConnectionParameterRequestReply&);
    hci::Status run(const hci::LeRemoteConnectionParameterRequestNegativeReply&);
    hci::Status run(const hci::LeSetDataLength&);
    hci::LeReadSuggestedDefaultDataLength::Return run(const hci::LeReadSuggestedDefaultDataLength&);
    hci::Status run(const hci::LeWriteSuggestedDefaultDataLength&);
    hci::LeReadMaximumDataLength::Return run(const hci::LeReadMaximumDataLength&);
    hci::LeReadPhy::Return run(const hci::LeReadPhy&);
    hci::Status run(const hci::LeSetDefaultPhy&);
    hci::Status run(const hci::LeSetPhy&);

private:
    /// An ACL packet that waits in one of our buffers.
    struct HeldPacket {
        std::uint8_t buffer = 0;
        std::uint8_t link = 0;
        PacketBoundary boundary{};
        std::uint16_t size = 0;
        std::uint16_t sent = 0;  ///< octets that the peer has, where the air takes time
    };

    // ---- links.cpp
    Link& free_link();
    void open(Link& link, Link* other, hci::Role role, const Device& own, const Device& peer,
              const Initiator::Wish& wish);
    void report_connected(const Link& link, const Device& reported);
    void report_channel_selection(const Link& link);
    void close(Link& link, hci::Status reason);
    void drop(Link& link);
    void lose(Link& link);
    bool reaches(const Link& link) const;
    void start_supervision(Link& link);
    void stop_supervision(Link& link);

    // ---- link_procedures.cpp
    hci::Status request(hci::ConnectionHandle handle, Task task);
    void raise(Link& link, Task task);
    bool perform(Link& link, Task task);
    bool report(Link& link, Task task);
    void perform_terminate(Link& link);

    // ---- link_parameters.cpp
    void update(Link& link);
    void request_parameters(Link& link);
    void reject_parameters(Link& link);
    void set_phy(Link& link);
    void update_data_length(Link& link);
    DataLength longest_data() const;
    std::uint8_t supported_phys() const;

    // ---- link_encryption.cpp
    void request_encryption(Link& link);
    void start_encryption(Link& link);
    void reject_encryption(Link& link);
    void end_of_encryption_start(Link& link, hci::Status status);
    void on_mic_failure(Link& link);
    bool pass_cipher(Link& sender, PacketBoundary boundary, MutableBytes data);
    bool pass_cipher(Link& sender, std::uint8_t llid, MutableBytes payload);
    void watch_payloads(Link& link);

    // ---- link_data.cpp
    void hold(Link& link, PacketBoundary boundary, Bytes data);
    bool carry(Link& link, PacketBoundary boundary, Bytes data);
    bool has_room_for(const Link& link, std::size_t size);
    void deliver(Link& link, PacketBoundary boundary, Bytes data);
    Bytes deliver_fragments(Link& link, PacketBoundary boundary, Bytes data);
    void complete(Link& link);
    void release_held();
    void discard_data(Link& link);
    MutableBytes octets_of(const HeldPacket& packet);

    // ---- connection_events.cpp
    void schedule_event(Link& link);
    Time next_event(Link& central, Time from);
    void arm_event(Link& central, Time due);
    void on_connection_event(Link& central, Time due);
    void perform_on_the_air(Link& link);
    std::size_t next_payload(Link& link);
    bool has_work(Link& link);
    void send_pdu(Link& link);
    Duration exchange_time(Link& central);

    Controller& controller_;
    std::vector<Link> links_;  // all there can be, never resized

    // What Reset restores
    std::array<std::uint8_t, 5> channel_map_{};
    DataLength suggested_data_length_ = initial_data_length;
    std::uint8_t default_tx_phys_ = 0;
    std::uint8_t default_rx_phys_ = 0;
    bool host_flow_control_ = false;
    std::uint16_t host_packet_length_ = 0;  // 0: the host has not said
    std::uint16_t host_packets_ = 0;
    std::uint32_t packets_at_host_ = 0;

    // The ACL buffers. Those neither free nor held carry packets of which the host was not told yet
    // that they are done.
    std::unique_ptr<std::uint8_t[]> acl_memory_;
    std::vector<std::uint8_t> empty_buffers_;  // of those that can hold a packet
    std::vector<HeldPacket> held_;             // in the order of arrival
    std::size_t free_buffers_ = 0;             // as the host counts them
    std::size_t completed_ = 0;                // sum over the links
    bool peers_wait_ = false;                  // for room in our host's queue
    std::vector<std::uint8_t> decrypted_;      // the data being carried, on an encrypted link
    std::array<std::uint8_t, 251 + LinkCipher::mic_size> pdu_{};
};

}  // namespace bluetooth::virtual_controller
