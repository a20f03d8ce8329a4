// SPDX-License-Identifier: MIT
//
// What the subcommands of `asioble bonds` share: which files there are, and what is in them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "bluetooth/file_secret_store.hpp"
#include "smp/bond.hpp"
#include "tools/asioble/output.hpp"
#include "tools/asioble/program.hpp"

namespace bluetooth::tool {

/// Shows what a store warns of, and keeps what it fails with for `Failure`.
class StoreMessages {
public:
    StoreMessages();
    StoreMessages(const StoreMessages&) = delete;
    StoreMessages& operator=(const StoreMessages&) = delete;
    ~StoreMessages();

    /// Throws `Failure` when `stored` is false.
    void check(bool stored) const;

private:
    log::Level before_;
    std::string error_;
};

/// The bonds of one adapter.
struct AdapterBonds {
    std::string name;
    std::filesystem::path path;
};
/// Those of all adapters, by name.
std::vector<AdapterBonds> all_adapters();
/// Named by its address, its transport, or as `asioble bonds list` shows it. Need not be there yet.
AdapterBonds adapter_named(const std::string& name);

/// Who there are bonds with, in the order of storing.
std::vector<smp::BondKey> bonded_peers(FileSecretStore& store);
/// Nothing where the two halves of a bond do not make one.
std::optional<smp::Bond> bond_in(FileSecretStore& store, const smp::BondKey& peer);
AddressType type_of(const smp::BondKey& peer);
Address address_of(const smp::BondKey& peer);
/// "00:AA:01:02:03:04 (public)"
std::string peer_text(const smp::BondKey& peer);
/// "Secure Connections, authenticated, key size 16"
std::string strength_text(const smp::KeyStrength& strength);

struct ImportArguments {
    std::string path;
    std::string adapter;
};
void import_bonds(const Options& options, const ImportArguments& arguments);

}  // namespace bluetooth::tool
