// SPDX-License-Identifier: MIT
#include "tools/asioble/profile_listing.hpp"

#include <array>
#include <charconv>
#include <string>

#include "virtual_controller/profiles.hpp"

namespace bluetooth::tool {
namespace {

using virtual_controller::NamedProfile;
using virtual_controller::Profile;
using virtual_controller::ProfileKey;

std::string features_text(std::uint64_t features) {
    std::array<char, 16> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), features, 16);
    return "0x" + std::string{digits.data(), end.ptr};
}

Json profile_record(const NamedProfile& named) {
    const Profile& profile = named.profile;
    return Json{"profile"}
        .add("name", named.name)
        .add("description", named.description)
        .add("version", to_string(profile.version))
        .add("company", profile.company_identifier)
        .add("subversion", profile.subversion)
        .add("le_features", features_text(profile.le_features))
        .add("public_address", profile.has_public_address)
        .add("acl_length", profile.acl_length)
        .add("acl_buffers", profile.acl_buffers)
        .add("shared_buffers", profile.shared_buffers)
        .add("connections", profile.max_connections)
        .add("accept_list", profile.accept_list_size)
        .add("resolving_list", profile.resolving_list_size)
        .add("advertising_sets", profile.advertising_sets);
}

}  // namespace

void list_profiles(const Output& out) {
    Table profiles;
    for (const NamedProfile& named : virtual_controller::named_profiles()) {
        const Profile& profile = named.profile;
        profiles.add(
            {std::string{named.name}, std::string{to_string(profile.version)},
             std::to_string(profile.acl_buffers) + " x " + std::to_string(profile.acl_length),
             std::string{named.description}});
        out.record(profile_record(named));
    }
    Table keys;
    for (const ProfileKey& key : virtual_controller::profile_keys()) {
        keys.add({"  " + std::string{key.form}, std::string{key.description}});
        out.record(Json{"key"}.add("form", key.form).add("description", key.description));
    }
    out.say("Profiles, each with its version of Bluetooth and its ACL buffers:\n");
    profiles.print(out);
    out.say("\nBehind a name each can be changed: --profile NAME,KEY=VALUE,... with\n");
    keys.print(out);
}

}  // namespace bluetooth::tool
