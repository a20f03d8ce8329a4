// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <stdlib.h>
#include <termios.h>

#include <array>
#include <cerrno>
#include <climits>
#include <string>

#include "base/log.hpp"
#include "transport/h4_stream.hpp"
#include "transport/schemes.hpp"

namespace bluetooth::transport {
namespace {

std::string link_target(const std::string& link) {
    std::array<char, PATH_MAX> target;
    const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
    return size < 0 ? std::string{} : std::string(target.data(), static_cast<std::size_t>(size));
}

/// The end of the pty that the controller's program opens. We hold it open too: otherwise each read
/// before that program came, or after it went, would report a lost device.
struct OtherEnd {
    FileDescriptor terminal;
    std::string path;
    std::string link;

    ~OtherEnd() {
        // Somebody may have made the link their own meanwhile.
        if (!link.empty() && link_target(link) == path) ::unlink(link.c_str());
    }
};

bool make_raw(int terminal) {
    termios state{};
    if (::tcgetattr(terminal, &state) != 0) return false;
    ::cfmakeraw(&state);
    return ::tcsetattr(terminal, TCSANOW, &state) == 0;
}

// A link left by an earlier run is replaced; anything else of that name is not ours to remove.
int make_link(const std::string& path, const std::string& link) {
    if (::symlink(path.c_str(), link.c_str()) == 0) return 0;
    if (errno != EEXIST) return errno;
    if (link_target(link).empty()) return EEXIST;
    if (::unlink(link.c_str()) != 0 || ::symlink(path.c_str(), link.c_str()) != 0) return errno;
    return 0;
}

Attempt<std::unique_ptr<Transport>> open_pair(const asio::any_io_executor& executor,
                                              std::string_view link) {
    const std::string name = "pty:" + std::string{link};
    FileDescriptor ours{::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
    std::array<char, 64> path{};
    if (!ours || ::grantpt(ours.get()) != 0 || ::unlockpt(ours.get()) != 0 ||
        ::ptsname_r(ours.get(), path.data(), path.size()) != 0)
        return system_failure(name, errno, "no pseudo-terminal can be made: is /dev/pts mounted?");
    const auto other = std::make_shared<OtherEnd>();
    other->path = path.data();
    other->terminal = FileDescriptor{::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (!other->terminal || !make_raw(other->terminal.get())) return system_failure(name, errno);
    if (!link.empty()) {
        if (const int error = make_link(other->path, std::string{link}))
            return system_failure(name, error,
                                  error == EEXIST ? "remove that file, or choose another name"
                                                  : "the link must be in a folder you may write");
        other->link = link;
    }

    H4StreamOptions options;
    options.name = "pty:" + other->path;
    options.resource = other;
    log::info("transport", "the controller's end of the pty is ", other->path,
              link.empty() ? "" : ", linked from ", link);
    return make_h4_stream(executor, std::move(ours), std::move(options));
}

}  // namespace

void open_pty(const asio::any_io_executor& executor, std::string_view link, OpenHandler handler) {
    complete(executor, std::move(handler), open_pair(executor, link));
}

}  // namespace bluetooth::transport
