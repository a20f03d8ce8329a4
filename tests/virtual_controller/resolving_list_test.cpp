// SPDX-License-Identifier: MIT
#include "virtual_controller/resolving_list.hpp"

#include <doctest/doctest.h>

#include <array>
#include <set>

using namespace bluetooth;
using namespace bluetooth::virtual_controller;
using hci::PrivacyMode;
using hci::Status;

namespace {

using Irk = std::array<std::uint8_t, 16>;

constexpr Irk zeros{};
// Vol 3 Part H Appendix D.7: IRK ec0234a357c8ad05341010a60a397d9b, here as HCI carries it, and the
// address of prand 708194, whose hash is 0dfbaa
constexpr Irk sample_irk{0x9b, 0x7d, 0x39, 0x0a, 0xa6, 0x10, 0x10, 0x34,
                         0x05, 0xad, 0xc8, 0x57, 0xa3, 0x34, 0x02, 0xec};
constexpr Address sample_rpa = Address::from_display({0x70, 0x81, 0x94, 0x0d, 0xfb, 0xaa});
// Nobody's
constexpr Address unknown_rpa = Address::from_display({0x70, 0x81, 0x94, 0x0d, 0xfb, 0xab});

constexpr Irk irk(std::uint8_t number) { return {number}; }
constexpr Device peer(std::uint8_t number) {
    return {AddressType::random_device, Address::from_wire({number, 0, 0, 0, 0, 0xc0})};
}

struct World {
    ResolvingList list{4};
    SeededRandom random{1};

    Status add(const Device& device, const Irk& peer_irk, const Irk& local_irk = zeros) {
        return list.add({device.type, device.address, peer_irk, local_irk}, random);
    }
    Status remove(const Device& device) { return list.remove({device.type, device.address}); }
    Status set(const Device& device, PrivacyMode mode) {
        return list.set_privacy_mode({device.type, device.address, mode});
    }
    hci::LeReadPeerResolvableAddress::Return read_peer(const Device& device) const {
        return list.read(hci::LeReadPeerResolvableAddress{device.type, device.address});
    }
    hci::LeReadLocalResolvableAddress::Return read_local(const Device& device) const {
        return list.read(hci::LeReadLocalResolvableAddress{device.type, device.address});
    }
    const ResolvingList::Entry& entry(const Device& device) const {
        const ResolvingList::Entry* found = list.find(device);
        REQUIRE(found != nullptr);
        return *found;
    }
};

// An address as the peer with this key would make it.
Address made_with(const Irk& key, std::uint8_t number) {
    crypto::IdentityResolver resolver{crypto::Key{crypto::reversed(key)}};
    return resolver.generate({number, number, number});
}

}  // namespace

TEST_CASE("resolving list: an address is resolved to the peer whose key made it") {
    World world;
    REQUIRE(world.add(peer(1), irk(1)) == Status::success);
    REQUIRE(world.add(peer(2), sample_irk) == Status::success);
    for (int i = 0; i < 2; ++i) {  // by the keys, then from memory
        const ResolvingList::Entry* entry = world.list.resolve(sample_rpa);
        REQUIRE(entry != nullptr);
        CHECK(entry->identity == peer(2));
        CHECK(world.list.resolve(unknown_rpa) == nullptr);
        CHECK(world.list.resolve(made_with(irk(1), 9)) == world.list.find(peer(1)));
    }
}

TEST_CASE("resolving list: addresses of other kinds belong to nobody") {
    World world;
    REQUIRE(world.add(peer(1), irk(1)) == Status::success);
    CHECK(world.list.resolve(peer(1).address) == nullptr);
    CHECK(world.list.resolve(Address::from_display({0x00, 0xaa, 0x01, 0x02, 0x03, 0x04})) ==
          nullptr);
}

TEST_CASE("resolving list: an identity is its address together with the type") {
    World world;
    const Device random{AddressType::random_device, Address::from_display({0xc0, 0, 0, 0, 0, 1})};
    const Device publicly{AddressType::public_device, random.address};
    REQUIRE(world.add(random, irk(1)) == Status::success);
    CHECK(world.list.find(publicly) == nullptr);
    REQUIRE(world.add(publicly, irk(2)) == Status::success);
    CHECK(world.entry(random).identity == random);
    CHECK(world.entry(publicly).identity == publicly);
}

