// SPDX-License-Identifier: MIT
#include "tools/asioble/peer.hpp"

namespace bluetooth::tool {
namespace {

template <class To> To to_duration(double seconds) {
    return std::chrono::duration_cast<To>(std::chrono::duration<double>{seconds});
}

Found look_for(const PeerArguments& arguments, Central& central, const Output& out) {
    const auto address = Address::parse(arguments.address);
    const std::string what = address ? arguments.address : '"' + arguments.name + '"';
    out.say("Looking for " + what + " ...");
    const auto matches = [&](const ScanResult& result) {
        if (address) return result.addr == *address;
        return AdvertisingDataView{result.adv_data}.name() == arguments.name;
    };
    if (const auto found = central.find(matches, to_duration<Duration>(arguments.timeout)))
        return *found;
    throw Failure{what + " was not heard. Is it switched on, near, and advertising? " +
                  "`asioble scan --active` shows who is; --timeout S looks longer"};
}

}  // namespace

Found connect_to(const PeerArguments& arguments, Central& central, const Output& out) {
    const auto address = Address::parse(arguments.address);
    Found peer;
    if (address && !arguments.type.empty()) {
        peer.address = *address;
        peer.type =
            arguments.type == "public" ? AddressType::public_device : AddressType::random_device;
    } else {
        peer = look_for(arguments, central, out);
    }
    out.say("Connecting to " + to_string(peer.address) + " (" + std::string{to_string(peer.type)} +
            ") ...");
    central.connect(peer.type, peer.address,
                    to_duration<std::chrono::milliseconds>(arguments.timeout));
    return peer;
}

void add_peer_options(CLI::App& command, PeerArguments& arguments) {
    CLI::Option* const address =
        command
            .add_option("ADDRESS", arguments.address, "the peripheral, as `asioble scan` shows it")
            ->type_name("")
            ->check([](const std::string& text) {
                return Address::parse(text) ? "" : "an address looks like 00:AA:01:02:03:04";
            });
    command.add_option("--name", arguments.name, "look for a peripheral with this name instead")
        ->type_name("TEXT")
        ->excludes(address);
    command.add_option("--type", arguments.type, "of the address, which saves the look")
        ->type_name("public|random")
        ->check(CLI::IsMember({"public", "random"}).description(""));
    command
        .add_option("--timeout", arguments.timeout,
                    "look for it and try to connect for so many seconds")
        ->type_name("S")
        ->check(CLI::Range(0.1, 86'400.0).description(""))
        ->capture_default_str();
}

void check_peer(const CLI::App& command, const PeerArguments& arguments) {
    if (arguments.address.empty() && arguments.name.empty())
        throw CLI::ValidationError{command.get_name(),
                                   "which peripheral? Give its ADDRESS or --name"};
}

}  // namespace bluetooth::tool
