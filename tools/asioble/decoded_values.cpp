// SPDX-License-Identifier: MIT
//
// The formats are those of the GATT Specification Supplement 3, of Vol 3 Part G 3.3.3 (descriptors)
// and 7 (the Generic Attribute service), and of Vol 3 Part C 12 (the Generic Access service).
#include "tools/asioble/decoded_values.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <span>
#include <string_view>

#include "base/pdu.hpp"
#include "base/time.hpp"
#include "bluetooth/advertising_data.hpp"
#include "tools/asioble/assigned_numbers.hpp"
#include "tools/asioble/text.hpp"

namespace bluetooth::tool {
namespace {

// ---- parts that values are made of

template <class T> struct Single {
    T value{};
    BT_FIELDS(Single, value);
};

/// A value that is one number and nothing else.
template <class T> std::optional<T> number_in(Bytes value) {
    const auto single = decode_fields<Single<T>>(value);
    if (!single) return std::nullopt;
    return single->value;
}

/// `number` / 10^decimals, exactly: -5 with two decimals is "-0.05".
std::string decimal(std::int64_t number, std::size_t decimals) {
    std::string digits = std::to_string(std::abs(number));
    if (digits.size() <= decimals) digits.insert(0, decimals + 1 - digits.size(), '0');
    if (decimals > 0) digits.insert(digits.size() - decimals, 1, '.');
    return (number < 0 ? "-" : "") + digits;
}

/// One number with its unit; `unknown` is what stands for no value.
template <class T>
std::string quantity(Bytes value, std::string_view unit, std::size_t decimals = 0,
                     std::optional<T> unknown = {}) {
    const auto number = number_in<T>(value);
    if (!number) return {};
    if (number == unknown) return "not known";
    return decimal(*number, decimals) + ' ' + std::string{unit};
}

/// "0x0012"
std::string hex(std::uint16_t number) { return to_text(AttributeHandle{number}); }

/// The name at that place of a list; the number where there is none.
std::string name_at(std::span<const std::string_view> names, std::size_t place) {
    return place < names.size() ? std::string{names[place]} : std::to_string(place);
}
std::string choice(Bytes value, std::span<const std::string_view> names) {
    const auto number = number_in<std::uint8_t>(value);
    return number ? name_at(names, *number) : std::string{};
}

/// The names of the bits that are set, the first octet's first. Values may grow by octets that are
/// not known here.
std::string bits(Bytes value, std::span<const std::string_view> names) {
    if (value.empty()) return {};
    std::vector<std::string> set;
    for (std::size_t bit = 0; bit < value.size() * 8; ++bit)
        if ((value[bit / 8] >> bit % 8 & 1) != 0)
            set.push_back(bit < names.size() ? std::string{names[bit]}
                                             : "bit " + std::to_string(bit));
    return set.empty() ? "none" : join(set);
}

std::string text(Bytes value) { return printable_text(value); }

/// A number of as many octets as there are, most significant first.
std::string big_number(Bytes value) {
    Octets octets{value.begin(), value.end()};
    std::ranges::reverse(octets);
    return to_hex(Bytes{octets});
}

// ---- Generic Access, Generic Attribute

std::string appearance(Bytes value) {
    const auto number = number_in<std::uint16_t>(value);
    if (!number) return {};
    const std::string_view category = appearance_category_name(*number);
    if (category.empty()) return {};
    const int kind = *number & 0x3f;
    return std::string{category} + (kind == 0 ? "" : ", kind " + std::to_string(kind));
}

struct PreferredConnectionParameters {  // Vol 3 Part C 12.3
    Units1250us interval_min{};
    Units1250us interval_max{};
    std::uint16_t latency = 0;
    Units10ms supervision_timeout{};
    BT_FIELDS(PreferredConnectionParameters, interval_min, interval_max, latency,
              supervision_timeout);
};
std::string preferred_connection_parameters(Bytes value) {
    const auto parameters = decode_fields<PreferredConnectionParameters>(value);
    if (!parameters) return {};
    static constexpr std::uint16_t no_preference = 0xffff;
    const auto interval = [](Units1250us units) {
        return units.count() == no_preference ? "any" : decimal(units.count() * 125, 2) + " ms";
    };
    const auto& [interval_min, interval_max, latency, timeout] = *parameters;
    std::string result = "interval " + interval(interval_min);
    if (interval_max != interval_min) result += " to " + interval(interval_max);
    result += ", latency " + std::to_string(latency) + ", timeout ";
    return result + (timeout.count() == no_preference
                         ? "any"
                         : std::to_string(timeout.count() * 10) + " ms");
}

struct ServiceChanged {  // Vol 3 Part G 7.1
    std::uint16_t start_handle{};
    std::uint16_t end_handle{};
    BT_FIELDS(ServiceChanged, start_handle, end_handle);
};
std::string service_changed(Bytes value) {
    const auto range = decode_fields<ServiceChanged>(value);
    return range ? hex(range->start_handle) + " to " + hex(range->end_handle) : std::string{};
}

constexpr std::array<std::string_view, 2> address_resolution{"not supported", "supported"};
constexpr std::array<std::string_view, 3> client_features{
    // Vol 3 Part G 7.2
    "robust caching", "enhanced ATT bearer", "multiple value notifications"};
constexpr std::array<std::string_view, 1> server_features{"enhanced ATT bearer"};  // 7.4

// ---- descriptors

constexpr std::array<std::string_view, 2> extended_properties{"reliable write",
                                                              "writable auxiliaries"};
constexpr std::array<std::string_view, 2> client_configuration{"notifications", "indications"};
constexpr std::array<std::string_view, 1> server_configuration{"broadcasts"};

struct PresentationFormat {  // Vol 3 Part G 3.3.3.5
    std::uint8_t format{};
    std::int8_t exponent{};
    std::uint16_t unit{};
    std::uint8_t name_space{};
    std::uint16_t description{};
    BT_FIELDS(PresentationFormat, format, exponent, unit, name_space, description);
};
constexpr std::array<std::string_view, 29> formats{
    // Assigned Numbers 2.4.1
    "reserved", "boolean", "uint2",  "uint4",   "uint8",        "uint12",  "uint16", "uint24",
    "uint32",   "uint48",  "uint64", "uint128", "sint8",        "sint12",  "sint16", "sint24",
    "sint32",   "sint48",  "sint64", "sint128", "float32",      "float64", "SFLOAT", "FLOAT",
    "duint16",  "utf8s",   "utf16s", "struct",  "medical ASN.1"};
std::string presentation_format(Bytes value) {
    const auto format = decode_fields<PresentationFormat>(value);
    if (!format) return {};
    const std::string_view unit = name_of(UUID{format->unit});
    std::string result = name_at(formats, format->format);
    if (format->exponent != 0) result += " x 10^" + std::to_string(format->exponent);
    result += ", " + (unit.empty() ? "unit " + hex(format->unit) : std::string{unit});
    if (format->description != 0) result += ", description " + hex(format->description);
    return result;
}

struct ReportReference {  // HID Service 1.0, 2.5.5
    std::uint8_t id{};
    std::uint8_t type{};
    BT_FIELDS(ReportReference, id, type);
};
std::string report_reference(Bytes value) {
    static constexpr std::array<std::string_view, 4> types{"reserved", "input", "output",
                                                           "feature"};
    const auto reference = decode_fields<ReportReference>(value);
    if (!reference) return {};
    return "report " + std::to_string(reference->id) + ", " + name_at(types, reference->type);
}

// ---- Device Information

struct PnpId {
    std::uint8_t source{};
    std::uint16_t vendor{};
    std::uint16_t product{};
    std::uint16_t version{};  // 0xJJMN: JJ.M.N
    BT_FIELDS(PnpId, source, vendor, product, version);
};
std::string pnp_id(Bytes value) {
    static constexpr std::uint8_t bluetooth_sig = 1;
    static constexpr std::uint8_t usb_forum = 2;
    const auto id = decode_fields<PnpId>(value);
    if (!id) return {};
    std::string vendor = hex(id->vendor);
    if (id->source == usb_forum) vendor = "USB " + vendor;
    if (const auto name = company_name(id->vendor); id->source == bluetooth_sig && !name.empty())
        vendor = name;
    return "vendor " + vendor + ", product " + hex(id->product) + ", version " +
           std::to_string(id->version >> 8) + '.' + std::to_string(id->version >> 4 & 15) + '.' +
           std::to_string(id->version & 15);
}

struct SystemId {  // both least significant octet first
    std::array<std::uint8_t, 5> manufacturer{};
    std::array<std::uint8_t, 3> organization{};
    BT_FIELDS(SystemId, manufacturer, organization);
};
std::string system_id(Bytes value) {
    const auto id = decode_fields<SystemId>(value);
    if (!id) return {};
    return "organization " + big_number(id->organization) + ", device " +
           big_number(id->manufacturer);
}

// ---- sensors

std::string heart_rate_measurement(Bytes value) {
    Reader reader{value};
    std::uint8_t flags{};
    get(reader, flags);
    const bool wide = (flags & 0x01) != 0;
    const bool knows_contact = (flags & 0x04) != 0;
    const bool has_contact = (flags & 0x02) != 0;
    const bool has_energy = (flags & 0x08) != 0;
    const bool has_intervals = (flags & 0x10) != 0;

    const auto next = [&reader](auto number) {
        get(reader, number);
        return std::int64_t{number};
    };
    std::string result =
        std::to_string(wide ? next(std::uint16_t{}) : next(std::uint8_t{})) + " bpm";
    if (knows_contact) result += has_contact ? ", skin contact" : ", no skin contact";
    if (has_energy) result += ", " + std::to_string(next(std::uint16_t{})) + " kJ";
    while (has_intervals && !reader.done())  // in 1/1024 s
        result += ", RR " + std::to_string(next(std::uint16_t{}) * 1000 / 1024) + " ms";
    return reader.ok() ? result : std::string{};
}

constexpr std::array<std::string_view, 7> sensor_locations{"other", "chest",    "wrist", "finger",
                                                           "hand",  "ear lobe", "foot"};
constexpr std::array<std::string_view, 3> alert_levels{"no alert", "mild alert", "high alert"};

// ---- which type has which format

struct Format {
    std::uint16_t type;
    std::string (*decode)(Bytes);
};

constexpr std::array known_formats{
    Format{0x2900, [](Bytes value) { return bits(value, extended_properties); }},
    Format{0x2901, text},  // Characteristic User Description
    Format{0x2902, [](Bytes value) { return bits(value, client_configuration); }},
    Format{0x2903, [](Bytes value) { return bits(value, server_configuration); }},
    Format{0x2904, presentation_format},
    Format{0x2908, report_reference},
    Format{0x2a00, text},  // Device Name
    Format{0x2a01, appearance},
    Format{0x2a04, preferred_connection_parameters},
    Format{0x2a05, service_changed},
    Format{0x2a06, [](Bytes value) { return choice(value, alert_levels); }},
    Format{0x2a07, [](Bytes value) { return quantity<std::int8_t>(value, "dBm"); }},
    Format{0x2a19, [](Bytes value) { return quantity<std::uint8_t>(value, "%"); }},
    Format{0x2a23, system_id},
    Format{0x2a24, text},  // Model Number String
    Format{0x2a25, text},  // Serial Number String
    Format{0x2a26, text},  // Firmware Revision String
    Format{0x2a27, text},  // Hardware Revision String
    Format{0x2a28, text},  // Software Revision String
    Format{0x2a29, text},  // Manufacturer Name String
    Format{0x2a37, heart_rate_measurement},
    Format{0x2a38, [](Bytes value) { return choice(value, sensor_locations); }},
    Format{0x2a50, pnp_id},
    Format{0x2a6d, [](Bytes value) { return quantity<std::uint32_t>(value, "Pa", 1); }},
    Format{
        0x2a6e,
        [](Bytes value) { return quantity<std::int16_t>(value, "°C", 2, std::int16_t{-0x8000}); }},
    Format{
        0x2a6f,
        [](Bytes value) { return quantity<std::uint16_t>(value, "%", 2, std::uint16_t{0xffff}); }},
    Format{0x2aa6, [](Bytes value) { return choice(value, address_resolution); }},
    Format{0x2b29, [](Bytes value) { return bits(value, client_features); }},
    Format{0x2b2a, big_number},  // Database Hash
    Format{0x2b3a, [](Bytes value) { return bits(value, server_features); }},
};

}  // namespace

std::string decoded_value(const UUID& type, Bytes value) {
    const auto found = std::ranges::find_if(
        known_formats, [&](const Format& format) { return UUID{format.type}.same_as(type); });
    return found == known_formats.end() ? std::string{} : found->decode(value);
}

std::string describe_value(const std::optional<UUID>& type, Bytes value, std::size_t most_octets) {
    if (value.size() > most_octets)
        return to_hex(value.first(most_octets)) + "... (" + std::to_string(value.size()) +
               " octets)";
    const std::string meaning = type ? decoded_value(*type, value) : std::string{};
    if (meaning.empty()) return value_to_text(value);
    return to_hex(value) + " (" + meaning + ')';
}

void add_to(Json& json, const std::optional<UUID>& type, Bytes value) {
    json.add("value", to_hex(value));
    const std::string meaning = type ? decoded_value(*type, value) : std::string{};
    if (!meaning.empty()) json.add("decoded", meaning);
}

}  // namespace bluetooth::tool
