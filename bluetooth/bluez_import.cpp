// SPDX-License-Identifier: MIT
#include "bluetooth/bluez_import.hpp"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace bluetooth {
namespace {

using transport::Attempt;
using transport::Failure;

constexpr std::size_t max_bluez_text_size = 64 * 1024;

Failure damaged(std::string message) {
    return {make_error(errc::invalid_argument), std::move(message)};
}
Failure no_bond(std::string message) {
    return {make_error(errc::not_supported), std::move(message)};
}

std::string_view trimmed(std::string_view text) {
    constexpr std::string_view white = " \t\r";
    const std::size_t first = text.find_first_not_of(white);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(white) - first + 1);
}

/// One section of such a file, with views into its text.
class BluezSection {
public:
    void add(std::string_view name, std::string_view value) { values_[name] = value; }

    std::optional<std::string_view> text(std::string_view name) const {
        const auto found = values_.find(name);
        if (found == values_.end()) return std::nullopt;
        return found->second;
    }
    /// A decimal number up to `max`.
    template <class T> std::optional<T> number(std::string_view name, T max) const {
        const auto digits = text(name);
        if (!digits) return std::nullopt;
        T value{};
        const auto [end, error] =
            std::from_chars(digits->data(), digits->data() + digits->size(), value);
        if (error != std::errc{} || end != digits->data() + digits->size() || value > max)
            return std::nullopt;
        return value;
    }

private:
    std::map<std::string_view, std::string_view> values_;
};

/// Groups and keys as in GLib's key files, which is what BlueZ uses.
class BluezFile {
public:
    static Attempt<BluezFile> parse(std::string_view text) {
        if (text.size() > max_bluez_text_size)
            return damaged("it is too large for a file of BlueZ");
        BluezFile file;
        BluezSection* section = nullptr;
        for (std::size_t number = 1; !text.empty(); ++number) {
            const std::size_t end = std::min(text.find('\n'), text.size());
            const std::string_view line = trimmed(text.substr(0, end));
            text.remove_prefix(std::min(end + 1, text.size()));
            if (line.empty() || line.front() == '#') continue;
            const std::size_t equals = line.find('=');
            if (line.front() == '[' && line.back() == ']')
                section = &file.sections_[line.substr(1, line.size() - 2)];
            else if (section != nullptr && equals != line.npos)
                section->add(trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)));
            else
                return damaged("line " + std::to_string(number) +
                               " is not what BlueZ writes: is this another file, or damaged?");
        }
        return file;
    }

    const BluezSection* section(std::string_view name) const {
        const auto found = sections_.find(name);
        return found == sections_.end() ? nullptr : &found->second;
    }

private:
    std::map<std::string_view, BluezSection> sections_;
};

int hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

bool has_hex_prefix(std::string_view text) { return text.starts_with("0x"); }

