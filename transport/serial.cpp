// SPDX-License-Identifier: MIT
#include <fcntl.h>
#include <grp.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>

#include "transport/h4_stream.hpp"
#include "transport/schemes.hpp"

namespace bluetooth::transport {
namespace {

struct Speed {
    unsigned baud;
    speed_t code;
};
constexpr std::array speeds{
    Speed{9600, B9600},       Speed{19200, B19200},     Speed{38400, B38400},
    Speed{57600, B57600},     Speed{115200, B115200},   Speed{230400, B230400},
    Speed{460800, B460800},   Speed{500000, B500000},   Speed{576000, B576000},
    Speed{921600, B921600},   Speed{1000000, B1000000}, Speed{1152000, B1152000},
    Speed{1500000, B1500000}, Speed{2000000, B2000000}, Speed{2500000, B2500000},
    Speed{3000000, B3000000}, Speed{3500000, B3500000}, Speed{4000000, B4000000},
};

struct Settings {
    std::string path;
    speed_t speed = B115200;
    bool rtscts = false;
};

Attempt<speed_t> parse_speed(std::string_view text) {
    unsigned baud = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), baud);
    if (error == std::errc{} && end == text.data() + text.size()) {
        const auto found = std::ranges::find(speeds, baud, &Speed::baud);
        if (found != speeds.end()) return found->code;
    }
    std::string message = "serial: \"" + std::string{text} + "\" is neither rtscts nor a speed (";
    for (const Speed& speed : speeds) message += std::to_string(speed.baud) + ' ';
    message.back() = ')';
    return invalid_name(std::move(message));
}

// PATH[,SPEED][,rtscts]
Attempt<Settings> parse(std::string_view argument) {
    Settings settings;
    std::size_t comma = argument.find(',');
    settings.path = argument.substr(0, comma);
    if (settings.path.empty())
        return invalid_name("serial: a path is missing, e.g. serial:/dev/ttyACM0,1000000,rtscts");
    while (comma != argument.npos) {
        argument.remove_prefix(comma + 1);
        comma = argument.find(',');
        const std::string_view option = argument.substr(0, comma);
        if (option == "rtscts") {
            settings.rtscts = true;
            continue;
        }
        const Attempt<speed_t> speed = parse_speed(option);
        if (!speed) return speed.error();
        settings.speed = *speed;
    }
    return settings;
}

// The group that a user has to join to open the device; Debian's usual one when it cannot be told.
std::string owning_group(const std::string& path) {
    struct stat status {};
    group entry{};
    group* found = nullptr;
    std::array<char, 4096> memory;
    if (::stat(path.c_str(), &status) == 0 && status.st_gid != 0 &&
        ::getgrgid_r(status.st_gid, &entry, memory.data(), memory.size(), &found) == 0 && found)
        return entry.gr_name;
    return "dialout";
}

Failure explain(const std::string& path, int number) {
    std::string remedy;
    switch (number) {
    case EACCES:
    case EPERM: {
        const std::string group = owning_group(path);
        remedy = "add yourself to the group " + group + " (sudo usermod -aG " + group +
                 " $USER) and log in again";
        break;
    }
    case ENOENT:
    case ENXIO:
    case ENODEV: remedy = "is the device plugged in? (ls /dev/ttyACM* /dev/ttyUSB*)"; break;
    case EBUSY:
        remedy = "another program uses it, e.g. btattach or ModemManager (sudo fuser -v " + path +
                 " shows which): stop it first";
        break;
    case ENOTTY: remedy = "it is not a serial port"; break;
    default: break;
    }
    return system_failure("serial:" + path, number, remedy);
}

// 8 data bits, no parity, one stop bit, octets unchanged (Vol 4 Part A 3).
bool configure(int port, const Settings& settings) {
    termios state{};
    if (::tcgetattr(port, &state) != 0) return false;
    ::cfmakeraw(&state);
    state.c_cflag &= ~static_cast<tcflag_t>(CSTOPB | CRTSCTS);
    state.c_cflag |= CLOCAL | CREAD;
    if (settings.rtscts) state.c_cflag |= CRTSCTS;
    state.c_cc[VMIN] = 1;
    state.c_cc[VTIME] = 0;
    if (::cfsetspeed(&state, settings.speed) != 0) return false;
    if (::tcsetattr(port, TCSANOW, &state) != 0) return false;
    // What arrived before belongs to somebody else's session.
    return ::tcflush(port, TCIOFLUSH) == 0;
}

Attempt<std::unique_ptr<Transport>> open_port(const asio::any_io_executor& executor,
                                              std::string_view argument) {
    const Attempt<Settings> settings = parse(argument);
    if (!settings) return settings.error();
    const std::string& path = settings->path;
    FileDescriptor port{::open(path.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)};
    if (!port) return explain(path, errno);
    if (::isatty(port.get()) == 0) return explain(path, ENOTTY);
    // TIOCEXCL: whoever tries to open it while we use it is told so.
    if (::ioctl(port.get(), TIOCEXCL) != 0 || !configure(port.get(), *settings))
        return explain(path, errno);
    H4StreamOptions options;
    options.name = "serial:" + std::string{argument};
    return make_h4_stream(executor, std::move(port), std::move(options));
}

}  // namespace

void open_serial(const asio::any_io_executor& executor, std::string_view argument,
                 OpenHandler handler) {
    complete(executor, std::move(handler), open_port(executor, argument));
}

}  // namespace bluetooth::transport
