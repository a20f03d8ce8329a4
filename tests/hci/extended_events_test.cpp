// SPDX-License-Identifier: MIT
#include "hci/le_extended_events.hpp"

#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/show.hpp"
#include "hci/events.hpp"
#include "tests/hci/event_vectors.hpp"
#include "tests/support/hex.hpp"

using namespace bluetooth;
using namespace bluetooth::hci;
using test::hex;
using test::Octets;
using test::read_reports;

namespace {

constexpr ConnectionHandle handle{0x0040};
constexpr AdvertisingHandle set{0x02};
constexpr SyncHandle sync_handle{0x0123};
const Address address = Address::from_display({0x11, 0x22, 0x33, 0x44, 0x55, 0x66});
const Address private_address = Address::from_display({0x4a, 0xbb, 0xcc, 0xdd, 0xee, 0xff});

test::Coverage covered;

template <class E> void check(const E& event, std::string_view text) {
    test::check_event(covered, event, text);
}

/// No part of `text`, the parameters of `E` behind the subevent code, is that event.
template <class E> void check_cut(std::string_view text) {
    const Octets whole = hex(text);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        Octets parameters{static_cast<std::uint8_t>(E::subevent_code)};
        parameters.insert(parameters.end(), whole.begin(),
                          whole.begin() + static_cast<std::ptrdiff_t>(size));
        INFO(size);
        CHECK_FALSE(decode_event<E>(parameters));
    }
}

/// A report in front of its data length, from one on the primary channels.
constexpr std::string_view legacy_report =
    "13 00 01 66 55 44 33 22 11 01 00 ff 7f c4 00 00 00 00 00 00 00 00 00";

std::string zeros(std::size_t count) {
    std::string text;
    for (std::size_t i = 0; i < count; ++i) text += " 00";
    return text;
}

}  // namespace

TEST_CASE("hci extended events: as Vol 4 Part E 7.7.65.13 to 7.7.65.24 lay them out") {
    const Octets report =
        hex("13 00 01 66 55 44 33 22 11 01 00 ff 7f c4 00 00 00 00 00 00 00 00 00 03 02 01 06");
    check(LeExtendedAdvertisingReport{1, report},
          "3e 1d 0d 01 13 00 01 66 55 44 33 22 11 01 00 ff 7f c4 00 00 00 00 00 00 00 00 00 "
          "03 02 01 06");
    check(LePeriodicAdvertisingSyncEstablished{Status::success, sync_handle, 0x0b,
                                               AddressType::random_device, address, Phy::le_2m,
                                               Units1250us{0x0c80}, 0x05},
          "3e 10 0e 00 23 01 0b 01 66 55 44 33 22 11 02 80 0c 05");
    const Octets data = hex("aa bb");
    check(
        LePeriodicAdvertisingReport{
            sync_handle, -7, -60, no_constant_tone_extension, DataStatus::more_to_come, {data}},
        "3e 0a 0f 23 01 f9 c4 ff 01 02 aa bb");
    check(LePeriodicAdvertisingSyncLost{sync_handle}, "3e 03 10 23 01");
    check(LeScanTimeout{}, "3e 01 11");
    check(LeAdvertisingSetTerminated{Status::limit_reached, set, handle, 0x07},
          "3e 06 12 43 02 40 00 07");
    check(LeScanRequestReceived{set, AddressType::random_identity, address},
          "3e 09 13 02 03 66 55 44 33 22 11");
    check(LePeriodicAdvertisingSyncTransferReceived{Status::success, handle, 0x1234, sync_handle,
                                                    0x0b, AddressType::random_device, address,
                                                    Phy::le_coded, Units1250us{0x0c80}, 0x05},
          "3e 14 18 00 40 00 34 12 23 01 0b 01 66 55 44 33 22 11 03 80 0c 05");
}

TEST_CASE("hci extended events: each event of the set has a vector in this file") {
    covered.check_complete<ExtendedEvents>();
}

TEST_CASE("hci extended events: one that is cut anywhere is none") {
    check_cut<LePeriodicAdvertisingSyncEstablished>("00 23 01 0b 01 66 55 44 33 22 11 02 80 0c 05");
    check_cut<LePeriodicAdvertisingReport>("23 01 f9 c4 ff 01 02 aa bb");
    check_cut<LePeriodicAdvertisingSyncLost>("23 01");
    check_cut<LeAdvertisingSetTerminated>("00 02 40 00 07");
    check_cut<LeScanRequestReceived>("02 03 66 55 44 33 22 11");
    check_cut<LePeriodicAdvertisingSyncTransferReceived>(
        "00 40 00 34 12 23 01 0b 01 66 55 44 33 22 11 03 80 0c 05");
}