/// Octets in hex, in the order in which they stand.
bool parse_octets(std::string_view digits, MutableBytes octets) {
    if (has_hex_prefix(digits)) digits.remove_prefix(2);
    if (digits.size() != 2 * octets.size()) return false;
    for (std::size_t i = 0; i < octets.size(); ++i) {
        const int high = hex_value(digits[2 * i]);
        const int low = hex_value(digits[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        octets[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return true;
}

std::optional<crypto::Key> parse_key(std::optional<std::string_view> digits) {
    crypto::Key key;
    if (!digits || !parse_octets(*digits, key.octets())) return std::nullopt;
    std::ranges::reverse(key.octets());
    return key;
}

/// Written as a decimal number; once as "0x" and its octets.
std::optional<std::array<std::uint8_t, 8>> parse_random_number(const BluezSection& section) {
    std::array<std::uint8_t, 8> octets{};
    if (const auto text = section.text("Rand"); text && has_hex_prefix(*text)) {
        if (!parse_octets(*text, octets)) return std::nullopt;
        return octets;
    }
    const auto number = section.number<std::uint64_t>("Rand", ~std::uint64_t{0});
    if (!number) return std::nullopt;
    for (std::size_t i = 0; i < octets.size(); ++i)
        octets[i] = static_cast<std::uint8_t>(*number >> (8 * i));
    return octets;
}

struct StoredLtk {
    smp::LongTermKey ltk;
    smp::KeyStrength strength;
    bool central = true;  ///< used when we are the central
};

// "Authenticated" is the kernel's kind of a key (its management interface's Load Long Term Keys).
constexpr unsigned kind_authenticated = 1;
constexpr unsigned kind_secure_connections = 2;
constexpr unsigned kind_secure_connections_authenticated = 3;
constexpr unsigned kind_debug = 4;

Attempt<StoredLtk> read_ltk(const BluezSection& section, const std::string& name) {
    const auto wrong = [&](std::string_view what) {
        return damaged('[' + name + "] has no valid " + std::string{what} +
                       ": the file is damaged; remove the device in BlueZ and pair again");
    };
    StoredLtk result;
    const auto key = parse_key(section.text("Key"));
    if (!key) return wrong("Key");
    const auto kind = section.number("Authenticated", kind_debug);
    if (!kind) return wrong("Authenticated");
    if (*kind == kind_debug)
        return damaged(
            '[' + name +
            "] was made with debug keys, which everybody knows; pair again without them");
    const auto size = section.number("EncSize", 16U);
    if (!size || *size < 7) return wrong("EncSize");
    const auto diversifier = section.number("EDiv", 0xffffU);
    if (!diversifier) return wrong("EDiv");
    const auto random_number = parse_random_number(section);
    if (!random_number) return wrong("Rand");

    result.strength.secure_connections = *kind >= kind_secure_connections;
    result.strength.authenticated =
        *kind == kind_authenticated || *kind == kind_secure_connections_authenticated;
    result.strength.key_size = static_cast<std::uint8_t>(*size);
    result.ltk = {*key, static_cast<std::uint16_t>(*diversifier), *random_number};
    // The kernel leaves out what is beyond the size only when it uses the key.
    std::fill_n(result.ltk.value.octets().begin(), 16 - *size, std::uint8_t{0});
    if (result.ltk.value == crypto::Key{}) return wrong("Key");
    // Older versions wrote the role of the only key there was.
    const auto role = section.text("Master") ? section.text("Master") : section.text("Central");
    result.central = !role || *role == "true" || *role == "1";
    return result;
}

class BluezBond {
public:
    BluezBond(const BluezFile& file, const Address& peer) : file_(file) { bond_.peer = peer; }

    Attempt<smp::Bond> read() {
        if (auto failure = read_long_term_keys()) return *std::move(failure);
        if (auto failure = read_other_keys()) return *std::move(failure);
        const auto has_keys = [](const smp::DistributedKeys& keys) {
            return keys.ltk || keys.irk || keys.csrk;
        };
        if (!has_keys(bond_.ours) && !has_keys(bond_.peers))
            return file_.section("LinkKey") != nullptr
                       ? no_bond(
                             "the device is paired over classic Bluetooth (BR/EDR) only, which "
                             "is of no use over Bluetooth LE; pair it over LE")
                       : no_bond("it holds no keys: the device is not paired; pair it");
        if (auto failure = read_address_type()) return *std::move(failure);

        const auto ours = smp::encode_our_keys(bond_);
        const auto peers = smp::encode_peer_keys(bond_);
        const auto key = smp::bond_key(bond_.peer_type, bond_.peer);
        if (!smp::decode_bond(key, Bytes{ours.octets()}, Bytes{peers.octets()}))
            return damaged(
                "its keys contradict one another; remove the device in BlueZ and pair "
                "again");
        return std::move(bond_);
    }

private:
    using Problem = std::optional<Failure>;

    Problem read_address_type() {
        const BluezSection* const general = file_.section("General");
        const auto type = general != nullptr ? general->text("AddressType") : std::nullopt;
        if (type == "public") return std::nullopt;
        if (type != "static" && type != "random")
            return damaged("[General] has no AddressType \"public\" or \"static\"");
        bond_.peer_type = AddressType::random_device;
        if (bond_.peer.is_static_random()) return std::nullopt;
        return damaged(to_string(bond_.peer) +
                       " is a random address that changes, not the identity of a device");
    }

    Problem read_long_term_keys() {
        // The newest name first; BlueZ writes both. Here is the key that we have given, for links
        // in which we are the peripheral; and that of Secure Connections, whatever our role.
        for (const std::string name : {"PeripheralLongTermKey", "SlaveLongTermKey"}) {
            const BluezSection* const section = file_.section(name);
            if (section == nullptr) continue;
            auto key = read_ltk(*section, name);
            if (!key) return std::move(key).error();
            key->central = false;
            if (auto problem = take(*key)) return problem;
            break;
        }
        const std::string name = "LongTermKey";
        if (const BluezSection* const section = file_.section(name)) {
            const auto key = read_ltk(*section, name);
            if (!key) return key.error();
            return take(*key);
        }
        return std::nullopt;
    }

    Problem take(const StoredLtk& key) {
        auto& place = key.central ? bond_.peers.ltk : bond_.ours.ltk;
        const bool first = !bond_.peers.ltk && !bond_.ours.ltk;
        if (!first && bond_.strength != key.strength)
            return damaged(
                "its long term keys are from different pairings; remove the device in "
                "BlueZ and pair again");
        bond_.strength = key.strength;
        if (!key.strength.secure_connections) {
            place = key.ltk;
            return std::nullopt;
        }
        if (!first && bond_.ours.ltk != key.ltk)
            return damaged(
                "its long term keys differ, though Secure Connections makes one for both "
                "roles; remove the device in BlueZ and pair again");
        bond_.ours.ltk = bond_.peers.ltk = key.ltk;
        return std::nullopt;
    }

    Problem read_other_keys() {
        if (auto problem = read_key("IdentityResolvingKey", bond_.peers.irk)) return problem;
        // All zeros: the peer has none, and no private addresses (Vol 3 Part C 10.7.1).
        if (bond_.peers.irk == crypto::Key{}) bond_.peers.irk.reset();
        if (auto problem = read_csrk("LocalSignatureKey", bond_.ours)) return problem;
        if (auto problem = read_csrk("RemoteSignatureKey", bond_.peers)) return problem;
        // Ours is the next one to use, that of the peer is the last one it has used: or 0, in most
        // cases because it has never signed.
        if (bond_.peers.sign_counter != 0) ++bond_.peers.sign_counter;
        return std::nullopt;
    }

    Problem read_key(const std::string& name, std::optional<crypto::Key>& place) const {
        const BluezSection* const section = file_.section(name);
        if (section == nullptr) return std::nullopt;
        place = parse_key(section->text("Key"));
        if (place) return std::nullopt;
        return damaged('[' + name +
                       "] has no valid Key: the file is damaged; remove the device in "
                       "BlueZ and pair again");
    }

    Problem read_csrk(const std::string& name, smp::DistributedKeys& keys) const {
        if (auto problem = read_key(name, keys.csrk)) return problem;
        if (!keys.csrk) return std::nullopt;
        constexpr std::uint64_t last = 0xffff'ffff;
        const auto counter = file_.section(name)->number<std::uint64_t>("Counter", last);
        if (!counter) return damaged('[' + name + "] has no valid Counter: the file is damaged");
        keys.sign_counter = *counter;
        return std::nullopt;
    }

    const BluezFile& file_;
    smp::Bond bond_;
};

}  // namespace

Attempt<smp::Bond> bond_from_bluez(std::string_view info, const Address& peer) {
    const auto file = BluezFile::parse(info);
    if (!file) return file.error();
    return BluezBond{*file, peer}.read();
}

Attempt<crypto::Key> irk_from_bluez(std::string_view identity) {
    const auto file = BluezFile::parse(identity);
    if (!file) return file.error();
    const BluezSection* const general = file->section("General");
    const auto digits = general != nullptr ? general->text("IdentityResolvingKey") : std::nullopt;
    if (!digits) return no_bond("it holds no IdentityResolvingKey");
    const auto key = parse_key(digits);
    if (!key || *key == crypto::Key{})
        return damaged("its IdentityResolvingKey is not one of 32 hex digits");
    return *key;
}

}  // namespace bluetooth
