// SPDX-License-Identifier: MIT
//
// What the controller is, and what its host wants to hear of it.
#include <optional>

#include "crypto/aes.hpp"
#include "crypto/p256.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::Status;

Status Controller::run(const hci::Reset&) {
    to_initial_state();
    return Status::success;
}

Status Controller::run(const hci::SetEventMask& command) {
    host_.event_mask = command.event_mask;
    return Status::success;
}

Status Controller::run(const hci::SetEventMaskPage2& command) {
    host_.event_mask_page_2 = command.event_mask_page_2;
    return Status::success;
}

Status Controller::run(const hci::LeSetEventMask& command) {
    host_.le_event_mask = command.le_event_mask;
    return Status::success;
}

hci::ReadLocalVersionInformation::Return Controller::run(const hci::ReadLocalVersionInformation&) {
    return {Status::success,
            profile_.version,
            profile_.subversion,
            profile_.version,
            profile_.company_identifier,
            profile_.subversion};
}

hci::ReadLocalSupportedCommands::Return Controller::run(const hci::ReadLocalSupportedCommands&) {
    return {Status::success, supported_commands_};
}

hci::ReadLocalSupportedFeatures::Return Controller::run(const hci::ReadLocalSupportedFeatures&) {
    return {Status::success, hci::feature_br_edr_not_supported | hci::feature_le_supported};
}

hci::LeReadLocalSupportedFeatures::Return Controller::run(
    const hci::LeReadLocalSupportedFeatures&) {
    return {Status::success, profile_.le_features};
}

hci::ReadBdAddr::Return Controller::run(const hci::ReadBdAddr&) {
    return {Status::success, public_address()};
}

// Where LE has buffers of its own there are none for BR/EDR, which is not supported.
hci::ReadBufferSize::Return Controller::run(const hci::ReadBufferSize&) {
    if (!profile_.shared_buffers) return {Status::success, 0, 0, 0, 0};
    return {Status::success, profile_.acl_length, 0, profile_.acl_buffers, 0};
}

hci::LeReadBufferSize::Return Controller::run(const hci::LeReadBufferSize&) {
    if (profile_.shared_buffers) return {Status::success, 0, 0};
    return {Status::success, profile_.acl_length, profile_.acl_buffers};
}

// All 42 states and combinations of advertising, scanning, initiating and connections (Vol 4 Part
// E 7.8.27).
hci::LeReadSupportedStates::Return Controller::run(const hci::LeReadSupportedStates&) {
    return {Status::success, 0x0000'03ff'ffff'ffff};
}

// ---- power

hci::LeReadTransmitPower::Return Controller::run(const hci::LeReadTransmitPower&) {
    return {Status::success, min_tx_power, max_tx_power};
}

hci::LeReadRfPathCompensation::Return Controller::run(const hci::LeReadRfPathCompensation&) {
    return {Status::success, tx_path_compensation_, rx_path_compensation_};
}

// Vol 4 Part E 7.8.76. It is for cables, which the virtual radio has none of: kept, without effect.
Status Controller::run(const hci::LeWriteRfPathCompensation& command) {
    constexpr std::int16_t largest = 1280;  // 128 dB
    const auto in_range = [](std::int16_t value) { return value >= -largest && value <= largest; };
    if (!in_range(command.rf_tx_path_compensation_value) ||
        !in_range(command.rf_rx_path_compensation_value))
        return Status::invalid_hci_command_parameters;
    tx_path_compensation_ = command.rf_tx_path_compensation_value;
    rx_path_compensation_ = command.rf_rx_path_compensation_value;
    return Status::success;
}

// ---- cryptography

// HCI carries both parameters and the result least significant octet first (Vol 4 Part E 7.8.22).
hci::LeEncrypt::Return Controller::run(const hci::LeEncrypt& command) {
    const crypto::Key key{crypto::reversed(command.key)};
    return {Status::success,
            crypto::reversed(crypto::e(key, crypto::reversed(command.plaintext_data)))};
}

hci::LeRand::Return Controller::run(const hci::LeRand&) {
    hci::LeRand::Return answer{};
    std::uint64_t bits = random_.next();
    for (std::uint8_t& octet : answer.random_number) {
        octet = static_cast<std::uint8_t>(bits);
        bits >>= 8;
    }
    return answer;
}

namespace {

/// The controller's randomness in the shape that crypto/ draws from.
class RandomOctets final : public crypto::RandomSource {
public:
    explicit RandomOctets(SeededRandom& random) : random_(random) {}
    void fill(MutableBytes out) override {
        for (std::uint8_t& octet : out) octet = static_cast<std::uint8_t>(random_.next());
    }

private:
    SeededRandom& random_;
};

// The debug key pair's private key (Vol 3 Part H 2.3.5.6.1)
const crypto::PrivateKey debug_private_key{{0x3f, 0x49, 0xf6, 0xd4, 0xa3, 0xc5, 0x5f, 0x38,
                                            0x74, 0xc9, 0xb3, 0xe3, 0xd2, 0x10, 0x3f, 0x50,
                                            0x4a, 0xff, 0x60, 0x7b, 0xeb, 0x40, 0xb7, 0x99,
                                            0x58, 0x99, 0xb8, 0xa6, 0xcd, 0x3c, 0x1a, 0xbd}};

}  // namespace

Status Controller::run(const hci::LeReadLocalP256PublicKey&) {  // Vol 4 Part E 7.8.36
    if (reports_public_key_) return Status::command_disallowed;
    RandomOctets random{random_};
    key_pair_ = crypto::KeyPair::generate(random);
    reports_public_key_ = true;
    mark_unsettled();
    return Status::success;
}

Status Controller::run(const hci::LeGenerateDhKey& command) {  // Vol 4 Part E 7.8.37
    return begin_dh_key(command.key_x_coordinate, command.key_y_coordinate,
                        hci::DhKeyType::generated);
}

Status Controller::run(const hci::LeGenerateDhKeyV2& command) {
    if (command.key_type > hci::DhKeyType::debug) return Status::invalid_hci_command_parameters;
    return begin_dh_key(command.key_x_coordinate, command.key_y_coordinate, command.key_type);
}

Status Controller::begin_dh_key(const std::array<std::uint8_t, 32>& x,
                                const std::array<std::uint8_t, 32>& y, hci::DhKeyType type) {
    const bool debug = type == hci::DhKeyType::debug;
    if (dh_key_ || (!debug && !key_pair_)) return Status::command_disallowed;
    const crypto::PublicKey peer{crypto::reversed(x), crypto::reversed(y)};
    const auto pair = debug ? crypto::KeyPair::from_private(debug_private_key) : key_pair_;
    const auto key = pair->shared_secret(peer);
    // The event that tells of a key that is no point of the curve holds a key of ones.
    dh_key_.emplace();
    dh_key_->dh_key.fill(0xff);
    if (key)
        dh_key_->dh_key = crypto::reversed(key->octets());
    else
        dh_key_->status = Status::invalid_hci_command_parameters;
    mark_unsettled();
    return Status::success;
}

/// The events behind the two commands; false when there is no room for one.
bool Controller::report_keys() {
    if (reports_public_key_) {
        const crypto::PublicKey& key = key_pair_->public_key();
        if (!host_.send(Share::procedure,
                        hci::LeReadLocalP256PublicKeyComplete{
                            Status::success, crypto::reversed(key.x), crypto::reversed(key.y)}))
            return false;
        reports_public_key_ = false;
    }
    if (dh_key_) {
        if (!host_.send(Share::procedure, *dh_key_)) return false;
        dh_key_.reset();
    }
    return true;
}

}  // namespace bluetooth::virtual_controller
