// SPDX-License-Identifier: MIT
#include "bluetooth/advertising_data.hpp"

#include <algorithm>

#include "base/wire.hpp"

namespace bluetooth {
namespace {

/// The first structure of that type that is long enough for a value.
template <class T> std::optional<T> find_value(const AdvertisingDataView& view, AdType type) {
    for (const AdStructure& structure : view) {
        if (structure.type != type) continue;
        Reader reader{structure.data};
        T value{};
        get(reader, value);
        if (reader.ok()) return value;
    }
    return std::nullopt;
}

/// The octets per UUID in a list of services; 0 for structures of other types.
std::size_t listed_uuid_size(AdType type) {
    switch (type) {
    case AdType::incomplete_services_16:
    case AdType::complete_services_16: return 2;
    case AdType::incomplete_services_32:
    case AdType::complete_services_32: return 4;
    case AdType::incomplete_services_128:
    case AdType::complete_services_128: return 16;
    default: return 0;
    }
}

AdType service_list_type(std::size_t uuid_size, bool complete) {
    if (uuid_size == 2)
        return complete ? AdType::complete_services_16 : AdType::incomplete_services_16;
    if (uuid_size == 4)
        return complete ? AdType::complete_services_32 : AdType::incomplete_services_32;
    return complete ? AdType::complete_services_128 : AdType::incomplete_services_128;
}

/// The octets of the UUID in front of service data; 0 for structures of other types.
std::size_t service_data_uuid_size(AdType type) {
    switch (type) {
    case AdType::service_data_16: return 2;
    case AdType::service_data_32: return 4;
    case AdType::service_data_128: return 16;
    default: return 0;
    }
}

AdType service_data_type(std::size_t uuid_size) {
    if (uuid_size == 2) return AdType::service_data_16;
    return uuid_size == 4 ? AdType::service_data_32 : AdType::service_data_128;
}

/// Calls `visit` with each listed UUID until it returns true; returns whether it did.
template <class Visitor> bool visit_services(const AdvertisingDataView& view, Visitor&& visit) {
    for (const AdStructure& structure : view) {
        const std::size_t size = listed_uuid_size(structure.type);
        if (size == 0) continue;
        Reader reader{structure.data};
        while (reader.remaining() >= size)  // what is left of a broken list is no UUID
            if (visit(*UUID::from_bytes(reader.take(size)))) return true;
    }
    return false;
}

struct CodePoint {
    std::size_t size;  ///< the octets it takes, or those to pass over
    bool printable;
};

bool is_control(std::uint32_t code_point) {
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0) ||
           (code_point >= 0x2028 && code_point <= 0x202e) ||  // separators, writing direction
           (code_point >= 0x2066 && code_point <= 0x2069);    // writing direction
}

/// Reads one code point from the front of `text`, which is not empty. Ill-formed sequences are
/// passed over as the Unicode Standard recommends (3.9, "maximal subpart").
CodePoint read_code_point(Bytes text) {
    const std::uint8_t lead = text[0];
    if (lead < 0x80) return {1, !is_control(lead)};
    if (lead < 0xc2 || lead > 0xf4) return {1, false};
    const std::size_t size = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    // The second octet's range excludes overlong forms, surrogates and what lies above U+10FFFF.
    std::uint8_t low = 0x80;
    std::uint8_t high = 0xbf;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
    std::uint32_t code_point = lead & (0x7fu >> size);
    for (std::size_t i = 1; i < size; ++i) {
        if (i == text.size() || text[i] < low || text[i] > high) return {i, false};
        code_point = code_point << 6 | (text[i] & 0x3f);
        low = 0x80;
        high = 0xbf;
    }
    return {size, !is_control(code_point)};
}

}  // namespace

