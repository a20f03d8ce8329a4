// SPDX-License-Identifier: MIT
//
// An air full of advertisers and scanners, whose hosts take what comes and count it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/time.hpp"
#include "virtual_controller/air.hpp"
#include "virtual_controller/controller.hpp"

namespace bluetooth::test {

class Crowd {
public:
    /// Each advertiser with 31 octets of data every 100 ms, each scanner always listening.
    Crowd(std::size_t advertisers, std::size_t scanners, std::uint64_t seed,
          const virtual_controller::AirModel& model = {});

    /// Lets time pass, the scanners' hosts reading every few milliseconds.
    void run(Duration duration);

    std::uint64_t reports() const { return reports_; }
    std::uint64_t missed() const;
    /// Of all octets that came, in their order.
    std::uint64_t digest() const { return digest_; }

private:
    template <class Command>
    void command(virtual_controller::Controller& controller, const Command& command);
    void read();

    virtual_controller::Air air_;
    Time now_{};
    std::vector<virtual_controller::Controller*> scanners_;
    std::uint64_t reports_ = 0;
    std::uint64_t digest_ = 0;
};

}  // namespace bluetooth::test
