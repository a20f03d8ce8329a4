// SPDX-License-Identifier: MIT
#include "transport/h4_session.hpp"

#include <bit>

#include "base/log.hpp"

namespace bluetooth::transport {

Statistics H4Session::statistics() const {
    Statistics all = statistics_;
    all.oversized_packets = framer_.oversized_packets();
    all.sync_losses = framer_.sync_losses();
    all.octets_discarded = framer_.octets_discarded();
    return all;
}

void H4Session::hand_over() {
    drained_ = false;
    bool delivered = false;
    while (!paused_ && !closed_ && !drained_) {
        const H4Framer::Item item = framer_.next();
        switch (item.outcome) {
        case H4Framer::Outcome::packet:
            ++statistics_.packets_received;
            delivered = true;
            receiver_->on_packet(item.type, item.bytes);
            break;
        case H4Framer::Outcome::sync_lost:
            // Whoever sends nothing but garbage does not fill the log: a line for each doubling.
            if (std::has_single_bit(framer_.sync_losses()))
                log::warn("transport", name_, ": lost synchronisation at ", to_hex(item.bytes),
                          framer_.sync_losses() == 1 ? "" : "; again");
            delivered = true;
            receiver_->on_sync_lost(item.bytes);
            break;
        case H4Framer::Outcome::need_more: drained_ = true; break;
        }
    }
    if (delivered && !closed_) receiver_->on_batch_end();
}

}  // namespace bluetooth::transport
