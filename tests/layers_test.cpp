// SPDX-License-Identifier: MIT
// Dependencies point down: which folder may include what, checked against every #include there is.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Names = std::set<std::string, std::less<>>;

const Names layers{"base", "crypto", "transport",          "hci",      "l2cap", "att", "gatt",
                   "smp",  "gap",    "virtual_controller", "bluetooth"};

// HCI's PDUs, without the state machines behind them.
const Names hci_pdus{"hci/codes.hpp", "hci/command.hpp", "hci/commands.hpp",
                     "hci/event.hpp", "hci/events.hpp",  "hci/acl.hpp"};
Names with_hci_pdus(Names names) {
    names.insert(hci_pdus.begin(), hci_pdus.end());
    return names;
}

// Folder -> what it may include besides itself: a whole folder, or one header.
const std::map<std::string, Names, std::less<>> allowed{
    {"base", {}},
    {"crypto", {"base"}},
    {"transport", {"base"}},
    {"hci", {"base"}},
    {"l2cap", {"base"}},
    {"att", {"base", "crypto"}},
    {"gatt", {"base", "crypto", "att"}},
    {"smp", {"base", "crypto"}},
    {"gap", with_hci_pdus({"base", "crypto"})},
    {"virtual_controller", with_hci_pdus({"base", "crypto", "transport"})},
    {"bluetooth", layers},  // the private host sees everything
    {"tools", layers},
    // What programs include, and their tests.
    {"examples", {"bluetooth", "virtual_controller/simulation.hpp"}},
};

// What only some may see. Nobody but transport/asio.hpp itself names Asio's own headers.
const std::string asio_header = "transport/asio.hpp";
const Names sees_asio{"transport", "bluetooth", "tools"};
const Names sees_libcrypto{"crypto"};
const Names sees_devices{"transport"};  // libusb and termios
const Names sees_private_host{"bluetooth"};

// Sans-io: the standard library, without what does I/O, waits, or makes up numbers.
const Names cores{"hci", "l2cap", "att", "gatt", "smp", "gap"};
const Names not_in_cores{
    "condition_variable", "fstream",      "future",     "iostream",   "mutex",      "random",
    "semaphore",          "shared_mutex", "stop_token", "syncstream", "filesystem", "thread"};
const Names not_in_core_code{"asio::", "::now(", "std::rand", "std::time("};

struct Include {
    std::string file;  // "att/bearer.cpp"
    std::size_t line = 0;
    std::string target;  // "base/pdu.hpp"
    bool quoted = false;
};

std::string_view trim(std::string_view s) {
    const auto first = s.find_first_not_of(" \t\r");
    return first == s.npos ? std::string_view{} : s.substr(first);
}

// The lines of a text, without // comments.
std::vector<std::string_view> lines(std::string_view text) {
    std::vector<std::string_view> result;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        const auto line = text.substr(0, end);
        result.push_back(line.substr(0, line.find("//")));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return result;
}

std::vector<Include> includes(std::string_view file, std::string_view text) {
    std::vector<Include> result;
    std::size_t number = 0;
    for (auto line : lines(text)) {
        ++number;
        line = trim(line);
        if (!line.starts_with('#')) continue;
        line = trim(line.substr(1));
        if (!line.starts_with("include")) continue;
        line = trim(line.substr(7));
        if (line.empty() || (line[0] != '"' && line[0] != '<')) continue;
        const bool quoted = line[0] == '"';
        const auto end = line.find(quoted ? '"' : '>', 1);
        if (end == line.npos) continue;
        result.push_back({std::string{file}, number, std::string{line.substr(1, end - 1)}, quoted});
    }
    return result;
}

std::string folder_of(std::string_view path) {
    const auto slash = path.find('/');
    return slash == path.npos ? std::string{} : std::string{path.substr(0, slash)};
}

bool starts_with_any(std::string_view s, std::initializer_list<std::string_view> prefixes) {
    return std::ranges::any_of(prefixes, [&](auto prefix) { return s.starts_with(prefix); });
}

