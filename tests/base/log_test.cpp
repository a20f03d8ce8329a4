// SPDX-License-Identifier: MIT
#include "base/log.hpp"

#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "base/uuid.hpp"
#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;

namespace {

/// Collects the lines of one test and puts everything back afterwards.
class Captured {
public:
    explicit Captured(log::Level level) : before_(log::level()) {
        log::set_level(level);
        log::set_sink([this](log::Level at, std::string_view component, std::string_view text) {
            levels.push_back(at);
            lines.push_back(std::string{component} + ": " + std::string{text});
        });
    }
    Captured(const Captured&) = delete;
    Captured& operator=(const Captured&) = delete;
    ~Captured() {
        log::set_sink({});
        log::set_level(before_);
    }

    std::vector<log::Level> levels;
    std::vector<std::string> lines;

private:
    log::Level before_;
};

struct Request {
    std::uint16_t handle{};
    BT_PDU(Request, 0x0a, handle);
};

void write_one_of_each() {
    log::trace("test", "trace");
    log::debug("test", "debug");
    log::info("test", "info");
    log::warn("test", "warning");
    log::error("test", "error");
}

}  // namespace

TEST_CASE("log: lines below the level are not written") {
    using enum log::Level;
    const std::vector<log::Level> severities{trace, debug, info, warning, error};
    for (std::size_t level = 0; level <= severities.size(); ++level) {
        CAPTURE(level);
        const Captured captured{static_cast<log::Level>(level)};
        write_one_of_each();
        CHECK(captured.levels ==
              std::vector<log::Level>(severities.begin() + static_cast<std::ptrdiff_t>(level),
                                      severities.end()));
    }
}

TEST_CASE("log: the level set is the level told") {
    const Captured captured{log::Level::info};
    CHECK(log::level() == log::Level::info);
    CHECK(log::enabled(log::Level::warning));
    CHECK(log::enabled(log::Level::info));
    CHECK_FALSE(log::enabled(log::Level::debug));
}

TEST_CASE("log: the parts of a line are joined as text") {
    const Captured captured{log::Level::trace};
    const std::string name = "name";
    log::info("gap", "text ", name, " ", std::string_view{"view"}, " ", 42, " ", -1, " ", true);
    log::info("gap", *Address::parse("00:AA:01:02:03:04"), " ", AddressType::public_device);
    log::info("gap", UUID{0x180d}, " ", Units1250us{24});
    log::info("att", Request{0x002a}, " ", Bytes{hex("01 ff")});
    log::info("hci", error_code{0x0c, hci_category()});
    log::info("empty");
    CHECK(captured.lines == std::vector<std::string>{
                                "gap: text name view 42 -1 true",
                                "gap: 00:AA:01:02:03:04 public",
                                "gap: UUID(0x180d) 30 ms",
                                "att: Request{handle=0x002a} 01ff",
                                "hci: command disallowed",
                                "empty: ",
                            });
}

TEST_CASE("log: a line that is not written costs no text") {
    struct Untouchable {
        std::string message() const {
            FAIL("must not be asked");
            return {};
        }
    };
    const Captured captured{log::Level::off};
    log::error("test", Untouchable{});
    CHECK(captured.lines.empty());
}

TEST_CASE("log: one sink replaces the other") {
    const Captured captured{log::Level::info};
    int count = 0;
    log::set_sink([&count](log::Level, std::string_view, std::string_view) { ++count; });
    log::info("test", "one");
    CHECK(count == 1);
    CHECK(captured.lines.empty());
}
