// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "tests/support/hex.hpp"

namespace bluetooth::test {

/// A packet of a capture of HCI, H4 indicator included.
struct SnoopRecord {
    bool received = false;  ///< by the host
    Octets packet;
};

/// The btsnoop file `path` below the folder of third-party fixtures that `ASIOBLE_FIXTURES` names.
/// Where that is not set, nothing, and a message that the running test case is skipped.
inline std::optional<std::vector<SnoopRecord>> fixture_btsnoop(const std::string& path) {
    const char* folder = std::getenv("ASIOBLE_FIXTURES");
    if (folder == nullptr || *folder == '\0') {
        MESSAGE("skipped: set ASIOBLE_FIXTURES to the folder of fixtures to run this on ", path);
        return std::nullopt;
    }
    std::ifstream file{std::string{folder} + '/' + path, std::ios::binary};
    if (!file) throw std::runtime_error("cannot read " + path + " below " + folder);
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    const auto number = [&text](std::size_t at) {  // big endian
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < 4; ++i)
            value = value << 8 | static_cast<std::uint8_t>(text.at(at + i));
        return value;
    };
    constexpr std::uint32_t h4 = 1002;
    if (!text.starts_with(std::string_view{"btsnoop\0", 8}) || number(12) != h4)
        throw std::runtime_error(path + " is not a btsnoop file of H4");
    std::vector<SnoopRecord> records;
    // Original length, included length, flags, drops, a time of eight octets; the packet.
    for (std::size_t at = 16; at < text.size(); at += 24 + number(at + 4)) {
        const std::string packet = text.substr(at + 24, number(at + 4));
        records.push_back({(number(at + 8) & 1) != 0, Octets(packet.begin(), packet.end())});
    }
    return records;
}

}  // namespace bluetooth::test
