// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tools/asioble/program.hpp"
#include "virtual_controller/air_model.hpp"
#include "virtual_controller/profile.hpp"

namespace bluetooth::tool {

struct ControllerArguments {
    std::vector<std::string> names;
    bool allow_remote = false;
    std::size_t max_hosts = 64;
    std::vector<std::string> profile_names;  ///< as the user has written them
    std::vector<std::string> address_names;
    std::string air_name;
    std::uint64_t seed = 1;
    bool snoop_keys = false;
    bool list_profiles = false;

    // What they mean
    std::vector<virtual_controller::Profile> profiles;
    std::vector<Address> addresses;
    virtual_controller::AirModel air;
};

/// Serves controllers until Ctrl-C.
void serve_controllers(const Options& options, const ControllerArguments& arguments);

}  // namespace bluetooth::tool
