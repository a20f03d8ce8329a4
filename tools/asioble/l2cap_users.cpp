// SPDX-License-Identifier: MIT
#include "tools/asioble/l2cap_users.hpp"

#include <algorithm>

#include "tools/asioble/decoded_values.hpp"

namespace bluetooth::tool {
namespace {

/// Of an SDU that is printed for a person.
constexpr std::size_t most_octets_shown = 64;

}  // namespace

void ShowingUser::on_sdu() {
    Octets sdu(channel_.available());
    channel_.read(MutableBytes{sdu});
    out_.tell(channel_label(out_, channel_.connection(), channel_.cid()) +
                  describe_value({}, Bytes{sdu}, most_octets_shown),
              channel_record("received", channel_.connection(), channel_.cid())
                  .add("value", to_hex(Bytes{sdu})));
}

void ShowingUser::send_rest() {
    while (sent_ < to_send_.size() && !channel_.stalled()) {
        const Bytes rest = Bytes{to_send_[sent_]}.subspan(part_);
        const std::size_t size = std::min(rest.size(), channel_.max_sdu());
        channel_.send(rest.first(size));
        ++sdus_;
        part_ += size;
        if (size < rest.size()) continue;
        ++sent_;
        part_ = 0;
    }
}

void EchoingUser::on_sdu() {
    const std::size_t size = channel_.available() - waiting_;
    sizes_.push_back(size);
    waiting_ += size;
    send_back();
}

// While the channel is stalled nothing is read, so the peer gets no credits: nothing piles up.
void EchoingUser::send_back() {
    while (!sizes_.empty() && !channel_.stalled()) {
        const std::size_t size = std::min(sizes_.front(), channel_.max_sdu());
        sdu_.resize(size);
        channel_.read(MutableBytes{sdu_});
        channel_.send(Bytes{sdu_});
        waiting_ -= size;
        sizes_.front() -= size;
        if (sizes_.front() == 0) sizes_.pop_front();
    }
}

}  // namespace bluetooth::tool
