// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/address.hpp"
#include "hci/commands.hpp"
#include "hci/core.hpp"

namespace bluetooth::hci {

/// What the bring-up learned about a controller.
struct ControllerInfo {
    CoreVersion hci_version{};
    std::uint16_t hci_subversion{};
    CoreVersion lmp_version{};
    std::uint16_t company_identifier{};
    std::uint16_t lmp_subversion{};
    SupportedCommands supported_commands{};
    std::uint64_t lmp_features{};
    std::uint64_t le_features{};

    std::optional<Address> public_address;  ///< none when the controller has none
    Address static_address;                 ///< random static, and set as the random address

    std::uint16_t acl_data_packet_length{};  ///< data octets in one ACL packet to the controller
    std::uint16_t acl_data_packet_count{};   ///< ACL packets the controller takes at a time
    bool buffers_shared_with_br_edr{};
    std::uint8_t filter_accept_list_size{};  ///< 0 when the controller has none
    std::uint8_t resolving_list_size{};      ///< 0 when the controller has none

    /// The longest link layer payload, and its air time (Vol 6 Part B 4.5.10).
    std::uint16_t max_tx_octets = 27;
    Microseconds max_tx_time{328};

    bool has(LeFeature feature) const { return hci::has(le_features, feature); }
    template <class C> bool supports() const { return hci::supports<C>(supported_commands); }
};

/// Brings a controller up, step by step over `Core`: resets it, learns what it is, opens the events
/// the host wants as far as the controller has them, and gives it a random address. A Bluetooth 4.0
/// controller that knows nothing but the mandatory commands comes up as well.
class Init {
public:
    /// All its commands carry `tag`.
    Init(Core& core, Tag tag) : core_(core), tag_(tag) {}

    /// Begins anew. `randomness` becomes the static address. Ends in `InitDone`, or in
    /// `ControllerFailed` when the controller falls silent.
    void start(Context ctx, const std::array<std::uint8_t, 6>& randomness);
    /// Takes the answers to its own commands.
    void on_command_done(Context ctx, const CommandDone& done);

    /// Whether the controller has not even answered Reset, the first command.
    bool awaits_reset() const;
    const ControllerInfo& info() const { return info_; }

private:
    enum class Step : std::uint8_t;

    void advance(Context ctx);
    void finish(Context ctx, InitDone outcome);
    bool wanted(Step step) const;
    EncodedCommand command(Step step) const;
    bool required(Step step) const;
    static std::string_view refusal(Step step);
    InitDone learn(Step step, Bytes return_parameters);
    InitDone learn_buffers(std::uint16_t length, std::uint16_t count);
    std::uint64_t le_event_mask() const;

    Core& core_;
    Tag tag_;
    Step step_{};
    bool running_ = false;
    ControllerInfo info_;
};

/// A random static address out of any six octets (Vol 6 Part B 1.3.2.1).
Address make_static_address(std::array<std::uint8_t, 6> randomness);

}  // namespace bluetooth::hci
