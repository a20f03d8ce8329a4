// SPDX-License-Identifier: MIT
#include "bluetooth/l2cap_channel.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "bluetooth/adapter.hpp"
#include "bluetooth/ble.hpp"
#include "bluetooth/channel_observer.hpp"
#include "transport/handler_slot.hpp"

namespace bluetooth {
namespace {

const error_code aborted = asio::error::operation_aborted;

/// For operations that do not begin, which need not be fast.
template <class Handler>
void refuse(const asio::any_io_executor& executor, Handler&& handler, const error_code& error) {
    asio::post(executor, asio::append(std::forward<Handler>(handler), error, std::size_t{0}));
}

MutableBytes bytes_of(asio::mutable_buffer buffer) {
    return {static_cast<std::uint8_t*>(buffer.data()), buffer.size()};
}
Bytes bytes_of(asio::const_buffer buffer) {
    return {static_cast<const std::uint8_t*>(buffer.data()), buffer.size()};
}

/// The SDUs that had come when the channel ended: the host keeps them no longer than that.
class Remainder {
public:
    void push(std::vector<std::uint8_t> sdu) { sdus_.push_back(std::move(sdu)); }

    std::size_t receive(MutableBytes into) {
        std::size_t count = 0;
        while (first_ < sdus_.size() && count < into.size()) {
            count += copy_to(into.subspan(count));
            if (offset_ == sdus_[first_].size()) drop_first();
        }
        return count;
    }
    /// The size of the first SDU, or of its unread rest, which is moved out.
    std::optional<std::size_t> receive_sdu(MutableBytes into) {
        if (first_ == sdus_.size()) return std::nullopt;
        const std::size_t size = sdus_[first_].size() - offset_;
        copy_to(into);
        drop_first();
        return size;
    }

private:
    std::size_t copy_to(MutableBytes into) {
        const Bytes unread = Bytes{sdus_[first_]}.subspan(offset_);
        const std::size_t count = std::min(unread.size(), into.size());
        std::ranges::copy(unread.first(count), into.begin());
        offset_ += count;
        return count;
    }
    void drop_first() {
        ++first_;
        offset_ = 0;
    }

    std::vector<std::vector<std::uint8_t>> sdus_;
    std::size_t first_ = 0;
    std::size_t offset_ = 0;  // of what is unread in the first one
};

}  // namespace

/// The channel itself. It stays where it is while the object that shows it moves, and completions
/// on their way keep it alive.
class L2capChannel::Core final : public ChannelObserver, public std::enable_shared_from_this<Core> {
public:
    Core(Host& host, executor_type executor, ConnectionHandle connection, ChannelId id)
        : host_(&host), executor_(std::move(executor)), connection_(connection), id_(id) {}

    bool is_open() const { return host_ != nullptr; }
    void start_read_some(MutableBytes into, Handler handler);
    void start_receive(MutableBytes into, Handler handler);
    void start_write_some(std::span<const asio::const_buffer> parts, Handler handler);
    void start_send(Bytes sdu, Handler handler);
    void cancel();
    void close();
    void abandon();

    // ChannelObserver: called inside the host's turn, so everything that follows is posted.
    void on_received() override { continue_reading(); }
    void on_send_ready() override;
    void on_closed(error_code error) override;

private:
    /// A read or a write. There is one of each, so each has memory for its completion.
    struct Operation {
        Handler handler;  // none: it is not pending
        asio::cancellation_slot cancellation{};
        std::size_t count = 0;  // octets moved
        bool taken = false;     // a write's SDU, by the host: it is under way, or waits for credits
        transport::HandlerSlot memory{};

        /// `total` alone asks for an end without side effects: not of what has had one.
        bool ends_by(asio::cancellation_type type) const {
            using enum asio::cancellation_type;
            return (type & (taken ? terminal | partial : terminal | partial | total)) != none;
        }
    };
    struct Completion;

    bool begin(Operation& operation, Handler& handler);
    void finish(Operation& operation, const error_code& error);
    void continue_reading();
    std::size_t receive(MutableBytes into);
    std::optional<std::size_t> receive_sdu(MutableBytes into);
    std::size_t longest_sdu() const;
    Bytes join(std::span<const asio::const_buffer> parts, std::size_t limit);
    void try_sending();

    Host* host_;  // while the channel is open; the host tells of its end before its own
    executor_type executor_;
    ConnectionHandle connection_;
    ChannelId id_;
    bool abandoned_ = false;         // its object is gone
    std::shared_ptr<Core> closing_;  // itself: it stays the observer until the channel has ended

    Operation read_;
    MutableBytes into_;
    bool whole_sdu_ = false;
    Remainder remainder_;
    error_code read_end_;  // what reading ends with behind the remainder

