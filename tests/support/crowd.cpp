// SPDX-License-Identifier: MIT
#include "tests/support/crowd.hpp"

#include <chrono>
#include <cstring>

#include "tests/support/hex.hpp"

namespace bluetooth::test {

using namespace std::chrono_literals;

Crowd::Crowd(std::size_t advertisers, std::size_t scanners, std::uint64_t seed,
             const virtual_controller::AirModel& model)
    : air_(seed, model) {
    virtual_controller::Profile profile;
    profile.outgoing_capacity = 256 * 1024;
    for (std::size_t i = 0; i < scanners; ++i) {
        virtual_controller::Controller& scanner = air_.add(profile);
        command(scanner, "01 01 0c 08 ff ff ff ff ff ff ff 3f");  // Set Event Mask: LE too
        command(scanner, "01 0b 20 07 00 10 00 10 00 00 00");     // window as long as the interval
        command(scanner, "01 0c 20 02 01 00");
        scanners_.push_back(&scanner);
    }
    for (std::size_t i = 0; i < advertisers; ++i) {
        virtual_controller::Controller& advertiser = air_.add();
        // ADV_NONCONN_IND, 100 ms
        command(advertiser, "01 06 20 0f a0 00 a0 00 03 00 00 00 00 00 00 00 00 07 00");
        command(advertiser,
                "01 08 20 20 1f 1e ff ff ff 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 "
                "12 13 14 15 16 17 18 19 1a");
        command(advertiser, "01 0a 20 01 01");
        now_ += Duration{100ms} / advertisers;  // not all in step
    }
}

void Crowd::command(virtual_controller::Controller& controller, const char* packet) {
    controller.receive(now_, hex(packet));
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