TEST_CASE("extended reports: each member stands where Vol 4 Part E 7.7.65.13 puts it") {
    const Octets octets =
        hex("01  25 00 03 66 55 44 33 22 11 01 02 0b f9 c4 80 0c 01 ff ee dd cc bb 4a 02 aa bb");
    const ExtendedAdvertisingReports reports{octets};
    auto report = reports.begin();
    REQUIRE(report != reports.end());
    CHECK(report->event_type == 0x0025);
    CHECK(report->has(extended_event_type::connectable | extended_event_type::directed));
    CHECK_FALSE(report->has(extended_event_type::connectable | extended_event_type::scannable));
    CHECK_FALSE(report->has(extended_event_type::legacy));
    CHECK_FALSE(report->has(extended_event_type::scan_response));
    CHECK(report->data_status() == DataStatus::more_to_come);
    CHECK(report->address_type == AddressType::random_identity);
    CHECK(report->address == address);
    CHECK(report->primary_phy == Phy::le_1m);
    CHECK(report->secondary_phy == Phy::le_2m);
    CHECK(report->advertising_sid == 0x0b);
    CHECK(report->tx_power == -7);
    CHECK(report->rssi == -60);
    CHECK(report->periodic_advertising_interval == Units1250us{0x0c80});
    CHECK(report->direct_address_type == AddressType::random_device);
    CHECK(report->direct_address == private_address);
    CHECK(report->data.octets == Bytes{hex("aa bb")});
    ++report;
    CHECK(report == reports.end());
}

TEST_CASE("extended reports: the data status is bits 5 and 6 of the event type") {
    const auto status = [](std::uint16_t event_type) {
        return ExtendedAdvertisingReport{.event_type = event_type}.data_status();
    };
    CHECK(status(0x001b) == DataStatus::complete);
    CHECK(status(0x0020) == DataStatus::more_to_come);
    CHECK(status(0x0040) == DataStatus::truncated);
    CHECK(status(0xff9f) == DataStatus::complete);
}

TEST_CASE("extended reports: legacy PDUs in the form of Table 7.1") {
    using namespace extended_event_type;
    const auto has = [](std::uint16_t event_type, std::uint16_t bits) {
        return ExtendedAdvertisingReport{.event_type = event_type}.has(bits);
    };
    CHECK(has(0x0013, legacy | connectable | scannable));                  // ADV_IND
    CHECK(has(0x0015, legacy | connectable | directed));                   // ADV_DIRECT_IND
    CHECK(has(0x0012, legacy | scannable));                                // ADV_SCAN_IND
    CHECK(has(0x0010, legacy));                                            // ADV_NONCONN_IND
    CHECK(has(0x001b, legacy | connectable | scannable | scan_response));  // SCAN_RSP
}

TEST_CASE("extended reports: several in one event, in the order received") {
    CHECK(read_reports<ExtendedAdvertisingReports>(
              "02 13 00 01 66 55 44 33 22 11 01 00 ff 7f c4 00 00 00 00 00 00 00 00 00 03 02 01 06"
              "   20 00 ff 00 00 00 00 00 00 03 03 02 05 7f 00 00 00 00 00 00 00 00 00 00") ==
          std::vector<std::string>{"11:22:33:44:55:66 -60 020106", "00:00:00:00:00:00 127 "});
}

TEST_CASE("extended reports: only those that fit completely, whatever the count says (H06)") {
    const std::string report{legacy_report};
    const std::vector<std::string> one{"11:22:33:44:55:66 -60 "};
    CHECK(read_reports<ExtendedAdvertisingReports>("0a " + report + " 00") == one);
    CHECK(read_reports<ExtendedAdvertisingReports>("02 " + report + " 00 " + report) == one);
}

TEST_CASE("extended reports: a count of 0 or above 10 makes the event invalid (H06)") {
    const std::string report{legacy_report};
    CHECK(read_reports<ExtendedAdvertisingReports>("00 " + report + " 00").empty());
    CHECK(read_reports<ExtendedAdvertisingReports>("0b " + report + " 00").empty());
    CHECK(read_reports<ExtendedAdvertisingReports>("19 " + report + " 00").empty());
    CHECK(read_reports<ExtendedAdvertisingReports>("").empty());
}

TEST_CASE("extended reports: a data length beyond the event drops the report (H08)") {
    const std::string report{legacy_report};
    CHECK(read_reports<ExtendedAdvertisingReports>("01 " + report + " ff 02 01 06").empty());
    CHECK(read_reports<ExtendedAdvertisingReports>("01 " + report + " 04 02 01 06").empty());
    // The data length is missing.
    CHECK(read_reports<ExtendedAdvertisingReports>("01 " + report).empty());
}

TEST_CASE("extended reports: 229 octets of data are taken, more drop the report (H09)") {
    const std::string report{legacy_report};
    const auto most = read_reports<ExtendedAdvertisingReports>("01 " + report + " e5" + zeros(229));
    CHECK(most == std::vector<std::string>{"11:22:33:44:55:66 -60 " + std::string(458, '0')});
    CHECK(read_reports<ExtendedAdvertisingReports>("01 " + report + " e6" + zeros(230)).empty());
    CHECK(read_reports<ExtendedAdvertisingReports>("01 " + report + " ff" + zeros(255)).empty());
}

TEST_CASE("hci extended events: print with their names and units") {
    CHECK(to_string(LePeriodicAdvertisingSyncEstablished{
                        .advertiser_phy = Phy::le_coded,
                        .periodic_advertising_interval = Units1250us{0x0006}})
              .find("advertiser_phy=LE Coded, periodic_advertising_interval=7.5 ms") !=
          std::string::npos);
    CHECK(to_string(LeScanTimeout{}) == "LeScanTimeout{}");
    CHECK(to_string(Phy::none) == "none");
    CHECK(to_string(DataStatus::complete) == "complete");
    CHECK(to_string(DataStatus::more_to_come) == "more to come");
    CHECK(to_string(DataStatus::truncated) == "truncated");
    CHECK(to_string(DataStatus{3}) == "unknown data status");
}
