// SPDX-License-Identifier: MIT
//
// What the controller is, and what its host wants to hear of it.
#include "crypto/aes.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::virtual_controller {

using hci::Status;

Status Controller::run(const hci::Reset&) {
    to_initial_state();
    return Status::success;
}

Status Controller::run(const hci::SetEventMask& command) {
    event_mask_ = command.event_mask;
    return Status::success;
}

Status Controller::run(const hci::LeSetEventMask& command) {
    le_event_mask_ = command.le_event_mask;
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
    return {Status::success, public_address_};
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

// All 42 states and combinations of legacy advertising, scanning, initiating and connections
// (Vol 4 Part E 7.8.27).
hci::LeReadSupportedStates::Return Controller::run(const hci::LeReadSupportedStates&) {
    return {Status::success, 0x0000'03ff'ffff'ffff};
}

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

}  // namespace bluetooth::virtual_controller
