// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "hci/codes.hpp"

namespace bluetooth::virtual_controller {

constexpr std::uint64_t feature_bit(hci::LeFeature feature) {
    return std::uint64_t{1} << static_cast<unsigned>(feature);
}

/// What kind of controller to be. The default is one of Bluetooth 5.4, LE only, with everything
/// that the virtual controller can do.
struct Profile {
    /// Nothing: made from the air's seed, different for each controller.
    std::optional<Address> public_address{};
    /// Without one, Read BD_ADDR answers zeros and advertising with it is refused.
    bool has_public_address = true;

    std::uint16_t acl_length = 251;  ///< 27 to 1,024 octets of data in one ACL packet
    std::uint8_t acl_buffers = 8;
    /// LE Read Buffer Size answers zeros, Read Buffer Size the numbers (Vol 4 Part E 4.1.1).
    bool shared_buffers = false;

    hci::CoreVersion version = hci::CoreVersion::v5_4;
    std::uint16_t company_identifier = 0xffff;  ///< none assigned
    std::uint16_t subversion = 0x0001;
    /// Of those below; others cannot be switched on. Commands of a missing feature are unknown.
    std::uint64_t le_features = all_features;
    /// Opcodes of further commands to be unknown.
    std::vector<std::uint16_t> without{};

    std::uint8_t accept_list_size = 8;
    std::uint8_t resolving_list_size = 8;
    std::uint8_t advertising_sets = 10;  ///< where there is extended advertising; 1 to 240
    std::uint8_t periodic_advertiser_list_size = 8;
    std::uint8_t periodic_syncs = 8;
    std::uint8_t max_connections = 8;  ///< 60 at most
    /// How many octets may wait for the host; 16,384 at least. Memory is touched as it is used.
    std::size_t outgoing_capacity = 32'768;

    static constexpr std::uint64_t all_features =
        feature_bit(hci::LeFeature::encryption) |
        feature_bit(hci::LeFeature::connection_parameters_request) |
        feature_bit(hci::LeFeature::extended_reject_indication) |
        feature_bit(hci::LeFeature::peripheral_initiated_features_exchange) |
        feature_bit(hci::LeFeature::ping) |
        feature_bit(hci::LeFeature::data_packet_length_extension) |
        feature_bit(hci::LeFeature::ll_privacy) |
        feature_bit(hci::LeFeature::extended_scanning_filter_policies) |
        feature_bit(hci::LeFeature::le_2m_phy) | feature_bit(hci::LeFeature::le_coded_phy) |
        feature_bit(hci::LeFeature::extended_advertising) |
        feature_bit(hci::LeFeature::periodic_advertising) |
        feature_bit(hci::LeFeature::channel_selection_algorithm_2) |
        feature_bit(hci::LeFeature::periodic_advertising_sync_transfer_sender) |
        feature_bit(hci::LeFeature::periodic_advertising_sync_transfer_recipient);

    bool has(hci::LeFeature feature) const { return hci::has(le_features, feature); }
    bool has_phy(hci::Phy phy) const {
        switch (phy) {
        case hci::Phy::le_1m: return true;
        case hci::Phy::le_2m: return has(hci::LeFeature::le_2m_phy);
        case hci::Phy::le_coded: return has(hci::LeFeature::le_coded_phy);
        case hci::Phy::none: break;
        }
        return false;
    }
    hci::ScanFilterPolicy last_scan_filter_policy() const {
        return has(hci::LeFeature::extended_scanning_filter_policies)
                   ? hci::ScanFilterPolicy::accept_list_and_unresolved_directed
                   : hci::ScanFilterPolicy::accept_list;
    }

    /// As the first LE controllers: encryption is their one feature, 27 octets of data per packet.
    static Profile bluetooth_4_0() {
        Profile profile;
        profile.version = hci::CoreVersion::v4_0;
        profile.le_features = feature_bit(hci::LeFeature::encryption);
        profile.acl_length = 27;
        profile.without = {0x2025, 0x2026, 0x205e};  // of P-256, which came with 4.2 and 5.1
        return profile;
    }
    static Profile without_public_address() {
        Profile profile;
        profile.has_public_address = false;
        return profile;
    }
};

}  // namespace bluetooth::virtual_controller