TEST_CASE("resolving list: what was resolved, or not, is forgotten when the list changes") {
    World world;
    REQUIRE(world.add(peer(1), irk(1)) == Status::success);
    CHECK(world.list.resolve(sample_rpa) == nullptr);
    REQUIRE(world.add(peer(2), sample_irk) == Status::success);
    CHECK(world.list.resolve(sample_rpa) == world.list.find(peer(2)));
    REQUIRE(world.remove(peer(1)) == Status::success);  // the other one takes its place
    CHECK(world.list.resolve(sample_rpa) == world.list.find(peer(2)));
    REQUIRE(world.remove(peer(2)) == Status::success);
    CHECK(world.list.resolve(sample_rpa) == nullptr);
    REQUIRE(world.add(peer(3), sample_irk) == Status::success);
    CHECK(world.list.resolve(sample_rpa) == world.list.find(peer(3)));
    world.list.clear();
    CHECK(world.list.empty());
    CHECK(world.list.resolve(sample_rpa) == nullptr);
    REQUIRE(world.add(peer(4), irk(4)) == Status::success);
    CHECK(world.list.resolve(sample_rpa) == nullptr);
}

TEST_CASE("resolving list: no identity and no key is there twice, but keys of zeros may be") {
    World world;
    REQUIRE(world.add(peer(1), irk(1), irk(9)) == Status::success);
    CHECK(world.add(peer(1), irk(2)) == Status::invalid_hci_command_parameters);
    CHECK(world.add(peer(1), irk(1), irk(9)) == Status::invalid_hci_command_parameters);
    CHECK(world.add(peer(2), irk(1)) == Status::invalid_hci_command_parameters);
    CHECK(world.add(peer(2), zeros, irk(9)) == Status::success);
    CHECK(world.add(peer(3), zeros, irk(9)) == Status::success);
}

TEST_CASE("resolving list: is full at its capacity, until one is removed") {
    World world;
    CHECK(world.list.capacity() == 4);
    for (std::uint8_t i = 1; i <= 4; ++i) CHECK(world.add(peer(i), irk(i)) == Status::success);
    CHECK(world.add(peer(5), irk(5)) == Status::memory_capacity_exceeded);
    CHECK(world.add(peer(4), irk(5)) == Status::invalid_hci_command_parameters);
    CHECK(world.remove(peer(2)) == Status::success);
    CHECK(world.add(peer(5), irk(5)) == Status::success);
    CHECK(world.list.find(peer(2)) == nullptr);
    CHECK(world.entry(peer(1)).identity == peer(1));
    CHECK(world.entry(peer(5)).identity == peer(5));
}

TEST_CASE("resolving list: commands about a peer that is not in it are refused") {
    World world;
    REQUIRE(world.add(peer(1), irk(1), irk(9)) == Status::success);
    CHECK(world.remove(peer(2)) == Status::unknown_connection_identifier);
    CHECK(world.set(peer(2), PrivacyMode::device) == Status::unknown_connection_identifier);
    CHECK(world.read_peer(peer(2)).status == Status::unknown_connection_identifier);
    CHECK(world.read_local(peer(2)).status == Status::unknown_connection_identifier);
}

TEST_CASE("resolving list: parameters out of range are refused") {
    World world;
    const Device resolved{AddressType::random_identity, peer(1).address};
    CHECK(world.add(resolved, irk(1)) == Status::invalid_hci_command_parameters);
    CHECK(world.remove(resolved) == Status::invalid_hci_command_parameters);
    CHECK(world.set(resolved, PrivacyMode::device) == Status::invalid_hci_command_parameters);
    CHECK(world.read_peer(resolved).status == Status::invalid_hci_command_parameters);
    CHECK(world.read_local(resolved).status == Status::invalid_hci_command_parameters);
    REQUIRE(world.add(peer(1), irk(1)) == Status::success);
    CHECK(world.set(peer(1), PrivacyMode{0x02}) == Status::invalid_hci_command_parameters);
}

TEST_CASE("resolving list: a peer with a key hides its identity, unless in device privacy mode") {
    World world;
    REQUIRE(world.add(peer(1), irk(1)) == Status::success);
    CHECK(world.entry(peer(1)).privacy_mode == PrivacyMode::network);
    CHECK_FALSE(world.entry(peer(1)).accepts_identity_address());
    CHECK(world.set(peer(1), PrivacyMode::device) == Status::success);
    CHECK(world.entry(peer(1)).accepts_identity_address());
    CHECK(world.set(peer(1), PrivacyMode::network) == Status::success);
    CHECK_FALSE(world.entry(peer(1)).accepts_identity_address());
    REQUIRE(world.add(peer(2), zeros, irk(9)) == Status::success);
    CHECK(world.entry(peer(2)).accepts_identity_address());
}

