// SPDX-License-Identifier: MIT
//
// A peer whose discoveries are remembered, for tests of the discovery cache.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "tests/gatt/client_script.hpp"

namespace bluetooth::test {

inline const std::string hash_a = "09 12 | 20 00 000102030405060708090a0b0c0d0e0f";
inline const std::string hash_b = "09 12 | 20 00 ffffffffffffffffffffffffffffffff";
inline const char* const read_hash = "send 080100ffff2a2b";
inline const char* const no_hash = "01 08 01 00 0a";

inline gatt::PeerIdentity peer_number(std::uint8_t number) {
    return {AddressType::public_device, Address::from_display({0, 0, 0, 0, 0, number})};
}

/// One connection to peer 1.
struct Connection : ClientScript {
    explicit Connection(gatt::DiscoveryCache& shared, std::uint8_t number = 1) : ClientScript(64) {
        client.use_cache(shared, peer_number(number));
    }
    Lines services(const std::optional<UUID>& uuid = {}) {
        REQUIRE_FALSE(call(&gatt::Client::discover_services, uuid, gatt::ServiceType::primary));
        return drain();
    }
    Lines characteristics() {
        REQUIRE_FALSE(
            call(&gatt::Client::discover_characteristics, handle(1), handle(9), std::nullopt));
        return drain();
    }
    /// Discovers one service and one characteristic, Service Changed, while the peer has hash A.
    void learn() {
        REQUIRE(services() == Lines{read_hash});
        REQUIRE(peer(hash_a) == Lines{"send 100100ffff0028"});
        REQUIRE(peer("11 06 01 00 ff ff 01 18") ==
                Lines{"service 0001-ffff UUID(0x1801)", "services done: ok"});
        REQUIRE(characteristics() == Lines{"send 08010009000328"});
        REQUIRE(peer("09 07 02 00 20 03 00 05 2a") == Lines{"send 08030009000328"});
        REQUIRE(peer("01 08 03 00 0a") ==
                Lines{"characteristic 0003-0009 20 UUID(0x2a05)", "characteristics done: ok"});
    }
};

inline const Lines known_service{"service 0001-ffff UUID(0x1801)", "services done: ok"};
inline const Lines known_characteristic{"characteristic 0003-0009 20 UUID(0x2a05)",
                                        "characteristics done: ok"};

}  // namespace bluetooth::test