// Assigned Numbers 2.3
std::string_view to_string(AdType type) {
    switch (static_cast<std::uint8_t>(type)) {
    case 0x01: return "Flags";
    case 0x02: return "Incomplete List of 16-bit Service UUIDs";
    case 0x03: return "Complete List of 16-bit Service UUIDs";
    case 0x04: return "Incomplete List of 32-bit Service UUIDs";
    case 0x05: return "Complete List of 32-bit Service UUIDs";
    case 0x06: return "Incomplete List of 128-bit Service UUIDs";
    case 0x07: return "Complete List of 128-bit Service UUIDs";
    case 0x08: return "Shortened Local Name";
    case 0x09: return "Complete Local Name";
    case 0x0a: return "Tx Power Level";
    case 0x0d: return "Class of Device";
    case 0x0e: return "Simple Pairing Hash C-192";
    case 0x0f: return "Simple Pairing Randomizer R-192";
    case 0x10: return "Security Manager TK Value";
    case 0x11: return "Security Manager Out of Band Flags";
    case 0x12: return "Peripheral Connection Interval Range";
    case 0x14: return "List of 16-bit Service Solicitation UUIDs";
    case 0x15: return "List of 128-bit Service Solicitation UUIDs";
    case 0x16: return "Service Data - 16-bit UUID";
    case 0x17: return "Public Target Address";
    case 0x18: return "Random Target Address";
    case 0x19: return "Appearance";
    case 0x1a: return "Advertising Interval";
    case 0x1b: return "LE Bluetooth Device Address";
    case 0x1c: return "LE Role";
    case 0x1d: return "Simple Pairing Hash C-256";
    case 0x1e: return "Simple Pairing Randomizer R-256";
    case 0x1f: return "List of 32-bit Service Solicitation UUIDs";
    case 0x20: return "Service Data - 32-bit UUID";
    case 0x21: return "Service Data - 128-bit UUID";
    case 0x22: return "LE Secure Connections Confirmation Value";
    case 0x23: return "LE Secure Connections Random Value";
    case 0x24: return "URI";
    case 0x25: return "Indoor Positioning";
    case 0x26: return "Transport Discovery Data";
    case 0x27: return "LE Supported Features";
    case 0x28: return "Channel Map Update Indication";
    case 0x29: return "PB-ADV";
    case 0x2a: return "Mesh Message";
    case 0x2b: return "Mesh Beacon";
    case 0x2c: return "BIGInfo";
    case 0x2d: return "Broadcast_Code";
    case 0x2e: return "Resolvable Set Identifier";
    case 0x2f: return "Advertising Interval - long";
    case 0x30: return "Broadcast_Name";
    case 0x31: return "Encrypted Advertising Data";
    case 0x32: return "Periodic Advertising Response Timing Information";
    case 0x34: return "Electronic Shelf Label";
    case 0x3d: return "3D Information Data";
    case 0xff: return "Manufacturer Specific Data";
    default: return "unassigned AD type";
    }
}

// ---- building

MutableBytes AdvertisingData::append(AdType type, std::size_t data_size) {
    static constexpr std::size_t header_size = 2;
    if (misfit_size_ != 0) return {};
    const std::size_t room = max_size - size_;
    if (room < header_size || data_size > room - header_size) {
        misfit_ = type;
        misfit_size_ = size_ + header_size + data_size;
        return {};
    }
    octets_[size_] = static_cast<std::uint8_t>(1 + data_size);
    octets_[size_ + 1] = static_cast<std::uint8_t>(type);
    size_ += header_size + data_size;
    return MutableBytes{octets_}.subspan(size_ - data_size, data_size);
}

AdvertisingData& AdvertisingData::add(AdType type, Bytes data) {
    Writer writer{append(type, data.size())};
    put(writer, data);
    return *this;
}

AdvertisingData& AdvertisingData::flags(std::uint8_t bits) {
    return add(AdType::flags, Bytes{&bits, 1});
}

AdvertisingData& AdvertisingData::name(std::string_view complete) {
    return add(AdType::complete_local_name, Bytes::of(complete));
}

AdvertisingData& AdvertisingData::short_name(std::string_view beginning) {
    return add(AdType::shortened_local_name, Bytes::of(beginning));
}

AdvertisingData& AdvertisingData::append_services(std::span<const UUID> uuids, bool complete) {
    for (const std::size_t size : {2u, 4u, 16u}) {
        const auto count = static_cast<std::size_t>(std::ranges::count(uuids, size, &UUID::size));
        if (count == 0) continue;
        Writer writer{append(service_list_type(size, complete), count * size)};
        for (const UUID& uuid : uuids)
            if (uuid.size() == size) put(writer, uuid.bytes());
    }
    return *this;
}

AdvertisingData& AdvertisingData::services(std::span<const UUID> all) {
    return append_services(all, true);
}
AdvertisingData& AdvertisingData::services(std::initializer_list<UUID> all) {
    return append_services({all.begin(), all.size()}, true);
}
AdvertisingData& AdvertisingData::incomplete_services(std::span<const UUID> some) {
    return append_services(some, false);
}
AdvertisingData& AdvertisingData::incomplete_services(std::initializer_list<UUID> some) {
    return append_services({some.begin(), some.size()}, false);
}

