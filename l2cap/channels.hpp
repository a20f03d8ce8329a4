// SPDX-License-Identifier: MIT
//
// The credit-based channels of one link (Vol 3 Part A 4.22 to 4.28, 10.1, 10.2).
//
//   channels.cpp           the table of channels; data in both directions
//   channel_opening.cpp    connecting, by either side
//   channel_closing.cpp    disconnecting, by either side
//   channel_changes.cpp    reconfiguration and credits
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "base/buffer.hpp"
#include "l2cap/channel.hpp"
#include "l2cap/context.hpp"
#include "l2cap/listeners.hpp"
#include "l2cap/requests.hpp"

namespace bluetooth::l2cap {

/// What the channels of a link are given; it outlives them.
struct ChannelResources {
    const Listeners& listeners;
    const LinkSecurity& security;
    BufferPool& buffers;  ///< for what is sent; of this link alone, so that none starves another
};

/// What peers did against the rules, or too late.
struct ChannelCounters {
    std::uint32_t not_open = 0;    ///< K-frames and credits for channels that are not, or no more
    std::uint32_t violations = 0;  ///< channels closed for what their peer sent

    std::uint64_t total() const { return std::uint64_t{not_open} + violations; }
};

class Channels {
public:
    /// The dynamic CIDs of LE-U (2.1, Table 2.3).
    static constexpr std::uint16_t first_cid = 0x0040;
    static constexpr std::uint16_t last_cid = 0x007f;
    static constexpr bool is_dynamic(Cid cid) {
        return static_cast<std::uint16_t>(cid) >= first_cid &&
               static_cast<std::uint16_t>(cid) <= last_cid;
    }
    /// How long the application may think about a peer's request, and how long once it has asked
    /// for time; then the request is refused. The peer gives up by itself within 60 s (6.2.1).
    static constexpr std::chrono::seconds answer_timeout{5};
    static constexpr std::chrono::seconds deferral_timeout{30};
    /// How many requests of the peer may wait for answers.
    static constexpr std::size_t max_incoming = 4;

    Channels(const ChannelResources& resources, Requests& requests)
        : resources_(resources), requests_(requests) {}
    Channels(const Channels&) = delete;
    Channels& operator=(const Channels&) = delete;

    // ---- what the application does. `invalid_argument`: there is no such channel, or it is not in
    // the state for it.

    /// Opens as many channels as `cids` has places, and puts their names there: one in mode `le`,
    /// up to five in mode `enhanced`. `ChannelOpened` or `ChannelClosed` follows for each. Errors:
    /// `invalid_argument`, `no_buffers` (no CID is free, or too many requests wait).
    error_code connect(LinkContext& ctx, Mode mode, Spsm spsm, const ChannelParameters& ours,
                       Delivery delivery, std::span<Cid> cids);
    /// Answers `ChannelRequested`; `no_such_procedure`: there is nothing to answer (any more).
    error_code answer(LinkContext& ctx, Cid cid, ConnectionResult result);
    /// Asks for more time for that.
    error_code defer(LinkContext& ctx, Cid cid);
    /// Tells the peer of another MTU and MPS of ours for enhanced channels, at most five:
    /// `ChannelReconfigured` follows for each. Errors: `invalid_argument` (smaller MTU; smaller MPS
    /// for several, 4.27), `already_in_progress`, `no_buffers`.
    error_code reconfigure(LinkContext& ctx, std::span<const Cid> cids, std::uint16_t mtu,
                           std::uint16_t mps);
    /// Closes a channel once what the peer's credits allow has been sent: `ChannelClosed`.
    error_code disconnect(LinkContext& ctx, Cid cid);

    /// Queues an SDU, which `pump` sends; see `SduSender::send`. `SendReady` follows when the
    /// channel is then `stalled`, or after `no_buffers`. `invalid_argument` also: longer than the
    /// peer's MTU.
    error_code send(Cid cid, Bytes sdu);
    error_code send(Cid cid, Buffer&& sdu);
    /// The channel whose receiver may be read from, also one that has ended, until `release`; null
    /// when there is none. The caller tells `on_read` afterwards.
    Channel* readable(Cid cid);
    /// Room has become free in the channel's receiver: the peer may be due credits.
    void on_read(const Channel& channel) {
        if (channel.is_open() && channel.receiver.credits_due() != 0) work_ = true;
    }
    /// The application has heard of `ChannelClosed`: the name may be used again.
    void release(Cid cid);

    Channel* find(Cid cid) {
        // Below the first it wraps, beyond any table.
        const auto index = static_cast<std::size_t>(cid) - first_cid;
        return index < channels_.size() ? channels_[index].get() : nullptr;
    }
    /// Channels to an SPSM that are open, or on their way to that or to their end.
    std::size_t count(Spsm spsm) const;
    const ChannelCounters& counters() const { return counters_; }

