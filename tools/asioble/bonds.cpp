// SPDX-License-Identifier: MIT
//
// asioble bonds: what is remembered of pairings. Works on the files, without a controller.
#include "tools/asioble/bonds.hpp"

#include <algorithm>
#include <iostream>
#include <memory>

#include "bluetooth/bonds_path.hpp"
#include "tools/asioble/text.hpp"

namespace bluetooth::tool {
namespace {

struct BondsArguments {
    std::string adapter;
    std::string peer;
};

std::vector<AdapterBonds> chosen_adapters(const BondsArguments& arguments) {
    if (arguments.adapter.empty()) return all_adapters();
    AdapterBonds adapter = adapter_named(arguments.adapter);
    std::error_code ignored;
    if (!std::filesystem::exists(adapter.path, ignored))
        throw Failure{"there are no bonds of the adapter " + arguments.adapter + ": " +
                      adapter.path.string() +
                      " is not there; `asioble bonds list` shows which adapters have bonds"};
    return {std::move(adapter)};
}

std::vector<std::string> key_names(const smp::Bond& bond) {
    std::vector<std::string> names;
    const auto add = [&](bool present, const char* name) {
        if (present) names.emplace_back(name);
    };
    if (bond.strength.secure_connections) {
        add(true, "LTK");
    } else {
        add(bond.ours.ltk.has_value(), "our LTK");
        add(bond.peers.ltk.has_value(), "peer's LTK");
    }
    add(bond.peers.irk.has_value(), "peer's IRK");
    add(bond.ours.csrk.has_value(), "our CSRK");
    add(bond.peers.csrk.has_value(), "peer's CSRK");
    return names;
}

Json peer_record(std::string_view event, const AdapterBonds& adapter, const smp::BondKey& peer) {
    return Json{event}
        .add("adapter", adapter.name)
        .add("address", to_string(address_of(peer)))
        .add("type", to_string(type_of(peer)));
}

void list_adapter(const AdapterBonds& adapter, FileSecretStore& store, const Output& out,
                  Table& table) {
    for (const smp::BondKey& peer : bonded_peers(store)) {
        std::vector<std::string> row{adapter.name, to_string(address_of(peer)),
                                     std::string{to_string(type_of(peer))}};
        const auto bond = bond_in(store, peer);
        if (!bond) {
            row.emplace_back("damaged");
            row.emplace_back("remove it and pair again");
            out.record(peer_record("damaged_bond", adapter, peer));
        } else {
            const auto names = key_names(*bond);
            row.push_back(strength_text(bond->strength));
            row.push_back(join(names));
            out.record(peer_record("bond", adapter, peer)
                           .add("secure_connections", bond->strength.secure_connections)
                           .add("authenticated", bond->strength.authenticated)
                           .add("key_size", bond->strength.key_size)
                           .add("keys", names));
        }
        table.add(std::move(row));
    }
}

void list_bonds(const Options& options, const BondsArguments& arguments) {
    const StoreMessages messages;
    const Output out{options.json};
    Table table;
    table.add({"ADAPTER", "PEER", "TYPE", "PAIRING", "KEYS"});
    std::size_t bonds = 0;
    std::string refusal;
    for (const AdapterBonds& adapter : chosen_adapters(arguments)) {
        FileSecretStore store{adapter.path};
        bonds += bonded_peers(store).size();
        if (refusal.empty()) refusal = store.refusal();
        list_adapter(adapter, store, out, table);
    }
    if (bonds > 0)
        table.print(out);
    else if (refusal.empty())
        out.say("There are no bonds in " + bonds_folder().string() + '.');
    if (!refusal.empty()) throw Failure{refusal};
}

/// All that is stored of the device with this address, whatever its type.
std::vector<std::pair<SecretType, smp::BondKey>> records_of(FileSecretStore& store,
                                                            const Address& address) {
    std::vector<std::pair<SecretType, smp::BondKey>> records;
    for (const SecretRecord& record : store.table().records()) {
        smp::BondKey key;
        if (record.type == SecretType::identity || record.key.size() != key.size()) continue;
        std::ranges::copy(record.key, key.begin());
        if (address_of(key) == address) records.emplace_back(record.type, key);
    }
    return records;
}

void remove_bonds(const Options& options, const BondsArguments& arguments) {
    const StoreMessages messages;
    const Output out{options.json};
    const auto address = Address::parse(arguments.peer).value_or(Address{});
    bool found = false;
    std::string refusal;
    for (const AdapterBonds& adapter : chosen_adapters(arguments)) {
        FileSecretStore store{adapter.path};
        if (refusal.empty()) refusal = store.refusal();
        std::vector<smp::BondKey> told;
        for (const auto& [type, key] : records_of(store, address)) {
            messages.check(store.set(type, key, std::nullopt));
            found = true;
            if (std::ranges::find(told, key) != told.end()) continue;
            told.push_back(key);
            out.tell("Removed " + peer_text(key) + " from " + adapter.name + '.',
                     peer_record("removed", adapter, key));
        }
    }
    if (!refusal.empty()) throw Failure{refusal};
    if (!found)
        throw Failure{"there is no bond with " + to_string(address) +
                      "; `asioble bonds list` shows which there are"};
}

void add_adapter_option(CLI::App& command, std::string& adapter, const std::string& help) {
    command.add_option("--adapter", adapter, help)->type_name("NAME");
}

}  // namespace

StoreMessages::StoreMessages() : before_(log::level()) {
    log::set_level(std::min(before_, log::Level::warning));
    log::set_sink([this](log::Level level, std::string_view, std::string_view text) {
        if (level >= log::Level::error)
            error_ = text;
        else
            std::cerr << "asioble: " << text << '\n';
    });
}

StoreMessages::~StoreMessages() {
    log::set_sink({});
    log::set_level(before_);
}

void StoreMessages::check(bool stored) const {
    if (!stored) throw Failure{error_.empty() ? "another program has changed the bonds" : error_};
}

std::vector<AdapterBonds> all_adapters() {
    const auto folder = bonds_folder();
    if (folder.empty())
        throw Failure{
            "there is no folder for bonds: set the environment variable XDG_STATE_HOME "
            "or HOME"};
    std::vector<AdapterBonds> adapters;
    std::error_code error;
    for (std::filesystem::directory_iterator it{folder, error}, end; !error && it != end;
         it.increment(error))
        if (it->path().extension() == bonds_extension)
            adapters.push_back({it->path().stem().string(), it->path()});
    if (error && error != std::errc::no_such_file_or_directory)
        throw Failure{folder.string() + ": " + error.message() +
                      "; give this user the right to read it"};
    std::ranges::sort(adapters, {}, &AdapterBonds::name);
    return adapters;
}

AdapterBonds adapter_named(const std::string& name) {
    for (AdapterBonds& adapter : all_adapters())
        if (adapter.name == name) return std::move(adapter);
    const auto address = Address::parse(name);
    const std::string file = address ? bonds_name(*address) : bonds_name(name);
    return {file, bonds_path(file)};
}

std::vector<smp::BondKey> bonded_peers(FileSecretStore& store) {
    std::vector<smp::BondKey> peers;
    for (const SecretRecord& record : store.table().records()) {
        smp::BondKey key;
        if (record.type != SecretType::our_keys && record.type != SecretType::peer_keys) continue;
        if (record.key.size() != key.size()) continue;
        std::ranges::copy(record.key, key.begin());
        if (std::ranges::find(peers, key) == peers.end()) peers.push_back(key);
    }
    return peers;
}

std::optional<smp::Bond> bond_in(FileSecretStore& store, const smp::BondKey& peer) {
    const SecretTable& table = store.table();
    return smp::decode_bond(peer, table.find(SecretType::our_keys, peer).value_or(Bytes{}),
                            table.find(SecretType::peer_keys, peer).value_or(Bytes{}));
}

AddressType type_of(const smp::BondKey& peer) { return AddressType{peer[0]}; }

Address address_of(const smp::BondKey& peer) {
    std::array<std::uint8_t, 6> octets;
    std::copy_n(peer.begin() + 1, octets.size(), octets.begin());
    return Address::from_wire(octets);
}

std::string peer_text(const smp::BondKey& peer) {
    return to_string(address_of(peer)) + " (" + std::string{to_string(type_of(peer))} + ')';
}

std::string strength_text(const smp::KeyStrength& strength) {
    return std::string{strength.secure_connections ? "Secure Connections" : "legacy"} +
           (strength.authenticated ? ", authenticated" : ", not authenticated") + ", key size " +
           std::to_string(strength.key_size);
}

void add_bonds(CLI::App& app, Program& program) {
    CLI::App* const command = app.add_subcommand(
        "bonds", "show, remove or import what is remembered of pairings; needs no controller");
    command->require_subcommand(1);
    command->fallthrough();
    const auto arguments = std::make_shared<BondsArguments>();
    const auto run = [&program, arguments](void (*what)(const Options&, const BondsArguments&)) {
        return [&program, arguments, what] {
            program.command = [&program, arguments, what] { what(program.options, *arguments); };
        };
    };

    CLI::App* const list = command->add_subcommand("list", "show who there are bonds with");
    add_adapter_option(*list, arguments->adapter, "only those of this adapter");
    list->callback(run(list_bonds));

    CLI::App* const remove = command->add_subcommand("remove", "forget a peer");
    remove->add_option("PEER", arguments->peer, "its address, as `asioble bonds list` shows it")
        ->type_name("")
        ->required()
        ->check([](const std::string& text) {
            return Address::parse(text) ? "" : "an address looks like 00:AA:01:02:03:04";
        });
    add_adapter_option(*remove, arguments->adapter, "only at this adapter");
    remove->callback(run(remove_bonds));

    CLI::App* const import =
        command->add_subcommand("import", "take over bonds of BlueZ, for the same adapter");
    const auto source = std::make_shared<ImportArguments>();
    import
        ->add_option("PATH", source->path,
                     "an adapter's folder (/var/lib/bluetooth/ADDRESS), a device's folder in it, "
                     "or the file `info` in that")
        ->type_name("")
        ->required();
    add_adapter_option(*import, source->adapter,
                       "address or transport of the adapter; else the name of its folder");
    import->callback([&program, source] {
        program.command = [&program, source] { import_bonds(program.options, *source);
};
}  // namespace bluetooth::tool
);
}

}  // namespace bluetooth::tool