    Operation write_;
    Bytes sdu_;
    std::vector<std::uint8_t> joined_;
    error_code write_end_;
};

/// What is posted at the end of an operation; the handler goes on to its own executor.
struct L2capChannel::Core::Completion {
    using allocator_type = transport::SlotAllocator<void>;

    std::shared_ptr<Core> core;
    transport::HandlerSlot* memory;
    Handler handler;
    error_code error;
    std::size_t count;

    allocator_type get_allocator() const { return allocator_type{*memory}; }
    void operator()() { std::move(handler)(core->abandoned_ ? aborted : error, count); }
};

bool L2capChannel::Core::begin(Operation& operation, Handler& handler) {
    if (operation.handler) {
        refuse(executor_, std::move(handler), make_error(errc::already_in_progress));
        return false;
    }
    operation.handler.swap(handler);
    operation.count = 0;
    operation.taken = false;
    operation.cancellation = asio::get_associated_cancellation_slot(operation.handler);
    if (operation.cancellation.is_connected())
        operation.cancellation.assign([this, &operation](asio::cancellation_type type) {
            if (operation.ends_by(type)) finish(operation, aborted);
        });
    return true;
}

/// Harmless when the operation is not pending.
void L2capChannel::Core::finish(Operation& operation, const error_code& error) {
    if (!operation.handler) return;
    if (operation.cancellation.is_connected()) operation.cancellation.clear();
    transport::post_in_slot(
        executor_, Completion{shared_from_this(), &operation.memory, std::move(operation.handler),
                              error, operation.count});
}

// ---- reading

void L2capChannel::Core::start_read_some(MutableBytes into, Handler handler) {
    if (!begin(read_, handler)) return;
    if (into.empty()) return finish(read_, {});
    into_ = into;
    whole_sdu_ = false;
    continue_reading();
}

void L2capChannel::Core::start_receive(MutableBytes into, Handler handler) {
    if (!begin(read_, handler)) return;
    into_ = into;
    whole_sdu_ = true;
    continue_reading();
}

/// Ends a pending read if there is something for it, or never will be.
void L2capChannel::Core::continue_reading() {
    if (!read_.handler) return;
    if (whole_sdu_) {
        if (const auto size = receive_sdu(into_)) {
            read_.count = std::min(*size, into_.size());
            const bool cut = *size > into_.size();
            return finish(read_, cut ? asio::error::message_size : error_code{});
        }
    } else if (const std::size_t count = receive(into_); count > 0) {
        read_.count = count;
        return finish(read_, {});
    }
    if (!is_open()) finish(read_, read_end_);
}

std::size_t L2capChannel::Core::receive(MutableBytes into) {
    if (!is_open()) return remainder_.receive(into);
    error_code ignored;  // none: the channel is there
    return host_->l2cap_receive(connection_, id_, into, ignored);
}

std::optional<std::size_t> L2capChannel::Core::receive_sdu(MutableBytes into) {
    if (!is_open()) return remainder_.receive_sdu(into);
    const auto size = host_->l2cap_next_sdu(connection_, id_);
    if (size) host_->l2cap_receive_sdu(connection_, id_, into);
    return size;
}

// ---- writing

void L2capChannel::Core::start_write_some(std::span<const asio::const_buffer> parts,
                                          Handler handler) {
    if (!begin(write_, handler)) return;
    if (parts.empty()) return finish(write_, {});
    if (!is_open()) return finish(write_, write_end_);
    sdu_ = join(parts, longest_sdu());
    try_sending();
}

void L2capChannel::Core::start_send(Bytes sdu, Handler handler) {
    if (!begin(write_, handler)) return;
    if (!is_open()) return finish(write_, write_end_);
    if (sdu.size() > longest_sdu()) return finish(write_, asio::error::message_size);
    sdu_ = sdu;
    try_sending();
}

/// What `BLE::l2cap_send` takes. Asked for each time, since a peer may raise its MTU.
std::size_t L2capChannel::Core::longest_sdu() const {
    error_code ignored;  // none: the channel is there
    const L2capChannelInfo info = host_->l2cap_info(connection_, id_, ignored);
    return std::min<std::size_t>(info.peer_mtu, std::size_t{2} * info.our_mtu);
}

/// The beginning of `parts`, copied only if it lies in several of them.
Bytes L2capChannel::Core::join(std::span<const asio::const_buffer> parts, std::size_t limit) {
    const Bytes first = bytes_of(parts[0]);
    if (parts.size() == 1 || first.size() >= limit)
        return first.first(std::min(first.size(), limit));
    if (joined_.size() < limit) joined_.resize(limit);
    return Bytes{joined_}.first(asio::buffer_copy(asio::buffer(joined_, limit), parts));
}

void L2capChannel::Core::try_sending() {
    error_code error;
    const bool more = host_->l2cap_send(connection_, id_, sdu_, error);
    write_.taken = !error;
    if (write_.taken) write_.count = sdu_.size();
    // A channel that is stalled, as by a write that was cancelled, or without room becomes ready.
    if (error == errc::busy || error == errc::no_buffers) return;
    if (error || more) finish(write_, error);
}

void L2capChannel::Core::on_send_ready() {
    if (!write_.handler) return;
    if (write_.taken)
        finish(write_, {});
    else
        try_sending();
}

// ---- ends

void L2capChannel::Core::cancel() {
    finish(read_, aborted);
    finish(write_, aborted);
}

void L2capChannel::Core::on_closed(error_code error) {
    if (closing_) return closing_.reset();  // the last call: nothing follows on this object
    Host& host = *std::exchange(host_, nullptr);
    while (const auto size = host.l2cap_next_sdu(connection_, id_)) {
        std::vector<std::uint8_t> sdu(*size);
        host.l2cap_receive_sdu(connection_, id_, sdu);
        remainder_.push(std::move(sdu));
    }
    read_end_ = error ? error : asio::error::eof;
    write_end_ = error ? error : asio::error::broken_pipe;
    write_.count = 0;  // an SDU that was taken is lost
    continue_reading();
    finish(write_, write_end_);
}

void L2capChannel::Core::close() {
    cancel();
    remainder_ = {};
    read_end_ = write_end_ = make_error(errc::not_connected);
    if (Host* const host = std::exchange(host_, nullptr)) {
        closing_ = shared_from_this();
        host->l2cap_disconnect(connection_, id_);
    }
}

void L2capChannel::Core::abandon() {
    abandoned_ = true;
    close();
}

// ---- the object that shows it

L2capChannel::L2capChannel(BLE& ble, ConnectionHandle conn_handle, ChannelId cid)
    : executor_(ble.get_executor()), connection_(conn_handle), id_(cid) {
    error_code error;
    take_over(ble, error);
    if (error) throw system_error{error, "L2capChannel"};
}

L2capChannel::L2capChannel(BLE& ble, ConnectionHandle conn_handle, ChannelId cid, error_code& error)
    : executor_(ble.get_executor()), connection_(conn_handle), id_(cid) {
    take_over(ble, error);
}

void L2capChannel::take_over(BLE& ble, error_code& error) {
    Host& host = ble.adapter_->host;
    auto core = std::make_shared<Core>(host, executor_, connection_, id_);
    error = host.observe_channel(connection_, id_, *core);
    if (!error) core_ = std::move(core);
}

// The executor stays with both: operations on what was moved from end through it.
L2capChannel::L2capChannel(L2capChannel&& other) noexcept
    : executor_(other.executor_),
      connection_(other.connection_),
      id_(other.id_),
      core_(std::move(other.core_)) {}

L2capChannel& L2capChannel::operator=(L2capChannel&& other) noexcept {
    if (this == &other) return *this;
    abandon();
    executor_ = other.executor_;
    connection_ = other.connection_;
    id_ = other.id_;
    core_ = std::move(other.core_);
    return *this;
}

L2capChannel::~L2capChannel() { abandon(); }

void L2capChannel::abandon() {
    if (core_) core_->abandon();
}

bool L2capChannel::is_open() const { return core_ && core_->is_open(); }

void L2capChannel::start_read_some(asio::mutable_buffer buffer, Handler handler) {
    if (!core_) return refuse(executor_, std::move(handler), make_error(errc::not_connected));
    core_->start_read_some(bytes_of(buffer), std::move(handler));
}
void L2capChannel::start_receive(asio::mutable_buffer buffer, Handler handler) {
    if (!core_) return refuse(executor_, std::move(handler), make_error(errc::not_connected));
    core_->start_receive(bytes_of(buffer), std::move(handler));
}
void L2capChannel::start_write_some(std::span<const asio::const_buffer> parts, Handler handler) {
    if (!core_) return refuse(executor_, std::move(handler), make_error(errc::not_connected));
    core_->start_write_some(parts, std::move(handler));
}
void L2capChannel::start_send(asio::const_buffer sdu, Handler handler) {
    if (!core_) return refuse(executor_, std::move(handler), make_error(errc::not_connected));
    core_->start_send(bytes_of(sdu), std::move(handler));
}

void L2capChannel::cancel() {
    if (core_) core_->cancel();
}
void L2capChannel::close() {
    if (core_) core_->close();
}

}  // namespace bluetooth
