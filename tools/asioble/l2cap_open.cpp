// SPDX-License-Identifier: MIT
#include "tools/asioble/l2cap_open.hpp"

#include <algorithm>

namespace bluetooth::tool {
namespace {

/// Channels that one request can be for (Vol 3 Part A 4.25).
constexpr std::size_t most_at_once = 5;

}  // namespace

ChannelOpener::ChannelOpener(Loop& loop, const Options& options, const OpenArguments& arguments,
                             Callbacks callbacks, std::FILE* messages)
    : arguments_(arguments),
      callbacks_(std::move(callbacks)),
      loop_(loop),
      out_(options.json, messages),
      device_(loop_, options),
      central_(loop_, device_.ble()),
      channels_(device_.ble(), out_, callbacks_.use) {}

void ChannelOpener::connect() {
    device_.on_event([this](const Event& event) { on_event(event); });
    device_.activate();
    const Found peer = connect_to(arguments_.peer, central_, out_);
    out_.tell(out_.paint(Style::good, "Connected"),
              Json{"connected"}
                  .add("connection", static_cast<std::uint16_t>(central_.connection()))
                  .add("address", to_string(peer.address))
                  .add("type", to_string(peer.type)));
}

void ChannelOpener::disconnect() {
    central_.disconnect();
    out_.tell("Disconnected", Json{"disconnected"});
}

void ChannelOpener::on_event(const Event& event) {
    if (const auto* connect = std::get_if<L2capConnect>(&event))
        std::erase(requested_, connect->cid);
    const auto* disconnect = std::get_if<L2capDisconnect>(&event);
    if (disconnect != nullptr && std::erase(requested_, disconnect->cid) > 0)
        refuse(*disconnect);
    else
        channels_.on_event(event);
    central_.on_event(event);
}

void ChannelOpener::refuse(const L2capDisconnect& refusal) {
    const std::string reason = reason_of(refusal);
    if (refusal_.empty()) refusal_ = reason;
    out_.tell(channel_label(out_, refusal.conn_handle, refusal.cid) + "not opened: " + reason,
              channel_record("channel_refused", refusal.conn_handle, refusal.cid)
                  .add("status", refusal.status)
                  .add("reason", reason));
    if (callbacks_.on_refused) callbacks_.on_refused(refusal);
}

std::vector<ChannelId> ChannelOpener::request(std::size_t count) {
    const ChannelArguments& a = arguments_;
    std::vector<ChannelId> cids;
    while (cids.size() < count) {
        if (arguments_.enhanced) {
            const auto some = device_->l2cap_connect_enhanced(
                central_.connection(), a.psm, a.mtu, std::min(count - cids.size(), most_at_once),
                a.options);
            cids.insert(cids.end(), some.begin(), some.end());
        } else {
            cids.push_back(device_->l2cap_connect(central_.connection(), a.psm, a.mtu, a.options));
        }
    }
    requested_.insert(requested_.end(), cids.begin(), cids.end());
    return cids;
}

void ChannelOpener::open_all() {
    request(arguments_.channels);
    loop_.run_until([&] { return requested_.empty() || !central_.connected(); });
    if (channels_.empty() && !refusal_.empty()) throw Failure{"no channel: " + refusal_};
    central_.expect_connected("opening channels");
}

}  // namespace bluetooth::tool
