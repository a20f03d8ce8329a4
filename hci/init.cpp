// SPDX-License-Identifier: MIT
#include "hci/init.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "hci/events.hpp"

namespace bluetooth::hci {
namespace {

// The range that each controller must stay in (Vol 6 Part B 4.5.10).
constexpr std::uint16_t min_data_octets = 27;
constexpr std::uint16_t max_data_octets = 251;
constexpr Microseconds min_data_time{328};
constexpr Microseconds max_data_time{17040};

/// LE needs room for one link layer payload of 27 octets (Vol 4 Part E 7.8.2).
constexpr std::uint16_t min_acl_data_packet_length = 27;

constexpr std::uint64_t bit(unsigned position) { return std::uint64_t{1} << position; }

// Vol 4 Part E 7.3.1. Command Complete, Command Status and Number Of Completed Packets cannot be
// masked.
constexpr std::uint64_t event_mask = bit(4)      // Disconnection Complete
                                     | bit(7)    // Encryption Change
                                     | bit(11)   // Read Remote Version Information Complete
                                     | bit(15)   // Hardware Error
                                     | bit(25)   // Data Buffer Overflow
                                     | bit(47)   // Encryption Key Refresh Complete
                                     | bit(61);  // LE Meta
// Vol 4 Part E 7.3.69
constexpr std::uint64_t event_mask_page_2 = bit(23);  // Authenticated Payload Timeout Expired

constexpr InitDone fine{};

InitDone problem(errc error, std::string_view text) { return {make_error(error), text}; }

/// Hands the return parameters of `C` to `use`, whose verdict it returns.
template <class C, class Use> InitDone take(Bytes return_parameters, Use&& use) {
    const auto answer = decode_return<C>(return_parameters);
    if (!answer) return problem(errc::protocol_error, "an answer of the controller was too short");
    return use(*answer);
}

}  // namespace

enum class Init::Step : std::uint8_t {
    reset,
    version,
    supported_commands,
    features,
    le_features,
    bd_addr,
    le_buffer_size,
    shared_buffer_size,
    le_host_support,
    event_mask,
    event_mask_page_2,
    le_event_mask,
    accept_list_size,
    resolving_list_size,
    max_data_length,
    suggested_data_length,
    random_address,
    done,
};

Address make_static_address(std::array<std::uint8_t, 6> randomness) {
    randomness[5] |= 0xc0;
    // The 46 random bits may be neither all ones nor all zeros.
    const Address address = Address::from_wire(randomness);
    if (address == Address::from_wire({0x00, 0x00, 0x00, 0x00, 0x00, 0xc0}) ||
        address == Address::from_wire({0xff, 0xff, 0xff, 0xff, 0xff, 0xff}))
        randomness[0] ^= 0x01;
    return Address::from_wire(randomness);
}

void Init::start(Context ctx, const std::array<std::uint8_t, 6>& randomness) {
    info_ = {};
    info_.static_address = make_static_address(randomness);
    running_ = true;
    step_ = Step::reset;
    advance(ctx);
}

bool Init::awaits_reset() const { return step_ == Step::reset; }

/// Submits the command of the current step, or of the next one that the controller has.
void Init::advance(Context ctx) {
    while (step_ != Step::done && !wanted(step_))
        step_ = static_cast<Step>(static_cast<std::uint8_t>(step_) + 1);
    if (step_ == Step::done) return finish(ctx, fine);
    if (const error_code error = core_.submit(ctx, command(step_), tag_))
        finish(ctx, {error, "a command of the bring-up could not be queued"});
}

void Init::on_command_done(Context ctx, const CommandDone& done) {
    if (!running_ || done.tag != tag_) return;
    if (done.status == Status::success) {
        const InitDone outcome = learn(step_, done.return_parameters);
        if (outcome.error) return finish(ctx, outcome);
    } else if (required(step_)) {
        return finish(ctx,
                      {error_code{static_cast<int>(done.status), hci_category()}, refusal(step_)});
    } else {
        log::debug("hci", "the controller refused ", command_name(done.opcode), ": ", done.status);
    }
    step_ = static_cast<Step>(static_cast<std::uint8_t>(step_) + 1);
    advance(ctx);
}

void Init::finish(Context ctx, InitDone outcome) {
    running_ = false;
    if (outcome.error)
        log::error("hci", outcome.text, ": ", command_name(command(step_).opcode), ": ",
                   outcome.error);
    ctx.out.push(outcome);
}

/// Commands that every LE controller must have are sent whatever it announces.
bool Init::wanted(Step step) const {
    switch (step) {
    case Step::shared_buffer_size: return info_.buffers_shared_with_br_edr;
    case Step::le_host_support:
        return (info_.lmp_features & feature_br_edr_not_supported) == 0 &&
               info_.supports<WriteLeHostSupport>();
    case Step::event_mask_page_2:
        return info_.has(LeFeature::ping) && info_.supports<SetEventMaskPage2>();
    case Step::accept_list_size: return info_.supports<LeReadFilterAcceptListSize>();
    case Step::resolving_list_size:
        return info_.has(LeFeature::ll_privacy) && info_.supports<LeReadResolvingListSize>();
    case Step::max_data_length:
        return info_.has(LeFeature::data_packet_length_extension) &&
               info_.supports<LeReadMaximumDataLength>();
    case Step::suggested_data_length:
        return info_.max_tx_octets > min_data_octets &&
               info_.supports<LeWriteSuggestedDefaultDataLength>();
    default: return true;
    }
}

/// Whether the controller is of no use when it refuses the step's command. Controllers that are
/// LE only may lack the commands that BR/EDR made mandatory.
bool Init::required(Step step) const {
    switch (step) {
    case Step::reset:
    case Step::supported_commands:
    case Step::features:
    case Step::le_features:
    case Step::le_buffer_size:
    case Step::shared_buffer_size:
    case Step::event_mask:  // by default LE Meta is masked
    case Step::le_event_mask: return true;
    case Step::random_address: return !info_.public_address;
    default: return false;
    }
}

std::string_view Init::refusal(Step step) {
    if (step == Step::event_mask || step == Step::le_event_mask)
        return "the controller refuses to report LE events";
    return "the controller refused a command of the bring-up";
}

EncodedCommand Init::command(Step step) const {
    switch (step) {
    case Step::reset: return encode_command(Reset{});
    case Step::version: return encode_command(ReadLocalVersionInformation{});
    case Step::supported_commands: return encode_command(ReadLocalSupportedCommands{});
    case Step::features: return encode_command(ReadLocalSupportedFeatures{});
    case Step::le_features: return encode_command(LeReadLocalSupportedFeatures{});
    case Step::bd_addr: return encode_command(ReadBdAddr{});
    case Step::le_buffer_size: return encode_command(LeReadBufferSize{});
    case Step::shared_buffer_size: return encode_command(ReadBufferSize{});
    case Step::le_host_support:
        return encode_command(WriteLeHostSupport{.le_supported_host = Enable::enabled});
    case Step::event_mask: return encode_command(SetEventMask{event_mask});
    case Step::event_mask_page_2: return encode_command(SetEventMaskPage2{event_mask_page_2});
    case Step::le_event_mask: return encode_command(LeSetEventMask{le_event_mask()});
    case Step::accept_list_size: return encode_command(LeReadFilterAcceptListSize{});
    case Step::resolving_list_size: return encode_command(LeReadResolvingListSize{});
    case Step::max_data_length: return encode_command(LeReadMaximumDataLength{});
    case Step::suggested_data_length:
        return encode_command(
            LeWriteSuggestedDefaultDataLength{info_.max_tx_octets, info_.max_tx_time});
    case Step::random_address: return encode_command(LeSetRandomAddress{info_.static_address});
    case Step::done: break;
    }
    return {};
}

/// Takes over what the answer tells; an error is what is wrong with it.
InitDone Init::learn(Step step, Bytes answer) {
    switch (step) {
    case Step::version:
        return take<ReadLocalVersionInformation>(answer, [&](const auto& version) {
            info_.hci_version = version.hci_version;
            info_.hci_subversion = version.hci_subversion;
            info_.lmp_version = version.lmp_version;
            info_.company_identifier = version.company_identifier;
            info_.lmp_subversion = version.lmp_subversion;
            return fine;
        });
    case Step::supported_commands:
        return take<ReadLocalSupportedCommands>(answer, [&](const auto& commands) {
            info_.supported_commands = commands.supported_commands;
            return fine;
        });
    case Step::features:
        return take<ReadLocalSupportedFeatures>(answer, [&](const auto& features) {
            info_.lmp_features = features.lmp_features;
            if ((features.lmp_features & feature_le_supported) != 0) return fine;
            return problem(errc::not_supported, "the controller does not support Bluetooth LE");
        });
    case Step::le_features:
        return take<LeReadLocalSupportedFeatures>(answer, [&](const auto& features) {
            info_.le_features = features.le_features;
            return fine;
        });
    case Step::bd_addr:
        return take<ReadBdAddr>(answer, [&](const auto& address) {
            if (!address.bd_addr.is_zero()) info_.public_address = address.bd_addr;
            return fine;
        });
    case Step::le_buffer_size:
        return take<LeReadBufferSize>(answer, [&](const auto& size) {
            // Zero in either says that LE shares the buffers of BR/EDR (Vol 4 Part E 7.8.2).
            info_.buffers_shared_with_br_edr =
                size.le_acl_data_packet_length == 0 || size.total_num_le_acl_data_packets == 0;
            if (info_.buffers_shared_with_br_edr) return fine;
            return learn_buffers(size.le_acl_data_packet_length,
                                 size.total_num_le_acl_data_packets);
        });
    case Step::shared_buffer_size:
        return take<ReadBufferSize>(answer, [&](const auto& size) {
            return learn_buffers(size.acl_data_packet_length, size.total_num_acl_data_packets);
        });
    case Step::accept_list_size:
        return take<LeReadFilterAcceptListSize>(answer, [&](const auto& size) {
            info_.filter_accept_list_size = size.filter_accept_list_size;
            return fine;
        });
    case Step::resolving_list_size:
        return take<LeReadResolvingListSize>(answer, [&](const auto& size) {
            info_.resolving_list_size = size.resolving_list_size;
            return fine;
        });
    case Step::max_data_length:
        return take<LeReadMaximumDataLength>(answer, [&](const auto& length) {
            info_.max_tx_octets =
                std::clamp(length.supported_max_tx_octets, min_data_octets, max_data_octets);
            info_.max_tx_time =
                std::clamp(length.supported_max_tx_time, min_data_time, max_data_time);
            return fine;
        });
    default: return fine;
    }
}

InitDone Init::learn_buffers(std::uint16_t length, std::uint16_t count) {
    if (length < min_acl_data_packet_length || count == 0)
        return problem(errc::protocol_error, "the controller's ACL buffers are too small");
    info_.acl_data_packet_length = length;
    info_.acl_data_packet_count = count;
    return fine;
}

/// Vol 4 Part E 7.8.1. A controller may refuse bits of events it does not know.
std::uint64_t Init::le_event_mask() const {
    std::uint64_t mask = bit(0)     // LE Connection Complete
                         | bit(1)   // LE Advertising Report
                         | bit(2)   // LE Connection Update Complete
                         | bit(3)   // LE Read Remote Features Complete
                         | bit(4);  // LE Long Term Key Request
    const auto add = [&mask](bool available, unsigned position) {
        if (available) mask |= bit(position);
    };
    add(info_.has(LeFeature::connection_parameters_request) &&
            info_.supports<LeRemoteConnectionParameterRequestReply>(),
        5);  // LE Remote Connection Parameter Request
    add(info_.has(LeFeature::data_packet_length_extension), 6);  // LE Data Length Change
    add(info_.supports<LeReadLocalP256PublicKey>(), 7);  // LE Read Local P-256 Public Key Complete
    add(info_.supports<LeGenerateDhKey>(), 8);           // LE Generate DHKey Complete
    add(info_.has(LeFeature::ll_privacy), 9);            // LE Enhanced Connection Complete
    add(info_.has(LeFeature::extended_scanning_filter_policies),
        10);  // LE Directed Advertising Report
    add(info_.has(LeFeature::le_2m_phy) || info_.has(LeFeature::le_coded_phy),
        11);  // LE PHY Update Complete
    add(info_.has(LeFeature::channel_selection_algorithm_2),
        19);  // LE Channel Selection Algorithm
    return mask;
}

}  // namespace bluetooth::hci
