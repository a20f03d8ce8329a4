// SPDX-License-Identifier: MIT
#include "virtual_controller/command_table.hpp"

#include <algorithm>
#include <array>
#include <concepts>

#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::LeFeature;
using hci::Status;

namespace {

template <class Part, class Command>
concept Takes = requires(Part& part, const Command& command) {
    part.run(command);
};

}  // namespace

template <class Command> auto& CommandTable::part_for(Controller& controller) {
    if constexpr (Takes<Addresses, Command>)
        return controller.addresses_;
    else if constexpr (Takes<Advertiser, Command>)
        return controller.advertiser_;
    else if constexpr (Takes<Scanner, Command>)
        return controller.scanner_;
    else if constexpr (Takes<Initiator, Command>)
        return controller.initiator_;
    else if constexpr (Takes<Synchronizer, Command>)
        return controller.synchronizer_;
    else if constexpr (Takes<Links, Command>)
        return controller.links_;
    else
        return controller;
}

template <class Command>
void CommandTable::run(Controller& controller, Generation generation, Bytes parameters) {
    using Return = typename Command::Return;
    const auto command = hci::decode_command<Command>(parameters);
    if (!command) return refuse<Command>(controller, Status::invalid_hci_command_parameters);
    if (!allows(controller, generation))
        return refuse<Command>(controller, Status::command_disallowed);
    auto& part = part_for<Command>(controller);
    HostPort& host = controller.host();
    if constexpr (std::same_as<Return, hci::CommandStatusOnly>) {
        const Status status = part.run(*command);
        (void)host.send(
            Share::reply,
            hci::CommandStatus{status, controller.faults().command_credits, Command::opcode});
    } else {
        Return answer{};
        if constexpr (std::same_as<decltype(part.run(*command)), Status>) {
            answer.status = part.run(*command);
            if constexpr (std::same_as<Return, hci::HandleReturn>)
                answer.connection_handle = command->connection_handle;
        } else {
            answer = part.run(*command);
        }
        // This one is answered only when it is wrong (Vol 4 Part E 7.3.40).
        if constexpr (std::same_as<Command, hci::HostNumberOfCompletedPackets>)
            if (answer.status == Status::success) return;
        std::array<std::uint8_t, hci::max_event_parameters> octets;
        const Bytes returned = encode_fields(answer, octets);
        (void)host.send(Share::reply, hci::CommandComplete{controller.faults().command_credits,
                                                           Command::opcode, returned});
    }
}

template <class Command> void CommandTable::refuse(Controller& controller, Status status) {
    using Return = typename Command::Return;
    HostPort& host = controller.host();
    const std::uint8_t credits = controller.faults().command_credits;
    if constexpr (std::same_as<Return, hci::CommandStatusOnly>) {
        (void)host.send(Share::reply, hci::CommandStatus{status, credits, Command::opcode});
    } else {
        Return answer{};
        answer.status = status;
        std::array<std::uint8_t, hci::max_event_parameters> octets;
        const Bytes returned = encode_fields(answer, octets);
        (void)host.send(Share::reply, hci::CommandComplete{credits, Command::opcode, returned});
    }
}

