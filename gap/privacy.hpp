// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "crypto/identity_resolver.hpp"
#include "crypto/random.hpp"
#include "gap/context.hpp"
#include "gap/resolving_list.hpp"

namespace bluetooth::gap {

/// What privacy needs to know of a controller that has come up.
struct PrivacySupport {
    std::optional<Address> public_address;
    Address random_address;               ///< the one it has been given, zero if none
    std::size_t resolving_list_size = 0;  ///< 0 also where it has no LL privacy
    bool privacy_modes = false;           ///< LE Set Privacy Mode
};

/// The addresses we use, and those of our peers (Vol 3 Part C 10.7, Vol 6 Part B 1.3 and 6).
///
/// A private address is made here and changed at intervals. Peers whose keys are known are resolved
/// by the controller as far as its list goes, and in the host. The controller takes a new address
/// or list only while it neither advertises, scans nor initiates (Vol 4 Part E 7.8.4, 7.8.38
/// to 7.8.44, 7.8.77); so changes wait for a pause: HoldAddresses is emitted, `on_at_rest` answers
/// it, the commands follow each other, and HoldAddresses ends the pause. Links that exist are not
/// touched.
class Privacy {
public:
    static constexpr std::size_t max_peers = ResolvingList::max_peers;
    /// TGAP(private_addr_int), Vol 3 Part C Appendix A, and the range of Vol 4 Part E 7.8.45.
    static constexpr std::chrono::seconds default_interval{900};
    static constexpr std::chrono::seconds min_interval{1};
    static constexpr std::chrono::seconds max_interval{3600};
    /// How long a pause may take to come about, and how soon it is tried again after that.
    static constexpr std::chrono::seconds rest_limit{5};
    static constexpr std::chrono::seconds retry_after{60};

    // Our own address. Each takes effect in the next pause; followed by OwnAddressFailed should the
    // controller refuse it. In the beginning, and where there is no public address, it is the
    // random address that the controller was given.
    void use_public(Context ctx);
    /// `address` is a static one: the identity, or one made for the occasion.
    void use_static(Context ctx, const Address& address);
    /// A new address with our Identity Resolving Key, now and at each interval.
    void use_resolvable(Context ctx, const crypto::Key& irk, crypto::RandomSource& random);
    /// The same, but an address that nobody recognises.
    void use_non_resolvable(Context ctx, crypto::RandomSource& random);
    /// How long a private address is used, from the next one on. `errc::invalid_argument`: outside
    /// 1 s to 1 h.
    error_code set_interval(std::chrono::seconds interval);

    /// For what is started now: as was last asked for, and what is started waits for the pause.
    hci::OwnAddressType requested_type() const;
    Address requested_address() const;
    /// What is in force at the controller: a link made now is made with these.
    hci::OwnAddressType own_address_type() const;
    Address own_address() const;

    // Peers, see ResolvingList. Their number is limited to `max_peers`.
    error_code add_peer(Context ctx, const Identity& peer, const crypto::Key& irk,
                        bool device_privacy);
    void remove_peer(Context ctx, const Identity& peer);
    void clear(Context ctx);
    /// Prefers the peer for the controller's list: before connecting to it, or when it connected.
    void use_peer(Context ctx, const Identity& peer);
    /// Who made an address that the controller has not resolved. Costs little when asked again.
    std::optional<Identity> resolve(AddressType type, const Address& address) {
        return list_.resolve(type, address);
    }
    /// Whether the peer may use resolvable private addresses.
    bool knows(const Identity& peer) const { return list_.knows(peer); }
    /// Whether LE Create Connection may name the identity; else `ConnectRequest::find_first`.
    bool in_controller_list(const Identity& peer) const { return list_.in_controller(peer); }

    /// After HoldAddresses{true}: advertiser, scanner and connector are at rest, and kept so.
    void on_at_rest(Context ctx);
    void on_timer(Context ctx, crypto::RandomSource& random);
    void on_command_done(Context ctx, std::uint16_t opcode, hci::Status status,
                         Bytes return_parameters);
    /// The controller has forgotten all; answers to commands in flight will not come. To be called
    /// after the same of the three others, which are released.
    void on_controller_reset(Context ctx);
    /// The controller is up (again): everything is set anew.
    void restore(Context ctx, const PrivacySupport& support);

private:
    enum class Kind : std::uint8_t { public_device, random_static, resolvable, non_resolvable };
    enum class Pause : std::uint8_t { none, resting, held };
    enum class Step : std::uint8_t { none, address, list };
    struct Own {
        Kind kind = Kind::public_device;
        Address address;  // unless public
    };

    void use(Context ctx, Kind kind, const Address& address);
    void renew(crypto::RandomSource& random);
    bool address_to_set() const;
    void advance(Context ctx);
    void send(Context ctx, Step step, const hci::EncodedCommand& command);
    void release(Context ctx);
    error_code on_address_done(Context ctx, hci::Status status);
    void wake(Context ctx) const;

    // Our own address.
    std::optional<crypto::IdentityResolver> own_irk_;  // of `use_resolvable`
    std::chrono::seconds interval_ = default_interval;
    Own wanted_;
    Kind in_force_ = Kind::public_device;
    bool asked_for_ = false;  // by the application, who wants to hear of a refusal
    Time renewal_ = never;

    ResolvingList list_;

    // The controller.
    bool up_ = false;
    PrivacySupport support_;  // its random address is always the present one
    Pause pause_ = Pause::none;
    Time rest_deadline_ = never;
    Time not_before_{};       // the next pause
    Step step_ = Step::none;  // the command in flight
    Address sent_address_;
};

}  // namespace bluetooth::gap