// Why this include is against the rules, if it is.
std::optional<std::string> offence(const Include& include) {
    const auto from = folder_of(include.file);
    const auto to = folder_of(include.target);
    const std::string_view target = include.target;

    if (allowed.contains(to)) {  // one of the project's own
        if (to == "bluetooth" && !sees_private_host.contains(from) &&
            starts_with_any(target, {"bluetooth/host.", "bluetooth/connection."}))
            return "the host is private to bluetooth/";
        if (target == asio_header && !sees_asio.contains(from))
            return "Asio is not for this folder";
        if (to == from || allowed.at(from).contains(to) || allowed.at(from).contains(target))
            return std::nullopt;
        return from + " must not know " + to;
    }
    if (include.quoted) return "write it from the project's root: \"folder/file.hpp\"";
    if (from == "examples") return std::nullopt;  // like a user's program

    if (target == "boost/asio.hpp" || target.starts_with("boost/asio/"))
        return include.file == asio_header ? std::nullopt
                                           : std::optional{"include \"" + asio_header + "\""};
    if (target.starts_with("openssl/") && !sees_libcrypto.contains(from))
        return "libcrypto is for crypto/ only";
    if (starts_with_any(target, {"libusb", "termios.h", "sys/termios.h", "asm/termbits.h"}) &&
        !sees_devices.contains(from))
        return "devices are for transport/ only";
    if (starts_with_any(target, {"spdlog/", "fmt/"}) && from != "base") return "log through base/";
    if (from == "base" && starts_with_any(target, {"spdlog/", "fmt/"}))
        return std::nullopt;  // in one file: counted below
    if (from == "base" || cores.contains(from)) {
        const bool standard = target.find_first_of("/.") == target.npos;
        if (!standard && !target.starts_with("boost/system/"))
            return from + " knows std and Boost.System only";
    }
    if (cores.contains(from) && not_in_cores.contains(target)) return "a core is sans-io";
    return std::nullopt;
}

std::vector<std::string> offences(std::string_view file, std::string_view text) {
    std::vector<std::string> result;
    const auto report = [&](std::size_t line, std::string_view what, std::string_view why) {
        result.push_back(std::string{file} + ':' + std::to_string(line) + ": " + std::string{what} +
                         ": " + std::string{why});
    };
    for (const auto& include : includes(file, text))
        if (const auto why = offence(include)) report(include.line, include.target, *why);
    if (cores.contains(folder_of(file))) {
        std::size_t number = 0;
        for (const auto line : lines(text)) {
            ++number;
            for (const auto& word : not_in_core_code)
                if (line.find(word) != line.npos) report(number, word, "a core is sans-io");
        }
    }
    return result;
}

struct Source {
    std::string name;  // relative to the project's root
    std::string text;
};

std::vector<Source> sources() {
    namespace fs = std::filesystem;
    const fs::path root{ASIOBLE_SOURCE_DIR};
    std::vector<Source> result;
    for (const auto& [folder, _] : allowed) {
        if (!fs::is_directory(root / folder)) continue;
        for (const auto& entry : fs::recursive_directory_iterator{root / folder}) {
            const auto extension = entry.path().extension();
            if (!entry.is_regular_file() || (extension != ".hpp" && extension != ".cpp")) continue;
            std::ifstream in{entry.path(), std::ios::binary};
            result.push_back({entry.path().lexically_relative(root).generic_string(),
                              std::string{std::istreambuf_iterator<char>{in}, {}}});
        }
    }
    return result;
}

}  // namespace

