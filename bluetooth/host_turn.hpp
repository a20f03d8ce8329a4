// SPDX-License-Identifier: MIT
//
// Private: how the host runs a core and carries out its actions. Shared by the host's sources.
#pragma once

#include <type_traits>
#include <utility>
#include <variant>

#include "base/log.hpp"
#include "bluetooth/client_events.hpp"
#include "bluetooth/host.hpp"

namespace bluetooth {

class Host::Turn {
public:
    explicit Turn(Host& host) : host_(host) {
        if (host_.depth_++ == 0 && !host_.in_batch_) host_.now_ = host_.environment_.now();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() {
        if (--host_.depth_ != 0) return;
        if (host_.any_ended_) host_.free_ended();
        if (host_.to_send_ && !host_.in_batch_) host_.environment_.run_soon();
    }

private:
    Host& host_;
};

template <class Outbox, class Execute>
void Host::drain(Outbox& out, std::size_t from, Execute&& execute) {
    if (const Time wake = out.take_wake(); wake != never) environment_.wake_at(wake);
    const std::uint64_t generation = generation_;
    for (std::size_t i = from; i < out.size(); ++i) {
        auto action = std::move(out[i]);
        std::visit(execute, action);
        if (generation != generation_) return;  // everything was ended, the outboxes are empty
    }
    out.truncate(from);
}

namespace detail {
/// Runs `call`, then `afterwards`, and returns what `call` returned.
template <class Call, class Afterwards> auto run_then(Call&& call, Afterwards&& afterwards) {
    if constexpr (std::is_void_v<decltype(call())>) {
        call();
        afterwards();
    } else {
        auto value = call();
        afterwards();
        return value;
    }
}
}  // namespace detail

template <class Call> auto Host::with_hci(Call&& call) {
    const std::size_t from = hci_out_.size();
    return detail::run_then(
        [&] {
            return call(hci::Context{now_, command_buffers_, hci_out_});
        },
        [&] { drain(hci_out_, from, [this](auto& action) { execute(action); }); });
}
template <class Call> auto Host::with_gap(Call&& call) {
    const std::size_t from = gap_out_.size();
    return detail::run_then(
        [&] {
            return call(gap::Context{now_, gap_out_});
        },
        [&] { drain(gap_out_, from, [this](auto& action) { execute(action); }); });
}
template <class Call> auto Host::with_link(Connection& connection, Call&& call) {
    const std::size_t from = link_out_.size();
    return detail::run_then(
        [&] {
            l2cap::LinkContext context{now_, receive_buffers_, send_buffers_, link_out_};
            return call(context);
        },
        [&] { drain(link_out_, from, [&](auto& action) { execute(connection, action); }); });
}
template <class Call> auto Host::with_security(Connection& connection, Call&& call) {
    const std::size_t from = smp_out_.size();
    return detail::run_then(
        [&] {
            return call(smp::Context{now_, random_, smp_out_});
        },
        [&] { drain(smp_out_, from, [&](auto& action) { execute(connection, action); }); });
}
template <class Call>
auto Host::with_server(Connection& connection, AttBearer& bearer, Call&& call) {
    const std::size_t from = server_out_.size();
    return detail::run_then(
        [&] {
            return call(att::ServerContext{now_, send_buffers_, server_out_});
        },
        [&] {
            drain(server_out_, from, [&](auto& action) { execute(connection, bearer, action); });
        });
}
template <class Call>
auto Host::with_client(Connection& connection, AttBearer& bearer, Call&& call) {
    const std::size_t from = client_out_.size();
    return detail::run_then(
        [&] {
            gatt::ClientContext context{now_, send_buffers_, client_out_};
            return call(context);
        },
        [&] {
            drain(client_out_, from, [&](auto& action) { execute(connection, bearer, action); });
        });
}

template <class Action> void Host::execute(Connection& connection, AttBearer&, Action& action) {
    delivery_.deliver(event_of(connection.handle, action));
}

/// Sends a command; its answer comes back with what it was sent for and the link it concerns.
template <class C>
error_code Host::submit(const C& command, Command purpose, ConnectionHandle handle) {
    const auto tag = static_cast<hci::Tag>(handle) << 8 | static_cast<hci::Tag>(purpose);
    const error_code error =
        with_hci([&](hci::Context context) { return core_.submit(context, command, tag); });
    if (error) log::error("host", "could not send a command to the controller: ", error);
    return error;
}

}  // namespace bluetooth
