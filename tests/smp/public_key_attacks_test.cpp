// SPDX-License-Identifier: MIT
// Attacks by the public key of LE Secure Connections (Vol 3 Part H 2.3.5.6.1), by their ids.
#include <doctest/doctest.h>

#include "tests/smp/manager_script.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::hex;
using bluetooth::test::Lines;
using bluetooth::test::ManagerScript;
using bluetooth::test::Octets;

namespace {

const std::string debug_x = "e69d350e480103ccdbfdf4ac1191f4efb9a5f9e9a7832c5e2cbe97f2d203b020";
const std::string debug_y = "8bd28915d08e1c742430ed8fc24563765c15525abf9a32636deb2a65499c80dc";
const std::string zeros(64, '0');
const std::string ones(64, 'f');

/// A peripheral that waits for the central's public key.
void await_public_key(ManagerScript& script) {
    (void)script.connect();
    CHECK(script.receive("01 03 00 08 10 00 00") == Lines{"send 02030008100000"});
}
/// And a central: it has sent its own, which is returned.
std::string await_peripherals_key(ManagerScript& script) {
    (void)script.connect();
    CHECK(script.pair() == Lines{"send 01030008100000"});
    const Lines lines = script.receive("02 03 00 08 10 00 00");
    REQUIRE(lines.size() == 1);
    return lines[0].substr(7);  // behind "send 0c"
}
void check_refused_key(const std::string& x_and_y) {
    CAPTURE(x_and_y);
    ManagerScript peripheral{Role::peripheral};
    await_public_key(peripheral);
    CHECK(peripheral.receive("0c" + x_and_y) ==
          Lines{"send 050b", "failed: bluetooth.smp.local 11"});
    ManagerScript central{Role::central};
    (void)await_peripherals_key(central);
    CHECK(central.receive("0c" + x_and_y) == Lines{"send 050b", "failed: bluetooth.smp.local 11"});
}
/// P - y, the other point with the same x; octets in the order of the air.
std::string negated(Bytes y) {
    const Octets prime =
        hex("ffffffff ffffffff ffffffff 00000000 00000000 00000000 01000000 ffffffff");
    Octets result;
    int borrow = 0;
    for (std::size_t i = 0; i < 32; ++i) {
        const int digit = prime[i] - y[i] - borrow;
        borrow = digit < 0;
        result.push_back(static_cast<std::uint8_t>(digit & 0xff));
    }
    return to_hex(result);
}

}  // namespace

TEST_CASE("smp attack M01, M02: public keys that are no points of the curve") {
    check_refused_key(debug_x + zeros);  // the fixed coordinate
    check_refused_key(zeros + zeros);
    check_refused_key(zeros + debug_y);
    check_refused_key(ones + debug_y);  // not below p
    check_refused_key(debug_x + ones);
    check_refused_key(ones + ones);
    std::string bit_turned = debug_y;
    bit_turned[0] = '0';
    check_refused_key(debug_x + bit_turned);
}

TEST_CASE("smp attack M04: the debug key, with either Y, where debug mode is off") {
    check_refused_key(debug_x + debug_y);
    check_refused_key(debug_x + negated(hex(debug_y)));
}

TEST_CASE("smp attack: our own public key, and its X with the other Y (M16)") {
    for (const bool other_y : {false, true}) {
        ManagerScript central{Role::central};
        const std::string key = await_peripherals_key(central);
        const std::string reflected =
            other_y ? key.substr(0, 64) + negated(hex(key.substr(64))) : key;
        CHECK(central.receive("0c" + reflected) ==
              Lines{"send 050b", "failed: bluetooth.smp.local 11"});
    }
    // A peripheral has not shown its key yet, but its key pair may be known from before.
    ManagerScript peripheral{Role::peripheral};
    peripheral.local.key_pair = crypto::KeyPair::generate(peripheral.random);
    await_public_key(peripheral);
    const crypto::PublicKey& key = peripheral.local.key_pair->public_key();
    CHECK(peripheral.receive("0c" + to_hex(crypto::reversed(key.x)) +
                             to_hex(crypto::reversed(key.y))) ==
          Lines{"send 050b", "failed: bluetooth.smp.local 11"});
}
