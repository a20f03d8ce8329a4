// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "transport/failure.hpp"
#include "transport/file_descriptor.hpp"
#include "transport/key_mask.hpp"
#include "transport/transport.hpp"

namespace bluetooth::transport {

struct SnoopOptions {
    /// Writes key material too; see `KeyMask` for what is else overwritten with zeros.
    bool include_keys = false;
};

/// Writes HCI packets to a btsnoop file (version 1, data link 1002: HCI UART), which Wireshark and
/// btmon read. The file can be read by its owner only.
class SnoopWriter {
public:
    using Direction = KeyMask::Direction;
    using Clock = std::chrono::system_clock;

    /// Creates the file, or empties it.
    static Attempt<SnoopWriter> open(const std::string& path, SnoopOptions options = {});

    SnoopWriter(SnoopWriter&&) = default;
    SnoopWriter& operator=(SnoopWriter&&) = delete;
    ~SnoopWriter() { flush(); }

    /// Adds one packet: `header` (indicator first) and `payload` are together one H4 packet.
    void write(Direction direction, Bytes header, Bytes payload, Clock::time_point when);
    void sent(const Packet& packet, Clock::time_point when) {
        write(Direction::sent, packet.header_bytes(), packet.payload.bytes(), when);
    }
    /// `packet` without indicator, as `Receiver::on_packet` gets it.
    void received(PacketType type, Bytes packet, Clock::time_point when) {
        const auto indicator = static_cast<std::uint8_t>(type);
        write(Direction::received, {&indicator, 1}, packet, when);
    }

    /// Hands what was added to the system; call it once per batch. A failure ends the capture with
    /// one line in the log.
    void flush();

private:
    SnoopWriter(std::string path, FileDescriptor file, SnoopOptions options);
    void put_be32(std::uint32_t value);
    void put_be64(std::uint64_t value);
    void put(Bytes octets) { pending_.insert(pending_.end(), octets.begin(), octets.end()); }

    std::string path_;
    FileDescriptor file_;
    SnoopOptions options_;
    KeyMask mask_;
    std::vector<std::uint8_t> pending_;
};

}  // namespace bluetooth::transport
