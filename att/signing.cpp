// SPDX-License-Identifier: MIT
#include "att/signing.hpp"

#include <algorithm>
#include <cstddef>
#include <tuple>

namespace bluetooth::att {

namespace {

constexpr std::size_t counter_size = 4;
constexpr std::size_t mac_size = 8;
static_assert(counter_size + mac_size == std::tuple_size_v<Signature>);

using Counter = std::array<std::uint8_t, counter_size>;
using Mac = std::array<std::uint8_t, mac_size>;

/// AES-CMAC takes the octets in the reverse of their order on the wire.
void update_reversed(crypto::AesCmac& cmac, Bytes octets) {
    std::array<std::uint8_t, 64> chunk{};
    while (!octets.empty()) {
        const std::size_t count = std::min(octets.size(), chunk.size());
        std::ranges::reverse_copy(octets.last(count), chunk.begin());
        cmac.update(Bytes{chunk}.first(count));
        octets = octets.first(octets.size() - count);
    }
}

/// The more significant half of the code over PDU and counter, in the order of the wire.
Mac mac_of(const crypto::Key& csrk, Bytes counter, Bytes pdu) {
    crypto::AesCmac cmac{csrk};
    update_reversed(cmac, counter);
    update_reversed(cmac, pdu);
    const crypto::Block code = cmac.finish();
    Mac mac{};
    std::ranges::reverse_copy(Bytes{code}.first(mac_size), mac.begin());
    return mac;
}

}  // namespace

Signature sign(const crypto::Key& csrk, std::uint32_t sign_counter, Bytes pdu) {
    Counter counter{};
    for (std::size_t i = 0; i < counter_size; ++i)
        counter[i] = static_cast<std::uint8_t>(sign_counter >> (8 * i));
    Signature signature{};
    const auto mac_place = std::ranges::copy(counter, signature.begin()).out;
    std::ranges::copy(mac_of(csrk, counter, pdu), mac_place);
    return signature;
}

std::optional<std::uint32_t> verify(const crypto::Key& csrk, Bytes signed_pdu) {
    if (signed_pdu.size() < std::tuple_size_v<Signature>) return std::nullopt;
    const Bytes mac = signed_pdu.last(mac_size);
    const Bytes counter = signed_pdu.first(signed_pdu.size() - mac_size).last(counter_size);
    const Bytes pdu = signed_pdu.first(signed_pdu.size() - mac_size - counter_size);
    if (!crypto::equal(mac_of(csrk, counter, pdu), mac)) return std::nullopt;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < counter_size; ++i) value |= std::uint32_t{counter[i]} << (8 * i);
    return value;
}

}  // namespace bluetooth::att
