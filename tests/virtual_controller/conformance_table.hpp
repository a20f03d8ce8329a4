// SPDX-License-Identifier: MIT
//
// Every command that the virtual controller may announce, as Core 5.4 Vol 4 Part E 6.27 and 7 have
// it: written from there, not from the implementation.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace bluetooth::virtual_controller::test {

/// What a controller does when a command comes, and the columns of `Command::statuses`. The states
/// of old are brought about by legacy commands, those with `extended` or `train` in their name by
/// extended ones.
enum class State : std::uint8_t {
    idle,
    advertising,           ///< ADV_IND
    extended_advertising,  ///< with set 1, connectable
    scanning,
    extended_scanning,
    initiating,  ///< to a device that is not there
    central,     ///< of the link 0x0040
    peripheral,
    encrypted,       ///< central, of an encrypted link
    train_sent,      ///< by set 1, neither connectable nor scannable, which still advertises
    train_followed,  ///< as sync 0x0000, and no longer scanning
};
inline constexpr std::size_t state_count = 11;
inline constexpr std::array<std::string_view, state_count> state_names{
    "idle",          "advertising", "extended advertising", "scanning",  "extended scanning",
    "initiating",    "central",     "peripheral",           "encrypted", "train sent",
    "train followed"};

/// How a command is answered.
enum class Form : std::uint8_t {
    complete,  ///< by Command Complete
    status,    ///< by Command Status
    silent,    ///< by Command Complete when it is wrong, else not at all (7.3.40)
};

struct Command {
    std::string_view name;
    std::uint16_t opcode;
    std::uint8_t octet, bit;  ///< of Supported Commands (6.27)
    int feature;              ///< the LE feature without which there is none (Vol 6 Part B 4.6)
    Form form;
    std::string_view parameters;  ///< well formed; "00*16" is an octet 16 times
    std::string_view statuses;    ///< one for each state
    std::string_view returned;    ///< behind the status; "xx" is any octet
};

// What most commands are answered, in the order of the states
inline constexpr std::string_view always = "00 00 00 00 00 00 00 00 00 00 00";
inline constexpr std::string_view never = "0c 0c 0c 0c 0c 0c 0c 0c 0c 0c 0c";
inline constexpr std::string_view on_link = "02 02 02 02 02 02 00 00 00 02 02";
inline constexpr std::string_view unasked_on_link = "02 02 02 02 02 02 0c 0c 0c 02 02";
inline constexpr std::string_view without_links = "00 00 00 00 00 00 0c 0c 0c 00 00";
inline constexpr std::string_view unknown_device = "02 02 02 02 02 02 02 02 02 02 02";
// Table 3.1 of 3.1.1: not after an extended command, not after a legacy one
inline constexpr std::string_view legacy = "00 00 0c 00 0c 00 00 00 00 0c 0c";
inline constexpr std::string_view extended = "00 0c 00 0c 00 0c 0c 0c 0c 00 00";
inline constexpr std::string_view on_set = "42 0c 00 0c 42 0c 0c 0c 0c 00 42";
inline constexpr std::string_view on_train = "42 0c 0c 0c 42 0c 0c 0c 0c 00 42";

// LE features by their bits
inline constexpr int any = -1;
inline constexpr int encryption = 0;
inline constexpr int connection_parameters_request = 1;
inline constexpr int ping = 4;
inline constexpr int data_length = 5;
inline constexpr int ll_privacy = 6;
inline constexpr int le_2m = 8;
inline constexpr int extended_advertising = 12;
inline constexpr int periodic_advertising = 13;
inline constexpr int transfer_sender = 24;
inline constexpr int transfer_recipient = 25;

