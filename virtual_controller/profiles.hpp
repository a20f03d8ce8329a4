// SPDX-License-Identifier: MIT
//
// Controllers to be, by name and as users write them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "hci/codes.hpp"
#include "transport/failure.hpp"
#include "virtual_controller/air_model.hpp"
#include "virtual_controller/profile.hpp"

namespace bluetooth::virtual_controller {

struct NamedProfile {
    std::string_view name;
    std::string_view description;  ///< one line
    Profile profile;
};
/// All that have a name; the first is the default.
std::span<const NamedProfile> named_profiles();

/// The LE features that a version of the specification knows (Vol 6 Part B 4.6), whether or not the
/// virtual controller can do them.
std::uint64_t features_of(hci::CoreVersion version);
/// Has the profile say that it follows `version`, and takes the features and commands away that
/// came later.
void set_version(Profile& profile, hci::CoreVersion version);

/// What may follow the name of a profile.
struct ProfileKey {
    std::string_view form;  ///< "acl-length=27..1024"
    std::string_view description;
};
std::span<const ProfileKey> profile_keys();

/// Reads "NAME[,KEY=VALUE]...", e.g. "small-buffers,version=5.2,without=0x2016"; without a name,
/// "acl-length=27" is a change of the default. Keys take effect in their order. What is wrong is
/// answered by what is allowed.
transport::Attempt<Profile> parse_profile(std::string_view text);

/// Reads "loss=0.05,collisions=on,timing=on", of which each part may be missing.
transport::Attempt<AirModel> parse_air_model(std::string_view text);

}  // namespace bluetooth::virtual_controller