TEST_CASE("resolving list: the peer's address is the one it was last seen with") {
    World world;
    REQUIRE(world.add(peer(1), sample_irk) == Status::success);
    CHECK(world.read_peer(peer(1)).status == Status::unknown_connection_identifier);
    world.list.resolve(sample_rpa);
    world.list.resolve(unknown_rpa);
    CHECK(world.read_peer(peer(1)).status == Status::success);
    CHECK(world.read_peer(peer(1)).peer_resolvable_address == sample_rpa);
    const Address next = made_with(sample_irk, 3);
    world.list.resolve(next);
    CHECK(world.read_peer(peer(1)).peer_resolvable_address == next);
    world.list.resolve(sample_rpa);  // from memory
    CHECK(world.read_peer(peer(1)).peer_resolvable_address == sample_rpa);
}

TEST_CASE("resolving list: our addresses are made with our key, and the peer's with the peer's") {
    World world;
    REQUIRE(world.add(peer(1), irk(1), sample_irk) == Status::success);
    REQUIRE(world.add(peer(2), irk(2), irk(9)) == Status::success);
    const ResolvingList::Entry& entry = world.entry(peer(1));
    REQUIRE(entry.local_rpa);
    REQUIRE(entry.target_rpa);
    CHECK(world.read_local(peer(1)).status == Status::success);
    CHECK(world.read_local(peer(1)).local_resolvable_address == *entry.local_rpa);

    CHECK(world.list.is_local_rpa(entry, *entry.local_rpa));
    CHECK(world.list.is_local_rpa(entry, sample_rpa));
    CHECK(world.list.is_local_rpa(sample_rpa));
    CHECK_FALSE(world.list.is_local_rpa(world.entry(peer(2)), sample_rpa));
    CHECK_FALSE(world.list.is_local_rpa(entry, *entry.target_rpa));
    CHECK_FALSE(world.list.is_local_rpa(unknown_rpa));
    CHECK(world.list.resolve(*entry.target_rpa) == &entry);
    CHECK(world.list.resolve(*entry.local_rpa) == nullptr);
}

TEST_CASE("resolving list: a key of zeros makes and resolves no address") {
    World world;
    REQUIRE(world.add(peer(1), zeros, zeros) == Status::success);
    const ResolvingList::Entry& entry = world.entry(peer(1));
    CHECK_FALSE(entry.local_rpa);
    CHECK_FALSE(entry.target_rpa);
    world.list.refresh(world.random);
    CHECK_FALSE(entry.local_rpa);
    CHECK_FALSE(entry.target_rpa);
    CHECK(world.read_local(peer(1)).status == Status::unknown_connection_identifier);
    CHECK(world.list.resolve(made_with(zeros, 1)) == nullptr);
    CHECK_FALSE(world.list.is_local_rpa(entry, made_with(zeros, 1)));
    CHECK_FALSE(world.list.is_local_rpa(made_with(zeros, 1)));
}

TEST_CASE("resolving list: each refresh makes new addresses, and old ones are resolved still") {
    World world;
    REQUIRE(world.add(peer(1), irk(1), irk(9)) == Status::success);
    const ResolvingList::Entry& entry = world.entry(peer(1));
    std::set<Address> seen{*entry.local_rpa, *entry.target_rpa};
    for (int i = 0; i < 10; ++i) {
        world.list.refresh(world.random);
        CHECK(seen.insert(*entry.local_rpa).second);
        CHECK(seen.insert(*entry.target_rpa).second);
    }
    for (const Address& address : seen)
        CHECK(world.list.is_local_rpa(address) == (world.list.resolve(address) == nullptr));
    // Twins in other runs are as like as their seeds.
    World twin;
    REQUIRE(twin.add(peer(1), irk(1), irk(9)) == Status::success);
    for (int i = 0; i < 10; ++i) twin.list.refresh(twin.random);
    CHECK(twin.entry(peer(1)).local_rpa == entry.local_rpa);
}