    // ---- inputs

    /// A whole K-frame.
    void receive(LinkContext& ctx, Cid cid, Bytes frame);
    /// One that comes in pieces: its size; then, if that was true, the pieces, and the end, or that
    /// the rest will not come, which the channel does not survive.
    bool begin_frame(LinkContext& ctx, Cid cid, std::size_t size);
    void append(LinkContext& ctx, Cid cid, Bytes piece);
    void end_frame(LinkContext& ctx, Cid cid);
    void abort_frame(LinkContext& ctx, Cid cid);

    /// Whether `pump` has something to send.
    bool has_work() const { return work_; }
    /// Sends credits and K-frames, one of each channel in turn, at most `budget`; returns how many.
    std::size_t pump(LinkContext& ctx, std::size_t budget);

    void handle(LinkContext& ctx, Identifier identifier,
                const LeCreditBasedConnectionRequest& request);
    void handle(LinkContext& ctx, Identifier identifier,
                const CreditBasedConnectionRequest& request);
    void handle(LinkContext& ctx, Identifier identifier, const DisconnectionRequest& request);
    void handle(LinkContext& ctx, Identifier identifier,
                const CreditBasedReconfigureRequest& request);
    void handle(LinkContext& ctx, const FlowControlCreditIndication& credits);
    // Responses to requests of ours. False: nothing waits for such a response.
    bool handle(LinkContext& ctx, Identifier identifier,
                const LeCreditBasedConnectionResponse& response);
    bool handle(LinkContext& ctx, Identifier identifier,
                const CreditBasedConnectionResponse& response);
    bool handle(LinkContext& ctx, Identifier identifier, const DisconnectionResponse& response);
    bool handle(LinkContext& ctx, Identifier identifier,
                const CreditBasedReconfigureResponse& response);
    /// Our request was rejected (`not_supported`) or not answered (`timed_out`).
    void on_request_failed(LinkContext& ctx, Identifier identifier, error_code error);

    void on_timer(LinkContext& ctx);
    void on_disconnected(LinkContext& ctx);

private:
    using State = Channel::State;

    /// A request of the peer that the application is deciding on.
    struct Incoming {
        Identifier identifier = 0;  // 0: a free place
        Mode mode = Mode::le;
        std::uint8_t count = 0;
        std::uint8_t undecided = 0;
        std::array<Cid, max_channels_per_request> cids{};  // null for those that are refused
        ConnectionResult refusal{};                        // of these
        Time deadline = never;
    };

    Channel* allocate(State state, Mode mode, Spsm spsm, const ChannelParameters& ours,
                      Delivery delivery);
    Channel* find_open(Cid cid);
    Channel* find_remote(Cid cid);

    // channels.cpp
    std::size_t serve(LinkContext& ctx, Channel& channel, std::size_t budget);
    static void announce_room(LinkContext& ctx, Channel& channel, const BufferPool& buffers);
    void finish_frame(LinkContext& ctx, Channel& channel);
    void count_not_open(std::string_view what);
    void violate(LinkContext& ctx, Channel& channel, std::string_view what);

    // channel_opening.cpp
    struct Opening;
    void open_requested(LinkContext& ctx, const Opening& opening, std::span<const Cid> source_cids);
    ConnectionResult refusal_of(const Opening& opening, const Listener* listener) const;
    Cid add_requested(LinkContext& ctx, const Opening& opening, const Listener& listener,
                      Cid source_cid, ConnectionResult& refusal);
    Incoming* incoming_of(Cid cid);
    void respond(LinkContext& ctx, Incoming& incoming);
    bool send_response(LinkContext& ctx, const Incoming& incoming);
    void on_connected(LinkContext& ctx, Channel& channel, Cid remote,
                      const ChannelParameters& peers, ConnectionResult result);
    void open(LinkContext& ctx, Channel& channel, const ChannelParameters& peers);

    // channel_closing.cpp
    void ask_to_disconnect(LinkContext& ctx, Channel& channel, error_code error);
    void close(LinkContext& ctx, Channel& channel, error_code error);

    // channel_changes.cpp
    ReconfigureResult judge(const CreditBasedReconfigureRequest& request);
    void finish_reconfiguration(LinkContext& ctx, Identifier identifier, error_code error);
    static void report_reconfiguration(LinkContext& ctx, const Channel& channel, error_code error);

    ChannelResources resources_;
    Requests& requests_;
    std::vector<std::unique_ptr<Channel>> channels_;  // by CID; never shorter again
    std::size_t turn_ = 0;                            // whose frame goes next
    bool work_ = false;
    std::array<Incoming, max_incoming> incoming_{};
    ChannelCounters counters_;
};

}  // namespace bluetooth::l2cap
