// SPDX-License-Identifier: MIT
#include "hci/le_extended_commands.hpp"

#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/show.hpp"
#include "hci/commands.hpp"
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
constexpr AdvertisingHandle set{0x02};
constexpr SyncHandle sync_handle{0x0123};
const auto coordinate = array<32>(
    "00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f "
    "10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f");
const Address address = Address::from_display({0xc0, 0x22, 0x33, 0x44, 0x55, 0x66});

test::Coverage covered;

template <class C> void check(const C& command, std::string_view text) {
    test::check_command(covered, command, text);
}

}  // namespace

TEST_CASE(
    "hci extended commands: advertising sets, as Vol 4 Part E 7.8.52 to 7.8.60 lay them out") {
    namespace properties = advertising_event_properties;
    check(LeSetAdvertisingSetRandomAddress{set, address}, "35 20 07 02 66 55 44 33 22 c0");
    check(
        LeSetExtendedAdvertisingParameters{
            set, properties::connectable | properties::scannable | properties::legacy,
            LongUnits625us{0x000030}, LongUnits625us{0x010203}, all_advertising_channels,
            OwnAddressType::random_device, AddressType::public_device, address,
            AdvertisingFilterPolicy::all_from_accept_list, -7, Phy::le_1m, 0x05, Phy::le_2m, 0x0b,
            Enable::enabled},
        "36 20 19 02 13 00 30 00 00 03 02 01 07 01 00 66 55 44 33 22 c0 03 f9 01 05 02 0b 01");
    const Octets flags = hex("02 01 06");
    check(
        LeSetExtendedAdvertisingData{
            set, DataOperation::complete, FragmentPreference::should_not_fragment, {flags}},
        "37 20 07 02 03 01 03 02 01 06");
    const Octets name = hex("03 09 68 69");
    check(
        LeSetExtendedScanResponseData{
            set, DataOperation::first_fragment, FragmentPreference::may_fragment, {name}},
        "38 20 08 02 01 00 04 03 09 68 69");
    const Octets sets = hex("01 e8 03 0a  02 00 00 00");
    check(LeSetExtendedAdvertisingEnable{Enable::enabled, {List<AdvertisingSetEnable>{sets}}},
          "39 20 0a 01 02 01 e8 03 0a 02 00 00 00");
    check(LeSetExtendedAdvertisingEnable{}, "39 20 02 00 00");
    check(LeReadMaximumAdvertisingDataLength{}, "3a 20 00");
    check(LeReadNumberOfSupportedAdvertisingSets{}, "3b 20 00");
    check(LeRemoveAdvertisingSet{set}, "3c 20 01 02");
    check(LeClearAdvertisingSets{}, "3d 20 00");
    check(LeSetDataRelatedAddressChanges{set, upon_advertising_data_change |
                                                  upon_scan_response_data_change},
          "7c 20 02 02 03");
}

TEST_CASE("hci extended commands: scanning and initiating, as 7.8.64 to 7.8.66 lay them out") {
    const Octets scan = hex("01 60 00 30 00  00 c0 00 18 00");
    check(
        LeSetExtendedScanParameters{OwnAddressType::random_device, ScanFilterPolicy::accept_list,
                                    prefer_le_1m | prefer_le_coded, List<PhyScanParameters>{scan}},
        "41 20 0d 01 01 05 01 60 00 30 00 00 c0 00 18 00");
    check(LeSetExtendedScanEnable{Enable::enabled, FilterDuplicates::reset_each_period,
                                  Units10ms{0x03e8}, Units1280ms{0x0008}},
          "42 20 06 01 02 e8 03 08 00");
    const Octets initiate =
        hex("60 00 30 00 18 00 28 00 02 00 2a 00 01 00 00 01"
            "c0 00 b0 00 50 00 60 00 00 00 f4 01 00 00 00 00");
    check(
        LeExtendedCreateConnection{InitiatorFilterPolicy::peer_address,
                                   OwnAddressType::resolvable_or_public, AddressType::random_device,
                                   address, prefer_le_1m | prefer_le_2m,
                                   List<PhyInitiatingParameters>{initiate}},
        "43 20 2a 00 02 01 66 55 44 33 22 c0 03"
        "60 00 30 00 18 00 28 00 02 00 2a 00 01 00 00 01"
        "c0 00 b0 00 50 00 60 00 00 00 f4 01 00 00 00 00");
}