namespace {

using Generation = CommandTable::Generation;

struct Entry {
    std::uint16_t opcode;
    hci::CommandBit supported;
    std::uint64_t features;  ///< without any of which there is no such command; 0: always there
    Generation generation;
    void (*run)(Controller& controller, Generation generation, Bytes parameters);
};

template <class Command>
constexpr Entry entry(std::uint64_t features = 0, Generation generation = Generation::either) {
    return {Command::opcode, Command::supported_bit, features, generation,
            &CommandTable::run<Command>};
}
template <class Command>
constexpr Entry entry(LeFeature feature, Generation generation = Generation::either) {
    return entry<Command>(feature_bit(feature), generation);
}

constexpr auto table = [] {
    using enum LeFeature;
    constexpr std::uint64_t always = 0;
    constexpr std::uint64_t other_phys = feature_bit(le_2m_phy) | feature_bit(le_coded_phy);
    constexpr auto legacy = Generation::legacy;
    constexpr auto extended = Generation::extended;
    constexpr auto sending = periodic_advertising_sync_transfer_sender;
    constexpr auto receiving = periodic_advertising_sync_transfer_recipient;
    std::array entries{
        entry<hci::Disconnect>(),
        entry<hci::ReadRemoteVersionInformation>(),
        entry<hci::SetEventMask>(),
        entry<hci::Reset>(),
        entry<hci::ReadTransmitPowerLevel>(),
        entry<hci::SetControllerToHostFlowControl>(),
        entry<hci::HostBufferSize>(),
        entry<hci::HostNumberOfCompletedPackets>(),
        entry<hci::SetEventMaskPage2>(ping),
        entry<hci::ReadAuthenticatedPayloadTimeout>(ping),
        entry<hci::WriteAuthenticatedPayloadTimeout>(ping),
        entry<hci::ReadLocalVersionInformation>(),
        entry<hci::ReadLocalSupportedCommands>(),
        entry<hci::ReadLocalSupportedFeatures>(),
        entry<hci::ReadBufferSize>(),
        entry<hci::ReadBdAddr>(),
        entry<hci::ReadRssi>(),
        entry<hci::LeSetEventMask>(),
        entry<hci::LeReadBufferSize>(),
        entry<hci::LeReadLocalSupportedFeatures>(),
        entry<hci::LeSetRandomAddress>(),
        entry<hci::LeSetAdvertisingParameters>(always, legacy),
        entry<hci::LeReadAdvertisingPhysicalChannelTxPower>(always, legacy),
        entry<hci::LeSetAdvertisingData>(always, legacy),
        entry<hci::LeSetScanResponseData>(always, legacy),
        entry<hci::LeSetAdvertisingEnable>(always, legacy),
        entry<hci::LeSetScanParameters>(always, legacy),
        entry<hci::LeSetScanEnable>(always, legacy),
        entry<hci::LeCreateConnection>(always, legacy),
        entry<hci::LeCreateConnectionCancel>(),
        entry<hci::LeReadFilterAcceptListSize>(),
        entry<hci::LeClearFilterAcceptList>(),
        entry<hci::LeAddDeviceToFilterAcceptList>(),
        entry<hci::LeRemoveDeviceFromFilterAcceptList>(),
        entry<hci::LeConnectionUpdate>(),
        entry<hci::LeSetHostChannelClassification>(),
        entry<hci::LeReadChannelMap>(),
        entry<hci::LeReadRemoteFeatures>(),
        entry<hci::LeEncrypt>(),
        entry<hci::LeRand>(),
        entry<hci::LeEnableEncryption>(encryption),
        entry<hci::LeLongTermKeyRequestReply>(encryption),
        entry<hci::LeLongTermKeyRequestNegativeReply>(encryption),
        entry<hci::LeReadSupportedStates>(),
        entry<hci::LeRemoteConnectionParameterRequestReply>(connection_parameters_request),
        entry<hci::LeRemoteConnectionParameterRequestNegativeReply>(connection_parameters_request),
        entry<hci::LeSetDataLength>(data_packet_length_extension),
        entry<hci::LeReadSuggestedDefaultDataLength>(data_packet_length_extension),
        entry<hci::LeWriteSuggestedDefaultDataLength>(data_packet_length_extension),
        entry<hci::LeReadMaximumDataLength>(data_packet_length_extension),
        entry<hci::LeReadLocalP256PublicKey>(encryption),
        entry<hci::LeGenerateDhKey>(encryption),
        entry<hci::LeGenerateDhKeyV2>(encryption),
        entry<hci::LeAddDeviceToResolvingList>(ll_privacy),
        entry<hci::LeRemoveDeviceFromResolvingList>(ll_privacy),
        entry<hci::LeClearResolvingList>(ll_privacy),
        entry<hci::LeReadResolvingListSize>(ll_privacy),
        entry<hci::LeReadPeerResolvableAddress>(ll_privacy),
        entry<hci::LeReadLocalResolvableAddress>(ll_privacy),
        entry<hci::LeSetAddressResolutionEnable>(ll_privacy),
        entry<hci::LeSetResolvablePrivateAddressTimeout>(ll_privacy),
        entry<hci::LeSetPrivacyMode>(ll_privacy),
        entry<hci::LeReadPhy>(other_phys),
        entry<hci::LeSetDefaultPhy>(other_phys),
        entry<hci::LeSetPhy>(other_phys),
        entry<hci::LeSetAdvertisingSetRandomAddress>(extended_advertising, extended),
        entry<hci::LeSetExtendedAdvertisingParameters>(extended_advertising, extended),
        entry<hci::LeSetExtendedAdvertisingData>(extended_advertising, extended),
        entry<hci::LeSetExtendedScanResponseData>(extended_advertising, extended),
        entry<hci::LeSetExtendedAdvertisingEnable>(extended_advertising, extended),
        entry<hci::LeReadMaximumAdvertisingDataLength>(extended_advertising, extended),
        entry<hci::LeReadNumberOfSupportedAdvertisingSets>(extended_advertising, extended),
        entry<hci::LeRemoveAdvertisingSet>(extended_advertising, extended),
        entry<hci::LeClearAdvertisingSets>(extended_advertising, extended),
        entry<hci::LeSetExtendedScanParameters>(extended_advertising, extended),
        entry<hci::LeSetExtendedScanEnable>(extended_advertising, extended),
        entry<hci::LeExtendedCreateConnection>(extended_advertising, extended),
        entry<hci::LeSetPeriodicAdvertisingParameters>(periodic_advertising, extended),
        entry<hci::LeSetPeriodicAdvertisingData>(periodic_advertising, extended),
        entry<hci::LeSetPeriodicAdvertisingEnable>(periodic_advertising, extended),
        entry<hci::LePeriodicAdvertisingCreateSync>(periodic_advertising, extended),
        entry<hci::LePeriodicAdvertisingCreateSyncCancel>(periodic_advertising, extended),
        entry<hci::LePeriodicAdvertisingTerminateSync>(periodic_advertising, extended),
        entry<hci::LeAddDeviceToPeriodicAdvertiserList>(periodic_advertising, extended),
        entry<hci::LeRemoveDeviceFromPeriodicAdvertiserList>(periodic_advertising, extended),
        entry<hci::LeClearPeriodicAdvertiserList>(periodic_advertising, extended),
        entry<hci::LeReadPeriodicAdvertiserListSize>(periodic_advertising, extended),
        entry<hci::LeSetPeriodicAdvertisingReceiveEnable>(periodic_advertising),
        entry<hci::LePeriodicAdvertisingSyncTransfer>(sending),
        entry<hci::LePeriodicAdvertisingSetInfoTransfer>(sending),
        entry<hci::LeSetPeriodicAdvertisingSyncTransferParameters>(receiving),
        entry<hci::LeSetDefaultPeriodicAdvertisingSyncTransferParameters>(receiving),
        entry<hci::LeReadTransmitPower>(extended_advertising),
        entry<hci::LeReadRfPathCompensation>(extended_advertising),
        entry<hci::LeWriteRfPathCompensation>(extended_advertising),
    };
    std::ranges::sort(entries, {}, &Entry::opcode);
    return entries;
}();

bool is_set(const hci::SupportedCommands& commands, hci::CommandBit at) {
    return (commands[at.octet] >> at.bit & 1) != 0;
}

}  // namespace

