// SPDX-License-Identifier: MIT
//
// What a device says about itself while it advertises: a sequence of AD structures, each a length
// octet, a type octet and data (Vol 3 Part C 11; the types are those of the Assigned Numbers 2.3,
// their formats those of the Core Specification Supplement, Part A 1).
//
// To advertise:
//
//     bluetooth::AdvertisingData data;
//     data.flags().services({bluetooth::UUID{0x1809}}).name("thermometer");
//     ble.gap_advertise(250ms, data);
//
// To read what others advertise:
//
//     if (const auto* result = std::get_if<bluetooth::ScanResult>(&event)) {
//         const bluetooth::AdvertisingDataView data{result->adv_data};
//         if (data.has_service(bluetooth::UUID{0x1809}))
//             std::cout << data.name().value_or("(no name)") << '\n';
//     }
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "base/uuid.hpp"

namespace bluetooth {

/// The type octet of an AD structure (Assigned Numbers 2.3). Others than these occur on air as
/// well: a value need not be an enumerator, and `to_string` knows the names of all that were
/// assigned.
enum class AdType : std::uint8_t {
    flags = 0x01,
    incomplete_services_16 = 0x02,
    complete_services_16 = 0x03,
    incomplete_services_32 = 0x04,
    complete_services_32 = 0x05,
    incomplete_services_128 = 0x06,
    complete_services_128 = 0x07,
    shortened_local_name = 0x08,
    complete_local_name = 0x09,
    tx_power_level = 0x0a,
    peripheral_connection_interval_range = 0x12,
    service_solicitation_16 = 0x14,
    service_solicitation_128 = 0x15,
    service_data_16 = 0x16,
    appearance = 0x19,
    advertising_interval = 0x1a,
    le_role = 0x1c,
    service_solicitation_32 = 0x1f,
    service_data_32 = 0x20,
    service_data_128 = 0x21,
    uri = 0x24,
    manufacturer_specific_data = 0xff,
};

/// The name in the Assigned Numbers, e.g. "Complete Local Name"; "unassigned AD type" for values
/// that have none.
std::string_view to_string(AdType type);

/// The bits of the structure Flags (Core Specification Supplement, Part A 1.3).
namespace ad_flags {
/// Found by scanners that look for devices just made discoverable, for about 30 s.
inline constexpr std::uint8_t limited_discoverable = 0x01;
/// Found by scanners at any time.
inline constexpr std::uint8_t general_discoverable = 0x02;
/// The device speaks Bluetooth LE only.
inline constexpr std::uint8_t br_edr_not_supported = 0x04;
}  // namespace ad_flags

/// Builds advertising data or scan response data for `BLE::gap_advertise`.
///
/// Each member function but `bytes` appends one structure and returns the object, so that calls
/// can be chained; the arguments are copied. They never fail on their own: the first structure that
/// does not fit is remembered, nothing more is appended, and `bytes` reports it. So one place
/// checks for all.
///
/// Nothing is added that was not asked for. A connectable device that wants to be found sends
/// `flags()`; what does not fit into the 31 octets, often the name, can go into the scan response,
/// which a second object holds.
///
/// The object keeps its octets within itself: copying is cheap and nothing is allocated, except for
/// the text of an exception.
class AdvertisingData {
public:
    /// The octets that advertising data, and likewise scan response data, may have in legacy
    /// advertising (Vol 6 Part B 2.3.1). A structure needs two octets besides its data.
    static constexpr std::size_t max_size = 31;

    /// How the device can be discovered: `ad_flags` joined by `|`. Required in the advertising
    /// data of discoverable devices, not allowed in a scan response. 3 octets.
    AdvertisingData& flags(std::uint8_t bits = ad_flags::general_discoverable |
                                               ad_flags::br_edr_not_supported);

    /// The device's whole name, in UTF-8. 2 octets and the text.
    AdvertisingData& name(std::string_view complete);

    /// The beginning of a name that does not fit, in UTF-8. Whoever wants the rest connects and
    /// reads the characteristic Device Name. 2 octets and the text.
    AdvertisingData& short_name(std::string_view beginning);

    /// All services that the device offers. UUIDs of 16, 32 and 128 bits go into one structure per
    /// size: 2 octets for each size that occurs, and 2, 4 or 16 for each UUID. Call it at most
    /// once: a device may send only one list of each size.
    AdvertisingData& services(std::span<const UUID> all);
    AdvertisingData& services(std::initializer_list<UUID> all);

    /// Some of the services that the device offers, where not all fit. Otherwise as `services`.
    AdvertisingData& incomplete_services(std::span<const UUID> some);
    AdvertisingData& incomplete_services(std::initializer_list<UUID> some);

    /// Data of a service, whose format the service defines. 2 octets, the UUID and `data`.
    AdvertisingData& service_data(const UUID& service, Bytes data);

    /// Data in a format of the company with that identifier (Assigned Numbers 7.1). 4 octets and
    /// `data`.
    AdvertisingData& manufacturer_data(std::uint16_t company, Bytes data);

    /// What the device looks like, for the icon in a list (Assigned Numbers 2.6), e.g. 0x0340
    /// Generic Heart Rate Sensor. 4 octets.
    AdvertisingData& appearance(std::uint16_t value);

