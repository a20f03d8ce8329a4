// SPDX-License-Identifier: MIT
#include "tests/support/json.hpp"

#include <boost/json/src.hpp>  // the library itself, once in the tests
#include <cstdlib>
#include <fstream>
#include <iterator>

namespace bluetooth::test {

std::optional<boost::json::value> fixture_json(const std::string& path) {
    const char* folder = std::getenv("ASIOBLE_FIXTURES");
    if (folder == nullptr || *folder == '\0') {
        MESSAGE("skipped: set ASIOBLE_FIXTURES to the folder of fixtures to run this on ", path);
        return std::nullopt;
    }
    std::ifstream file{std::string{folder} + '/' + path};
    if (!file) throw std::runtime_error("cannot read " + path + " below " + folder);
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    return boost::json::parse(text);
}

std::string text_at(const boost::json::value& object, const char* member) {
    return boost::json::value_to<std::string>(object.at(member));
}

Octets hex_at(const boost::json::value& object, const char* member) {
    return hex(text_at(object, member));
}

}  // namespace bluetooth::test
