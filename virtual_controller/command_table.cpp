// SPDX-License-Identifier: MIT
#include "virtual_controller/command_table.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <optional>

#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::LeFeature;
using hci::Status;

template <class Command> void CommandTable::run(Controller& controller, Bytes parameters) {
    using Return = typename Command::Return;
    const auto command = hci::decode_command<Command>(parameters);
    constexpr Status malformed = Status::invalid_hci_command_parameters;
    if constexpr (std::same_as<Return, hci::CommandStatusOnly>) {
        const Status status = command ? controller.run(*command) : malformed;
        (void)controller.send(Share::reply, hci::CommandStatus{status, 1, Command::opcode});
    } else {
        Return answer{};
        answer.status = malformed;
        if (command) {
            if constexpr (std::same_as<decltype(controller.run(*command)), Status>) {
                answer.status = controller.run(*command);
                if constexpr (std::same_as<Return, hci::HandleReturn>)
                    answer.connection_handle = command->connection_handle;
            } else {
                answer = controller.run(*command);
            }
        }
        std::array<std::uint8_t, hci::max_event_parameters> octets;
        const Bytes returned = encode_fields(answer, octets);
        (void)controller.send(Share::reply, hci::CommandComplete{1, Command::opcode, returned});
    }
}

namespace {

struct Entry {
    std::uint16_t opcode;
    hci::CommandBit supported;
    std::optional<LeFeature> feature;  ///< without which there is no such command
    void (*run)(Controller& controller, Bytes parameters);
};

template <class Command> constexpr Entry entry(std::optional<LeFeature> feature = std::nullopt) {
    return {Command::opcode, Command::supported_bit, feature, &CommandTable::run<Command>};
}

constexpr auto table = [] {
    constexpr auto parameters_request = LeFeature::connection_parameters_request;
    constexpr auto data_length = LeFeature::data_packet_length_extension;
    constexpr auto le_2m_phy = LeFeature::le_2m_phy;
    std::array entries{
        entry<hci::Disconnect>(),
        entry<hci::ReadRemoteVersionInformation>(),
        entry<hci::SetEventMask>(),
        entry<hci::Reset>(),
        entry<hci::ReadTransmitPowerLevel>(),
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
        entry<hci::LeSetAdvertisingParameters>(),
        entry<hci::LeReadAdvertisingPhysicalChannelTxPower>(),
        entry<hci::LeSetAdvertisingData>(),
        entry<hci::LeSetScanResponseData>(),
        entry<hci::LeSetAdvertisingEnable>(),
        entry<hci::LeSetScanParameters>(),
        entry<hci::LeSetScanEnable>(),
        entry<hci::LeCreateConnection>(),
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
        entry<hci::LeReadSupportedStates>(),
        entry<hci::LeRemoteConnectionParameterRequestReply>(parameters_request),
        entry<hci::LeRemoteConnectionParameterRequestNegativeReply>(parameters_request),
        entry<hci::LeSetDataLength>(data_length),
        entry<hci::LeReadSuggestedDefaultDataLength>(data_length),
        entry<hci::LeWriteSuggestedDefaultDataLength>(data_length),
        entry<hci::LeReadMaximumDataLength>(data_length),
        entry<hci::LeReadPhy>(le_2m_phy),
        entry<hci::LeSetDefaultPhy>(le_2m_phy),
        entry<hci::LeSetPhy>(le_2m_phy),
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
        if (entry.feature && !hci::has(profile.le_features, *entry.feature)) continue;
        if (std::ranges::count(profile.without, entry.opcode) != 0) continue;
        std::uint8_t& octet = commands[entry.supported.octet];
        octet = static_cast<std::uint8_t>(octet | 1u << entry.supported.bit);
    }
    return commands;
}

void CommandTable::execute(Controller& controller, std::uint16_t opcode, Bytes parameters) {
    const auto found = std::ranges::lower_bound(table, opcode, {}, &Entry::opcode);
    if (found != table.end() && found->opcode == opcode &&
        is_set(controller.supported_commands_, found->supported))
        return found->run(controller, parameters);
    // Vol 1 Part F 2.1
    (void)controller.send(Share::reply, hci::CommandStatus{Status::unknown_hci_command, 1, opcode});
}

}  // namespace bluetooth::virtual_controller
