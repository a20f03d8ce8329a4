// SPDX-License-Identifier: MIT
#include "bluetooth/private_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

namespace bluetooth {
namespace {

using transport::Failure;
using transport::FileDescriptor;
using transport::system_failure;

constexpr mode_t private_file_mode = S_IRUSR | S_IWUSR;

std::string_view remedy(int number) {
    switch (number) {
    case EACCES:
    case EPERM: return "give this user the right to read and write it, or name another place";
    case ENOENT:
    case EROFS: return "name a place that can be written (XDG_STATE_HOME)";
    case ENOSPC:
    case EDQUOT: return "make room on this file system";
    case EEXIST:
    case EISDIR:
    case ENOTDIR: return "something else stands in its place: move that away";
    default: return {};
    }
}

Failure failure(const std::filesystem::path& path, int number) {
    return system_failure(path.string(), number, remedy(number));
}

std::int64_t nanoseconds(const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

FileState state_of(const struct stat& status) {
    return {.error = 0,
            .device = status.st_dev,
            .number = status.st_ino,
            .size = status.st_size,
            .modified = nanoseconds(status.st_mtim),
            .changed = nanoseconds(status.st_ctim)};
}

std::filesystem::path beside(std::filesystem::path path, std::string_view suffix) {
    path += suffix;
    return path;
}

/// All octets are on the disk, or the number of the error.
int write_through(int file, Bytes octets) {
    while (!octets.empty()) {
        const ssize_t count = ::write(file, octets.data(), octets.size());
        if (count < 0 && errno != EINTR) return errno;
        if (count > 0) octets = octets.subspan(static_cast<std::size_t>(count));
    }
    return ::fsync(file) == 0 ? 0 : errno;
}

/// The new name of a file is on the disk. Where that cannot be had the file is there all the same.
void keep_names(const std::filesystem::path& folder) {
    const FileDescriptor file{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (file) ::fsync(file.get());
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
    return path.has_parent_path() ? path.parent_path() : ".";
}

/// Where a user has put a link, the file behind it is meant; it need not be there yet.
std::filesystem::path behind_links(std::filesystem::path path) {
    constexpr int max_links = 16;
    std::error_code error;
    for (int i = 0; i < max_links; ++i) {
        const auto target = std::filesystem::read_symlink(path, error);
        if (error) break;  // it is none
        path = folder_of(path) / target;
    }
    return path;
}

}  // namespace

FileState file_state(const std::filesystem::path& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return {.error = errno};
    return state_of(status);
}

transport::Attempt<PrivateFile> read_private_file(const std::filesystem::path& path,
                                                  std::size_t limit) {
    // Not blocking, should it be a pipe.
    const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)};
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) return failure(path, errno);
    if (!S_ISREG(status.st_mode)) return failure(path, EISDIR);
    SecretOctets octets{limit + 1};
    std::size_t size = 0;
    while (size < octets.octets().size()) {
        const MutableBytes room = octets.writable().subspan(size);
        const ssize_t count = ::read(file.get(), room.data(), room.size());
        if (count == 0) break;
        if (count > 0)
            size += static_cast<std::size_t>(count);
        else if (errno != EINTR)
            return failure(path, errno);
    }
    return PrivateFile{SecretOctets{octets.octets().first(size)}, state_of(status),
                       status.st_mode & 07777U};
}

std::optional<Failure> write_private_file(const std::filesystem::path& name, Bytes octets) {
    const std::filesystem::path path = behind_links(name);
    const auto fresh = beside(path, ".new");
    ::unlink(fresh.c_str());  // of a program that ended while it wrote
    {
        const FileDescriptor file{::open(fresh.c_str(),
                                         O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                                         private_file_mode)};
        if (!file) return failure(fresh, errno);
        if (const int error = write_through(file.get(), octets); error != 0) {
            ::unlink(fresh.c_str());
            return failure(fresh, error);
        }
    }
    if (::rename(fresh.c_str(), path.c_str()) != 0) {
        const int error = errno;
        ::unlink(fresh.c_str());
        return failure(path, error);
    }
    keep_names(folder_of(path));
    return std::nullopt;
}

std::optional<Failure> make_private_folders(const std::filesystem::path& path) {
    std::filesystem::path folder;
    for (const auto& part : folder_of(path)) {
        folder /= part;
        if (::mkdir(folder.c_str(), S_IRWXU) == 0) continue;
        const int error = errno;
        struct stat status {};
        if (::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
        return failure(folder, error);
    }
    return std::nullopt;
}

transport::Attempt<FileLock> FileLock::take(const std::filesystem::path& path) {
    const auto name = beside(path, ".lock");
    FileDescriptor file{
        ::open(name.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, private_file_mode)};
    if (!file) return failure(name, errno);
    // Whoever holds it needs it for one reading and writing.
    constexpr int tries = 100;
    for (int i = 0; i < tries; ++i) {
        if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return FileLock{std::move(file)};
        if (errno != EWOULDBLOCK && errno != EINTR) return failure(name, errno);
        constexpr timespec pause{.tv_sec = 0, .tv_nsec = 10'000'000};
        ::nanosleep(&pause, nullptr);
    }
    return system_failure(name.string(), ETIMEDOUT,
                          "another program has locked it for a second: is that one stopped?");
}

}  // namespace bluetooth
