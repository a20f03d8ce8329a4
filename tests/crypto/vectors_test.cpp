// SPDX-License-Identifier: MIT
// Third-party vectors, where they are installed: results that several other stacks agree on.
#include <algorithm>
#include <string>

#include "crypto/aes.hpp"
#include "crypto/p256.hpp"
#include "tests/support/json.hpp"

using namespace bluetooth;
using namespace bluetooth::crypto;
using bluetooth::test::hex_at;
using bluetooth::test::Octets;
using bluetooth::test::text_at;

namespace {

template <std::size_t N> std::array<std::uint8_t, N> exactly(const Octets& octets) {
    REQUIRE(octets.size() == N);
    std::array<std::uint8_t, N> out{};
    std::ranges::copy(octets, out.begin());
    return out;
}

KeyPair key_pair(const boost::json::value& inputs) {
    const auto pair = KeyPair::from_private(PrivateKey{exactly<32>(hex_at(inputs, "private"))});
    REQUIRE(pair);
    return *pair;
}

}  // namespace

TEST_CASE("crypto: AES, AES-CMAC and P-256 give the results of third-party vectors") {
    const auto file = test::fixture_json("vectors/smp_crypto.json");
    if (!file) return;
    int checked = 0;
    for (const boost::json::value& vector : file->at("vectors").as_array()) {
        const std::string function = text_at(vector, "function");
        const boost::json::value& inputs = vector.at("inputs");
        CAPTURE(function);
        CAPTURE(checked);
        if (function == "AES-CMAC") {
            const Key key{exactly<16>(hex_at(inputs, "key"))};
            CHECK(Bytes{aes_cmac(key, hex_at(inputs, "msg"))} == hex_at(vector, "output"));
        } else if (function == "P-256 public key") {
            const PublicKey key = key_pair(inputs).public_key();
            CHECK(to_hex(key.x) + to_hex(key.y) == text_at(vector, "output"));
            CHECK(is_valid(key));
        } else if (function == "P-256 ECDH") {
            const PublicKey peer{exactly<32>(hex_at(inputs, "peer_x")),
                                 exactly<32>(hex_at(inputs, "peer_y"))};
            CHECK(key_pair(inputs).shared_secret(peer) ==
                  DhKey{exactly<32>(hex_at(vector, "output"))});
        } else {
            continue;
        }
        ++checked;
    }
    CHECK(checked >= 10);
}
