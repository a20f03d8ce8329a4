// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>

#include "hci/controller_commands.hpp"
#include "hci/le_commands.hpp"
#include "hci/le_extended_commands.hpp"

namespace bluetooth::hci {

/// Commands this library knows, for what treats them alike: names, monitor, tests.
template <class... C> struct CommandSet {
    /// Calls `visitor(std::type_identity<C>{})` for each command.
    template <class Visitor> static constexpr void for_each(Visitor&& visitor) {
        (visitor(std::type_identity<C>{}), ...);
    }
    /// Calls `visitor(std::type_identity<C>{})` for the command with this opcode; false when there
    /// is none.
    template <class Visitor> static bool with(std::uint16_t opcode, Visitor&& visitor) {
        return ((C::opcode == opcode && (visitor(std::type_identity<C>{}), true)) || ...);
    }
    /// The commands of both sets.
    template <class... D> CommandSet<C..., D...> operator+(CommandSet<D...>) const { return {}; }
};

/// Those of controller_commands.hpp and le_commands.hpp.
using BasicCommands = CommandSet<
    Disconnect, ReadRemoteVersionInformation, SetEventMask, Reset, ReadTransmitPowerLevel,
    SetControllerToHostFlowControl, HostBufferSize, HostNumberOfCompletedPackets, SetEventMaskPage2,
    WriteLeHostSupport, ReadAuthenticatedPayloadTimeout, WriteAuthenticatedPayloadTimeout,
    ReadLocalVersionInformation, ReadLocalSupportedCommands, ReadLocalSupportedFeatures,
    ReadBufferSize, ReadBdAddr, ReadRssi, LeSetEventMask, LeReadBufferSize, LeReadBufferSizeV2,
    LeReadLocalSupportedFeatures, LeSetRandomAddress, LeSetAdvertisingParameters,
    LeReadAdvertisingPhysicalChannelTxPower, LeSetAdvertisingData, LeSetScanResponseData,
    LeSetAdvertisingEnable, LeSetScanParameters, LeSetScanEnable, LeCreateConnection,
    LeCreateConnectionCancel, LeReadFilterAcceptListSize, LeClearFilterAcceptList,
    LeAddDeviceToFilterAcceptList, LeRemoveDeviceFromFilterAcceptList, LeConnectionUpdate,
    LeSetHostChannelClassification, LeReadChannelMap, LeReadRemoteFeatures, LeEncrypt, LeRand,
    LeEnableEncryption, LeLongTermKeyRequestReply, LeLongTermKeyRequestNegativeReply,
    LeReadSupportedStates, LeRemoteConnectionParameterRequestReply,
    LeRemoteConnectionParameterRequestNegativeReply, LeSetDataLength,
    LeReadSuggestedDefaultDataLength, LeWriteSuggestedDefaultDataLength, LeReadLocalP256PublicKey,
    LeGenerateDhKey, LeAddDeviceToResolvingList, LeRemoveDeviceFromResolvingList,
    LeClearResolvingList, LeReadResolvingListSize, LeReadPeerResolvableAddress,
    LeReadLocalResolvableAddress, LeSetAddressResolutionEnable,
    LeSetResolvablePrivateAddressTimeout, LeReadMaximumDataLength, LeReadPhy, LeSetDefaultPhy,
    LeSetPhy, LeSetPrivacyMode>;

/// Those of le_extended_commands.hpp.
using ExtendedCommands = CommandSet<
    LeSetAdvertisingSetRandomAddress, LeSetExtendedAdvertisingParameters,
    LeSetExtendedAdvertisingData, LeSetExtendedScanResponseData, LeSetExtendedAdvertisingEnable,
    LeReadMaximumAdvertisingDataLength, LeReadNumberOfSupportedAdvertisingSets,
    LeRemoveAdvertisingSet, LeClearAdvertisingSets, LeSetPeriodicAdvertisingParameters,
    LeSetPeriodicAdvertisingData, LeSetPeriodicAdvertisingEnable, LeSetExtendedScanParameters,
    LeSetExtendedScanEnable, LeExtendedCreateConnection, LePeriodicAdvertisingCreateSync,
    LePeriodicAdvertisingCreateSyncCancel, LePeriodicAdvertisingTerminateSync,
    LeAddDeviceToPeriodicAdvertiserList, LeRemoveDeviceFromPeriodicAdvertiserList,
    LeClearPeriodicAdvertiserList, LeReadPeriodicAdvertiserListSize,
    LeSetPeriodicAdvertisingReceiveEnable, LePeriodicAdvertisingSyncTransfer,
    LePeriodicAdvertisingSetInfoTransfer, LeSetPeriodicAdvertisingSyncTransferParameters,
    LeSetDefaultPeriodicAdvertisingSyncTransferParameters, LeReadTransmitPower,
    LeReadRfPathCompensation, LeWriteRfPathCompensation, LeGenerateDhKeyV2,
    LeSetDataRelatedAddressChanges>;

/// All of them.
using Commands = decltype(BasicCommands{} + ExtendedCommands{});

/// "LeSetScanEnable"; "command" for an opcode that is not in `Commands`.
std::string_view command_name(std::uint16_t opcode);

}  // namespace bluetooth::hci
