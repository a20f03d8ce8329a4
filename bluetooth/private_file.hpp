// SPDX-License-Identifier: MIT
//
// Files that hold secrets: for their owner only, and written as a whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "bluetooth/secret_table.hpp"
#include "transport/failure.hpp"
#include "transport/file_descriptor.hpp"

namespace bluetooth {

/// What tells one state of a file from another. Each writing makes a new file.
struct FileState {
    int error = 0;  ///< why nothing is known of it; ENOENT: it is not there
    std::uint64_t device = 0;
    std::uint64_t number = 0;
    std::int64_t size = 0;
    std::int64_t modified = 0;  ///< nanoseconds
    std::int64_t changed = 0;   ///< also by a change of its owner or mode
    friend bool operator==(const FileState&, const FileState&) = default;
};
FileState file_state(const std::filesystem::path& path);

struct PrivateFile {
    SecretOctets octets;  ///< `limit` and one more when there are more
    FileState state;
    unsigned mode = 0;
};
transport::Attempt<PrivateFile> read_private_file(const std::filesystem::path& path,
                                                  std::size_t limit);

/// Puts a new file in the place of the old one, which stays when this fails. Only under a lock: all
/// writers use one name for the new file.
std::optional<transport::Failure> write_private_file(const std::filesystem::path& path,
                                                     Bytes octets);

/// Makes the missing folders above a file.
std::optional<transport::Failure> make_private_folders(const std::filesystem::path& path);

/// Keeps other programs from writing a file while this one does. The file itself is replaced by
/// each writing, so the lock is on one beside it.
class FileLock {
public:
    /// Waits a second at most.
    static transport::Attempt<FileLock> take(const std::filesystem::path& path);

private:
    explicit FileLock(transport::FileDescriptor&& file) : file_(std::move(file)) {}

    transport::FileDescriptor file_;  // closing it unlocks
};

}  // namespace bluetooth