TEST_CASE("hci extended commands: periodic advertising, as 7.8.61 to 7.8.63 lay them out") {
    check(LeSetPeriodicAdvertisingParameters{set, Units1250us{0x0006}, Units1250us{0x0c80},
                                             periodic_include_tx_power},
          "3e 20 07 02 06 00 80 0c 40 00");
    const Octets data = hex("02 01 06");
    check(LeSetPeriodicAdvertisingData{set, DataOperation::last_fragment, {data}},
          "3f 20 06 02 02 03 02 01 06");
    check(LeSetPeriodicAdvertisingEnable{enable_periodic_advertising | include_adi, set},
          "40 20 02 03 02");
}

TEST_CASE("hci extended commands: synchronizing, as 7.8.67 to 7.8.73 and 7.8.88 lay them out") {
    check(LePeriodicAdvertisingCreateSync{sync_without_reports | sync_filters_duplicates, 0x0b,
                                          AddressType::random_device, address, 0x01f3,
                                          Units10ms{0x03e8}, 0x10},
          "44 20 0e 06 0b 01 66 55 44 33 22 c0 f3 01 e8 03 10");
    check(LePeriodicAdvertisingCreateSync{.options = sync_to_periodic_advertiser_list},
          "44 20 0e 01 00 00 00 00 00 00 00 00 00 00 00 00 00");
    check(LePeriodicAdvertisingCreateSyncCancel{}, "45 20 00");
    check(LePeriodicAdvertisingTerminateSync{sync_handle}, "46 20 02 23 01");
    check(LeAddDeviceToPeriodicAdvertiserList{AddressType::random_device, address, 0x0b},
          "47 20 08 01 66 55 44 33 22 c0 0b");
    check(LeRemoveDeviceFromPeriodicAdvertiserList{AddressType::public_device, address, 0x0f},
          "48 20 08 00 66 55 44 33 22 c0 0f");
    check(LeClearPeriodicAdvertiserList{}, "49 20 00");
    check(LeReadPeriodicAdvertiserListSize{}, "4a 20 00");
    check(LeSetPeriodicAdvertisingReceiveEnable{sync_handle, report_periodic_advertising |
                                                                 filter_periodic_duplicates},
          "59 20 03 23 01 03");
}

TEST_CASE("hci extended commands: sync transfer, as 7.8.89 to 7.8.92 lay it out") {
    check(LePeriodicAdvertisingSyncTransfer{handle, 0x1234, sync_handle},
          "5a 20 06 40 00 34 12 23 01");
    check(LePeriodicAdvertisingSetInfoTransfer{handle, 0x1234, set}, "5b 20 05 40 00 34 12 02");
    check(LeSetPeriodicAdvertisingSyncTransferParameters{handle, SyncTransferMode::with_reports,
                                                         0x01f3, Units10ms{0x03e8}, 0x04},
          "5c 20 08 40 00 02 f3 01 e8 03 04");
    check(
        LeSetDefaultPeriodicAdvertisingSyncTransferParameters{
            SyncTransferMode::with_filtered_reports, 0x000a, Units10ms{0x0064}, 0x00},
        "5d 20 06 03 0a 00 64 00 00");
}

TEST_CASE("hci extended commands: power and keys, as 7.8.74 to 7.8.76 and 7.8.37 lay them out") {
    check(LeReadTransmitPower{}, "4b 20 00");
    check(LeReadRfPathCompensation{}, "4c 20 00");
    check(LeWriteRfPathCompensation{-5, 0x0500}, "4d 20 04 fb ff 00 05");
    check(LeGenerateDhKeyV2{coordinate, coordinate, DhKeyType::debug},
          "5e 20 41 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
          "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 01");
}

TEST_CASE("hci extended commands: each command of the set has a vector in this file") {
    covered.check_complete<ExtendedCommands>();
}

