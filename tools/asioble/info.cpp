// SPDX-License-Identifier: MIT
//
// asioble info: what the controller is and can do.
#include "tools/asioble/assigned_numbers.hpp"
#include "tools/asioble/device.hpp"
#include "tools/asioble/output.hpp"
#include "tools/asioble/text.hpp"

namespace bluetooth::tool {
namespace {

/// The bits of the LE feature set (Vol 6 Part B 4.6).
constexpr auto le_feature_names = std::to_array<std::string_view>({
    "LE Encryption",
    "Connection Parameters Request",
    "Extended Reject Indication",
    "Peripheral-initiated Features Exchange",
    "LE Ping",
    "LE Data Packet Length Extension",
    "LL Privacy",
    "Extended Scanning Filter Policies",
    "LE 2M PHY",
    "Stable Modulation Index - Transmitter",
    "Stable Modulation Index - Receiver",
    "LE Coded PHY",
    "LE Extended Advertising",
    "LE Periodic Advertising",
    "Channel Selection Algorithm #2",
    "LE Power Class 1",
    "Minimum Number of Used Channels",
    "Connection CTE Request",
    "Connection CTE Response",
    "Connectionless CTE Transmitter",
    "Connectionless CTE Receiver",
    "Antenna Switching During CTE Transmission",
    "Antenna Switching During CTE Reception",
    "Receiving Constant Tone Extensions",
    "Periodic Advertising Sync Transfer - Sender",
    "Periodic Advertising Sync Transfer - Recipient",
    "Sleep Clock Accuracy Updates",
    "Remote Public Key Validation",
    "Connected Isochronous Stream - Central",
    "Connected Isochronous Stream - Peripheral",
    "Isochronous Broadcaster",
    "Synchronized Receiver",
    "Connected Isochronous Stream (Host Support)",
    "LE Power Control Request",
    "LE Power Control Request",
    "LE Path Loss Monitoring",
    "Periodic Advertising ADI support",
    "Connection Subrating",
    "Connection Subrating (Host Support)",
    "Channel Classification",
    "Advertising Coding Selection",
    "Advertising Coding Selection (Host Support)",
    "",  // reserved
    "Periodic Advertising with Responses - Advertiser",
    "Periodic Advertising with Responses - Scanner",
});

std::vector<std::string> feature_names(std::uint64_t features) {
    std::vector<std::string> names;
    for (std::size_t bit = 0; bit < 64; ++bit) {
        if ((features >> bit & 1) == 0) continue;
        const std::string_view known = bit < le_feature_names.size() ? le_feature_names[bit] : "";
        names.push_back(known.empty() ? "bit " + std::to_string(bit) : std::string{known});
    }
    return names;
}

void show_info(const Options& options) {
    Loop loop;
    const Output out{options.json};
    Device device{loop, options};
    device.activate();
    const ControllerInfo info = device->controller_info();

    const std::array<std::uint8_t, 2> company{
        static_cast<std::uint8_t>(info.company_identifier >> 8),
        static_cast<std::uint8_t>(info.company_identifier)};
    const std::string_view known_company = company_name(info.company_identifier);
    const auto features = feature_names(info.le_features);
    const std::string public_address =
        info.public_address ? to_string(*info.public_address) : "none";

    out.record(Json{"controller"}
                   .add("public_address", public_address)
                   .add("static_address", to_string(info.static_address))
                   .add("hci_version", to_string(info.hci_version))
                   .add("lmp_version", to_string(info.lmp_version))
                   .add("company", info.company_identifier)
                   .add("le_features", features)
                   .add("acl_length", info.acl_data_packet_length)
                   .add("acl_buffers", info.acl_data_packet_count)
                   .add("accept_list", info.filter_accept_list_size)
                   .add("max_data_length", info.max_tx_octets));

    Table table;
    table.add({"Public address", public_address});
    table.add({"Random static address", to_string(info.static_address)});
    table.add({"Bluetooth version", std::string{to_string(info.lmp_version)} + " (HCI " +
                                        std::string{to_string(info.hci_version)} + ")"});
    table.add({"Company", to_hex(company) + ' ' + std::string{known_company}});
    table.add({"ACL buffers", std::to_string(info.acl_data_packet_count) + " of " +
                                  std::to_string(info.acl_data_packet_length) + " octets" +
                                  (info.buffers_shared_with_br_edr ? ", shared with BR/EDR" : "")});
    table.add({"Filter accept list", std::to_string(info.filter_accept_list_size) + " devices"});
    table.add({"Link layer payload", "up to " + std::to_string(info.max_tx_octets) + " octets"});
    for (std::size_t i = 0; i < features.size(); ++i)
        table.add({i == 0 ? "LE features" : "", features[i]});
    if (features.empty()) table.add({"LE features", "none"});
    table.print(out);
}

}  // namespace

void add_info(CLI::App& app, Program& program) {
    CLI::App* const command =
        app.add_subcommand("info", "show what the controller is and what it can do");
    command->callback([&program] { program.command = [&program] { show_info(program.options); }; });
}

}  // namespace bluetooth::tool
