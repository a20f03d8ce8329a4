// SPDX-License-Identifier: MIT
#include "tools/asioble/assigned_numbers.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "tools/asioble/demo_services.hpp"

namespace bluetooth::tool {
namespace {

struct Assigned {
    std::uint16_t number;
    std::string_view name;
};

constexpr std::array uuids{
    Assigned{0x1800, "Generic Access"},
    Assigned{0x1801, "Generic Attribute"},
    Assigned{0x1802, "Immediate Alert"},
    Assigned{0x1803, "Link Loss"},
    Assigned{0x1804, "Tx Power"},
    Assigned{0x1805, "Current Time"},
    Assigned{0x1808, "Glucose"},
    Assigned{0x1809, "Health Thermometer"},
    Assigned{0x180a, "Device Information"},
    Assigned{0x180d, "Heart Rate"},
    Assigned{0x180f, "Battery Service"},
    Assigned{0x1810, "Blood Pressure"},
    Assigned{0x1812, "Human Interface Device"},
    Assigned{0x1813, "Scan Parameters"},
    Assigned{0x1814, "Running Speed and Cadence"},
    Assigned{0x1816, "Cycling Speed and Cadence"},
    Assigned{0x1818, "Cycling Power"},
    Assigned{0x1819, "Location and Navigation"},
    Assigned{0x181a, "Environmental Sensing"},
    Assigned{0x181b, "Body Composition"},
    Assigned{0x181c, "User Data"},
    Assigned{0x181d, "Weight Scale"},
    Assigned{0x1822, "Pulse Oximeter"},
    Assigned{0x1826, "Fitness Machine"},
    Assigned{0x2700, "unitless"},
    Assigned{0x2701, "metre"},
    Assigned{0x2702, "kilogram"},
    Assigned{0x2703, "second"},
    Assigned{0x2704, "ampere"},
    Assigned{0x2705, "kelvin"},
    Assigned{0x2722, "hertz"},
    Assigned{0x2724, "pascal"},
    Assigned{0x2725, "joule"},
    Assigned{0x2726, "watt"},
    Assigned{0x2728, "volt"},
    Assigned{0x272f, "degree Celsius"},
    Assigned{0x2731, "lux"},
    Assigned{0x2763, "degree"},
    Assigned{0x27ac, "degree Fahrenheit"},
    Assigned{0x27ad, "per cent"},
    Assigned{0x27af, "beats per minute"},
    Assigned{0x2800, "Primary Service"},
    Assigned{0x2801, "Secondary Service"},
    Assigned{0x2802, "Include"},
    Assigned{0x2803, "Characteristic"},
    Assigned{0x2900, "Characteristic Extended Properties"},
    Assigned{0x2901, "Characteristic User Description"},
    Assigned{0x2902, "Client Characteristic Configuration"},
    Assigned{0x2903, "Server Characteristic Configuration"},
    Assigned{0x2904, "Characteristic Presentation Format"},
    Assigned{0x2905, "Characteristic Aggregate Format"},
    Assigned{0x2906, "Valid Range"},
    Assigned{0x2907, "External Report Reference"},
    Assigned{0x2908, "Report Reference"},
    Assigned{0x2a00, "Device Name"},
    Assigned{0x2a01, "Appearance"},
    Assigned{0x2a02, "Peripheral Privacy Flag"},
    Assigned{0x2a03, "Reconnection Address"},
    Assigned{0x2a04, "Peripheral Preferred Connection Parameters"},
    Assigned{0x2a05, "Service Changed"},
    Assigned{0x2a06, "Alert Level"},
    Assigned{0x2a07, "Tx Power Level"},
    Assigned{0x2a08, "Date Time"},
    Assigned{0x2a19, "Battery Level"},
    Assigned{0x2a1c, "Temperature Measurement"},
    Assigned{0x2a1d, "Temperature Type"},
    Assigned{0x2a23, "System ID"},
    Assigned{0x2a24, "Model Number String"},
    Assigned{0x2a25, "Serial Number String"},
    Assigned{0x2a26, "Firmware Revision String"},
    Assigned{0x2a27, "Hardware Revision String"},
    Assigned{0x2a28, "Software Revision String"},
    Assigned{0x2a29, "Manufacturer Name String"},
    Assigned{0x2a2b, "Current Time"},
    Assigned{0x2a35, "Blood Pressure Measurement"},
    Assigned{0x2a37, "Heart Rate Measurement"},
    Assigned{0x2a38, "Body Sensor Location"},
    Assigned{0x2a39, "Heart Rate Control Point"},
    Assigned{0x2a4a, "HID Information"},
    Assigned{0x2a4b, "Report Map"},
    Assigned{0x2a4c, "HID Control Point"},
    Assigned{0x2a4d, "Report"},
    Assigned{0x2a4e, "Protocol Mode"},
    Assigned{0x2a50, "PnP ID"},
    Assigned{0x2a5b, "CSC Measurement"},
    Assigned{0x2a63, "Cycling Power Measurement"},
    Assigned{0x2a6d, "Pressure"},
    Assigned{0x2a6e, "Temperature"},
    Assigned{0x2a6f, "Humidity"},
    Assigned{0x2aa6, "Central Address Resolution"},
    Assigned{0x2b29, "Client Supported Features"},
    Assigned{0x2b2a, "Database Hash"},
    Assigned{0x2b3a, "Server Supported Features"},
};

constexpr std::array companies{
    Assigned{0x0002, "Intel"},
    Assigned{0x0006, "Microsoft"},
    Assigned{0x000a, "Qualcomm Technologies International"},
    Assigned{0x000d, "Texas Instruments"},
    Assigned{0x000f, "Broadcom"},
    Assigned{0x0030, "STMicroelectronics"},
    Assigned{0x004c, "Apple"},
    Assigned{0x0059, "Nordic Semiconductor"},
    Assigned{0x005d, "Realtek Semiconductor"},
    Assigned{0x0075, "Samsung Electronics"},
    Assigned{0x0087, "Garmin International"},
    Assigned{0x00e0, "Google"},
    Assigned{0x0499, "Ruuvi Innovations"},
    Assigned{0x02e5, "Espressif Systems"},
    Assigned{0xffff, "for tests"},
};

constexpr std::array appearance_categories{
    Assigned{0x000, "Unknown"},
    Assigned{0x001, "Phone"},
    Assigned{0x002, "Computer"},
    Assigned{0x003, "Watch"},
    Assigned{0x004, "Clock"},
    Assigned{0x005, "Display"},
    Assigned{0x006, "Remote Control"},
    Assigned{0x007, "Eye-glasses"},
    Assigned{0x008, "Tag"},
    Assigned{0x009, "Keyring"},
    Assigned{0x00a, "Media Player"},
    Assigned{0x00b, "Barcode Scanner"},
    Assigned{0x00c, "Thermometer"},
    Assigned{0x00d, "Heart Rate Sensor"},
    Assigned{0x00e, "Blood Pressure"},
    Assigned{0x00f, "Human Interface Device"},
    Assigned{0x010, "Glucose Meter"},
    Assigned{0x011, "Running Walking Sensor"},
    Assigned{0x012, "Cycling"},
    Assigned{0x013, "Control Device"},
    Assigned{0x014, "Network Device"},
    Assigned{0x015, "Sensor"},
    Assigned{0x016, "Light Fixtures"},
    Assigned{0x017, "Fan"},
    Assigned{0x018, "HVAC"},
    Assigned{0x01c, "Access Control"},
    Assigned{0x01d, "Motorized Device"},
    Assigned{0x01e, "Power Device"},
    Assigned{0x01f, "Light Source"},
    Assigned{0x020, "Window Covering"},
    Assigned{0x021, "Audio Sink"},
    Assigned{0x022, "Audio Source"},
    Assigned{0x023, "Motorized Vehicle"},
    Assigned{0x024, "Domestic Appliance"},
    Assigned{0x025, "Wearable Audio Device"},
    Assigned{0x029, "Hearing Aid"},
    Assigned{0x02a, "Gaming"},
    Assigned{0x031, "Pulse Oximeter"},
    Assigned{0x032, "Weight Scale"},
};

std::string_view find(std::span<const Assigned> table, std::uint16_t number) {
    const auto found = std::ranges::find(table, number, &Assigned::number);
    return found == table.end() ? std::string_view{} : found->name;
}

}  // namespace

std::string_view name_of(const UUID& uuid) {
    const UUID shortest = uuid.shortest();
    if (shortest == demo_service) return "Demo Service";
    if (shortest == demo_text) return "Demo Text";
    if (shortest == demo_alert) return "Demo Alert";
    if (shortest.size() != 2) return {};
    const Bytes octets = shortest.bytes();
    return find(uuids, static_cast<std::uint16_t>(octets[0] | octets[1] << 8));
}

std::string_view company_name(std::uint16_t company) { return find(companies, company); }

std::string_view appearance_category_name(std::uint16_t appearance) {
    return find(appearance_categories, static_cast<std::uint16_t>(appearance >> 6));
}

}  // namespace bluetooth::tool
