// SPDX-License-Identifier: MIT
#include "virtual_controller/profiles.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "tests/virtual_controller/world.hpp"

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using namespace bluetooth::virtual_controller::test;
using hci::CoreVersion;
using hci::LeFeature;

namespace {

Profile parsed(std::string_view text) { return parse_profile(text).value(); }

std::string refusal(std::string_view text) {
    const auto profile = parse_profile(text);
    REQUIRE_FALSE(profile.has_value());
    CHECK(profile.error().code == errc::invalid_argument);
    return profile.error().message;
}

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("virtual controller: profiles have names, the default is the first") {
    std::set<std::string_view> names;
    for (const NamedProfile& named : named_profiles()) {
        CHECK(names.insert(named.name).second);
        CHECK_FALSE(named.description.empty());
        CHECK(parse_profile(named.name).has_value());
    }
    for (const char* name :
         {"bluetooth-4.0", "bluetooth-4.1", "bluetooth-4.2", "bluetooth-5.0", "bluetooth-5.4",
          "no-public-address", "small-buffers", "shared-buffers", "cheap-dongle", "btvirt"}) {
        CAPTURE(name);
        CHECK(names.contains(name));
    }
    CHECK(named_profiles().front().profile.le_features == Profile::all_features);
    CHECK(named_profiles().front().profile.version == CoreVersion::v5_4);
}

TEST_CASE("virtual controller: each named profile answers its host as it says") {
    for (const NamedProfile& named : named_profiles()) {
        CAPTURE(named.name);
        World world;
        Controller& controller = world.add(1, named.profile);
        const Octets version = world.ask(controller, "01 01 10 00");
        REQUIRE(version.size() == 15);
        CHECK(version[7] == static_cast<std::uint8_t>(named.profile.version));
        const Octets buffers = world.ask(controller, "01 02 20 00");
        REQUIRE(buffers.size() == 10);
        const unsigned length = buffers[7] | buffers[8] << 8;
        CHECK(length == (named.profile.shared_buffers ? 0 : named.profile.acl_length));
        CHECK(buffers[9] == (named.profile.shared_buffers ? 0 : named.profile.acl_buffers));
    }
}

TEST_CASE("virtual controller: a version knows the features that came up to it") {
    CHECK(features_of(CoreVersion::v3_0) == 0);
    CHECK(features_of(CoreVersion::v4_0) == feature_bit(LeFeature::encryption));
    CHECK(features_of(CoreVersion::v4_1) == 0x1f);  // up to LE Ping
    CHECK(features_of(CoreVersion::v4_2) == 0xff);  // up to Extended Scanning Filter Policies
    CHECK(features_of(CoreVersion::v5_0) == 0x1'ffff);
    CHECK(features_of(CoreVersion::v5_1) == 0xfff'ffff);
    CHECK(features_of(CoreVersion::v5_2) == 0xf'ffff'ffff);
    CHECK(features_of(CoreVersion::v5_3) == 0xff'ffff'ffff);
    CHECK(features_of(CoreVersion::v5_4) == 0x1fff'ffff'ffff);
    for (const NamedProfile& named : named_profiles()) {
        CAPTURE(named.name);
        CHECK((named.profile.le_features & ~features_of(named.profile.version)) == 0);
    }
}

TEST_CASE("virtual controller: an older version lacks features and commands that came later") {
    const Profile profile = parsed("version=4.1");
    CHECK(profile.version == CoreVersion::v4_1);
    CHECK_FALSE(hci::has(profile.le_features, LeFeature::data_packet_length_extension));
    CHECK(hci::has(profile.le_features, LeFeature::connection_parameters_request));
    // LE Read Local P-256 Public Key came with 4.2, Read Authenticated Payload Timeout with 4.1.
    CHECK(std::ranges::count(profile.without, 0x2025) == 1);
    CHECK(std::ranges::count(profile.without, 0x0c7b) == 0);
    CHECK(parsed("version=5.4").without.empty());
}

TEST_CASE("virtual controller: every part of a profile can be changed") {
    const Profile profile = parsed(
        "small-buffers,acl-length=100,acl-buffers=3,shared-buffers=on,connections=2,accept-list=5,"
        "resolving-list=0,advertising-sets=2,public-address=off,version=5.2,features=0x20,"
        "without=0x2016,without=200d,company=0x05f1,subversion=7");
    CHECK(profile.acl_length == 100);
    CHECK(profile.acl_buffers == 3);
    CHECK(profile.shared_buffers);
    CHECK(profile.max_connections == 2);
    CHECK(profile.accept_list_size == 5);
    CHECK(profile.resolving_list_size == 0);
    CHECK(profile.advertising_sets == 2);
    CHECK_FALSE(profile.has_public_address);
    CHECK(profile.version == CoreVersion::v5_2);
    CHECK(profile.le_features == feature_bit(LeFeature::data_packet_length_extension));
    CHECK(std::ranges::count(profile.without, 0x2016) == 1);
    CHECK(std::ranges::count(profile.without, 0x200d) == 1);
    CHECK(profile.company_identifier == 0x05f1);
    CHECK(profile.subversion == 7);
    CHECK(parsed("acl-length=27").acl_length == 27);
    CHECK(parsed("acl-length=27").version == CoreVersion::v5_4);
}

TEST_CASE("virtual controller: what is wrong with a profile is answered by what is allowed") {
    CHECK(contains(refusal("bluetooth-7"), "no profile is called \"bluetooth-7\""));
    CHECK(contains(refusal("bluetooth-7"), "cheap-dongle"));
    CHECK(contains(refusal(""), "bluetooth-5.4"));
    CHECK(contains(refusal("btvirt,colour=red"), "nothing in a profile is called \"colour\""));
    CHECK(contains(refusal("btvirt,colour=red"), "acl-length=27..1024"));
    CHECK(contains(refusal("btvirt,acl-length"), "write acl-length=27..1024"));
    CHECK(contains(refusal("features=0x8000000000000000"), "which are "));
    for (const char* setting : {"acl-length=26",      "acl-length=1025",
                                "acl-length=",        "acl-length=27x",
                                "acl-buffers=0",      "acl-buffers=256",
                                "shared-buffers=yes", "connections=0",
                                "connections=61",     "accept-list=0",
                                "accept-list=256",    "resolving-list=256",
                                "advertising-sets=0", "advertising-sets=241",
                                "public-address=1",   "version=3.0",
                                "version=5",          "features=",
                                "features=xyz",       "without=0",
                                "without=0x10000",    "company=65536",
                                "subversion=-1"}) {
        CAPTURE(setting);
        const std::string message = refusal(setting);
        CHECK(contains(message, '"' + std::string{setting} + "\" makes no sense"));
        CHECK(contains(message, "write "));
    }
}

TEST_CASE("virtual controller: an air model is read from words") {
    const AirModel all = parse_air_model("loss=0.05,collisions=on,timing=on").value();
    CHECK(all.loss == doctest::Approx(0.05));
    CHECK(all.collisions);
    CHECK(all.timing);
    const AirModel some = parse_air_model("timing=on,loss=1").value();
    CHECK(some.loss == 1);
    CHECK_FALSE(some.collisions);
    CHECK_FALSE(parse_air_model("timing=off").value().timing);
    for (const char* text : {"", "loss", "loss=", "loss=1.1", "loss=-0.1", "loss=nan", "loss=5%",
                             "timing=yes", "wind=on", "loss=0.1,,timing=on"}) {
        CAPTURE(text);
        const auto model = parse_air_model(text);
        REQUIRE_FALSE(model.has_value());
        CHECK(contains(model.error().message, "loss=0..1, collisions=on|off and timing=on|off"));
    }
}
