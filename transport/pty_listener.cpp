// SPDX-License-Identifier: MIT
//
// A pty on which hosts drive a controller, one after the other. The system tells a pty's maker when
// the last program has closed the other end, but then reports it without end, and it lets a program
// lock others out for good (TIOCEXCL). So we hold the other end open, and count who else opens and
// closes it. (Equal events that nobody has read yet are told once: should two programs have opened
// it in the same moment, the first to leave counts for both.)
#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.hpp"
#include "transport/h4_listener.hpp"
#include "transport/h4_stream.hpp"
#include "transport/pseudo_terminal.hpp"

namespace bluetooth::transport {
namespace {

class PtyListener;

/// The connection of one host. The stream below cannot see that host leave, the listener can.
class PtyHost final : public Transport {
public:
    PtyHost(std::weak_ptr<PtyListener> listener, std::unique_ptr<Transport> stream)
        : listener_(std::move(listener)), stream_(std::move(stream)) {}
    ~PtyHost() override;

    void start(Receiver& receiver) override {
        receiver_ = &receiver;
        stream_->start(receiver);
    }
    bool send(Packet&& packet) override { return stream_->send(std::move(packet)); }
    void flush() override { stream_->flush(); }
    void pause_reading() override { stream_->pause_reading(); }
    void resume_reading() override { stream_->resume_reading(); }
    void resynchronise() override { stream_->resynchronise(); }
    void close() override {
        receiver_ = nullptr;
        stream_->close();
    }
    std::string_view name() const override { return stream_->name(); }
    Statistics statistics() const override { return stream_->statistics(); }

    /// The receiver may destroy it.
    void lose() {
        Receiver* const receiver = std::exchange(receiver_, nullptr);
        stream_->close();
        if (receiver == nullptr) return;
        const std::string message = std::string{name()} + ": the host has closed it";
        receiver->on_lost(make_error(errc::connection_lost), message);
    }

private:
    std::weak_ptr<PtyListener> listener_;
    std::unique_ptr<Transport> stream_;
    Receiver* receiver_ = nullptr;
};

class PtyListener final : public H4Listener, public std::enable_shared_from_this<PtyListener> {
public:
    PtyListener(const asio::any_io_executor& executor, PseudoTerminal&& pty)
        : events_(executor),
          ours_(std::move(pty.ours)),
          other_(std::make_unique<OtherEnd>(std::move(pty.other))),
          client_name_("serial:" + (other_->link.empty() ? other_->path : other_->link)) {}

    /// From here on the openings and closings of others are counted.
    int watch() {
        const int events = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
        if (events < 0) return errno;
        error_code error;
        events_.assign(events, error);
        if (error) return ::close(events), error.value();
        const int watched = ::inotify_add_watch(events, other_->path.c_str(),
                                                IN_OPEN | IN_CLOSE_WRITE | IN_CLOSE_NOWRITE);
        return watched < 0 ? errno : 0;
    }

    void start(H4Server::ConnectionHandler on_connection) override {
        on_connection_ = std::make_shared<H4Server::ConnectionHandler>(std::move(on_connection));
        wait();
    }

    // A host that is there keeps its connection, and is lost like that of any device.
    void close() override {
        on_connection_.reset();
        error_code ignored;
        events_.close(ignored);
        other_.reset();
        ours_ = FileDescriptor{};
    }

    std::string_view client_name() const override { return client_name_; }

    void forget(const PtyHost& host) {
        if (host_ == &host) host_ = nullptr;
    }

private:
    void wait() {
        events_.async_wait(asio::posix::descriptor_base::wait_read,
                           [self = shared_from_this()](const error_code& error) {
                               if (!error && self->on_connection_) self->take_events();
                           });
    }

    void take_events() {
        alignas(inotify_event) std::array<char, 4096> octets;
        for (;;) {
            const ssize_t size = ::read(events_.native_handle(), octets.data(), octets.size());
            if (size <= 0) break;
            for (std::size_t at = 0; at < static_cast<std::size_t>(size);) {
                inotify_event event;
                std::memcpy(&event, octets.data() + at, sizeof event);
                at += sizeof event + event.len;
                take(event.mask);
                if (!on_connection_) return;
            }
        }
        if (openers_ == 0 && used_) clean();
        wait();
    }

    void take(std::uint32_t mask) {
        if ((mask & IN_OPEN) != 0) {
            if (openers_++ == 0) on_host_came();
        } else if ((mask & IN_Q_OVERFLOW) != 0) {
            openers_ = 0;
            on_host_left();
        } else if (openers_ > 0 && --openers_ == 0) {
            on_host_left();
        }
    }

    void on_host_came() {
        used_ = true;
        H4StreamOptions options;
        options.name = "pty:" + other_->path + '#' + std::to_string(++connections_);
        options.direction = H4Framer::Direction::to_controller;
        FileDescriptor ours{::fcntl(ours_.get(), F_DUPFD_CLOEXEC, 0)};
        if (!ours) return log::warn("transport", client_name_, ": ", system_error_code(errno));
        auto stream = make_h4_stream(events_.get_executor(), std::move(ours), std::move(options));
        if (!stream) return log::warn("transport", stream.error().message);
        auto host = std::make_unique<PtyHost>(weak_from_this(), std::move(*stream));
        host_ = host.get();
        const auto handler = on_connection_;  // outlives a close inside it
        (*handler)(std::move(host));
    }

    void on_host_left() {
        if (PtyHost* const host = std::exchange(host_, nullptr)) host->lose();
    }

    // What a host left behind is not for the next one: octets on the way, its settings, its lock.
    void clean() {
        used_ = false;
        const int terminal = other_->terminal.get();
        (void)::ioctl(terminal, TIOCNXCL);
        (void)make_raw(terminal);
        (void)::tcflush(ours_.get(), TCIOFLUSH);
        (void)::tcflush(terminal, TCIOFLUSH);
    }

    asio::posix::stream_descriptor events_;
    FileDescriptor ours_;
    std::unique_ptr<OtherEnd> other_;
    std::string client_name_;
    std::shared_ptr<H4Server::ConnectionHandler> on_connection_;
    PtyHost* host_ = nullptr;  ///< null where its connection has been given up
    std::size_t openers_ = 0;
    std::uint64_t connections_ = 0;
    bool used_ = false;  ///< somebody had it since the last `clean`
};

PtyHost::~PtyHost() {
    if (const auto listener = listener_.lock()) listener->forget(*this);
}

}  // namespace

Listening listen_pty(const asio::any_io_executor& executor, const std::string& name,
                     std::string_view link) {
    Attempt<PseudoTerminal> made = make_pseudo_terminal(name, link);
    if (!made) return made.error();
    auto listener = std::make_shared<PtyListener>(executor, std::move(*made));
    if (const int error = listener->watch()) {
        listener->close();
        return system_failure(name, error,
                              error == EMFILE || error == ENOSPC
                                  ? "too many files are watched: see fs.inotify in man 7 inotify"
                                  : "the pseudo-terminal cannot be watched");
    }
    return listener;
}

}  // namespace bluetooth::transport
