// SPDX-License-Identifier: MIT
#include "tools/asioble/bench.hpp"
#include "tools/asioble/central.hpp"

namespace bluetooth::tool {
namespace {

using namespace std::chrono_literals;

/// Connects, carries the operation out and disconnects.
class CentralBench : public Bench {
public:
    CentralBench(const Options& options, const BenchArguments& arguments)
        : Bench(options, arguments), central_(loop_, device_.ble()) {}

protected:
    Result measure() final {
        device_.on_event([this](const Event& event) { central_.on_event(event); });
        device_.activate();
        const auto found = central_.find(
            [](const ScanResult& result) {
                return AdvertisingDataView{result.adv_data}.has_service(bench_service);
            },
            60s);
        if (!found)
            throw Failure{"nobody advertises 0xFF10: start the side with --role peripheral first"};
        central_.connect(found->type, found->address, 10s);
        connection_ = central_.connection();
        prepare();

        on_event([this](const Event& event) {
            if (operate(event)) return true;
            central_.on_event(event);
            if (std::holds_alternative<PeripheralDisconnect>(event)) finish();
            return false;
        });
        watchdog_.start();
        start_clock();
        start();
        loop_.run();
        const Result outcome = result();
        central_.disconnect();
        return outcome;
    }

    /// What there is to do before the clock starts.
    virtual void prepare() = 0;
    virtual bool operate(const Event& event) = 0;
    virtual void start() = 0;
    virtual Result result() const = 0;
    void finish() {
        stop_clock();
        watchdog_.stop();
        loop_.stop();
    }

    Central central_;
    ConnectionHandle connection_{};
};

/// Works with the value 0xFF11.
class ValueBench : public CentralBench {
public:
    using CentralBench::CentralBench;

protected:
    const RemoteCharacteristic* value_ = nullptr;

private:
    void prepare() final {
        const std::uint16_t mtu = central_.exchange_mtu(bench_mtu);
        const std::size_t overhead = arguments_.operation == "read" ? 1 : 3;
        if (arguments_.size + overhead > mtu)
            throw Failure{"the peer agreed to an ATT MTU of " + std::to_string(mtu) +
                          " only: take a smaller --size"};
        services_ = central_.discover();
        value_ = &find_value();
    }
    const RemoteCharacteristic& find_value() const {
        for (const RemoteService& service : services_)
            for (const RemoteCharacteristic& found : service.characteristics)
                if (found.uuid.shortest() == bench_value) return found;
        throw Failure{"the peer has no characteristic 0xFF11"};
    }

    std::vector<RemoteService> services_;
};

/// Receives notifications.
class NotifyCentral final : public ValueBench {
public:
    using ValueBench::ValueBench;

private:
    void start() override {
        static constexpr std::array<std::uint8_t, 2> notifications{0x01, 0x00};
        const auto configuration = value_->configuration();
        if (!configuration) throw Failure{"0xFF11 has no CCCD"};
        device_->gattc_write(connection_, *configuration, notifications, true);
    }
    bool operate(const Event& event) override {
        const auto* const notify = std::get_if<GattcNotify>(&event);
        if (notify == nullptr) return false;
        if (checker_.received() == 0) start_clock();
        checker_.check(notify->data);
        if (checker_.next() == arguments_.count) finish();
        return true;
    }
    std::uint32_t progress() const override { return checker_.received(); }
    Result result() const override { return checker_.result(arguments_.count); }

    Checker checker_;
};

/// Sends write commands.
class WriteCentral final : public ValueBench {
public:
    using ValueBench::ValueBench;

private:
    void start() override { send(); }
    bool operate(const Event& event) override {
        if (std::holds_alternative<SendReady>(event)) {
            send();
            return true;
        }
        if (!std::holds_alternative<GattcReadDone>(event)) return false;
        finish();
        return true;
    }
    void send() {
        error_code error = values_.send_rest([this](Bytes value) {
            error_code refused;
            device_->gattc_write(connection_, value_->value_handle, value, false, refused);
            return refused;
        });
        if (error == errc::no_buffers) return;  // SendReady goes on
        expect(error, "gattc_write");
        // When this is answered all the commands before it have arrived.
        device_->gattc_read(connection_, value_->value_handle, error);
        expect(error, "gattc_read");
    }
    std::uint32_t progress() const override { return values_.sent(); }
    Result result() const override { return values_.result(); }

    Sender values_{arguments_};
};

/// Reads.
class ReadCentral final : public ValueBench {
public:
    using ValueBench::ValueBench;

private:
    void start() override { read(); }
    bool operate(const Event& event) override {
        if (const auto* result = std::get_if<GattcReadResult>(&event)) {
            octets_ += result->data.size();
            return true;
        }
        const auto* const done = std::get_if<GattcReadDone>(&event);
        if (done == nullptr) return false;
        expect(done->error, "reading");
        ++reads_;
        if (reads_ < arguments_.count)
            read();
        else
            finish();
        return true;
    }
    void read() {
        error_code error;
        device_->gattc_read(connection_, value_->value_handle, error);
        expect(error, "gattc_read");
    }
    std::uint32_t progress() const override { return reads_; }
    Result result() const override { return {reads_, octets_, 0, 0}; }

    std::uint32_t reads_ = 0;
    std::uint64_t octets_ = 0;
};

/// Sends SDUs on a channel.
class ChannelCentral final : public CentralBench {
public:
    using CentralBench::CentralBench;

private:
    void prepare() override {
        std::optional<error_code> outcome;
        device_.on_event([&](const Event& event) {
            central_.on_event(event);
            if (std::holds_alternative<L2capConnect>(event)) outcome = error_code{};
            if (const auto* failed = std::get_if<L2capDisconnect>(&event)) outcome = failed->error;
        });
        cid_ = device_->l2cap_connect(connection_, bench_psm, bench_sdu_mtu, bench_channel);
        loop_.run_until([&] { return outcome.has_value(); });
        if (*outcome) throw Failure{"no channel on PSM 0x0080: " + outcome->message()};
    }
    void start() override { send(); }
    bool operate(const Event& event) override {
        if (std::holds_alternative<L2capSendReady>(event)) {
            ready_ = true;
            send();
            return true;
        }
        const auto* const closed = std::get_if<L2capDisconnect>(&event);
        if (closed == nullptr) return false;
        expect(closed->error, "the channel");
        finish();
        return true;
    }
    void send() {
        const error_code error = values_.send_rest([this](Bytes sdu) {
            if (!ready_) return make_error(errc::busy);
            error_code refused;
            ready_ = device_->l2cap_send(connection_, cid_, sdu, refused);
            return refused;
        });
        if (error != errc::busy && error != errc::no_buffers) expect(error, "l2cap_send");
        // The peer agrees to this when all the SDUs before it have arrived.
        if (ready_) device_->l2cap_disconnect(connection_, cid_);
    }
    std::uint32_t progress() const override { return values_.sent(); }
    Result result() const override { return values_.result(); }

    ChannelId cid_{};
    bool ready_ = true;  // else L2capSendReady goes on
    Sender values_{arguments_};
};

}  // namespace

std::unique_ptr<Bench> make_bench_central(const Options& options, const BenchArguments& arguments) {
    if (arguments.operation == "notify") return std::make_unique<NotifyCentral>(options, arguments);
    if (arguments.operation == "write") return std::make_unique<WriteCentral>(options, arguments);
    if (arguments.operation == "read") return std::make_unique<ReadCentral>(options, arguments);
    return std::make_unique<ChannelCentral>(options, arguments);
}

}  // namespace bluetooth::tool
