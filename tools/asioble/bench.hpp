// SPDX-License-Identifier: MIT
//
// asioble bench: one side of a measurement between two processes. The protocol is fixed, so that
// any other stack can take the other side:
//
// * Service 0xFF10 has one characteristic 0xFF11: read, write, write without response, notify. The
//   peripheral advertises 0xFF10; the central connects to the first it finds, asks for an ATT MTU
//   of 247, and disconnects at the end.
// * notify: the central writes 1 to the CCCD; the peripheral then sends N values as fast as the
//   controller takes them. write: the central sends N values by Write Command. Octets 0 to 3 of
//   each value count from 0, little-endian; the receiver checks them.
// * read: the central reads the value N times, one after the other.
// * coc: no GATT; the peripheral listens on PSM 0x0080, with an MTU of 512 and an MPS of 247 as the
//   central. The central opens a channel, sends N SDUs that count as above, closes the channel, and
//   disconnects.
#pragma once

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>

#include "tools/asioble/device.hpp"
#include "tools/asioble/measurement.hpp"
#include "tools/asioble/output.hpp"
#include "tools/asioble/text.hpp"

namespace bluetooth::tool {

inline constexpr UUID bench_service{0xff10};
inline constexpr UUID bench_value{0xff11};
inline constexpr std::uint16_t bench_mtu = 247;
inline constexpr Psm bench_psm{0x0080};
inline constexpr std::uint16_t bench_sdu_mtu = 512;
inline constexpr L2capOptions bench_channel{.mps = 247};

struct BenchArguments {
    std::string operation;
    std::string role;
    std::uint32_t count = 10'000;
    std::size_t size = 0;
};

struct Result {
    std::uint64_t operations = 0;
    std::uint64_t octets = 0;
    std::uint32_t lost = 0;
    std::uint32_t reordered = 0;
};

/// The counter at the beginning of each value.
inline void put_counter(MutableBytes value, std::uint32_t counter) {
    for (std::size_t i = 0; i < 4; ++i) value[i] = static_cast<std::uint8_t>(counter >> (8 * i));
}

/// Makes the values and counts those that have been sent.
class Sender {
public:
    explicit Sender(const BenchArguments& arguments)
        : value_(arguments.size), count_(arguments.count) {}

    /// Hands one value after the other to `send`, until all are sent or one is refused.
    template <class Send> error_code send_rest(Send&& send) {
        for (; sent_ < count_; ++sent_) {
            put_counter(value_, sent_);
            if (const error_code error = send(Bytes{value_})) return error;
        }
        return {};
    }
    std::uint32_t sent() const { return sent_; }
    Result result() const { return {sent_, std::uint64_t{sent_} * value_.size(), 0, 0}; }

private:
    Octets value_;
    std::uint32_t count_;
    std::uint32_t sent_ = 0;
};

/// Checks the counters of values as they come.
class Checker {
public:
    void check(Bytes value) {
        if (value.size() < 4) [[unlikely]] {
            ++short_values_;
            return;
        }
        const std::uint32_t counter = value[0] | static_cast<std::uint32_t>(value[1]) << 8 |
                                      static_cast<std::uint32_t>(value[2]) << 16 |
                                      static_cast<std::uint32_t>(value[3]) << 24;
        octets_ += value.size();
        ++received_;
        if (counter < next_) [[unlikely]]
            ++reordered_;
        else
            next_ = counter + 1;
    }
    std::uint32_t received() const { return received_; }
    std::uint32_t next() const { return next_; }
    /// Of values of which `expected` were sent.
    Result result(std::uint32_t expected) const {
        return {received_, octets_, expected - std::min(expected, received_),
                reordered_ + short_values_};
    }

private:
    std::uint32_t next_ = 0;
    std::uint32_t received_ = 0;
    std::uint32_t reordered_ = 0;
    std::uint32_t short_values_ = 0;
    std::uint64_t octets_ = 0;
};

/// Common to all sides. Handlers call `start_clock` and `stop_clock`; in between nothing is
/// allocated and nothing formatted.
class Bench {
public:
    Bench(const Options& options, const BenchArguments& arguments)
        : arguments_(arguments), out_(options.json), device_(loop_, options) {}
    virtual ~Bench() = default;

    void run();

protected:
    virtual Result measure() = 0;
    /// Grows with every operation; for the watchdog.
    virtual std::uint32_t progress() const = 0;

    void start_clock() { begin_ = Usage::now(); }
    void stop_clock() { end_ = Usage::now(); }
    /// Ends the run when `error` is one.
    void expect(const error_code& error, const char* what) {
        if (error) [[unlikely]]
            loop_.fail(std::string{what} + ": " + error.message());
    }
    /// Installs the handler of the measured part. `handle` takes an event and says whether it knew
    /// what to do; others are looked at here.
    template <class Handle> void on_event(Handle&& handle) {
        device_->irq([this, handle = std::forward<Handle>(handle)](const Event& event) mutable {
            if (handle(event)) return;
            if (std::string message = fatal_message(event); !message.empty())
                loop_.fail(std::move(message));
        });
    }

    const BenchArguments& arguments_;
    Loop loop_;
    Output out_;
    Watchdog watchdog_{loop_, [this] { return progress(); }, "operations"};
    Device device_;

private:
    void report(const Result& result) const;

    Usage begin_;
    Usage end_;
};

std::unique_ptr<Bench> make_bench_peripheral(const Options& options,
                                             const BenchArguments& arguments);
std::unique_ptr<Bench> make_bench_central(const Options& options, const BenchArguments& arguments);

}  // namespace bluetooth::tool