TEST_SUITE("layers") {
    TEST_CASE("layers: every include points down") {
        std::size_t seen = 0;
        for (const auto& source : sources()) {
            seen += includes(source.name, source.text).size();
            for (const auto& line : offences(source.name, source.text)) FAIL_CHECK(line);
        }
        CHECK_MESSAGE(seen >= 20, "only ", seen, " includes were found in " ASIOBLE_SOURCE_DIR);
    }

    TEST_CASE("layers: exactly one file sees spdlog, and one sees Asio") {
        Names spdlog;
        Names asio;
        for (const auto& source : sources()) {
            if (folder_of(source.name) == "examples") continue;
            for (const auto& include : includes(source.name, source.text)) {
                if (include.target.starts_with("spdlog/")) spdlog.insert(include.file);
                if (include.target.starts_with("boost/asio")) asio.insert(include.file);
            }
        }
        CHECK(spdlog.size() == 1);
        CHECK(asio == Names{asio_header});
    }

    TEST_CASE("layers: the table allows what the design allows") {
        struct {
            const char* file;
            const char* line;
        } const good[] = {
            {"base/log.cpp", "#include <spdlog/spdlog.h>"},
            {"crypto/aes.cpp", "#include <openssl/evp.h>"},
            {"transport/uart.cpp", "#include <termios.h>"},
            {"transport/usb.cpp", "#include <libusb-1.0/libusb.h>"},
            {"transport/asio.hpp", "#include <boost/asio/steady_timer.hpp>"},
            {"transport/uart.cpp", "#include \"transport/asio.hpp\""},
            {"hci/core.cpp", "#include <boost/system/error_code.hpp>"},
            {"gatt/server.cpp", "#include \"att/bearer.hpp\""},
            {"gap/scanner.cpp", "  #  include \"hci/events.hpp\"  // reports"},
            {"smp/pairing.cpp", "#include \"crypto/aes.hpp\""},
            {"virtual_controller/air.cpp", "#include \"transport/transport.hpp\""},
            {"bluetooth/host.cpp", "#include \"gap/scanner.hpp\""},
            {"tools/asioble/scan.cpp", "#include \"bluetooth/ble.hpp\""},
            {"examples/heart_rate.cpp", "#include <boost/asio/io_context.hpp>"},
            {"examples/heart_rate.cpp", "#include \"virtual_controller/simulation.hpp\""},
            {"att/bearer.cpp", "// #include \"hci/core.hpp\""},
        };
        for (const auto& example : good) {
            CAPTURE(example.file);
            CAPTURE(example.line);
            CHECK(offences(example.file, example.line).empty());
        }
    }

    TEST_CASE("layers: the checker finds what the design forbids") {
        struct {
            const char* file;
            const char* text;
        } const bad[] = {
            {"base/pdu.hpp", "#include \"att/pdus.hpp\""},
            {"base/pdu.hpp", "#include <boost/asio/buffer.hpp>"},
            {"base/pdu.hpp", "#include <boost/container/small_vector.hpp>"},
            {"base/pdu.hpp", "#include <unistd.h>"},
            {"crypto/aes.cpp", "#include \"hci/codes.hpp\""},
            {"transport/uart.cpp", "#include <boost/asio/serial_port.hpp>"},
            {"transport/uart.cpp", "#include \"hci/codes.hpp\""},
            {"transport/uart.cpp", "#include <spdlog/spdlog.h>"},
            {"hci/core.cpp", "#include \"transport/transport.hpp\""},
            {"hci/core.cpp", "#include \"crypto/aes.hpp\""},
            {"hci/core.cpp", "#include <thread>"},
            {"hci/core.cpp", "#include <termios.h>"},
            {"hci/core.cpp", "auto t = std::chrono::steady_clock::now();"},
            {"l2cap/link.cpp", "#include \"hci/acl.hpp\""},
            {"att/bearer.cpp", "#include <base/pdu.hpp>\n#include \"l2cap/link.hpp\""},
            {"att/bearer.cpp", "#include \"pdus.hpp\""},
            {"att/bearer.cpp", "#include \"../base/pdu.hpp\""},
            {"att/bearer.cpp", "\n\t# include\t<openssl/evp.h>"},
            {"gatt/server.cpp", "#include \"smp/keys.hpp\""},
            {"gatt/server.cpp", "boost::asio::steady_timer timer;"},
            {"gap/scanner.cpp", "#include \"hci/core.hpp\""},
            {"gap/scanner.cpp", "#include \"transport/asio.hpp\""},
            {"virtual_controller/air.cpp", "#include \"hci/init.hpp\""},
            {"virtual_controller/air.cpp", "#include \"bluetooth/ble.hpp\""},
            {"virtual_controller/air.cpp", "#include \"transport/asio.hpp\""},
            {"bluetooth/ble.cpp", "#include <openssl/rand.h>"},
            {"bluetooth/ble.cpp", "#include \"tools/asioble/output.hpp\""},
            {"tools/asioble/scan.cpp", "#include \"bluetooth/host.hpp\""},
            {"tools/asioble/scan.cpp", "#include <libusb.h>"},
            {"examples/heart_rate.cpp", "#include \"gatt/server.hpp\""},
            {"examples/heart_rate.cpp", "#include \"virtual_controller/air.hpp\""},
            {"examples/heart_rate.cpp", "#include \"bluetooth/connection.hpp\""},
        };
        for (const auto& example : bad) {
            CAPTURE(example.file);
            CAPTURE(example.text);
            CHECK(offences(example.file, example.text).size() == 1);
        }
    }
}
