// SPDX-License-Identifier: MIT
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/buffer.hpp"
#include "base/error.hpp"
#include "base/ring.hpp"
#include "hci/acl.hpp"
#include "hci/codes.hpp"

namespace bluetooth::hci {

/// One ACL packet on its way to the controller, H4 indicator included: the octets of `header`,
/// then those of `payload`. The header is empty where it could be written in front of the data.
struct Fragment {
    std::array<std::uint8_t, 1 + acl_header_size> header{};
    std::uint8_t header_size = 0;
    Buffer payload;
};

/// Whose PDU it is: each link has a queue for both, and takes from them in turn, so that neither
/// makes the other wait.
enum class Traffic : std::uint8_t {
    fixed_channels,    ///< ATT, SMP
    dynamic_channels,  ///< and signalling, whose order with their data matters
};

/// Queues L2CAP PDUs per link, cuts them to the size of the controller's ACL buffers without
/// copying, and deals these buffers out to the links in turn, one fragment each
/// (Vol 4 Part E 4.1).
///
/// A link that has data in the controller leaves one buffer free for each link that has none, up to
/// half of them, so that a peer out of range cannot make the others wait for its supervision
/// timeout.
///
/// A queue that was full does not announce that it has room again: the host asks `room` after
/// packets have left.
class AclScheduler {
public:
    /// How many PDUs of dynamic channels a link may queue. Of data few wait here, as their order is
    /// fixed then; the rest is for answers, as a peer may close all of its 64 channels at once and
    /// open as many.
    static constexpr std::size_t dynamic_limit = 2 * 64 + 16;

    /// Each link may queue `queue_limit` PDUs of fixed channels.
    explicit AclScheduler(std::size_t queue_limit = 16) : queue_limit_(queue_limit) {}

    /// The buffers of the controller, as `ControllerInfo` tells them; forgets all links.
    void configure(std::uint16_t data_packet_length, std::uint16_t data_packet_count);
    /// How many PDUs each link may queue that is added from now on.
    void set_queue_limit(std::size_t queue_limit) { queue_limit_ = queue_limit; }

    void add_link(ConnectionHandle handle);
    /// Drops what is queued. The controller has flushed what it held, and reports none of it as
    /// completed (Vol 4 Part E 4.1.1). False for a link that does not exist.
    bool remove_link(ConnectionHandle handle);

    /// Queues an L2CAP PDU with at least 5 octets of headroom. `no_buffers` when the link's queue
    /// is full, `not_connected` when there is no such link; `pdu` is left alone then.
    error_code submit(ConnectionHandle handle, Buffer&& pdu,
                      Traffic traffic = Traffic::fixed_channels);
    /// How many more PDUs of fixed channels the link takes.
    std::size_t room(ConnectionHandle handle) const;
    /// How many PDUs of this kind wait on the link.
    std::size_t queued(ConnectionHandle handle, Traffic traffic) const;

    /// The next packet that the controller has a buffer for, taken out of the queues.
    bool next(Fragment& fragment);

    /// Number Of Completed Packets: the controller is done with `count` packets of the link. More
    /// than it holds are not counted.
    void on_completed(ConnectionHandle handle, std::uint16_t count);

    /// Completions that named no link, or more packets than were outstanding.
    std::uint64_t wrong_completions() const { return wrong_completions_; }

private:
    struct Link {
        ConnectionHandle handle{};
        Ring<Buffer> queue;                   ///< of fixed channels
        Ring<Buffer> dynamic{dynamic_limit};  ///< of dynamic channels
        std::uint16_t outstanding = 0;
        bool in_use = false;
        bool mid_pdu = false;       ///< the first fragment of a front PDU is out
        bool from_dynamic = false;  ///< where the last fragment came from
    };

    Link* find(ConnectionHandle handle);
    const Link* find(ConnectionHandle handle) const;
    void cut(Link& link, Fragment& fragment);

    std::size_t queue_limit_;
    std::vector<Link> links_;  ///< slots are kept, with their queues' memory
    std::size_t turn_ = 0;     ///< the slot whose turn it is
    std::size_t idle_links_ = 0;
    std::size_t kept_free_ = 0;  ///< for idle links, at most
    std::uint16_t data_packet_length_ = 0;
    std::uint16_t credits_ = 0;
    std::uint64_t wrong_completions_ = 0;
};

}  // namespace bluetooth::hci