    /// The power with which the advertising is sent, -127 to 127 dBm, so that receivers can
    /// estimate the path loss. 3 octets.
    AdvertisingData& tx_power(std::int8_t dbm);

    /// A structure of any type. 2 octets and `data`.
    AdvertisingData& add(AdType type, Bytes data);

    /// The encoded structures: a view of this object, valid while it exists and is not changed.
    ///
    /// Throws `system_error` with `errc::invalid_argument` when a structure did not fit; its text
    /// names that structure, the octets it would have taken the data to, and what to do.
    Bytes bytes() const;

    /// As `bytes()`, but sets `error` to `errc::invalid_argument`, and returns an empty view, when
    /// a structure did not fit.
    Bytes bytes(error_code& error) const noexcept;

    /// As `bytes()`, so that the object can be handed to `BLE::gap_advertise` as it is. Throws like
    /// it, also where the called function itself takes an `error_code`.
    operator Bytes() const { return bytes(); }

private:
    /// Appends the header of a structure and returns the room for its data; an empty view when the
    /// structure does not fit.
    MutableBytes append(AdType type, std::size_t data_size);
    AdvertisingData& append_services(std::span<const UUID> uuids, bool complete);

    std::array<std::uint8_t, max_size> octets_{};
    std::size_t size_ = 0;
    // The first structure that did not fit, and the size of the data with it; 0 when all fit.
    AdType misfit_{};
    std::size_t misfit_size_ = 0;
};

/// One structure of advertising data as received.
struct AdStructure {
    AdType type{};
    Bytes data;  ///< a view of the received data; may be empty
    friend bool operator==(const AdStructure&, const AdStructure&) = default;
};

/// Manufacturer Specific Data as received.
struct ManufacturerData {
    std::uint16_t company = 0;  ///< company identifier (Assigned Numbers 7.1)
    Bytes data;                 ///< a view of the received data, in that company's format
    friend bool operator==(const ManufacturerData&, const ManufacturerData&) = default;
};

/// Reads advertising data, of whatever length, that some device sent.
///
/// The data is a stranger's: no content makes any function fail or throw (but for
/// `std::bad_alloc`). A structure of length zero ends the data, and so does a structure that claims
/// more octets than there are; the structures before it count. A structure whose content does not
/// fit its type is passed over.
///
/// This is a view, as are the `Bytes` that it returns: they are valid as long as the octets it was
/// made from, for a `ScanResult` until the handler returns. Strings and UUIDs are copies.
/// Advertising data and scan response arrive as two results, each to be read on its own.
class AdvertisingDataView {
public:
    explicit AdvertisingDataView(Bytes data) : data_(data) {}

    /// Goes through the structures in the order in which they were sent.
    class iterator {
    public:
        using value_type = AdStructure;
        using difference_type = std::ptrdiff_t;

        iterator() = default;
        AdStructure operator*() const { return structure_; }
        iterator& operator++() {
            read();
            return *this;
        }
        iterator operator++(int) {
            iterator old = *this;
            read();
            return old;
        }
        friend bool operator==(const iterator& a, const iterator& b) {
            return a.structure_.data.data() == b.structure_.data.data();
        }

    private:
        friend class AdvertisingDataView;
        explicit iterator(Bytes rest) : rest_(rest) { read(); }
        void read();

        AdStructure structure_;  // at the end its data is a null view
        Bytes rest_;
    };
    iterator begin() const { return iterator{data_}; }
    iterator end() const { return {}; }

    /// The data of the first structure of that type; nothing when there is none.
    std::optional<Bytes> find(AdType type) const;

    /// The first octet of Flags, to be tested with `ad_flags`; nothing when not sent.
    std::optional<std::uint8_t> flags() const;

    /// The complete name, else the shortened one, else nothing; cleaned up by `printable_text`.
    std::optional<std::string> name() const;
    /// Whether `name` is the whole name.
    bool has_complete_name() const { return find(AdType::complete_local_name).has_value(); }

    /// The services that are listed, complete or not, in the order sent and in the sizes sent.
    std::vector<UUID> services() const;
    /// Whether a service is listed, in whatever size its UUID was sent. Allocates nothing.
    bool has_service(const UUID& service) const;

    /// The data of a service, in whatever size its UUID was sent; nothing when not sent.
    std::optional<Bytes> service_data(const UUID& service) const;

    /// The first Manufacturer Specific Data; nothing when not sent.
    std::optional<ManufacturerData> manufacturer_data() const;

    /// What the device looks like (Assigned Numbers 2.6); nothing when not sent.
    std::optional<std::uint16_t> appearance() const;

    /// The power with which the advertising was sent, in dBm; nothing when not sent.
    std::optional<std::int8_t> tx_power() const;

private:
    Bytes data_;
};

/// A stranger's text as UTF-8 that can be shown safely: what is not UTF-8 and every control
/// character (line breaks, escape sequences of terminals, changes of writing direction) is replaced
/// by U+FFFD. NULs at the end, with which some devices pad their names, are removed.
std::string printable_text(Bytes text);

}  // namespace bluetooth
