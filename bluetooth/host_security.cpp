// SPDX-License-Identifier: MIT
//
// Encryption and pairing: `smp::SecurityManager` decides, this carries it to the controller, the
// peer, the store and the application.
#include <utility>

#include "base/log.hpp"
#include "bluetooth/host_turn.hpp"
#include "hci/commands.hpp"
#include "l2cap/pdus.hpp"

namespace bluetooth {

// ---- what comes in

void Host::receive_smp(Connection& connection, Bytes pdu) {
    with_security(connection, [&](auto context) { connection.security.receive(context, pdu); });
}

void Host::on_key_request(const hci::LeLongTermKeyRequest& event) {
    if (!is_ours(event.connection_handle)) return;
    Connection& connection = *find(event.connection_handle);
    with_security(connection, [&](auto context) {
        connection.security.on_key_request(context, event.random_number,
                                           event.encrypted_diversifier);
    });
}

void Host::on_encryption_change(const hci::EncryptionChange& event) {
    if (!is_ours(event.connection_handle)) return;
    Connection& connection = *find(event.connection_handle);
    with_security(connection, [&](auto context) {
        connection.security.on_encryption_change(context, gap::controller_error(event.status),
                                                 event.encryption_enabled != hci::Enable::disabled);
    });
}

void Host::on_key_refresh(const hci::EncryptionKeyRefreshComplete& event) {
    if (!is_ours(event.connection_handle)) return;
    Connection& connection = *find(event.connection_handle);
    with_security(connection, [&](auto context) {
        connection.security.on_key_refresh(context, gap::controller_error(event.status));
    });
}

void Host::on_encryption_refused(ConnectionHandle handle, error_code error) {
    Connection* connection = find(handle);
    if (connection == nullptr) return;
    with_security(*connection, [&](auto context) {
        connection->security.on_encryption_refused(context, error);
    });
}

// ---- what is to be done

void Host::execute(Connection& connection, smp::Send& action) {
    Buffer pdu = send_buffers_.acquire();
    if (!pdu || !pdu.append(action.pdu()))
        return terminate(connection, make_error(errc::no_buffers));  // half a pairing is none
    l2cap::add_basic_header(pdu, l2cap::Cid::smp);
    submit_acl(connection, std::move(pdu));
}

void Host::execute(Connection& connection, smp::StartEncryption& action) {
    const ConnectionHandle handle = connection.handle;
    const error_code error = submit(
        hci::LeEnableEncryption{handle, action.ltk.random_number, action.ltk.encrypted_diversifier,
                                crypto::reversed(action.ltk.value.octets())},
        Command::encrypt, handle);
    if (error) on_encryption_refused(handle, error);
}

void Host::execute(Connection& connection, smp::AnswerKeyRequest& action) {
    if (action.key)
        (void)submit(hci::LeLongTermKeyRequestReply{connection.handle,
                                                    crypto::reversed(action.key->octets())},
                     Command::other);
    else
        (void)submit(hci::LeLongTermKeyRequestNegativeReply{connection.handle}, Command::other);
}

void Host::execute(Connection& connection, smp::LookUpBond&) {
    get_bond(connection.bond_peer.type, connection.bond_peer.address,
             [this, handle = connection.handle](const std::optional<smp::Bond>& bond) {
                 Connection* asked = find(handle);
                 if (asked == nullptr) return;
                 if (bond && bond->peers.csrk && !asked->client_state.signing_key)
                     asked->client_state.signing_key =
                         att::SigningKey{*bond->peers.csrk, bond->peers.sign_counter};
                 with_security(*asked,
                               [&](auto context) { asked->security.on_bond(context, bond); });
             });
}

void Host::execute(Connection& connection, smp::StoreBond& action) {
    // The peer may have told an identity under which there is another bond.
    get_bond(action.bond.peer_type, action.bond.peer,
             [this, handle = connection.handle, action](const std::optional<smp::Bond>& present) {
                 store_bond(handle, action, present);
             });
}

void Host::execute(Connection& connection, smp::PasskeyNeeded& action) {
    delivery_.deliver(PasskeyAction{connection.handle, action.action, action.number});
}

void Host::execute(Connection& connection, smp::KeypressReceived& action) {
    delivery_.deliver(KeypressNotification{connection.handle, action.keypress});
}

void Host::execute(Connection& connection, smp::WeakerPairing& action) {
    const auto decided = [this, handle = connection.handle] {
        const WeakerPairing::Verdict verdict = std::exchange(weaker_verdict_, {});
        const bool failed = delivery_.handler_failed();
        Connection* asked = find(handle);
        if (asked == nullptr || (verdict.deferred && !failed)) return;
        with_security(*asked, [&](auto context) {
            return asked->security.allow_weaker(context, verdict.allowed && !failed);
        });
    };
    delivery_.deliver(
        WeakerPairing{connection.handle, action.present, action.wanted, &weaker_verdict_}, decided);
}

void Host::execute(Connection& connection, smp::SecurityChanged& action) {
    LinkSecurity& security = connection.client_state.security;
    const bool was_encrypted = security.encrypted;
    const bool authorized = security.authorized;  // is the application's, not the link's
    security = action.security;
    security.authorized = authorized;
    if (security.encrypted && !was_encrypted && !eatt_.unencrypted)
        enable_enhanced_bearers(connection);
    if (find(connection.handle) == &connection && connection.security.under_bond())
        on_peer_proved(connection);
}

/// The peer has the key of the bond: what it says is from now on the peer's, and nobody else's.
void Host::on_peer_proved(Connection& connection) {
    if (std::exchange(connection.peer_proved, true)) return;
    const auto& [type, address] = connection.bond_peer;
    if (gatt_cache_)
        connection.att.client.use_cache(discovery_cache_,
                                        {.type = type, .address = address, .bonded = true});
    restore_client(connection);
}

void Host::execute(Connection& connection, smp::SecurityDone& action) {
    const LinkSecurity& security = action.security;
    const ConnectionHandle handle = connection.handle;
    delivery_.deliver(EncryptionUpdate{.conn_handle = connection.handle,
                                       .encrypted = security.encrypted,
                                       .authenticated = security.authenticated,
                                       .bonded = security.bonded,
                                       .key_size = security.key_size,
                                       .secure_connections = security.secure_connections,
                                       .method = action.method,
                                       .error = action.error});
    if (find(handle) == &connection) tell_clients(connection, !action.error);
}

// ---- requests that the peer has refused for want of security (`config::auto_security`)

void Host::execute(Connection& connection, AttBearer& bearer, gatt::SecurityNeeded&) {
    error_code error;
    if (!connection.security.busy()) {
        error = could_be_more_secure(connection)
                    ? with_security(connection,
                                    [&](auto context) { return connection.security.pair(context); })
                    : make_error(errc::permission_denied);
    }
    if (error && find(connection.handle) == &connection)
        with_client(connection, bearer,
                    [&](auto& context) { bearer.client.on_secured(context, false); });
}

/// Whether `pair` may lead to more than there is.
bool Host::could_be_more_secure(const Connection& connection) const {
    const LinkSecurity& security = connection.client_state.security;
    const bool can_authenticate =
        local_.settings.mitm && local_.settings.io != config::io::no_input_no_output;
    return !security.encrypted || (!security.authenticated && can_authenticate);
}

void Host::tell_clients(Connection& connection, bool secured) {
    const ConnectionHandle handle = connection.handle;
    for (std::size_t i = 0; i < connection.bearer_count(); ++i) {
        AttBearer& bearer = connection.bearer_at(i);
        if (!bearer.client.awaits_security()) continue;
        with_client(connection, bearer,
                    [&](auto& context) { bearer.client.on_secured(context, secured); });
        if (find(handle) != &connection) return;
    }
}

void Host::execute(Connection& connection, smp::Disconnect& action) {
    if (find(connection.handle) == &connection) terminate(connection, action.cause);
}

// ---- the calls of the application

template <class Call> error_code Host::security_call(ConnectionHandle handle, Call&& call) {
    if (const error_code error = check_active()) return error;
    Connection* connection = find(handle);
    if (connection == nullptr) return make_error(errc::not_connected);
    const Turn turn{*this};
    return with_security(*connection,
                         [&](auto context) { return call(context, connection->security); });
}

error_code Host::pair(ConnectionHandle handle, bool anew) {
    return security_call(
        handle, [&](auto context, auto& security) { return security.pair(context, anew); });
}

error_code Host::cancel_pairing(ConnectionHandle handle) {
    return security_call(handle,
                         [](auto context, auto& security) { return security.cancel(context); });
}

error_code Host::answer_passkey(ConnectionHandle handle, PasskeyActionType action,
                                std::uint32_t passkey) {
    // What is wrong with the arguments is said before anything else.
    if (!smp::is_valid_answer(action, passkey)) return make_error(errc::invalid_argument);
    return security_call(handle, [&](auto context, auto& security) {
        return security.answer_passkey(context, action, passkey);
    });
}

error_code Host::send_keypress(ConnectionHandle handle, Keypress keypress) {
    return security_call(handle, [&](auto context, auto& security) {
        return security.send_keypress(context, keypress);
    });
}

error_code Host::allow_weaker(ConnectionHandle handle, bool allowed) {
    return security_call(handle, [&](auto context, auto& security) {
        return security.allow_weaker(context, allowed);
    });
}

smp::OobData Host::make_oob_data(error_code& error) {
    error = check_active();
    if (error) return {};
    local_.our_oob = smp::make_oob_data(random_);
    return local_.our_oob->data;
}

void Host::forget_oob() {
    local_.our_oob.reset();
    local_.peer_oob.reset();
    local_.oob_tk.reset();
}

}  // namespace bluetooth
