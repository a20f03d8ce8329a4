// SPDX-License-Identifier: MIT
#include "transport/snoop.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

#include "base/log.hpp"

namespace bluetooth::transport {
namespace {

// A batch bigger than this is written in pieces.
constexpr std::size_t pending_limit = 64 * 1024;
constexpr std::size_t record_header = 24;

// Microseconds from midnight, January 1st, 0 AD to the epoch of the system's clock.
constexpr std::uint64_t unix_epoch = 0x00dcddb30f2f8000;

// Record flags: bit 0 the direction, bit 1 set for commands and events.
constexpr std::uint32_t flag_received = 1;
constexpr std::uint32_t flag_command_or_event = 2;

std::string_view remedy_for(int number) {
    switch (number) {
    case ENOENT: return "the folder does not exist";
    case EACCES:
    case EPERM:
    case EROFS: return "choose a file you may write";
    case EISDIR: return "it is a folder: name a file in it";
    default: return {};
    }
}

std::uint32_t flags_of(SnoopWriter::Direction direction, std::uint8_t indicator) {
    const PacketType type{indicator};
    const bool control = type == PacketType::command || type == PacketType::event;
    return (direction == SnoopWriter::Direction::received ? flag_received : 0) |
           (control ? flag_command_or_event : 0);
}

}  // namespace

Attempt<SnoopWriter> SnoopWriter::open(const std::string& path, SnoopOptions options) {
    FileDescriptor file{
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, S_IRUSR | S_IWUSR)};
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0)
        return system_failure("snoop file " + path, errno, remedy_for(errno));
    // A file that was there may have been open to others; a pipe or device keeps its mode.
    if (S_ISREG(status.st_mode) && ::fchmod(file.get(), S_IRUSR | S_IWUSR) != 0)
        return system_failure("snoop file " + path, errno, remedy_for(errno));
    SnoopWriter writer{path, std::move(file), options};
    writer.flush();
    return writer;
}

SnoopWriter::SnoopWriter(std::string path, FileDescriptor file, SnoopOptions options)
    : path_(std::move(path)), file_(std::move(file)), options_(options) {
    pending_.reserve(pending_limit);
    put(Bytes::of({"btsnoop\0", 8}));
    put_be32(1);     // version
    put_be32(1002);  // data link: HCI UART (H4)
}

void SnoopWriter::write(Direction direction, Bytes header, Bytes payload, Clock::time_point when) {
    const std::size_t size = header.size() + payload.size();
    if (!file_ || size == 0) return;
    if (pending_.size() + record_header + size > pending_limit) flush();

    const std::uint8_t indicator = header.empty() ? payload[0] : header[0];
    const auto since_unix_epoch =
        std::chrono::duration_cast<std::chrono::microseconds>(when.time_since_epoch());
    put_be32(static_cast<std::uint32_t>(size));  // original length
    put_be32(static_cast<std::uint32_t>(size));  // included length
    put_be32(flags_of(direction, indicator));
    put_be32(0);  // cumulative drops
    put_be64(unix_epoch + static_cast<std::uint64_t>(since_unix_epoch.count()));
    put(header);
    put(payload);
    if (!options_.include_keys) mask_.apply(direction, MutableBytes{pending_}.last(size));
}

void SnoopWriter::flush() {
    std::size_t done = 0;
    while (file_ && done < pending_.size()) {
        const ssize_t count = ::write(file_.get(), pending_.data() + done, pending_.size() - done);
        if (count >= 0) {
            done += static_cast<std::size_t>(count);
        } else if (errno != EINTR) {
            log::warn("snoop", path_, ": ", system_error_code(errno), "; the capture ends here");
            file_ = FileDescriptor{};
        }
    }
    pending_.clear();
}

void SnoopWriter::put_be32(std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8)
        pending_.push_back(static_cast<std::uint8_t>(value >> shift));
}
void SnoopWriter::put_be64(std::uint64_t value) {
    put_be32(static_cast<std::uint32_t>(value >> 32));
    put_be32(static_cast<std::uint32_t>(value));
}

}  // namespace bluetooth::transport
