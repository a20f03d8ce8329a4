// SPDX-License-Identifier: MIT
// Repeated attempts (Vol 3 Part H 2.3.6).
#include "smp/attempts.hpp"

#include <doctest/doctest.h>

#include "tests/smp/manager_script.hpp"

using namespace bluetooth;
using namespace bluetooth::smp;
using bluetooth::test::Lines;
using bluetooth::test::ManagerScript;
using std::chrono::seconds;

namespace {

TypedAddress peer(unsigned number) {
    return {AddressType::random_device,
            Address::from_display({0xc0, 0, 0, 0, static_cast<std::uint8_t>(number >> 8),
                                   static_cast<std::uint8_t>(number)})};
}
void fail(Attempts& attempts, const TypedAddress& who, Time now, int times) {
    for (int i = 0; i < times; ++i) attempts.failed(who, now);
}
/// How long `who` must wait from `now` on.
seconds wait_of(const Attempts& attempts, const TypedAddress& who, Time now) {
    seconds wait{0};
    while (!attempts.allowed(who, now + wait)) wait += seconds{1};
    return wait;
}

}  // namespace

TEST_CASE("smp attempts: after some failures the wait doubles with each, up to a limit") {
    Attempts attempts;
    const Time now{};
    CHECK(attempts.allowed(peer(1), now));
    for (const int expected : {0, 0, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1024, 1024}) {
        attempts.failed(peer(1), now);
        CHECK(wait_of(attempts, peer(1), now) == seconds{expected});
        CHECK(attempts.allowed(peer(2), now));
    }
    for (int i = 0; i < 1000; ++i) attempts.failed(peer(1), now);
    CHECK(wait_of(attempts, peer(1), now) == seconds{1024});
}

TEST_CASE("smp attempts: an address counts together with its kind") {
    Attempts attempts;
    fail(attempts, peer(1), Time{}, 5);
    CHECK_FALSE(attempts.allowed(peer(1), Time{}));
    CHECK(attempts.allowed({AddressType::public_device, peer(1).address}, Time{}));
}

TEST_CASE("smp attempts: success and time heal") {
    Attempts attempts;
    fail(attempts, peer(1), Time{}, 6);
    attempts.succeeded(peer(1));
    CHECK(attempts.allowed(peer(1), Time{}));
    fail(attempts, peer(1), Time{}, 2);
    CHECK(attempts.allowed(peer(1), Time{}));

    fail(attempts, peer(2), Time{}, 12);
    const Time later = Time{} + Attempts::memory + seconds{1};
    CHECK(attempts.allowed(peer(2), later));
    fail(attempts, peer(2), later, 2);  // counts from the start
    CHECK(attempts.allowed(peer(2), later));
    // Just not long enough: the wait is over, the count is not.
    Attempts other;
    fail(other, peer(2), Time{}, 5);
    const Time soon = Time{} + Attempts::memory;
    CHECK(other.allowed(peer(2), soon));
    other.failed(peer(2), soon);
    CHECK(wait_of(other, peer(2), soon) == seconds{16});
}

TEST_CASE("smp attempts: peers that are too many share one wait, so that changing addresses ends") {
    Attempts attempts;
    const Time now{};
    for (unsigned i = 0; i < Attempts::capacity; ++i) fail(attempts, peer(i), now, 1);
    CHECK(attempts.allowed(peer(1000), now));
    // Each of these has another address and fails once.
    unsigned passed = 0;
    for (unsigned i = 100; i < 200; ++i) {
        if (!attempts.allowed(peer(i), now)) continue;
        ++passed;
        attempts.failed(peer(i), now);
    }
    CHECK(passed == Attempts::free_failures);
    CHECK_FALSE(attempts.allowed(peer(5000), now));
    // Those that are known keep their own count.
    for (unsigned i = 0; i < Attempts::capacity; ++i) CHECK(attempts.allowed(peer(i), now));
    // Later the places are free again.
    const Time later = now + Attempts::memory + seconds{1};
    CHECK(attempts.allowed(peer(5000), later));
    fail(attempts, peer(5000), later, 3);
    CHECK_FALSE(attempts.allowed(peer(5000), later));
    CHECK(attempts.allowed(peer(5001), later));
}

TEST_CASE("smp attempts: a peripheral answers Repeated Attempts while a peer has to wait") {
    ManagerScript script{Role::peripheral};
    (void)script.connect();
    const auto attempt = [&] {
        const Lines answer = script.receive("01 03 00 00 10 00 00");
        if (answer.at(0) == "send 0509") {
            CHECK_FALSE(script.manager.pairing());
            return false;
        }
        CHECK(answer == Lines{"send 02030008100000"});
        CHECK(script.receive("03 00000000000000000000000000000000").size() == 1);
        CHECK(script.receive("04 00000000000000000000000000000000") ==
              Lines{"send 0504", "failed: bluetooth.smp.local 4"});
        return true;
    };
    CHECK(attempt());
    CHECK(attempt());
    CHECK(attempt());
    CHECK_FALSE(attempt());
    script.now += seconds{2};
    CHECK(attempt());
    script.now += seconds{3};
    CHECK_FALSE(attempt());
    script.now += seconds{1};
    CHECK(attempt());

    // As central a Security Request of such a peer is refused too; the application may pair.
    ManagerScript central{Role::central};
    central.local.attempts = script.local.attempts;
    central.now = script.now;
    (void)central.connect();
    for (int i = 0; i < 3; ++i)
        central.local.attempts.failed(ManagerScript::address_of(false), central.now);
    CHECK(central.receive("0b 00") == Lines{"send 0509"});
    CHECK(central.pair().at(0).starts_with("send 01"));
}