TEST_CASE("hci extended commands: return parameters, as Vol 4 Part E lays them out") {
    check_return<LeSetAdvertisingSetRandomAddress>({Status::command_disallowed}, "0c");
    check_return<LeSetExtendedAdvertisingParameters>({Status::success, -7}, "00 f9");
    check_return<LeSetExtendedAdvertisingData>({Status::packet_too_long}, "45");
    check_return<LeSetExtendedScanResponseData>({Status::memory_capacity_exceeded}, "07");
    check_return<LeSetExtendedAdvertisingEnable>({Status::unknown_advertising_identifier}, "42");
    check_return<LeReadMaximumAdvertisingDataLength>({Status::success, 1650}, "00 72 06");
    check_return<LeReadNumberOfSupportedAdvertisingSets>({Status::success, 0x10}, "00 10");
    check_return<LeRemoveAdvertisingSet>({Status::success}, "00");
    check_return<LeClearAdvertisingSets>({Status::success}, "00");
    check_return<LeSetPeriodicAdvertisingParameters>({Status::success}, "00");
    check_return<LeSetPeriodicAdvertisingData>({Status::success}, "00");
    check_return<LeSetPeriodicAdvertisingEnable>({Status::success}, "00");
    check_return<LeSetExtendedScanParameters>({Status::success}, "00");
    check_return<LeSetExtendedScanEnable>({Status::success}, "00");
    check_return<LePeriodicAdvertisingCreateSyncCancel>({Status::success}, "00");
    check_return<LePeriodicAdvertisingTerminateSync>({Status::success}, "00");
    check_return<LeAddDeviceToPeriodicAdvertiserList>({Status::success}, "00");
    check_return<LeRemoveDeviceFromPeriodicAdvertiserList>({Status::success}, "00");
    check_return<LeClearPeriodicAdvertiserList>({Status::success}, "00");
    check_return<LeReadPeriodicAdvertiserListSize>({Status::success, 0x08}, "00 08");
    check_return<LeReadTransmitPower>({Status::success, -20, 10}, "00 ec 0a");
    check_return<LeReadRfPathCompensation>({Status::success, -5, 0x0500}, "00 fb ff 00 05");
    check_return<LeWriteRfPathCompensation>({Status::success}, "00");
    check_return<LeSetPeriodicAdvertisingReceiveEnable>({Status::success}, "00");
    check_return<LePeriodicAdvertisingSyncTransfer>({Status::success, handle}, "00 40 00");
    check_return<LePeriodicAdvertisingSetInfoTransfer>({Status::success, handle}, "00 40 00");
    check_return<LeSetPeriodicAdvertisingSyncTransferParameters>({Status::success, handle},
                                                                 "00 40 00");
    check_return<LeSetDefaultPeriodicAdvertisingSyncTransferParameters>({Status::success}, "00");
    check_return<LeSetDataRelatedAddressChanges>({Status::success}, "00");
}

TEST_CASE("hci extended commands: their bits in Supported Commands (Vol 4 Part E 6.27)") {
    SupportedCommands expected{};
    expected[36] = 0xfe;  // bit 0 is LE Transmitter Test [v2]
    expected[37] = 0xff;
    expected[38] = 0xff;
    expected[39] = 0x03;  // bit 2 is LE Set Privacy Mode
    expected[40] = 0xe0;  // the lower ones are about direction finding
    expected[41] = 0x07;
    expected[45] = 0x40;
    SupportedCommands announced{};
    ExtendedCommands::for_each([&]<class C>(std::type_identity<C>) { announce<C>(announced); });
    CHECK(announced == expected);

    // These bits follow the opcodes.
    int previous = 0;
    for (std::uint16_t opcode = 0x2035; opcode <= 0x207c; ++opcode)
        ExtendedCommands::with(opcode, [&]<class C>(std::type_identity<C>) {
            INFO(C::pdu_name);
            const int bit = C::supported_bit.octet * 8 + C::supported_bit.bit;
            CHECK(bit > previous);
            previous = bit;
        });
}

