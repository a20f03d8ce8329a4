// SPDX-License-Identifier: MIT
#include "bluetooth/bonds_path.hpp"

#include <stdlib.h>

#include <optional>
#include <set>
#include <string>

#include "tests/support/hex.hpp"

using namespace bluetooth;

namespace {

/// An environment variable for one test.
class Variable {
public:
    Variable(const char* name, const char* value) : name_(name) {
        if (const char* const before = ::getenv(name)) before_ = before;
        if (value != nullptr)
            ::setenv(name, value, 1);
        else
            ::unsetenv(name);
    }
    Variable(const Variable&) = delete;
    Variable& operator=(const Variable&) = delete;
    ~Variable() {
        if (before_)
            ::setenv(name_, before_->c_str(), 1);
        else
            ::unsetenv(name_);
    }

private:
    const char* name_;
    std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("bonds path: in the folder for the state of programs") {
    {
        const Variable state{"XDG_STATE_HOME", "/somewhere/state"};
        const Variable home{"HOME", "/home/user"};
        CHECK(bonds_folder() == "/somewhere/state/asioble");
        CHECK(bonds_path("usb") == "/somewhere/state/asioble/usb.bonds");
    }
    for (const char* useless : {static_cast<const char*>(nullptr), "", "relative/state"}) {
        const Variable state{"XDG_STATE_HOME", useless};
        const Variable home{"HOME", "/home/user"};
        CHECK(bonds_folder() == "/home/user/.local/state/asioble");
    }
    const Variable state{"XDG_STATE_HOME", nullptr};
    const Variable home{"HOME", nullptr};
    CHECK(bonds_folder().empty());
    CHECK(bonds_path("usb").empty());
}

TEST_CASE("bonds path: an adapter has the name of its public address") {
    CHECK(bonds_name(Address::from_display({0x00, 0xaa, 0x01, 0x00, 0x00, 0x01})) ==
          "00-AA-01-00-00-01");
}

TEST_CASE("bonds path: the names of transports are made fit for files, and stay different") {
    CHECK(bonds_name("hci0_A.b-9") == "hci0_A.b-9");
    CHECK(bonds_name("serial:/dev/ttyUSB0").starts_with("serial__dev_ttyUSB0+"));
    std::set<std::string> names;
    const std::string_view transports[] = {"",
                                           ".",
                                           "..",
                                           "_",
                                           "_.",
                                           "a/b",
                                           "a:b",
                                           "a_b",
                                           "a b",
                                           "a+b",
                                           "serial:/dev/ttyUSB0",
                                           "serial:/dev_ttyUSB0"};
    for (const std::string_view transport : transports) {
        const std::string name = bonds_name(transport);
        CAPTURE(name);
        CHECK(name.find('/') == std::string::npos);
        CHECK_FALSE(name.starts_with('.'));
        CHECK_FALSE(name.empty());
        names.insert(name);
    }
    CHECK(names.size() == std::size(transports));
    const std::string long_name(300, 'x');
    CHECK(bonds_name(long_name).size() < 120);
    CHECK(bonds_name(long_name) != bonds_name(long_name + 'x'));
}
