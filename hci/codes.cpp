// SPDX-License-Identifier: MIT
#include "hci/codes.hpp"

#include "base/error.hpp"
#include "base/show.hpp"
#include "hci/commands.hpp"
#include "hci/events.hpp"

namespace bluetooth::hci {

std::string to_string(ConnectionHandle handle) {
    std::string text;
    show(text, static_cast<std::uint16_t>(handle));
    return text;
}

std::string to_string(Status status) { return hci_category().message(static_cast<int>(status)); }

std::string_view to_string(Role role) {
    switch (role) {
    case Role::central: return "central";
    case Role::peripheral: return "peripheral";
    }
    return "unknown role";
}

std::string_view to_string(OwnAddressType type) {
    switch (type) {
    case OwnAddressType::public_device: return "public";
    case OwnAddressType::random_device: return "random";
    case OwnAddressType::resolvable_or_public: return "resolvable or public";
    case OwnAddressType::resolvable_or_random: return "resolvable or random";
    }
    return "unknown address type";
}

std::string_view to_string(AdvertisingType type) {
    switch (type) {
    case AdvertisingType::adv_ind: return "ADV_IND";
    case AdvertisingType::adv_direct_ind_high_duty: return "ADV_DIRECT_IND, high duty cycle";
    case AdvertisingType::adv_scan_ind: return "ADV_SCAN_IND";
    case AdvertisingType::adv_nonconn_ind: return "ADV_NONCONN_IND";
    case AdvertisingType::adv_direct_ind_low_duty: return "ADV_DIRECT_IND, low duty cycle";
    }
    return "unknown advertising type";
}

std::string_view to_string(AdvertisingEventType type) {
    switch (type) {
    case AdvertisingEventType::adv_ind: return "ADV_IND";
    case AdvertisingEventType::adv_direct_ind: return "ADV_DIRECT_IND";
    case AdvertisingEventType::adv_scan_ind: return "ADV_SCAN_IND";
    case AdvertisingEventType::adv_nonconn_ind: return "ADV_NONCONN_IND";
    case AdvertisingEventType::scan_rsp: return "SCAN_RSP";
    }
    return "unknown advertising type";
}

std::string_view to_string(Phy phy) {
    switch (phy) {
    case Phy::none: return "none";
    case Phy::le_1m: return "LE 1M";
    case Phy::le_2m: return "LE 2M";
    case Phy::le_coded: return "LE Coded";
    }
    return "unknown PHY";
}

std::string_view to_string(DataStatus status) {
    switch (status) {
    case DataStatus::complete: return "complete";
    case DataStatus::more_to_come: return "more to come";
    case DataStatus::truncated: return "truncated";
    }
    return "unknown data status";
}

std::string_view to_string(DataOperation operation) {
    switch (operation) {
    case DataOperation::intermediate_fragment: return "intermediate fragment";
    case DataOperation::first_fragment: return "first fragment";
    case DataOperation::last_fragment: return "last fragment";
    case DataOperation::complete: return "complete";
    case DataOperation::unchanged: return "unchanged";
    }
    return "unknown operation";
}

std::string_view to_string(SyncTransferMode mode) {
    switch (mode) {
    case SyncTransferMode::ignore: return "ignore";
    case SyncTransferMode::without_reports: return "without reports";
    case SyncTransferMode::with_reports: return "with reports";
    case SyncTransferMode::with_filtered_reports: return "with filtered reports";
    }
    return "unknown mode";
}

std::string_view to_string(CoreVersion version) {
    static constexpr std::string_view names[] = {"1.1", "1.2", "2.0", "2.1", "3.0", "4.0", "4.1",
                                                 "4.2", "5.0", "5.1", "5.2", "5.3", "5.4", "6.0"};
    static_assert(std::size(names) == static_cast<std::size_t>(CoreVersion::v6_0));
    const auto index = static_cast<std::size_t>(version);
    return index >= 1 && index <= std::size(names) ? names[index - 1] : "unknown";
}

std::string_view command_name(std::uint16_t opcode) {
    std::string_view name = "command";
    Commands::with(opcode, [&]<class C>(std::type_identity<C>) { name = C::pdu_name; });
    return name;
}

std::string_view event_name(EventCode code, Bytes parameters) {
    std::string_view name = "event";
    Events::with(code, parameters, [&]<class E>(std::type_identity<E>) { name = E::pdu_name; });
    return name;
}

}  // namespace bluetooth::hci
