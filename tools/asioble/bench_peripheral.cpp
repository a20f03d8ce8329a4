// SPDX-License-Identifier: MIT
#include "bluetooth/advertising_data.hpp"
#include "tools/asioble/bench.hpp"

namespace bluetooth::tool {
namespace {

using namespace std::chrono_literals;

class PeripheralBench : public Bench {
public:
    using Bench::Bench;

protected:
    Result measure() final {
        device_.activate();
        device_->config(config::mtu{bench_mtu});
        const std::array services{Service{
            bench_service,
            {Characteristic{
                bench_value, FLAG_READ | FLAG_WRITE | FLAG_WRITE_NO_RESPONSE | FLAG_NOTIFY, {}}}}};
        handle_ = device_->gatts_register_services(services)[0][0];
        device_->gatts_set_buffer(handle_, std::max<std::size_t>(arguments_.size, 20));
        device_->gatts_write(handle_, Octets(arguments_.size));
        on_event([this](const Event& event) { return handle(event); });
        AdvertisingData data;
        data.flags().services({bench_service});
        device_->gap_advertise(30ms, data);
        out_.say("Waiting for a central ...");
        loop_.run();
        return result();
    }

    /// An operation, or the first sign of one.
    virtual bool operate(const Event& event) = 0;
    virtual void on_connected() {}
    virtual Result result() const = 0;

    ConnectionHandle connection_{};
    AttributeHandle handle_{};

private:
    bool handle(const Event& event) {
        if (operate(event)) return true;
        if (const auto* connect = std::get_if<CentralConnect>(&event)) {
            connection_ = connect->conn_handle;
            measuring_ = true;
            start_clock();
            on_connected();
            return true;
        }
        if (std::holds_alternative<CentralDisconnect>(event)) {
            stop_clock();
            loop_.stop();
            return true;
        }
        return false;
    }
};

/// Sends notifications.
class NotifyPeripheral final : public PeripheralBench {
public:
    NotifyPeripheral(const Options& options, const BenchArguments& arguments)
        : PeripheralBench(options, arguments),
          queue_(std::min<std::uint32_t>(arguments.count, config::send_queue{}.value)) {
        device_->config(config::send_queue{static_cast<std::uint16_t>(queue_)});
    }

private:
    bool operate(const Event& event) override {
        if (!std::holds_alternative<SendReady>(event)) return false;
        if (sent_ > 0) send();
        return true;
    }
    void on_connected() override { await_subscription(); }

    /// No event tells of a subscription, but an update is sent to none but subscribers. So, while
    /// nothing comes from the central that could need an answer, the first value is offered until
    /// it leaves.
    void await_subscription() {
        const Statistics before = device_->statistics();
        poll_.expires_after(10ms);
        poll_.async_wait([this, before](error_code aborted) {
            if (aborted) return;
            if (device_->statistics().packets_received != before.packets_received)
                return await_subscription();
            put_counter(value_, 0);
            error_code error;
            device_->gatts_write(handle_, value_, true, error);
            expect(error, "gatts_write");
            // Behind what the call has posted.
            asio::post(loop_.context(), [this, before] {
                const Statistics after = device_->statistics();
                if (after.packets_received != before.packets_received ||
                    after.packets_sent == before.packets_sent)
                    return await_subscription();
                sent_ = 1;
                start_clock();
                send();
            });
        });
    }
    void send() {
        error_code error;
        while (sent_ < arguments_.count) {
            put_counter(value_, sent_);
            device_->gatts_notify(connection_, handle_, Bytes{value_}, error);
            if (error) {
                if (error != errc::no_buffers) expect(error, "gatts_notify");
                return;  // SendReady goes on
            }
            ++sent_;
        }
    }
    std::uint32_t progress() const override { return sent_; }
    Result result() const override { return {sent_, std::uint64_t{sent_} * value_.size(), 0, 0}; }

    const std::uint32_t queue_;  // how many values may wait
    asio::steady_timer poll_{loop_.context()};
    Octets value_ = Octets(arguments_.size);
    std::uint32_t sent_ = 0;
};

/// Is written to.
class WritePeripheral final : public PeripheralBench {
public:
    using PeripheralBench::PeripheralBench;

private:
    bool operate(const Event& event) override {
        const auto* const write = std::get_if<GattsWrite>(&event);
        if (write == nullptr) return false;
        if (checker_.received() == 0) start_clock();
        checker_.check(device_->gatts_read(write->value_handle));
        return true;
    }
    std::uint32_t progress() const override { return checker_.received(); }
    Result result() const override {
        const std::uint32_t missing =
            arguments_.count - std::min(arguments_.count, checker_.received());
        return {checker_.received(), checker_.octets(), missing, checker_.reordered()};
    }

    Checker checker_;
};

/// Is read from.
class ReadPeripheral final : public PeripheralBench {
public:
    using PeripheralBench::PeripheralBench;

private:
    bool operate(const Event& event) override {
        if (!std::holds_alternative<GattsReadRequest>(event)) return false;
        if (reads_++ == 0) start_clock();
        return true;
    }
    std::uint32_t progress() const override { return reads_; }
    Result result() const override {
        return {reads_, std::uint64_t{reads_} * arguments_.size, 0, 0};
    }

    std::uint32_t reads_ = 0;
};

}  // namespace

std::unique_ptr<Bench> make_bench_peripheral(const Options& options,
                                             const BenchArguments& arguments) {
    if (arguments.operation == "notify")
        return std::make_unique<NotifyPeripheral>(options, arguments);
    if (arguments.operation == "write")
        return std::make_unique<WritePeripheral>(options, arguments);
    return std::make_unique<ReadPeripheral>(options, arguments);
}

}  // namespace bluetooth::tool
