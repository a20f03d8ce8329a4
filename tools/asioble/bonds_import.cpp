// SPDX-License-Identifier: MIT
//
// asioble bonds import: from BlueZ.
#include <algorithm>
#include <cerrno>
#include <iostream>

#include "bluetooth/bluez_import.hpp"
#include "bluetooth/private_file.hpp"
#include "tools/asioble/bonds.hpp"

namespace bluetooth::tool {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t max_bluez_file_size = 64 * 1024;

void warn_user(const std::string& message) { std::cerr << "asioble: " << message << '\n'; }

[[noreturn]] void fail_to_read(const fs::path& path, const error_code& error) {
    std::string message = path.string() + ": " + error.message();
    if (error == boost::system::errc::permission_denied)
        message +=
            "; BlueZ's files are for root only: `sudo cp -r` the adapter's folder to a "
            "place of yours, `sudo chown -R` it, and import that";
    else if (error == boost::system::errc::no_such_file_or_directory)
        message += "; name a folder like /var/lib/bluetooth/ADDRESS, or one in it";
    throw Failure{message};
}

bool check_exists(const fs::path& path) {
    std::error_code error;
    const bool there = fs::exists(path, error);
    if (error) fail_to_read(path, error);
    return there;
}

SecretOctets read_bluez_file(const fs::path& path) {
    const auto file = read_private_file(path, max_bluez_file_size);
    if (!file) fail_to_read(path, file.error().code);
    return file->octets;
}

/// What to import: `info` files, in folders that are named by the peer's address.
struct BluezSource {
    fs::path adapter;  ///< folder
    std::vector<fs::path> infos;
    bool one_device = true;
};

std::vector<fs::path> infos_in(const fs::path& adapter) {
    std::vector<fs::path> infos;
    std::error_code error;
    for (fs::directory_iterator it{adapter, error}, end; !error && it != end; it.increment(error)) {
        const fs::path info = it->path() / "info";
        if (Address::parse(it->path().filename().string()) && check_exists(info))
            infos.push_back(info);
    }
    if (error) fail_to_read(adapter, error);
    std::ranges::sort(infos);
    return infos;
}

BluezSource find_source(const std::string& name) {
    std::error_code error;
    fs::path path = fs::absolute(name, error).lexically_normal();
    if (!path.has_filename()) path = path.parent_path();  // "folder/"
    if (!check_exists(path)) fail_to_read(path, transport::system_error_code(ENOENT));
    if (!fs::is_directory(path, error)) return {path.parent_path().parent_path(), {path}};
    if (check_exists(path / "info")) return {path.parent_path(), {path / "info"}};
    BluezSource source{path, infos_in(path), false};
    if (source.infos.empty())
        throw Failure{path.string() +
                      " holds no devices of BlueZ; name a folder like "
                      "/var/lib/bluetooth/ADDRESS, or one in it"};
    return source;
}

AdapterBonds target_of(const BluezSource& source, const ImportArguments& arguments) {
    if (!arguments.adapter.empty()) return adapter_named(arguments.adapter);
    const std::string name = source.adapter.filename().string();
    if (!Address::parse(name))
        throw Failure{"for which adapter? The folder " + source.adapter.string() +
                          " is not named by an address; say --adapter ADDRESS",
                      exit_usage};
    return adapter_named(name);
}

class Import {
public:
    Import(const Options& options, const AdapterBonds& adapter)
        : out_(options.json), adapter_(adapter), store_(adapter.path) {
        if (!store_.refusal().empty()) throw Failure{store_.refusal()};
    }

    void run(const BluezSource& source) {
        import_identity(source.adapter / "identity");
        for (const fs::path& info : source.infos) import_device(info, source.one_device);
        if (failed_ > 0)
            throw Failure{std::to_string(failed_) + " of " + std::to_string(source.infos.size()) +
                          " devices could not be imported; pair with them again"};
        if (imported_ == 0)
            throw Failure{source.adapter.string() + " holds no bonds of Bluetooth LE"};
        if (!source.one_device)
            out_.say("Imported " + std::to_string(imported_) +
                     (imported_ == 1 ? " bond" : " bonds") + " into " + adapter_.path.string() +
                     '.');
    }

private:
    /// Peers recognise us by it when we use private addresses.
    void import_identity(const fs::path& path) {
        std::error_code ignored;
        if (!fs::exists(path, ignored)) return;
        const SecretOctets text = read_bluez_file(path);
        const auto irk = irk_from_bluez(text.octets().text());
        if (!irk) {
            if (irk.error().code != errc::not_supported)
                warn_user(path.string() + ": " + irk.error().message);
            return;
        }
        const Bytes key = Bytes::of("irk");
        const Bytes value{irk->octets()};
        const auto ours = store_.get(SecretType::identity, 0, key);
        if (ours && !crypto::equal(*ours, value))
            return warn_user(
                "the adapter has an identity of its own already, which stays: the "
                "imported devices will not recognise its private addresses");
        messages_.check(store_.set(SecretType::identity, key, value));
    }

    void import_device(const fs::path& path, bool only_one) {
        const std::string folder = path.parent_path().filename().string();
        const auto address = Address::parse(folder);
        if (!address)
            throw Failure{path.string() +
                              ": the folder around it must have the peer's address as "
                              "its name, as BlueZ gives it",
                          exit_usage};
        const SecretOctets text = read_bluez_file(path);
        const auto bond = bond_from_bluez(text.octets().text(), *address);
        if (bond) return store(*bond);
        const std::string message = path.string() + ": " + bond.error().message;
        if (only_one) throw Failure{message};
        warn_user(message);
        if (bond.error().code != errc::not_supported) ++failed_;
    }

    void store(const smp::Bond& bond) {
        const smp::BondKey key = smp::bond_key(bond.peer_type, bond.peer);
        const bool replaced = store_.get(SecretType::peer_keys, 0, key).has_value();
        // What the peer had subscribed to belongs to the bond that ends.
        if (replaced && bond_in(store_, key) != bond)
            store_.set(SecretType::gatt_client, key, std::nullopt);
        const auto ours = smp::encode_our_keys(bond);
        const auto peers = smp::encode_peer_keys(bond);
        std::optional<SecretOctets> before;
        if (const auto old = store_.get(SecretType::our_keys, 0, key)) before = SecretOctets{*old};
        messages_.check(store_.set(SecretType::our_keys, key, Bytes{ours.octets()}));
        const bool whole = store_.set(SecretType::peer_keys, key, Bytes{peers.octets()});
        if (!whole)  // half a bond is none
            store_.set(SecretType::our_keys, key,
                       before ? std::optional<Bytes>{before->octets()} : std::nullopt);
        messages_.check(whole);
        ++imported_;
        out_.tell((replaced ? "Replaced " : "Imported ") + peer_text(key) + ": " +
                      strength_text(bond.strength) + '.',
                  Json{"imported"}
                      .add("adapter", adapter_.name)
                      .add("address", to_string(bond.peer))
                      .add("type", to_string(bond.peer_type))
                      .add("replaced", replaced));
    }

    StoreMessages messages_;
    Output out_;
    AdapterBonds adapter_;
    FileSecretStore store_;
    std::size_t imported_ = 0;
    std::size_t failed_ = 0;
};

}  // namespace

void import_bonds(const Options& options, const ImportArguments& arguments) {
    const BluezSource source = find_source(arguments.path);
    Import{options, target_of(source, arguments)}.run(source);
}

}  // namespace bluetooth::tool
