// SPDX-License-Identifier: MIT
#include "tests/support/crowd.hpp"

#include <array>
#include <chrono>
#include <cstring>

#include "hci/commands.hpp"

namespace bluetooth::test {

using namespace std::chrono_literals;

Crowd::Crowd(std::size_t advertisers, std::size_t scanners, std::uint64_t seed,
             const virtual_controller::AirModel& model)
    : air_(seed, model) {
    virtual_controller::Profile profile;
    profile.outgoing_capacity = 256 * 1024;
    for (std::size_t i = 0; i < scanners; ++i) {
        virtual_controller::Controller& scanner = air_.add(profile);
        constexpr Units625us always{0x1000};  // window as long as the interval
        command(scanner, hci::SetEventMask{0x3fff'ffff'ffff'ffff});  // LE too
        command(scanner, hci::LeSetScanParameters{.le_scan_type = hci::ScanType::passive,
                                                  .le_scan_interval = always,
                                                  .le_scan_window = always});
        command(scanner, hci::LeSetScanEnable{hci::Enable::enabled, hci::Enable::disabled});
        scanners_.push_back(&scanner);
    }
    for (std::size_t i = 0; i < advertisers; ++i) {
        virtual_controller::Controller& advertiser = air_.add();
        hci::LeSetAdvertisingParameters parameters;
        parameters.advertising_interval_min = parameters.advertising_interval_max = Units625us{160};
        parameters.advertising_type = hci::AdvertisingType::adv_nonconn_ind;
        parameters.advertising_channel_map = hci::all_advertising_channels;
        hci::LeSetAdvertisingData data{31, {30, 0xff, 0xff, 0xff}};
        for (std::uint8_t at = 4; at < 31; ++at) data.advertising_data[at] = at;
        command(advertiser, parameters);
        command(advertiser, data);
        command(advertiser, hci::LeSetAdvertisingEnable{hci::Enable::enabled});
        now_ += Duration{100ms} / advertisers;  // not all in step
    }
}

template <class Command>
void Crowd::command(virtual_controller::Controller& controller, const Command& command) {
    std::array<std::uint8_t, 1 + 258> packet{0x01};  // H4's indicator of a command
    const std::size_t size =
        hci::encode_command_packet(command, MutableBytes{packet}.subspan(1)).size();
    controller.receive(now_, Bytes{packet}.first(1 + size));
    controller.consume(controller.pending().size());
}

void Crowd::run(Duration duration) {
    const Time end = now_ + duration;
    while (now_ < end) {
        now_ += 10ms;
        air_.advance(now_);
        read();
    }
}

void Crowd::read() {
    while (virtual_controller::Controller* controller = air_.take_ready()) {
        const Bytes pending = controller->pending();
        for (std::size_t at = 0; at < pending.size(); at += 3u + pending[at + 2]) ++reports_;
        for (std::size_t at = 0; at + 8 <= pending.size(); at += 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, pending.data() + at, sizeof word);
            digest_ = (digest_ ^ word) * 0x9e3779b97f4a7c15;
        }
        controller->consume(pending.size());
    }
}

std::uint64_t Crowd::missed() const {
    std::uint64_t missed = 0;
    for (const virtual_controller::Controller* scanner : scanners_)
        missed += scanner->counters().missed_reports;
    return missed;
}

}  // namespace bluetooth::test
