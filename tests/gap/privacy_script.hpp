// SPDX-License-Identifier: MIT
//
// A privacy core with randomness that is written down, and the host's and controller's side of it.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "gap/privacy.hpp"
#include "tests/gap/script.hpp"

namespace bluetooth::gap::test {

inline Address address(std::string_view text) { return Address::parse(text).value(); }

// Vol 3 Part H Appendix D.7
inline const crypto::Key sample_irk{{0xec, 0x02, 0x34, 0xa3, 0x57, 0xc8, 0xad, 0x05,  //
                                     0x34, 0x10, 0x10, 0xa6, 0x0a, 0x39, 0x7d, 0x9b}};
inline const crypto::Key counting_irk{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
// Made with the sample key, the first from the specification's prand.
inline const Address sample_rpa = address("70:81:94:0D:FB:AA");
inline const Address second_rpa = address("4A:01:02:35:AF:92");
inline const Address third_rpa = address("4B:03:04:90:AB:4F");
// And with the counting one.
inline const Address counting_rpa = address("4A:01:02:58:C7:39");

inline const Address public_address = address("00:AA:01:02:03:04");
inline const Address static_address = address("C1:02:03:04:05:06");

/// The octets that a test puts in, and zeros after them.
class WrittenRandom final : public crypto::RandomSource {
public:
    void add(Bytes octets) { octets_.insert(octets_.end(), octets.begin(), octets.end()); }
    void fill(MutableBytes out) override {
        std::ranges::fill(out, std::uint8_t{0});
        for (std::uint8_t& octet : out) {
            if (octets_.empty()) return;
            octet = octets_.front();
            octets_.pop_front();
        }
    }

private:
    std::deque<std::uint8_t> octets_;
};

// Opcode, length, peer, its key, no local key. The key is the specification's, the peer PP:….
inline std::string add_command(std::string_view peer) {
    return command("27 20 27 | " + std::string{peer} +
                   " 9b 7d 39 0a a6 10 10 34 05 ad c8 57 a3 34 02 ec"
                   " 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00");
}
inline std::string remove_command(std::string_view peer) {
    return command("28 20 07 | " + std::string{peer});
}
inline std::string device_mode_command(std::string_view peer) {
    return command("4e 20 08 | " + std::string{peer} + " 01");
}
inline const std::string clear_list = command("29 20 00");
inline const std::string enable_resolution = command("2d 20 01 | 01");
inline const std::string disable_resolution = command("2d 20 01 | 00");
inline const std::string set_sample_rpa = command("05 20 06 | aa fb 0d 94 81 70");
inline const std::string set_second_rpa = command("05 20 06 | 92 af 35 02 01 4a");
inline const std::string set_third_rpa = command("05 20 06 | 4f ab 90 04 03 4b");

struct PrivacyScript : Script {
    Privacy privacy;
    WrittenRandom random;

    /// The controller comes up, with a list of four.
    void restore(std::size_t list_size = 4, bool modes = true) {
        privacy.restore(context(), {.public_address = public_address,
                                    .random_address = static_address,
                                    .resolving_list_size = list_size,
                                    .privacy_modes = modes});
    }
    void use_resolvable(std::string_view prand = "70 81 94") {
        random.add(hex(prand));
        privacy.use_resolvable(context(), sample_irk, random);
    }
    void add(const Identity& peer, bool device_privacy = false,
             const crypto::Key& irk = sample_irk) {
        CHECK(!privacy.add_peer(context(), peer, irk, device_privacy));
    }
    Lines at_rest() {
        privacy.on_at_rest(context());
        return take();
    }
    void answer(hci::Status status = success) { privacy.on_command_done(context(), 0, status, {}); }
    Lines answered(hci::Status status = success) {
        answer(status);
        return take();
    }
    Lines at(Duration since_start) {
        now = Time{} + since_start;
        privacy.on_timer(context(), random);
        return take();
    }
    Lines reset() {
        privacy.on_controller_reset(context());
        return take();
    }
    /// A whole pause in which everything succeeds: what was sent in it.
    Lines pause() {
        Lines lines = take();
        REQUIRE(lines == Lines{"hold"});
        Lines sent;
        for (lines = at_rest(); lines != Lines{"release"}; lines = answered()) {
            REQUIRE(lines.size() == 1);
            REQUIRE(sent.size() < 1000);
            sent.push_back(lines.front());
        }
        return sent;
    }
};

}  // namespace bluetooth::gap::test
