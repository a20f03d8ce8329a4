// SPDX-License-Identifier: MIT
//
// Parameters out of their ranges. Each line changes octets of a command of the table, which is well
// formed, and says what it is answered in a state in which it would have been carried out.
#include "tests/virtual_controller/conformance.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;

namespace {

struct Change {
    std::string_view what;
    std::uint16_t opcode;
    State state;
    std::size_t at;  ///< the parameters' octet to change first
    std::string_view octets;
    std::uint8_t status;
};

constexpr auto idle = State::idle;
constexpr auto central = State::central;
constexpr auto set_on_air = State::extended_advertising;
constexpr auto train = State::train_sent;
constexpr auto followed = State::train_followed;

constexpr Change changes[] = {
    // ---- 7.1, 7.3, 7.5
    {"a handle that no link has", 0x0406, central, 0, "41 00", 0x02},
    {"a handle above 0x0eff", 0x0406, central, 0, "00 0f", 0x02},
    {"a reason that is none of Disconnect's", 0x0406, central, 2, "16", 0x12},
    {"reason: success", 0x0406, central, 2, "00", 0x12},
    {"a handle that no link has", 0x041d, central, 0, "41 00", 0x02},
    {"type of power", 0x0c2d, central, 2, "02", 0x12},
    {"a handle that no link has", 0x0c2d, central, 0, "41 00", 0x02},
    {"flow control", 0x0c31, idle, 0, "04", 0x12},
    {"flow control of synchronous data, which there is none", 0x0c31, idle, 0, "02", 0x11},
    {"flow control of buffers that the host has not told of", 0x0c31, idle, 0, "01", 0x0c},
    {"no buffers", 0x0c33, idle, 3, "00 00", 0x12},
    {"buffers of less than 27 octets", 0x0c33, idle, 0, "1a 00", 0x12},
    {"more packets than the host was given", 0x0c35, central, 3, "01 00", 0x12},
    {"a handle that no link has", 0x0c7b, central, 0, "41 00", 0x02},
    {"authenticated payload timeout 0", 0x0c7c, central, 2, "00 00", 0x12},
    {"authenticated payload timeout below the interval", 0x0c7c, central, 2, "02 00", 0x12},
    {"a handle that no link has", 0x0c7c, central, 0, "41 00", 0x02},
    {"a handle that no link has", 0x1405, central, 0, "41 00", 0x02},

    // ---- 7.8, Core 4
    {"a random address with a prefix of none", 0x2005, idle, 5, "86", 0x12},
    {"advertising interval below 20 ms", 0x2006, idle, 0, "1f 00", 0x12},
    {"advertising interval above 10.24 s", 0x2006, idle, 2, "01 40", 0x12},
    {"advertising intervals the wrong way round", 0x2006, idle, 0, "a1 00", 0x12},
    {"advertising type", 0x2006, idle, 4, "05", 0x12},
    {"own address type", 0x2006, idle, 5, "04", 0x12},
    {"peer address type", 0x2006, idle, 6, "02", 0x12},
    {"no channel", 0x2006, idle, 13, "00", 0x12},
    {"a channel that there is not", 0x2006, idle, 13, "0f", 0x12},
    {"filter policy", 0x2006, idle, 14, "04", 0x12},
    {"32 octets of data", 0x2008, idle, 0, "20", 0x12},
    {"32 octets of data", 0x2009, idle, 0, "20", 0x12},
    {"enable", 0x200a, idle, 0, "02", 0x12},
    {"scan type", 0x200b, idle, 0, "02", 0x12},
    {"scan interval below 2.5 ms", 0x200b, idle, 1, "03 00 03 00", 0x12},
    {"scan interval above 10.24 s", 0x200b, idle, 1, "01 40", 0x12},
    {"scan window longer than the interval", 0x200b, idle, 3, "11 00", 0x12},
    {"scan window below 2.5 ms", 0x200b, idle, 3, "03 00", 0x12},
    {"own address type", 0x200b, idle, 5, "04", 0x12},
    {"filter policy", 0x200b, idle, 6, "04", 0x12},
    {"enable", 0x200c, idle, 0, "02", 0x12},
    {"filter duplicates", 0x200c, idle, 1, "02", 0x12},
    {"scan interval", 0x200d, idle, 0, "03 00 03 00", 0x12},
    {"scan window longer than the interval", 0x200d, idle, 2, "11 00", 0x12},
    {"filter policy", 0x200d, idle, 4, "02", 0x12},
    {"peer address type", 0x200d, idle, 5, "04", 0x12},
    {"own address type", 0x200d, idle, 12, "04", 0x12},
    {"a random address that was not set", 0x200d, idle, 12, "01", 0x12},
    {"connection interval below 7.5 ms", 0x200d, idle, 13, "05 00", 0x12},
    {"connection interval above 4 s", 0x200d, idle, 15, "81 0c", 0x12},
    {"connection intervals the wrong way round", 0x200d, idle, 13, "19 00", 0x12},
    {"latency above 499", 0x200d, idle, 17, "f4 01", 0x12},
    {"supervision timeout below 100 ms", 0x200d, idle, 19, "09 00", 0x12},
    {"supervision timeout above 32 s", 0x200d, idle, 19, "81 0c", 0x12},
    {"supervision timeout not longer than two intervals", 0x200d, idle, 13,
     "28 00 28 00 00 00 0a 00", 0x12},
    {"connection event lengths the wrong way round", 0x200d, idle, 21, "01 00 00 00", 0x12},
    {"a device that is connected", 0x200d, central, 6, "02", 0x0b},
    {"address type", 0x2011, idle, 0, "02", 0x12},
    {"address type", 0x2012, idle, 0, "02", 0x12},
    {"a handle that no link has", 0x2013, central, 0, "41 00", 0x02},
    {"connection interval", 0x2013, central, 2, "05 00", 0x12},
    {"latency above 499", 0x2013, central, 6, "f4 01", 0x12},
    {"supervision timeout", 0x2013, central, 8, "09 00", 0x12},
    {"connection event lengths the wrong way round", 0x2013, central, 10, "01 00 00 00", 0x12},
    {"no channel", 0x2014, idle, 0, "00 00 00 00 00", 0x12},
    {"channel 37, which is no data channel", 0x2014, idle, 4, "3f", 0x12},
    {"a handle that no link has", 0x2015, central, 0, "41 00", 0x02},
    {"a handle that no link has", 0x2016, central, 0, "41 00", 0x02},
    {"a handle that no link has", 0x2019, central, 0, "41 00", 0x02},
    {"a handle that no link has", 0x201a, central, 0, "41 00", 0x02},
    {"a handle that no link has", 0x201b, central, 0, "41 00", 0x02},
    {"a handle that no link has", 0x2020, central, 0, "41 00", 0x02},
    {"a handle that no link has", 0x2021, central, 0, "41 00", 0x02},
    {"a handle that no link has", 0x2022, central, 0, "41 00", 0x02},
    {"26 octets", 0x2022, central, 2, "1a 00", 0x12},
    {"252 octets", 0x2022, central, 2, "fc 00", 0x12},
    {"327 us", 0x2022, central, 4, "47 01", 0x12},
    {"17,041 us", 0x2022, central, 4, "91 42", 0x12},
    {"26 octets", 0x2024, idle, 0, "1a 00", 0x12},
    {"252 octets", 0x2024, idle, 0, "fc 00", 0x12},
    {"327 us", 0x2024, idle, 2, "47 01", 0x12},
    {"17,041 us", 0x2024, idle, 2, "91 42", 0x12},
    {"identity address type", 0x2027, idle, 0, "02", 0x12},
    {"identity address type", 0x2028, idle, 0, "02", 0x12},
    {"identity address type", 0x202b, idle, 0, "02", 0x12},
    {"identity address type", 0x202c, idle, 0, "02", 0x12},
    {"enable", 0x202d, idle, 0, "02", 0x12},
    {"timeout 0", 0x202e, idle, 0, "00 00", 0x12},
    {"timeout above an hour", 0x202e, idle, 0, "11 0e", 0x12},

    // ---- Core 5
    {"a handle that no link has", 0x2030, central, 0, "41 00", 0x02},
    {"preferences that there are not", 0x2031, idle, 0, "04", 0x12},
    {"no PHY to send on", 0x2031, idle, 1, "00", 0x12},
    {"no PHY to receive on", 0x2031, idle, 2, "00", 0x12},
    {"a PHY that there is not", 0x2031, idle, 1, "08", 0x11},
    {"a handle that no link has", 0x2032, central, 0, "41 00", 0x02},
    {"no PHY to send on", 0x2032, central, 3, "00", 0x12},
    {"a PHY that there is not", 0x2032, central, 4, "08", 0x11},
    {"PHY options", 0x2032, central, 5, "03 00", 0x12},
    {"a set that there is not", 0x2035, set_on_air, 0, "03", 0x42},
    {"a random address with a prefix of none", 0x2035, train, 6, "86", 0x12},
    {"a handle above 0xef", 0x2036, idle, 0, "f0", 0x12},
    {"connectable and scannable", 0x2036, idle, 1, "03 00", 0x12},
    {"extended at high duty cycle", 0x2036, idle, 1, "0d 00", 0x12},
    {"anonymous and connectable", 0x2036, idle, 1, "21 00", 0x12},
    {"anonymous and scannable", 0x2036, idle, 1, "22 00", 0x12},
    {"legacy, connectable but not scannable", 0x2036, idle, 1, "11 00", 0x12},
    {"a property of later versions", 0x2036, idle, 1, "00 02", 0x12},
    {"interval below 20 ms", 0x2036, idle, 3, "1f 00 00", 0x12},
    {"intervals the wrong way round", 0x2036, idle, 3, "a1 00 00", 0x12},
    {"no channel", 0x2036, idle, 9, "00", 0x12},
    {"own address type", 0x2036, idle, 10, "04", 0x12},
    {"peer address type", 0x2036, idle, 11, "02", 0x12},
    {"filter policy", 0x2036, idle, 18, "04", 0x12},
    {"21 dBm", 0x2036, idle, 19, "15", 0x12},
    {"2M is no primary PHY", 0x2036, idle, 20, "02", 0x12},
    {"a secondary PHY that there is not", 0x2036, idle, 22, "04", 0x11},
    {"SID 16", 0x2036, idle, 23, "10", 0x12},
    {"scan request notifications", 0x2036, idle, 24, "02", 0x12},
    {"a set that is enabled", 0x2036, set_on_air, 0, "01", 0x0c},
    {"a set that there is not", 0x2037, set_on_air, 0, "03", 0x42},
    {"operation", 0x2037, set_on_air, 1, "05", 0x12},
    {"a fragment for an enabled set", 0x2037, set_on_air, 1, "01", 0x0c},
    {"unchanged data that is new", 0x2037, set_on_air, 1, "04", 0x12},
    {"a set that there is not", 0x2038, set_on_air, 0, "03", 0x42},
    {"enable", 0x2039, set_on_air, 0, "02", 0x12},
    {"a set that there is not", 0x2039, set_on_air, 2, "03", 0x42},
    {"a set that there is not", 0x203c, set_on_air, 0, "03", 0x42},
    {"a set that there is not", 0x203e, set_on_air, 0, "03", 0x42},
    {"a set that there is not", 0x203f, train, 0, "03", 0x42},
    {"operation", 0x203f, train, 1, "05", 0x12},
    {"a fragment for a train that is sent", 0x203f, train, 1, "01", 0x0c},
    {"a set that there is not", 0x2040, train, 1, "03", 0x42},
    {"enable", 0x2040, train, 0, "04", 0x12},
    {"ADI in trains, which is another feature", 0x2040, train, 0, "03", 0x11},
    {"own address type", 0x2041, idle, 0, "04", 0x12},
    {"filter policy", 0x2041, idle, 1, "04", 0x12},
    {"scan type", 0x2041, idle, 3, "02", 0x12},
    {"scan interval", 0x2041, idle, 4, "03 00 03 00", 0x12},
    {"scan window longer than the interval", 0x2041, idle, 6, "11 00", 0x12},
    {"2M is no PHY to scan on", 0x2041, idle, 2, "02", 0x11},
    {"no PHY", 0x2041, idle, 2, "00", 0x12},
    {"parameters for one of two PHYs", 0x2041, idle, 2, "05", 0x12},
    {"enable", 0x2042, idle, 0, "02", 0x12},
    {"filter duplicates", 0x2042, idle, 1, "03", 0x12},
    {"filter of each period without periods", 0x2042, idle, 1, "02", 0x12},
    {"duration not below the period", 0x2042, idle, 2, "80 00 01 00", 0x12},
    {"filter policy", 0x2043, idle, 0, "02", 0x12},
    {"own address type", 0x2043, idle, 1, "04", 0x12},
    {"a random address that was not set", 0x2043, idle, 1, "01", 0x12},
    {"peer address type", 0x2043, idle, 2, "04", 0x12},
    {"no PHY", 0x2043, idle, 9, "00", 0x12},
    {"parameters for one of two PHYs", 0x2043, idle, 9, "05", 0x12},
    {"a PHY that there is not", 0x2043, idle, 9, "08", 0x12},
    {"scan interval", 0x2043, idle, 10, "03 00 03 00", 0x12},
    {"connection interval below 7.5 ms", 0x2043, idle, 14, "05 00", 0x12},
    {"latency above 499", 0x2043, idle, 18, "f4 01", 0x12},
    {"supervision timeout", 0x2043, idle, 20, "09 00", 0x12},
    {"options", 0x2044, idle, 0, "08", 0x12},
    {"SID 16", 0x2044, idle, 1, "10", 0x12},
    {"address type", 0x2044, idle, 2, "02", 0x12},
    {"skip above 499", 0x2044, idle, 9, "f4 01", 0x12},
    {"timeout below 100 ms", 0x2044, idle, 11, "09 00", 0x12},
    {"timeout above 163.84 s", 0x2044, idle, 11, "01 40", 0x12},
    {"CTE type", 0x2044, idle, 13, "20", 0x12},
    {"filter of duplicates, which is another feature", 0x2044, idle, 0, "04", 0x11},
    {"a train that is followed already", 0x2044, followed, 1, "02 00 02", 0x0b},
    {"a train that is not followed", 0x2046, followed, 0, "01 00", 0x42},
    {"a handle above 0x0eff", 0x2046, followed, 0, "00 0f", 0x12},
    {"address type", 0x2047, idle, 0, "02", 0x12},
    {"SID 16", 0x2047, idle, 7, "10", 0x12},
    {"address type", 0x2048, idle, 0, "02", 0x12},
    {"SID 16", 0x2048, idle, 7, "10", 0x12},
    {"128.1 dB", 0x204d, idle, 0, "01 05", 0x12},
    {"-128.1 dB", 0x204d, idle, 2, "ff fa", 0x12},
    {"identity address type", 0x204e, idle, 0, "02", 0x12},
    {"privacy mode", 0x204e, idle, 7, "02", 0x12},
    {"a train that is not followed", 0x2059, followed, 0, "01 00", 0x42},
    {"enable", 0x2059, followed, 2, "04", 0x12},
    {"filter of duplicates, which is another feature", 0x2059, followed, 2, "03", 0x11},
    {"mode", 0x205c, central, 2, "04", 0x12},
    {"skip above 499", 0x205c, central, 3, "f4 01", 0x12},
    {"timeout below 100 ms", 0x205c, central, 5, "09 00", 0x12},
    {"CTE type", 0x205c, central, 7, "20", 0x12},
    {"filter of duplicates, which is another feature", 0x205c, central, 2, "03", 0x11},
    {"a handle that no link has", 0x205c, central, 0, "41 00", 0x02},
    {"mode", 0x205d, idle, 0, "04", 0x12},
    {"skip above 499", 0x205d, idle, 1, "f4 01", 0x12},
    {"timeout above 163.84 s", 0x205d, idle, 3, "01 40", 0x12},
    {"CTE type", 0x205d, idle, 5, "20", 0x12},
    {"key type", 0x205e, idle, 64, "02", 0x12},
};

/// The commands none of whose parameters can be out of range: they have none, or take any octets.
constexpr std::uint16_t take_anything[] = {
    0x0c01, 0x0c03, 0x0c63, 0x1001, 0x1002, 0x1003, 0x1005, 0x1009, 0x2001, 0x2002, 0x2003, 0x2007,
    0x200e, 0x200f, 0x2010, 0x2017, 0x2018, 0x201c, 0x2023, 0x2025, 0x2026, 0x2029, 0x202a, 0x202f,
    0x203a, 0x203b, 0x203d, 0x2045, 0x2049, 0x204a, 0x204b, 0x204c,
    // handles of sets, trains and links that are not there: in the table's other states
    0x205a, 0x205b};

std::uint8_t status_of(const Octets& answer) {
    REQUIRE(answer.size() >= 7);
    return answer[1] == 0x0e ? answer[6] : answer[3];
}

}  // namespace

TEST_CASE("conformance: parameters out of range are refused and change nothing") {
    for (const Change& change : changes) {
        CAPTURE(find_command(change.opcode).name);
        CAPTURE(change.what);
        Scene scene{change.state};
        Octets parameters = octets_of(find_command(change.opcode).parameters);
        const Octets octets = hex(change.octets);
        REQUIRE(change.at + octets.size() <= parameters.size());
        std::ranges::copy(octets, parameters.begin() + static_cast<std::ptrdiff_t>(change.at));
        const Octets answer = ask(scene, scene.tested, packet_of(change.opcode, parameters));
        CHECK(status_of(answer) == change.status);
        CHECK(packets(answer).size() == 1);
        CHECK(scene.still_works());
    }
}

TEST_CASE("conformance: there is a command out of range for each that can be") {
    for (const Command& command : commands) {
        CAPTURE(command.name);
        const bool changed =
            std::ranges::find(changes, command.opcode, &Change::opcode) != std::end(changes);
        const bool takes_anything =
            std::ranges::find(take_anything, command.opcode) != std::end(take_anything);
        CHECK(changed != takes_anything);
    }
}