// clang-format off
inline constexpr Command commands[] = {
    // ---- Link Control, Controller & Baseband, Informational and Status Parameters
    {"Disconnect", 0x0406, 0, 5, any, Form::status, "40 00 13", on_link, ""},
    {"Read Remote Version Information", 0x041d, 2, 7, any, Form::status, "40 00", on_link, ""},
    {"Set Event Mask", 0x0c01, 5, 6, any, Form::complete, "ff ff ff ff ff ff ff 3f", always, ""},
    {"Reset", 0x0c03, 5, 7, any, Form::complete, "", always, ""},
    {"Read Transmit Power Level", 0x0c2d, 10, 2, any, Form::complete, "40 00 00", on_link,
     "40 00 00"},
    {"Set Controller To Host Flow Control", 0x0c31, 10, 5, any, Form::complete, "00",
     without_links, ""},
    {"Host Buffer Size", 0x0c33, 10, 6, any, Form::complete, "1b 00 00 01 00 00 00",
     without_links, ""},
    {"Host Number Of Completed Packets", 0x0c35, 10, 7, any, Form::silent, "01 40 00 00 00",
     always, ""},
    {"Set Event Mask Page 2", 0x0c63, 22, 2, ping, Form::complete, "00 00 80 00*5", always, ""},
    {"Read Authenticated Payload Timeout", 0x0c7b, 32, 4, ping, Form::complete, "40 00", on_link,
     "40 00 b8 0b"},
    {"Write Authenticated Payload Timeout", 0x0c7c, 32, 5, ping, Form::complete, "40 00 b8 0b",
     on_link, "40 00"},
    {"Read Local Version Information", 0x1001, 14, 3, any, Form::complete, "", always,
     "0d 01 00 0d ff ff 01 00"},
    {"Read Local Supported Commands", 0x1002, 14, 4, any, Form::complete, "", always, "xx*64"},
    {"Read Local Supported Features", 0x1003, 14, 5, any, Form::complete, "", always,
     "00 00 00 00 60 00 00 00"},
    {"Read Buffer Size", 0x1005, 14, 7, any, Form::complete, "", always, "00*7"},
    {"Read BD_ADDR", 0x1009, 15, 1, any, Form::complete, "", always, "01 00 00 01 aa 00"},
    {"Read RSSI", 0x1405, 15, 5, any, Form::complete, "40 00", on_link, "40 00 xx"},

    // ---- LE, Core 4.0
    {"LE Set Event Mask", 0x2001, 25, 0, any, Form::complete, "ff fd f7 ff 00*4", always, ""},
    {"LE Read Buffer Size", 0x2002, 25, 1, any, Form::complete, "", always, "fb 00 08"},
    {"LE Read Local Supported Features", 0x2003, 25, 2, any, Form::complete, "", always,
     "ff 79 00 03 00*4"},
    {"LE Set Random Address", 0x2005, 25, 4, any, Form::complete, "01 02 03 04 05 c6",
     "00 0c 00 0c 0c 0c 00 00 00 00 00", ""},
    {"LE Set Advertising Parameters", 0x2006, 25, 5, any, Form::complete,
     "a0 00 a0 00 00 00 00 00*6 07 00", "00 0c 0c 00 0c 00 00 00 00 0c 0c", ""},
    {"LE Read Advertising Physical Channel Tx Power", 0x2007, 25, 6, any, Form::complete, "",
     legacy, "00"},
    {"LE Set Advertising Data", 0x2008, 25, 7, any, Form::complete, "03 02 01 06 00*28", legacy,
     ""},
    {"LE Set Scan Response Data", 0x2009, 26, 0, any, Form::complete, "03 02 0a 00 00*28", legacy,
     ""},
    {"LE Set Advertising Enable", 0x200a, 26, 1, any, Form::complete, "01", legacy, ""},
    {"LE Set Scan Parameters", 0x200b, 26, 2, any, Form::complete, "00 10 00 10 00 00 00",
     "00 00 0c 0c 0c 00 00 00 00 0c 0c", ""},
    {"LE Set Scan Enable", 0x200c, 26, 3, any, Form::complete, "01 00", legacy, ""},
    {"LE Create Connection", 0x200d, 26, 4, any, Form::status,
     "10 00 10 00 00 00 09 00 00 01 aa 00 00 18 00 18 00 00 00 2a 00 00 00 00 00",
     "00 00 0c 00 0c 0c 00 00 00 0c 0c", ""},
    {"LE Create Connection Cancel", 0x200e, 26, 5, any, Form::complete, "",
     "0c 0c 0c 0c 0c 00 0c 0c 0c 0c 0c", ""},
    {"LE Read Filter Accept List Size", 0x200f, 26, 6, any, Form::complete, "", always, "08"},
    {"LE Clear Filter Accept List", 0x2010, 26, 7, any, Form::complete, "", always, ""},
    {"LE Add Device To Filter Accept List", 0x2011, 27, 0, any, Form::complete,
     "00 09 00 00 01 aa 00", always, ""},
    {"LE Remove Device From Filter Accept List", 0x2012, 27, 1, any, Form::complete,
     "00 09 00 00 01 aa 00", always, ""},
    {"LE Connection Update", 0x2013, 27, 2, any, Form::status,
     "40 00 28 00 28 00 00 00 f4 01 00 00 00 00", on_link, ""},
    {"LE Set Host Channel Classification", 0x2014, 27, 3, any, Form::complete, "ff ff ff ff 1f",
     always, ""},
    {"LE Read Channel Map", 0x2015, 27, 4, any, Form::complete, "40 00", on_link,
     "40 00 ff ff ff ff 1f"},
    {"LE Read Remote Features", 0x2016, 27, 5, any, Form::status, "40 00", on_link, ""},
    {"LE Encrypt", 0x2017, 27, 6, any, Form::complete,
     "0f 0e 0d 0c 0b 0a 09 08 07 06 05 04 03 02 01 00 "
     "ff ee dd cc bb aa 99 88 77 66 55 44 33 22 11 00", always,
     "5a c5 b4 70 80 b7 cd d8 30 04 7b 6a d8 e0 c4 69"},  // FIPS-197 Appendix C.1, reversed
    {"LE Rand", 0x2018, 27, 7, any, Form::complete, "", always, "xx*8"},
    {"LE Enable Encryption", 0x2019, 28, 0, encryption, Form::status, "40 00 00*8 00 00 11*16",
     "02 02 02 02 02 02 00 0c 00 02 02", ""},
    {"LE Long Term Key Request Reply", 0x201a, 28, 1, encryption, Form::complete, "40 00 11*16",
     unasked_on_link, "40 00"},
    {"LE Long Term Key Request Negative Reply", 0x201b, 28, 2, encryption, Form::complete,
     "40 00", unasked_on_link, "40 00"},
    {"LE Read Supported States", 0x201c, 28, 3, any, Form::complete, "", always,
     "ff ff ff ff ff 03 00 00"},

    // ---- LE, Core 4.1 and 4.2
    {"LE Remote Connection Parameter Request Reply", 0x2020, 33, 4, connection_parameters_request,
     Form::complete, "40 00 28 00 28 00 00 00 f4 01 00 00 00 00", unasked_on_link, "40 00"},
    {"LE Remote Connection Parameter Request Negative Reply", 0x2021, 33, 5,
     connection_parameters_request, Form::complete, "40 00 3b", unasked_on_link, "40 00"},
    {"LE Set Data Length", 0x2022, 33, 6, data_length, Form::complete, "40 00 fb 00 48 08",
     on_link, "40 00"},
    {"LE Read Suggested Default Data Length", 0x2023, 33, 7, data_length, Form::complete, "",
     always, "1b 00 48 01"},
    {"LE Write Suggested Default Data Length", 0x2024, 34, 0, data_length, Form::complete,
     "fb 00 48 08", always, ""},
    {"LE Read Local P-256 Public Key", 0x2025, 34, 1, encryption, Form::status, "", always, ""},
    {"LE Generate DHKey", 0x2026, 34, 2, encryption, Form::status, "11*32 22*32", never, ""},
    {"LE Add Device To Resolving List", 0x2027, 34, 3, ll_privacy, Form::complete,
     "00 09 00 00 01 aa 00 11*16 22*16", always, ""},
    {"LE Remove Device From Resolving List", 0x2028, 34, 4, ll_privacy, Form::complete,
     "00 09 00 00 01 aa 00", unknown_device, ""},
    {"LE Clear Resolving List", 0x2029, 34, 5, ll_privacy, Form::complete, "", always, ""},
    {"LE Read Resolving List Size", 0x202a, 34, 6, ll_privacy, Form::complete, "", always, "08"},
    {"LE Read Peer Resolvable Address", 0x202b, 34, 7, ll_privacy, Form::complete,
     "00 09 00 00 01 aa 00", unknown_device, "xx*6"},
    {"LE Read Local Resolvable Address", 0x202c, 35, 0, ll_privacy, Form::complete,
     "00 09 00 00 01 aa 00", unknown_device, "xx*6"},
    {"LE Set Address Resolution Enable", 0x202d, 35, 1, ll_privacy, Form::complete, "01",
     "00 0c 0c 0c 0c 0c 00 00 00 0c 00", ""},
    {"LE Set Resolvable Private Address Timeout", 0x202e, 35, 2, ll_privacy, Form::complete,
     "84 03", always, ""},
    {"LE Read Maximum Data Length", 0x202f, 35, 3, data_length, Form::complete, "", always,
     "fb 00 90 42 fb 00 90 42"},

    // ---- LE, Core 5
    {"LE Read PHY", 0x2030, 35, 4, le_2m, Form::complete, "40 00", on_link, "40 00 01 01"},
    {"LE Set Default PHY", 0x2031, 35, 5, le_2m, Form::complete, "00 07 07", always, ""},
    {"LE Set PHY", 0x2032, 35, 6, le_2m, Form::status, "40 00 00 02 02 00 00", on_link, ""},
    {"LE Set Advertising Set Random Address", 0x2035, 36, 1, extended_advertising, Form::complete,
     "01 01 02 03 04 05 c6", "42 0c 0c 0c 42 0c 0c 0c 0c 00 42", ""},
    {"LE Set Extended Advertising Parameters", 0x2036, 36, 2, extended_advertising,
     Form::complete, "02 00 00 a0 00 00 a0 00 00 07 00 00 00*6 00 7f 01 00 01 02 00", extended,
     "00"},
    {"LE Set Extended Advertising Data", 0x2037, 36, 3, extended_advertising, Form::complete,
     "01 03 00 03 02 01 06", on_set, ""},
    {"LE Set Extended Scan Response Data", 0x2038, 36, 4, extended_advertising, Form::complete,
     "01 03 00 00", on_set, ""},
    {"LE Set Extended Advertising Enable", 0x2039, 36, 5, extended_advertising, Form::complete,
     "01 01 01 00 00 00", on_set, ""},
    {"LE Read Maximum Advertising Data Length", 0x203a, 36, 6, extended_advertising,
     Form::complete, "", extended, "72 06"},
    {"LE Read Number of Supported Advertising Sets", 0x203b, 36, 7, extended_advertising,
     Form::complete, "", extended, "0a"},
    {"LE Remove Advertising Set", 0x203c, 37, 0, extended_advertising, Form::complete, "01",
     "42 0c 0c 0c 42 0c 0c 0c 0c 0c 42", ""},
    {"LE Clear Advertising Sets", 0x203d, 37, 1, extended_advertising, Form::complete, "",
     "00 0c 0c 0c 00 0c 0c 0c 0c 0c 00", ""},
    {"LE Set Periodic Advertising Parameters", 0x203e, 37, 2, periodic_advertising,
     Form::complete, "01 50 00 50 00 00 00", "42 0c 12 0c 42 0c 0c 0c 0c 0c 42", ""},
    {"LE Set Periodic Advertising Data", 0x203f, 37, 3, periodic_advertising, Form::complete,
     "01 03 02 aa bb", on_train, ""},
    {"LE Set Periodic Advertising Enable", 0x2040, 37, 4, periodic_advertising, Form::complete,
     "01 01", on_train, ""},
    {"LE Set Extended Scan Parameters", 0x2041, 37, 5, extended_advertising, Form::complete,
     "00 00 01 00 10 00 10 00", "00 0c 00 0c 0c 0c 0c 0c 0c 00 00", ""},
    {"LE Set Extended Scan Enable", 0x2042, 37, 6, extended_advertising, Form::complete,
     "01 00 00 00 00 00", extended, ""},
    {"LE Extended Create Connection", 0x2043, 37, 7, extended_advertising, Form::status,
     "00 00 00 09 00 00 01 aa 00 01 10 00 10 00 18 00 18 00 00 00 2a 00 00 00 00 00", extended,
     ""},
    {"LE Periodic Advertising Create Sync", 0x2044, 38, 0, periodic_advertising, Form::status,
     "00 01 00 09 00 00 01 aa 00 00 00 0a 00 00", extended, ""},
    {"LE Periodic Advertising Create Sync Cancel", 0x2045, 38, 1, periodic_advertising,
     Form::complete, "", never, ""},
    {"LE Periodic Advertising Terminate Sync", 0x2046, 38, 2, periodic_advertising,
     Form::complete, "00 00", "42 0c 42 0c 42 0c 0c 0c 0c 42 00", ""},
    {"LE Add Device To Periodic Advertiser List", 0x2047, 38, 3, periodic_advertising,
     Form::complete, "00 09 00 00 01 aa 00 01", extended, ""},
    {"LE Remove Device From Periodic Advertiser List", 0x2048, 38, 4, periodic_advertising,
     Form::complete, "00 09 00 00 01 aa 00 01", "42 0c 42 0c 42 0c 0c 0c 0c 42 42", ""},
    {"LE Clear Periodic Advertiser List", 0x2049, 38, 5, periodic_advertising, Form::complete, "",
     extended, ""},
    {"LE Read Periodic Advertiser List Size", 0x204a, 38, 6, periodic_advertising, Form::complete,
     "", extended, "08"},
    {"LE Read Transmit Power", 0x204b, 38, 7, extended_advertising, Form::complete, "", always,
     "ec 0a"},
    {"LE Read RF Path Compensation", 0x204c, 39, 0, extended_advertising, Form::complete, "",
     always, "00*4"},
    {"LE Write RF Path Compensation", 0x204d, 39, 1, extended_advertising, Form::complete, "00*4",
     always, ""},
    {"LE Set Privacy Mode", 0x204e, 39, 2, ll_privacy, Form::complete, "00 09 00 00 01 aa 00 01",
     "02 0c 0c 0c 0c 0c 02 02 02 0c 02", ""},
    {"LE Set Periodic Advertising Receive Enable", 0x2059, 40, 5, periodic_advertising,
     Form::complete, "00 00 01", "42 42 42 42 42 42 42 42 42 42 00", ""},
    {"LE Periodic Advertising Sync Transfer", 0x205a, 40, 6, transfer_sender, Form::complete,
     "40 00 34 12 00 00", "42 42 42 42 42 42 42 42 42 42 02", "40 00"},
    {"LE Periodic Advertising Set Info Transfer", 0x205b, 40, 7, transfer_sender, Form::complete,
     "40 00 34 12 01", "42 42 0c 42 42 42 42 42 42 02 42", "40 00"},
    {"LE Set Periodic Advertising Sync Transfer Parameters", 0x205c, 41, 0, transfer_recipient,
     Form::complete, "40 00 02 00 00 0a 00 00", on_link, "40 00"},
    {"LE Set Default Periodic Advertising Sync Transfer Parameters", 0x205d, 41, 1,
     transfer_recipient, Form::complete, "02 00 00 0a 00 00", always, ""},
    // With the debug keys' public one (Vol 3 Part H 2.3.5.6.1)
    {"LE Generate DHKey [v2]", 0x205e, 41, 2, encryption, Form::status,
     "e6 9d 35 0e 48 01 03 cc db fd f4 ac 11 91 f4 ef b9 a5 f9 e9 a7 83 2c 5e 2c be 97 f2 d2 03 "
     "b0 20 8b d2 89 15 d0 8e 1c 74 24 30 ed 8f c2 45 63 76 5c 15 52 5a bf 9a 32 63 6d eb 2a 65 "
     "49 9c 80 dc 01", always, ""},
};
// clang-format on

}  // namespace bluetooth::virtual_controller::test
