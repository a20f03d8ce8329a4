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
        offer();
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
    virtual Result result() const = 0;
    /// Makes ready what the central will ask for: the value 0xFF11.
    virtual void offer() {
        device_->config(config::mtu{bench_mtu});
        const std::array services{Service{
            bench_service,
            {Characteristic{
                bench_value, FLAG_READ | FLAG_WRITE | FLAG_WRITE_NO_RESPONSE | FLAG_NOTIFY, {}}}}};
        handle_ = device_->gatts_register_services(services)[0][0];
        device_->gatts_set_buffer(handle_, std::max<std::size_t>(arguments_.size, 20));
        device_->gatts_write(handle_, Octets(arguments_.size));
    }

    ConnectionHandle connection_{};
    AttributeHandle handle_{};

private:
    bool handle(const Event& event) {
        if (operate(event)) return true;
        if (const auto* connect = std::get_if<CentralConnect>(&event)) {
            connection_ = connect->conn_handle;
            watchdog_.start();
            start_clock();
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
        : PeripheralBench(options, arguments) {
        const auto queue = std::min<std::uint32_t>(arguments.count, config::send_queue{}.value);
        device_->config(config::send_queue{static_cast<std::uint16_t>(queue)});
    }

private:
    bool operate(const Event& event) override {
        if (const auto* subscribe = std::get_if<GattsSubscribe>(&event)) {
            if (subscribe->subscription == Subscription::none) return true;
            // Behind the response to the write that has subscribed.
            asio::post(loop_.context(), [this] {
                start_clock();
                send();
            });
            return true;
        }
        if (!std::holds_alternative<SendReady>(event)) return false;
        send();
        return true;
    }
    void send() {
        const error_code error = values_.send_rest([this](Bytes value) {
            error_code refused;
            device_->gatts_notify(connection_, handle_, value, refused);
            return refused;
        });
        if (error != errc::no_buffers) expect(error, "gatts_notify");  // else SendReady goes on
    }
    std::uint32_t progress() const override { return values_.sent(); }
    Result result() const override { return values_.result(); }

    Sender values_{arguments_};
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
    Result result() const override { return checker_.result(arguments_.count); }

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

/// Receives SDUs.
class ChannelPeripheral final : public PeripheralBench {
public:
    using PeripheralBench::PeripheralBench;

private:
    void offer() override { device_->l2cap_listen(bench_psm, bench_sdu_mtu, bench_channel); }
    bool operate(const Event& event) override {
        const auto* const received = std::get_if<L2capRecv>(&event);
        if (received == nullptr) return false;
        if (checker_.received() == 0) start_clock();
        const std::size_t size =
            device_->l2cap_recvinto(received->conn_handle, received->cid, MutableBytes{sdu_});
        checker_.check(Bytes{sdu_.data(), size});
        return true;
    }
    std::uint32_t progress() const override { return checker_.received(); }
    Result result() const override { return checker_.result(arguments_.count); }

    std::array<std::uint8_t, bench_sdu_mtu> sdu_{};
    Checker checker_;
};

}  // namespace

std::unique_ptr<Bench> make_bench_peripheral(const Options& options,
                                             const BenchArguments& arguments) {
    if (arguments.operation == "notify")
        return std::make_unique<NotifyPeripheral>(options, arguments);
    if (arguments.operation == "write")
        return std::make_unique<WritePeripheral>(options, arguments);
    if (arguments.operation == "read") return std::make_unique<ReadPeripheral>(options, arguments);
    return std::make_unique<ChannelPeripheral>(options, arguments);
}

}  // namespace bluetooth::tool
