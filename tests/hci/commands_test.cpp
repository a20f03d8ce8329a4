// SPDX-License-Identifier: MIT
#include "hci/commands.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>
#include <string_view>

#include "base/show.hpp"
#include "tests/hci/command_vectors.hpp"
#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::hci;
using test::array;
using test::check_return;
using test::hex;
using test::Octets;

namespace {

constexpr ConnectionHandle handle{0x0040};

const auto key = array<16>("00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff");
const auto other_key = array<16>("0f 1e 2d 3c 4b 5a 69 78 87 96 a5 b4 c3 d2 e1 f0");
const auto random_number = array<8>("01 02 03 04 05 06 07 08");
const auto coordinate = array<32>(
    "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f "
    "10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f");
const Address address = Address::from_display({0xc0, 0x22, 0x33, 0x44, 0x55, 0x66});

test::Coverage covered;

template <class C> void check(const C& command, std::string_view text) {
    test::check_command(covered, command, text);
}

}  // namespace

TEST_CASE("hci commands: link control, as Vol 4 Part E 7.1 lays them out") {
    check(Disconnect{handle, Status::remote_user_terminated_connection}, "06 04 03 40 00 13");
    check(ReadRemoteVersionInformation{handle}, "1d 04 02 40 00");
}

TEST_CASE("hci commands: controller and baseband, as Vol 4 Part E 7.3 lays them out") {
    check(SetEventMask{0x2000'8000'0200'8890}, "01 0c 08 90 88 00 02 00 80 00 20");
    check(Reset{}, "03 0c 00");
    check(ReadTransmitPowerLevel{handle, TransmitPowerType::maximum}, "2d 0c 03 40 00 01");
    check(SetControllerToHostFlowControl{0x01}, "31 0c 01 01");
    check(HostBufferSize{0x00fb, 0x40, 0x0010, 0x0002}, "33 0c 07 fb 00 40 10 00 02 00");
    check(SetEventMaskPage2{0x0000'0000'0080'0000}, "63 0c 08 00 00 80 00 00 00 00 00");
    check(WriteLeHostSupport{Enable::enabled, 0}, "6d 0c 02 01 00");
    check(ReadAuthenticatedPayloadTimeout{handle}, "7b 0c 02 40 00");
    check(WriteAuthenticatedPayloadTimeout{handle, Units10ms{0x0bb8}}, "7c 0c 04 40 00 b8 0b");

    const Octets pairs = hex("40 00 03 00 41 00 01 00");
    check(HostNumberOfCompletedPackets{{List<CompletedPackets>{pairs}}},
          "35 0c 09 02 40 00 03 00 41 00 01 00");
}

TEST_CASE("hci commands: informational and status, as Vol 4 Part E 7.4 and 7.5 lay them out") {
    check(ReadLocalVersionInformation{}, "01 10 00");
    check(ReadLocalSupportedCommands{}, "02 10 00");
    check(ReadLocalSupportedFeatures{}, "03 10 00");
    check(ReadBufferSize{}, "05 10 00");
    check(ReadBdAddr{}, "09 10 00");
    check(ReadRssi{handle}, "05 14 02 40 00");
}

TEST_CASE("hci commands: LE of Core 4.0, as Vol 4 Part E 7.8 lays them out") {
    check(LeSetEventMask{0x0000'0000'0008'0fff}, "01 20 08 ff 0f 08 00 00 00 00 00");
    check(LeReadBufferSize{}, "02 20 00");
    check(LeReadBufferSizeV2{}, "60 20 00");
    check(LeReadLocalSupportedFeatures{}, "03 20 00");
    check(LeSetRandomAddress{address}, "05 20 06 66 55 44 33 22 c0");
    check(LeSetAdvertisingParameters{Units625us{0x0800}, Units625us{0x0801},
                                     AdvertisingType::adv_scan_ind, OwnAddressType::random_device,
                                     AddressType::random_device, address, all_advertising_channels,
                                     AdvertisingFilterPolicy::connections_from_accept_list},
          "06 20 0f 00 08 01 08 02 01 01 66 55 44 33 22 c0 07 02");
    check(LeReadAdvertisingPhysicalChannelTxPower{}, "07 20 00");
    check(LeSetAdvertisingData{3, {0x02, 0x01, 0x06}},
          "08 20 20 03 020106 00000000 00000000 00000000 00000000 00000000 00000000 00000000");
    check(LeSetScanResponseData{4, {0x03, 0x09, 0x68, 0x69}},
          "09 20 20 04 030968 69000000 00000000 00000000 00000000 00000000 00000000 00000000");
    check(LeSetAdvertisingEnable{Enable::enabled}, "0a 20 01 01");
    check(LeSetScanParameters{ScanType::active, Units625us{0x0010}, Units625us{0x0004},
                              OwnAddressType::random_device, ScanFilterPolicy::accept_list},
          "0b 20 07 01 10 00 04 00 01 01");
    check(LeSetScanEnable{Enable::enabled, Enable::disabled}, "0c 20 02 01 00");
    check(
        LeCreateConnection{Units625us{0x0060}, Units625us{0x0030},
                           InitiatorFilterPolicy::peer_address, AddressType::random_device, address,
                           OwnAddressType::public_device, Units1250us{0x0018}, Units1250us{0x0028},
                           0x0002, Units10ms{0x002a}, Units625us{0x0001}, Units625us{0x0100}},
        "0d 20 19 60 00 30 00 00 01 66 55 44 33 22 c0 00 18 00 28 00 02 00 2a 00 01 00 00 01");
    check(LeCreateConnectionCancel{}, "0e 20 00");
    check(LeReadFilterAcceptListSize{}, "0f 20 00");
    check(LeClearFilterAcceptList{}, "10 20 00");
    check(LeAddDeviceToFilterAcceptList{AddressType::random_device, address},
          "11 20 07 01 66 55 44 33 22 c0");
    check(LeRemoveDeviceFromFilterAcceptList{AddressType::public_device, address},
          "12 20 07 00 66 55 44 33 22 c0");
    check(LeConnectionUpdate{handle, Units1250us{0x0006}, Units1250us{0x0c80}, 0x01f3,
                             Units10ms{0x0c80}, Units625us{0}, Units625us{0}},
          "13 20 0e 40 00 06 00 80 0c f3 01 80 0c 00 00 00 00");
    check(LeSetHostChannelClassification{array<5>("ff ff ff ff 1f")}, "14 20 05 ff ff ff ff 1f");
    check(LeReadChannelMap{handle}, "15 20 02 40 00");
    check(LeReadRemoteFeatures{handle}, "16 20 02 40 00");
    check(LeEncrypt{key, other_key},
          "17 20 20 00112233445566778899aabbccddeeff 0f1e2d3c4b5a69788796a5b4c3d2e1f0");
    check(LeRand{}, "18 20 00");
    check(LeEnableEncryption{handle, random_number, 0x1234, key},
          "19 20 1c 40 00 01 02 03 04 05 06 07 08 34 12 00112233445566778899aabbccddeeff");
    check(LeLongTermKeyRequestReply{handle, key},
          "1a 20 12 40 00 00112233445566778899aabbccddeeff");
    check(LeLongTermKeyRequestNegativeReply{handle}, "1b 20 02 40 00");
    check(LeReadSupportedStates{}, "1c 20 00");
}

TEST_CASE("hci commands: LE of Core 4.1 to 5.0, as Vol 4 Part E 7.8 lays them out") {
    check(LeRemoteConnectionParameterRequestReply{handle, Units1250us{0x0018}, Units1250us{0x0028},
                                                  0x0003, Units10ms{0x01f4}, Units625us{0x0002},
                                                  Units625us{0x0003}},
          "20 20 0e 40 00 18 00 28 00 03 00 f4 01 02 00 03 00");
    check(
        LeRemoteConnectionParameterRequestNegativeReply{handle,
                                                        Status::unacceptable_connection_parameters},
        "21 20 03 40 00 3b");
    check(LeSetDataLength{handle, 0x00fb, Microseconds{0x0848}}, "22 20 06 40 00 fb 00 48 08");
    check(LeReadSuggestedDefaultDataLength{}, "23 20 00");
    check(LeWriteSuggestedDefaultDataLength{0x00fb, Microseconds{0x4290}}, "24 20 04 fb 00 90 42");
    check(LeReadLocalP256PublicKey{}, "25 20 00");
    check(LeGenerateDhKey{coordinate, coordinate},
          "26 20 40 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
          "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f");
    check(LeAddDeviceToResolvingList{AddressType::random_device, address, key, other_key},
          "27 20 27 01 66 55 44 33 22 c0 "
          "00112233445566778899aabbccddeeff 0f1e2d3c4b5a69788796a5b4c3d2e1f0");
    check(LeRemoveDeviceFromResolvingList{AddressType::random_device, address},
          "28 20 07 01 66 55 44 33 22 c0");
    check(LeClearResolvingList{}, "29 20 00");
    check(LeReadResolvingListSize{}, "2a 20 00");
    check(LeReadPeerResolvableAddress{AddressType::public_device, address},
          "2b 20 07 00 66 55 44 33 22 c0");
    check(LeReadLocalResolvableAddress{AddressType::public_device, address},
          "2c 20 07 00 66 55 44 33 22 c0");
    check(LeSetAddressResolutionEnable{Enable::enabled}, "2d 20 01 01");
    check(LeSetResolvablePrivateAddressTimeout{Seconds{0x0384}}, "2e 20 02 84 03");
    check(LeReadMaximumDataLength{}, "2f 20 00");
    check(LeReadPhy{handle}, "30 20 02 40 00");
    check(LeSetDefaultPhy{0x00, prefer_le_1m | prefer_le_2m, prefer_le_2m}, "31 20 03 00 03 02");
    check(LeSetPhy{handle, 0x00, prefer_le_coded, prefer_le_coded, 0x0002},
          "32 20 07 40 00 00 04 04 02 00");
    check(LeSetPrivacyMode{AddressType::random_device, address, PrivacyMode::device},
          "4e 20 08 01 66 55 44 33 22 c0 01");
}

TEST_CASE("hci commands: each command but the extended ones has a vector in this file") {
    covered.check_complete<BasicCommands>();
}

TEST_CASE("hci commands: return parameters, as Vol 4 Part E lays them out") {
    check_return<Reset>({Status::success}, "00");
    check_return<ReadTransmitPowerLevel>({Status::success, handle, -7}, "00 40 00 f9");
    check_return<ReadAuthenticatedPayloadTimeout>({Status::success, handle, Units10ms{0x0bb8}},
                                                  "00 40 00 b8 0b");
    check_return<WriteAuthenticatedPayloadTimeout>({Status::unknown_connection_identifier, handle},
                                                   "02 40 00");
    check_return<ReadLocalVersionInformation>(
        {Status::success, CoreVersion::v5_4, 0x1234, CoreVersion::v4_2, 0x005d, 0x8761},
        "00 0d 34 12 08 5d 00 61 87");
    check_return<ReadLocalSupportedFeatures>({Status::success, 0x0000'0060'0000'0000},
                                             "00 00 00 00 00 60 00 00 00");
    check_return<ReadBufferSize>({Status::success, 0x03fd, 0x40, 0x0008, 0x0003},
                                 "00 fd 03 40 08 00 03 00");
    check_return<ReadBdAddr>({Status::success, address}, "00 66 55 44 33 22 c0");
    check_return<ReadRssi>({Status::success, handle, -60}, "00 40 00 c4");
    check_return<LeReadBufferSize>({Status::success, 0x00fb, 0x08}, "00 fb 00 08");
    check_return<LeReadBufferSizeV2>({Status::success, 0x00fb, 0x08, 0x01f4, 0x04},
                                     "00 fb 00 08 f4 01 04");
    check_return<LeReadLocalSupportedFeatures>({Status::success, 0x0000'0000'0000'5921},
                                               "00 21 59 00 00 00 00 00 00");
    check_return<LeReadAdvertisingPhysicalChannelTxPower>({Status::success, 4}, "00 04");
    check_return<LeReadFilterAcceptListSize>({Status::success, 0x10}, "00 10");
    check_return<LeReadChannelMap>({Status::success, handle, array<5>("ff 00 ff 00 1f")},
                                   "00 40 00 ff 00 ff 00 1f");
    check_return<LeEncrypt>({Status::success, key}, "00 00112233445566778899aabbccddeeff");
    check_return<LeRand>({Status::success, random_number}, "00 01 02 03 04 05 06 07 08");
    check_return<LeLongTermKeyRequestReply>({Status::success, handle}, "00 40 00");
    check_return<LeLongTermKeyRequestNegativeReply>({Status::success, handle}, "00 40 00");
    check_return<LeReadSupportedStates>({Status::success, 0x0000'03ff'ffff'ffff},
                                        "00 ff ff ff ff ff 03 00 00");
    check_return<LeRemoteConnectionParameterRequestReply>({Status::success, handle}, "00 40 00");
    check_return<LeRemoteConnectionParameterRequestNegativeReply>({Status::success, handle},
                                                                  "00 40 00");
    check_return<LeSetDataLength>({Status::success, handle}, "00 40 00");
    check_return<LeReadSuggestedDefaultDataLength>({Status::success, 0x001b, Microseconds{0x0148}},
                                                   "00 1b 00 48 01");
    check_return<LeReadResolvingListSize>({Status::success, 0x08}, "00 08");
    check_return<LeReadPeerResolvableAddress>({Status::success, address}, "00 66 55 44 33 22 c0");
    check_return<LeReadLocalResolvableAddress>({Status::success, address}, "00 66 55 44 33 22 c0");
    check_return<LeReadMaximumDataLength>(
        {Status::success, 0x00fb, Microseconds{0x0848}, 0x00fa, Microseconds{0x4290}},
        "00 fb 00 48 08 fa 00 90 42");
    check_return<LeReadPhy>({Status::success, handle, Phy::le_2m, Phy::le_coded}, "00 40 00 02 03");
}

TEST_CASE("hci commands: Read Local Supported Commands returns 64 octets, a bit for each command") {
    Octets octets = hex("00");
    octets.resize(65);
    octets[1 + 5] = 0x80;   // octet 5 bit 7: Reset
    octets[1 + 26] = 0x10;  // octet 26 bit 4: LE Create Connection
    octets[1 + 34] = 0x01;  // octet 34 bit 0: LE Write Suggested Default Data Length
    const auto answer = decode_return<ReadLocalSupportedCommands>(octets);
    REQUIRE(answer);
    CHECK(supports<Reset>(answer->supported_commands));
    CHECK(supports<LeCreateConnection>(answer->supported_commands));
    CHECK(supports<LeWriteSuggestedDefaultDataLength>(answer->supported_commands));
    CHECK_FALSE(supports<SetEventMask>(answer->supported_commands));
    CHECK_FALSE(supports<LeCreateConnectionCancel>(answer->supported_commands));
    octets.pop_back();
    CHECK_FALSE(decode_return<ReadLocalSupportedCommands>(octets));

    SupportedCommands announced{};
    announce<Reset>(announced);
    announce<LeCreateConnection>(announced);
    announce<LeWriteSuggestedDefaultDataLength>(announced);
    CHECK(announced == answer->supported_commands);
}

TEST_CASE("hci commands: no two commands share an opcode or a supported-commands bit") {
    std::set<std::uint16_t> opcodes;
    std::set<int> bits;
    int commands = 0;
    Commands::for_each([&]<class C>(std::type_identity<C>) {
        ++commands;
        opcodes.insert(C::opcode);
        bits.insert(C::supported_bit.octet * 8 + C::supported_bit.bit);
    });
    CHECK(opcodes.size() == static_cast<std::size_t>(commands));
    CHECK(bits.size() == static_cast<std::size_t>(commands));
}

TEST_CASE("hci commands: only those that start a procedure are answered by Command Status") {
    CHECK(encode_command(Disconnect{}).answered_by_status);
    CHECK(encode_command(LeCreateConnection{}).answered_by_status);
    CHECK(encode_command(LeSetPhy{}).answered_by_status);
    CHECK_FALSE(encode_command(LeCreateConnectionCancel{}).answered_by_status);
    CHECK_FALSE(encode_command(LeSetDataLength{}).answered_by_status);
}

TEST_CASE("hci commands: a packet whose length octet is wrong is none") {
    CHECK_FALSE(decode_command_packet(hex("")));
    CHECK_FALSE(decode_command_packet(hex("03 0c")));
    CHECK_FALSE(decode_command_packet(hex("03 0c 01")));
    CHECK_FALSE(decode_command_packet(hex("03 0c 00 00")));
}

TEST_CASE("hci commands: a command that does not fit the room given is not cut off") {
    std::array<std::uint8_t, 5> out{};
    CHECK(encode_command_packet(Disconnect{handle, Status::success}, out).empty());
}

TEST_CASE("hci commands: print with their names and units") {
    CHECK(command_name(0x200c) == "LeSetScanEnable");
    CHECK(command_name(0xfc01) == "command");
    CHECK(to_string(Disconnect{handle, Status::remote_user_terminated_connection}) ==
          "Disconnect{connection_handle=0x0040, reason=remote user terminated connection}");
    CHECK(to_string(LeSetScanParameters{.le_scan_interval = Units625us{16}})
              .find("le_scan_interval=10 ms") != std::string::npos);
}
