// SPDX-License-Identifier: MIT
//
// What the transports that carry H4 have in common.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "base/ring.hpp"
#include "transport/h4.hpp"
#include "transport/transport.hpp"

namespace bluetooth::transport {

/// The packets that wait to be sent, the framer of those that arrive, and the counters of both.
/// Whoever derives from it moves the octets.
class H4Session {
public:
    bool send(Packet&& packet) {
        if (!closed_ && queue_.push(std::move(packet))) return true;
        ++statistics_.sends_refused;
        return false;
    }
    void resynchronise() { framer_.resynchronise(); }
    std::string_view name() const { return name_; }
    Statistics statistics() const;

protected:
    H4Session(H4Framer::Direction direction, std::size_t max_payload, std::size_t queue_capacity,
              std::string name)
        : framer_(direction, max_payload), queue_(queue_capacity), name_(std::move(name)) {}
    ~H4Session() = default;

    /// Hands over the whole packets that the framer holds, up to a pause or `close`: the receiver
    /// may cause either.
    void hand_over();

    H4Framer framer_;
    Ring<Packet> queue_;
    Statistics statistics_;
    std::string name_;
    Receiver* receiver_ = nullptr;
    bool closed_ = false;
    bool paused_ = false;
    bool drained_ = true;  ///< the framer has no whole packet left
};

/// A transport whose session outlives it, when it is destroyed inside a callback.
template <class Session> class SessionTransport final : public Transport {
public:
    explicit SessionTransport(std::shared_ptr<Session> session) : session_(std::move(session)) {}
    ~SessionTransport() override { session_->close(); }

    void start(Receiver& receiver) override { session_->start(receiver); }
    bool send(Packet&& packet) override { return session_->send(std::move(packet)); }
    void flush() override { session_->flush(); }
    void pause_reading() override { session_->pause_reading(); }
    void resume_reading() override { session_->resume_reading(); }
    void resynchronise() override { session_->resynchronise(); }
    void close() override { session_->close(); }
    std::string_view name() const override { return session_->name(); }
    Statistics statistics() const override { return session_->statistics(); }

private:
    std::shared_ptr<Session> session_;
};

}  // namespace bluetooth::transport