TEST_CASE("hci extended commands: only those that start a procedure are answered by status alone") {
    std::set<std::string_view> answered_by_status;
    ExtendedCommands::for_each([&]<class C>(std::type_identity<C>) {
        if (encode_command(C{}).answered_by_status) answered_by_status.insert(C::pdu_name);
    });
    CHECK(answered_by_status == std::set<std::string_view>{"LeExtendedCreateConnection",
                                                           "LePeriodicAdvertisingCreateSync",
                                                           "LeGenerateDhKeyV2"});
}

TEST_CASE("hci extended commands: parameters for more or fewer PHYs than named are refused") {
    // LE 1M and LE Coded, but one element; LE 1M, but two.
    CHECK_FALSE(decode_command<LeSetExtendedScanParameters>(hex("00 00 05 01 60 00 30 00")));
    CHECK_FALSE(
        decode_command<LeSetExtendedScanParameters>(hex("00 00 01 01 60 00 30 00 00 c0 00 18 00")));
    CHECK_FALSE(decode_command<LeExtendedCreateConnection>(
        hex("00 00 01 66 55 44 33 22 c0 04"
            "60 00 30 00 18 00 28 00 02 00 2a 00 01 00 00 01"
            "c0 00 b0 00 50 00 60 00 00 00 f4 01 00 00 00 00")));
    CHECK_FALSE(decode_command<LeExtendedCreateConnection>(hex("00 00 01 66 55 44 33 22 c0 01")));
}

TEST_CASE(
    "hci extended commands: a count of sets or octets that does not fit the rest is refused") {
    CHECK_FALSE(decode_command<LeSetExtendedAdvertisingEnable>(hex("01 02 01 e8 03 0a")));
    CHECK_FALSE(decode_command<LeSetExtendedAdvertisingEnable>(hex("01 00 01 e8 03 0a")));
    CHECK_FALSE(decode_command<LeSetExtendedAdvertisingData>(hex("02 03 01 04 02 01 06")));
    CHECK_FALSE(decode_command<LeSetExtendedAdvertisingData>(hex("02 03 01 02 02 01 06")));
}

TEST_CASE("hci extended commands: the most data for one command fill its packet") {
    const Octets most(max_extended_advertising_data_fragment);
    std::array<std::uint8_t, 258> out{};
    const Bytes packet{encode_command_packet(
        LeSetExtendedAdvertisingData{
            set, DataOperation::complete, FragmentPreference::may_fragment, {most}},
        out)};
    CHECK(packet.size() == out.size());
    CHECK(packet.first(7) == Bytes{hex("37 20 ff 02 03 00 fb")});
}

TEST_CASE("hci extended commands: print with their names and units") {
    CHECK(command_name(0x2039) == "LeSetExtendedAdvertisingEnable");
    CHECK(to_string(LeSetExtendedAdvertisingParameters{.primary_advertising_interval_max =
                                                           LongUnits625us{0x010203}})
              .find("primary_advertising_interval_max=41281.875 ms") != std::string::npos);
    const Octets scan = hex("01 60 00 30 00");
    CHECK(to_string(LeSetExtendedScanParameters{.scanning_phys = prefer_le_1m,
                                                .phys = List<PhyScanParameters>{scan}}) ==
          "LeSetExtendedScanParameters{own_address_type=public, scanning_filter_policy=0x00, "
          "scanning_phys=0x01, phys=[{scan_type=0x01, scan_interval=60 ms, scan_window=30 ms}]}");
    CHECK(to_string(LeRemoveAdvertisingSet{set}) ==
          "LeRemoveAdvertisingSet{advertising_handle=0x02}");
    CHECK(to_string(DataOperation::intermediate_fragment) == "intermediate fragment");
    CHECK(to_string(DataOperation::unchanged) == "unchanged");
    CHECK(to_string(DataOperation{5}) == "unknown operation");
    CHECK(to_string(SyncTransferMode::ignore) == "ignore");
    CHECK(to_string(SyncTransferMode::with_filtered_reports) == "with filtered reports");
    CHECK(to_string(SyncTransferMode{4}) == "unknown mode");
}
