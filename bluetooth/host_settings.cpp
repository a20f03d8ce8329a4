// SPDX-License-Identifier: MIT
//
// The options of `BLE::config`; what each means is told in bluetooth/config.hpp.
#include <chrono>
#include <optional>

#include "bluetooth/host.hpp"

namespace bluetooth {

using namespace std::chrono_literals;

namespace {

/// The value of the characteristic (Vol 3 Part C 12.3), nothing when it cannot be.
std::optional<gatt::PreferredConnectionParameters> in_attribute_form(
    const config::preferred_connection_parameters& option) {
    gatt::PreferredConnectionParameters preferred;  // none
    const auto& [min_interval, max_interval, latency, supervision_timeout] = option;
    const auto within = [](auto value, auto least, auto greatest) {
        return !value || (*value >= least && *value <= greatest);
    };
    if (!within(min_interval, 7500us, 4s) || !within(max_interval, 7500us, 4s) ||
        !within(supervision_timeout, 100ms, 32s) || latency > 499 ||
        (min_interval && max_interval && *min_interval > *max_interval))
        return std::nullopt;
    if (min_interval) preferred.min_interval = std::chrono::floor<Units1250us>(*min_interval);
    if (max_interval) preferred.max_interval = std::chrono::floor<Units1250us>(*max_interval);
    preferred.latency = latency;
    if (supervision_timeout)
        preferred.supervision_timeout = std::chrono::floor<Units10ms>(*supervision_timeout);
    return preferred;
}

}  // namespace

/// Gives a new server the settings that it must know.
void Host::configure(gatt::Server& server) const {
    server.read_events(delivery_.has_handler());
    server.set_rx_mtu(mtu_);
    (void)server.set_device_name(Bytes::of(gap_name_));
    server.set_appearance(appearance_);
    server.set_preferred_connection_parameters(*in_attribute_form(preferred_));
    server.strict(strict_);
    server.secure_connections_only(local_.settings.secure_connections_only);
    server.set_pending_indications(send_queue_);
    server.set_enhanced_bearers(eatt_.bearers != 0);
}

error_code Host::set(const config::gap_name& option) {
    if (option.value.size() > gatt::Server::max_device_name)
        return make_error(errc::invalid_argument);
    gap_name_ = option.value;
    if (server_) (void)server_->set_device_name(Bytes::of(gap_name_));
    return {};
}
error_code Host::set(config::mtu option) {
    if (option.value < att::default_mtu || option.value > gatt::Server::max_mtu)
        return make_error(errc::invalid_argument);
    if (const error_code error = check_active()) return error;
    mtu_ = option.value;
    server_->set_rx_mtu(mtu_);
    return {};
}
error_code Host::set(config::rxbuf option) {
    if (option.value < 16) return make_error(errc::invalid_argument);
    rxbuf_ = option.value;
    return {};
}
error_code Host::set(config::send_queue option) {
    if (option.value < 1 || option.value > 1024) return make_error(errc::invalid_argument);
    send_queue_ = option.value;
    if (server_) server_->set_pending_indications(send_queue_);
    acl_.set_queue_limit(send_queue_ + send_reserve);
    return {};
}
error_code Host::set(config::appearance option) {
    appearance_ = option.value;
    if (server_) server_->set_appearance(appearance_);
    return {};
}
error_code Host::set(const config::preferred_connection_parameters& option) {
    if (!in_attribute_form(option)) return make_error(errc::invalid_argument);
    preferred_ = option;
    if (server_) server_->set_preferred_connection_parameters(*in_attribute_form(preferred_));
    return {};
}
error_code Host::set(config::strict option) {
    strict_ = option.value;
    if (server_) server_->strict(strict_);
    return {};
}
error_code Host::set(config::gatt_cache option) {
    gatt_cache_ = option.value;
    return {};
}
error_code Host::set(config::eatt option) {
    if (option.bearers > max_enhanced_bearers) return make_error(errc::invalid_argument);
    eatt_ = option;
    listen_for_bearers();
    if (server_) server_->set_enhanced_bearers(eatt_.bearers != 0);
    return {};
}
error_code Host::set(config::bond option) {
    local_.settings.bonding = option.value;
    return {};
}
error_code Host::set(config::mitm option) {
    local_.settings.mitm = option.value;
    return {};
}
error_code Host::set(config::io option) {
    if (option > config::io::keyboard_display) return make_error(errc::invalid_argument);
    local_.settings.io = option;
    return {};
}
error_code Host::set(config::le_secure option) {
    local_.settings.secure_connections = option.value;
    return {};
}
error_code Host::set(config::sc_only option) {
    local_.settings.secure_connections_only = option.value;
    if (server_) server_->secure_connections_only(option.value);
    return {};
}
error_code Host::set(config::min_key_size option) {
    if (option.octets < smp::min_key_size || option.octets > smp::max_key_size)
        return make_error(errc::invalid_argument);
    local_.settings.min_key_size = option.octets;
    return {};
}
error_code Host::set(config::pairing_methods option) {
    smp::Methods& methods = local_.settings.methods;
    methods.set(smp::Method::just_works, option.just_works);
    methods.set(smp::Method::passkey_entry, option.passkey_entry);
    methods.set(smp::Method::numeric_comparison, option.numeric_comparison);
    methods.set(smp::Method::out_of_band, option.out_of_band);
    return {};
}
error_code Host::set(config::keypress option) {
    local_.settings.keypress = option.value;
    return {};
}
error_code Host::set(config::debug_keys option) {
    local_.settings.debug_keys = option.value;
    return {};
}
error_code Host::set(config::rpa_timeout option) {
    if (option.value < 1s || option.value > 1h) return make_error(errc::invalid_argument);
    rpa_timeout_ = option.value;
    return privacy_.set_interval(rpa_timeout_);
}
error_code Host::set(config::auto_security option) {
    auto_security_ = option.value;
    for (const auto& connection : connections_)
        for (std::size_t i = 0; i < connection->bearer_count(); ++i)
            connection->bearer_at(i).client.raise_security(auto_security_);
    return {};
}
error_code Host::set(const config::bond_file& option) {
    bond_file_ = option.path;
    return {};
}
error_code Host::get(config::mac& option) const {
    if (const error_code error = check_active()) return error;
    if (addr_mode_ == config::addr_mode::resolvable_private) {
        option.type = local_.identity.address.type;
        option.address = local_.identity.address.address;
    } else {
        option.type = privacy_.requested_type() == hci::OwnAddressType::public_device
                          ? AddressType::public_device
                          : AddressType::random_device;
        option.address = privacy_.requested_address();
    }
    return {};
}
error_code Host::get(config::gap_name& option) const {
    option.value = gap_name_;
    return {};
}
error_code Host::get(config::mtu& option) const {
    option.value = mtu_;
    return check_active();
}
error_code Host::get(config::rxbuf& option) const {
    option.value = rxbuf_;
    return {};
}
error_code Host::get(config::send_queue& option) const {
    option.value = send_queue_;
    return {};
}
error_code Host::get(config::appearance& option) const {
    option.value = appearance_;
    return {};
}
error_code Host::get(config::preferred_connection_parameters& option) const {
    option = preferred_;
    return {};
}
error_code Host::get(config::strict& option) const {
    option.value = strict_;
    return {};
}
error_code Host::get(config::gatt_cache& option) const {
    option.value = gatt_cache_;
    return {};
}
error_code Host::get(config::eatt& option) const {
    option = eatt_;
    return {};
}

}  // namespace bluetooth
