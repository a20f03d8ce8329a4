// SPDX-License-Identifier: MIT
//
// asioble l2cap bench: octets each way through several channels at once, all of them checked.
#include "tools/asioble/l2cap_open.hpp"
#include "tools/asioble/l2cap_transfer.hpp"
#include "tools/asioble/measurement.hpp"

namespace bluetooth::tool {
namespace {

class TransferBench {
public:
    TransferBench(const Options& options, const OpenArguments& arguments)
        : arguments_(arguments),
          opener_(loop_, options, arguments,
                  {.use = [this](ChannelEnd channel) { return use(std::move(channel)); },
                   .on_refused =
                       [this](const L2capDisconnect& refusal) {
                           loop_.fail("not all channels were opened: " + reason_of(refusal));
                       }}) {}

    void run();

private:
    std::shared_ptr<ChannelUser> use(ChannelEnd channel);
    void on_progress();
    void report_all() const;

    const OpenArguments& arguments_;
    std::vector<std::shared_ptr<TransferringUser>> transfers_;
    std::uint64_t received_ = 0;  // on all channels
    std::uint64_t told_ = 0;      // tenths of all
    bool ended_ = false;
    Usage begin_;
    Usage end_;
    Loop loop_;
    Watchdog watchdog_{loop_, [this] { return received_; }, "octets",
                       ": it must be `l2cap listen --bench` or `l2cap echo`"};
    ChannelOpener opener_;
};

void TransferBench::run() {
    opener_.connect();
    begin_ = Usage::now();
    watchdog_.start();
    opener_.request(arguments_.channels);
    loop_.run();
    watchdog_.stop();
    report_all();
    for (const auto& transfer : transfers_) transfer->channel().close();
    loop_.run_until([&] { return opener_.channels().empty(); });
    opener_.disconnect();
}

/// Each takes its share of the octets, the first ones the remainder as well.
std::shared_ptr<ChannelUser> TransferBench::use(ChannelEnd channel) {
    const auto number = static_cast<std::uint32_t>(transfers_.size());
    const std::uint64_t share = *arguments_.octets / arguments_.channels;
    const std::uint64_t remainder = *arguments_.octets % arguments_.channels;
    transfers_.push_back(std::make_shared<TransferringUser>(
        std::move(channel), Sequence{2 * number, share + (number < remainder ? 1 : 0)},
        TransferringUser::Callbacks{[this] { on_progress(); },
                                    [this](const TransferringUser&) {
                                        if (!ended_)
                                            loop_.fail(
                                                "a channel ended before everything had come");
                                    }}));
    return transfers_.back();
}

void TransferBench::on_progress() {
    received_ = 0;
    bool done = transfers_.size() == arguments_.channels;
    bool wrong = false;
    for (const auto& transfer : transfers_) {
        received_ += transfer->received();
        done = done && transfer->done();
        wrong = wrong || !transfer->fault().empty();
    }
    const std::uint64_t tenths = received_ * 10 / *arguments_.octets;
    if (tenths > told_) {
        told_ = tenths;
        opener_.out().tell(std::to_string(10 * tenths) + " %",
                           Json{"progress"}.add("octets", received_));
    }
    if (ended_ || (!done && !wrong)) return;
    ended_ = true;
    end_ = Usage::now();
    loop_.stop();
}

void TransferBench::report_all() const {
    const Output& out = opener_.out();
    bool right = true;
    for (const auto& transfer : transfers_) right = report(out, *transfer) && right;
    const double seconds = std::chrono::duration<double>(end_.at - begin_.at).count();
    const double rate = static_cast<double>(received_) / seconds;
    const double user = end_.user - begin_.user;
    const double system = end_.system - begin_.system;
    out.record(Json{"result"}
                   .add("channels", arguments_.channels)
                   .add("octets", received_)
                   .add("right", right)
                   .add("seconds", seconds)
                   .add("bytes_per_second", rate)
                   .add("user_seconds", user)
                   .add("system_seconds", system)
                   .add("peak_memory_kib", end_.peak_kib));
    Table table;
    table.add({"Octets", std::to_string(received_) + " each way, on " +
                             std::to_string(arguments_.channels) + " channels at once"});
    table.add({"Time", milliseconds(seconds)});
    table.add({"Rate", rounded(rate) + " bytes/s each way"});
    table.add({"CPU time", milliseconds(user) + " user, " + milliseconds(system) + " system"});
    table.add({"Peak memory", std::to_string(end_.peak_kib) + " KiB"});
    table.print(out);
    if (!right) throw Failure{transfer_failed};
}

}  // namespace

void transfer_on_channels(const Options& options, const OpenArguments& arguments) {
    TransferBench{options, arguments}.run();
}

}  // namespace bluetooth::tool
