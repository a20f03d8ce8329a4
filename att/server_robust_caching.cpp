// SPDX-License-Identifier: MIT
//
// What a client may do that does not know the table as it is (Vol 3 Part G 2.5.2.1).
#include <algorithm>

#include "att/server_run.hpp"

namespace bluetooth::att {

void ClientState::table_changed(HandleRange range) {
    awareness_ = ChangeAwareness::unaware;
    ++changes_;
    announce(range);
}

/// Notes what Service Changed has to tell, beside what it has to tell already.
void ClientState::announce(HandleRange range) {
    if (unannounced_) {
        range.start = std::min(range.start, unannounced_->start);
        range.end = std::max(range.end, unannounced_->end);
    }
    unannounced_ = range;
}

/// A request shows that the client has received what was sent before.
void Server::on_request(ClientState& client) {
    if (client.awareness_ == ChangeAwareness::told) client.awareness_ = ChangeAwareness::aware;
}

/// Whether the request names handles that mean something only in a table that the client knows.
/// Discovery works with handles too, but asks what they mean.
bool Server::needs_known_table(Bytes request) {
    switch (static_cast<Opcode>(request[0])) {
    case Opcode::read_request:
    case Opcode::read_blob_request:
    case Opcode::read_multiple_request:
    case Opcode::read_multiple_variable_request:
    case Opcode::write_request:
    case Opcode::prepare_write_request: return true;
    case Opcode::read_by_type_request: {
        const auto query = decode<ReadByTypeRequest>(request);
        if (!query) return false;
        const bool whole_table =
            query->starting_handle == first_handle && query->ending_handle == last_handle;
        const auto asked = UUID::from_bytes(query->attribute_type);
        return !whole_table && asked && !asked->same_as(type::include) &&
               !asked->same_as(type::characteristic);
    }
    default: return false;
    }
}

/// Database Out Of Sync is on its way. On one of several bearers it says nothing of requests that
/// are under way on the others: then only the hash counts.
void Server::on_out_of_sync_told(ClientState& client) {
    if (client.bearers_ == 1) client.awareness_ = ChangeAwareness::told;
}

/// The client has confirmed Service Changed; with several bearers the same is true.
void Server::on_change_confirmed(ClientState& client) {
    if (client.bearers_ == 1) client.awareness_ = ChangeAwareness::aware;
}

/// The client has asked for the Database Hash, and the answer is on its way.
void Server::on_hash_told(ClientState& client) {
    if (client.awareness_ == ChangeAwareness::unaware) client.awareness_ = ChangeAwareness::told;
}

}  // namespace bluetooth::att
