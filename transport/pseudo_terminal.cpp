// SPDX-License-Identifier: MIT
#include "transport/pseudo_terminal.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <utility>

namespace bluetooth::transport {
namespace {

std::string link_target(const std::string& link) {
    std::array<char, PATH_MAX> target;
    const ssize_t size = ::readlink(link.c_str(), target.data(), target.size());
    return size < 0 ? std::string{} : std::string(target.data(), static_cast<std::size_t>(size));
}

Failure taken(const std::string& name, const std::string& target) {
    if (target.empty())
        return system_failure(name, EEXIST, "remove that file, or choose another name");
    return system_failure(
        name, EEXIST,
        "it leads to " + target +
            ", which is there: stop the program that made it, or remove the link");
}

// A link left by an earlier run is replaced, also where the system has given us the same terminal
// anew; anything else of that name is not ours to remove.
Attempt<void> make_link(const std::string& name, const std::string& path, const std::string& link) {
    constexpr std::string_view remedy = "the link must be in a folder you may write";
    if (::symlink(path.c_str(), link.c_str()) == 0) return {};
    if (errno != EEXIST) return system_failure(name, errno, remedy);
    const std::string target = link_target(link);
    struct stat status {};
    if (target.empty() || (target != path && ::stat(link.c_str(), &status) == 0))
        return taken(name, target);
    if (::unlink(link.c_str()) != 0 || ::symlink(path.c_str(), link.c_str()) != 0)
        return system_failure(name, errno, remedy);
    return {};
}

}  // namespace

OtherEnd::~OtherEnd() {
    // Somebody may have made the link their own meanwhile.
    if (!link.empty() && link_target(link) == path) ::unlink(link.c_str());
}

bool make_raw(int terminal) {
    termios state{};
    if (::tcgetattr(terminal, &state) != 0) return false;
    ::cfmakeraw(&state);
    return ::tcsetattr(terminal, TCSANOW, &state) == 0;
}

Attempt<PseudoTerminal> make_pseudo_terminal(const std::string& name, std::string_view link) {
    PseudoTerminal made;
    made.ours = FileDescriptor{::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
    std::array<char, 64> path{};
    if (!made.ours || ::grantpt(made.ours.get()) != 0 || ::unlockpt(made.ours.get()) != 0 ||
        ::ptsname_r(made.ours.get(), path.data(), path.size()) != 0)
        return system_failure(name, errno, "no pseudo-terminal can be made: is /dev/pts mounted?");
    made.other.path = path.data();
    made.other.terminal = FileDescriptor{::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (!made.other.terminal || !make_raw(made.other.terminal.get()))
        return system_failure(name, errno);
    if (link.empty()) return made;
    const Attempt<void> linked = make_link(name, made.other.path, std::string{link});
    if (!linked) return linked.error();
    made.other.link = link;
    return made;
}

}  // namespace bluetooth::transport