hci::SupportedCommands CommandTable::supported_by(const Profile& profile) {
    hci::SupportedCommands commands{};
    for (const Entry& entry : table) {
        if (entry.features != 0 && (entry.features & profile.le_features) == 0) continue;
        if (std::ranges::count(profile.without, entry.opcode) != 0) continue;
        std::uint8_t& octet = commands[entry.supported.octet];
        octet = static_cast<std::uint8_t>(octet | 1u << entry.supported.bit);
    }
    return commands;
}

/// Decides which of the two sets the host uses, by the first command that is one at all.
bool CommandTable::allows(Controller& controller, Generation generation) {
    using Used = Controller::CommandSet;
    if (generation == Generation::either) return true;
    const Used wanted = generation == Generation::legacy ? Used::legacy : Used::extended;
    if (controller.command_set_ == Used::undecided) controller.command_set_ = wanted;
    return controller.command_set_ == wanted;
}

void CommandTable::execute(Controller& controller, std::uint16_t opcode, Bytes parameters) {
    const auto found = std::ranges::lower_bound(table, opcode, {}, &Entry::opcode);
    if (found == table.end() || found->opcode != opcode ||
        !is_set(controller.supported_commands_, found->supported)) {
        // Vol 1 Part F 2.1
        (void)controller.host().send(
            Share::reply, hci::CommandStatus{Status::unknown_hci_command,
                                             controller.faults().command_credits, opcode});
        return;
    }
    found->run(controller, found->generation, parameters);
}

}  // namespace bluetooth::virtual_controller
