// SPDX-License-Identifier: MIT
#include "base/outbox.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>

using namespace bluetooth;
using namespace std::chrono_literals;

namespace {

struct Send {
    std::unique_ptr<int> packet;
};
struct Close {
    int reason = 0;
};
using TestOutbox = Outbox<Send, Close>;

}  // namespace

TEST_CASE("outbox: actions come out in the order they went in, and may be moved from") {
    TestOutbox out;
    CHECK(out.empty());
    out.push(Send{std::make_unique<int>(1)});
    out.push(Close{19});
    out.push(Send{std::make_unique<int>(2)});
    CHECK(out.size() == 3);
    CHECK(std::get<Close>(out[1]).reason == 19);

    std::string seen;
    for (TestOutbox::Action& action : out) {
        if (auto* send = std::get_if<Send>(&action))
            seen += "send " + std::to_string(*std::exchange(send->packet, nullptr)) + ' ';
        else
            seen += "close ";
    }
    CHECK(seen == "send 1 close send 2 ");
}

TEST_CASE("outbox: the first actions may be kept and the rest discarded") {
    TestOutbox out;
    for (int reason = 1; reason <= 3; ++reason) out.push(Close{reason});
    out.truncate(3);
    CHECK(out.size() == 3);
    out.truncate(1);
    REQUIRE(out.size() == 1);
    CHECK(std::get<Close>(out[0]).reason == 1);
}

TEST_CASE("outbox: once cleared it keeps its memory for the next actions") {
    TestOutbox out;
    for (int i = 0; i < 100; ++i) out.push(Close{i});
    const TestOutbox::Action* memory = &out[0];
    out.clear();
    CHECK(out.empty());
    for (int i = 0; i < 100; ++i) out.push(Close{i});
    CHECK(&out[0] == memory);
}

TEST_CASE("outbox: of several wake-ups the earliest counts, once") {
    TestOutbox out;
    CHECK(out.take_wake() == never);
    out.wake_at(Time{5s});
    out.wake_at(Time{2s});
    out.wake_at(Time{9s});
    out.wake_at(never);
    CHECK(out.take_wake() == Time{2s});
    CHECK(out.take_wake() == never);
}

TEST_CASE("outbox: a wake-up is not an action, and outlives their clearing") {
    TestOutbox out;
    out.wake_at(Time{2s});
    CHECK(out.empty());
    out.clear();
    CHECK(out.take_wake() == Time{2s});
}