AdvertisingData& AdvertisingData::service_data(const UUID& service, Bytes data) {
    Writer writer{append(service_data_type(service.size()), service.size() + data.size())};
    put(writer, service.bytes());
    put(writer, data);
    return *this;
}

AdvertisingData& AdvertisingData::manufacturer_data(std::uint16_t company, Bytes data) {
    Writer writer{append(AdType::manufacturer_specific_data, sizeof(company) + data.size())};
    put(writer, company);
    put(writer, data);
    return *this;
}

AdvertisingData& AdvertisingData::appearance(std::uint16_t value) {
    Writer writer{append(AdType::appearance, sizeof(value))};
    put(writer, value);
    return *this;
}

AdvertisingData& AdvertisingData::tx_power(std::int8_t dbm) {
    Writer writer{append(AdType::tx_power_level, sizeof(dbm))};
    put(writer, dbm);
    return *this;
}

Bytes AdvertisingData::bytes(error_code& error) const noexcept {
    error = misfit_size_ == 0 ? error_code{} : make_error(errc::invalid_argument);
    return {octets_.data(), error ? 0 : size_};
}

Bytes AdvertisingData::bytes() const {
    error_code error;
    const Bytes encoded = bytes(error);
    if (error)
        throw system_error(error, std::string{to_string(misfit_)} +
                                      " does not fit: the advertising data would have " +
                                      std::to_string(misfit_size_) + " octets, " +
                                      std::to_string(max_size) +
                                      " are allowed; shorten it, or move it to the scan response");
    return encoded;
}

// ---- reading

void AdvertisingDataView::iterator::read() {
    Reader reader{rest_};
    std::uint8_t length{};
    get(reader, length);
    const Bytes structure = reader.take(length);
    if (!reader.ok() || structure.empty()) {
        *this = {};
        return;
    }
    structure_ = {static_cast<AdType>(structure[0]), structure.subspan(1)};
    rest_ = reader.rest();
}

std::optional<Bytes> AdvertisingDataView::find(AdType type) const {
    for (const AdStructure& structure : *this)
        if (structure.type == type) return structure.data;
    return std::nullopt;
}

std::optional<std::uint8_t> AdvertisingDataView::flags() const {
    return find_value<std::uint8_t>(*this, AdType::flags);
}

std::optional<std::string> AdvertisingDataView::name() const {
    auto text = find(AdType::complete_local_name);
    if (!text) text = find(AdType::shortened_local_name);
    if (!text) return std::nullopt;
    return printable_text(*text);
}

std::vector<UUID> AdvertisingDataView::services() const {
    std::vector<UUID> listed;
    visit_services(*this, [&](const UUID& uuid) {
        listed.push_back(uuid);
        return false;
    });
    return listed;
}

bool AdvertisingDataView::has_service(const UUID& service) const {
    return visit_services(*this, [&](const UUID& uuid) { return uuid.same_as(service); });
}

std::optional<Bytes> AdvertisingDataView::service_data(const UUID& service) const {
    for (const AdStructure& structure : *this) {
        const std::size_t size = service_data_uuid_size(structure.type);
        if (size == 0 || structure.data.size() < size) continue;
        if (UUID::from_bytes(structure.data.first(size))->same_as(service))
            return structure.data.subspan(size);
    }
    return std::nullopt;
}

std::optional<ManufacturerData> AdvertisingDataView::manufacturer_data() const {
    for (const AdStructure& structure : *this) {
        if (structure.type != AdType::manufacturer_specific_data) continue;
        Reader reader{structure.data};
        ManufacturerData found;
        get(reader, found.company);
        get(reader, found.data);
        if (reader.ok()) return found;
    }
    return std::nullopt;
}

std::optional<std::uint16_t> AdvertisingDataView::appearance() const {
    return find_value<std::uint16_t>(*this, AdType::appearance);
}

std::optional<std::int8_t> AdvertisingDataView::tx_power() const {
    return find_value<std::int8_t>(*this, AdType::tx_power_level);
}

std::string printable_text(Bytes text) {
    static constexpr std::string_view replacement = "\xef\xbf\xbd";  // U+FFFD
    while (!text.empty() && text.back() == 0) text = text.first(text.size() - 1);
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const CodePoint next = read_code_point(text);
        out += next.printable ? Bytes{text.first(next.size)}.text() : replacement;
        text = text.subspan(next.size);
    }
    return out;
}

}  // namespace bluetooth
