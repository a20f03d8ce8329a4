// SPDX-License-Identifier: MIT
#include "transport/alarm.hpp"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "transport/simulated_world.hpp"

using namespace bluetooth;
using namespace std::chrono_literals;
using transport::Alarm;
using transport::SimulatedWorld;

namespace {

struct Sleeper : std::enable_shared_from_this<Sleeper> {
    Sleeper(const asio::any_io_executor& executor, std::string& to, char called)
        : alarm(executor), log(to), name(called) {}

    void wake_at(Time when) { alarm.wake_at(when, *this, &Sleeper::wake); }
    void wake() { log += name; }

    Alarm alarm;
    std::string& log;
    char name;
};

struct Bedroom {
    asio::io_context context;
    SimulatedWorld& world = asio::make_service<SimulatedWorld>(context);
    Time beginning = world.now();
    std::string log;

    std::shared_ptr<Sleeper> sleeper(char name) {
        return std::make_shared<Sleeper>(context.get_executor(), log, name);
    }
    void advance_to(Duration since_beginning) {
        world.advance_to(beginning + since_beginning);
        context.restart();
        context.poll();
    }
};

}  // namespace

TEST_CASE("alarm: rings once at its time, from the loop, in the order in which alarms were made") {
    Bedroom room;
    const auto a = room.sleeper('a');
    const auto b = room.sleeper('b');
    const auto c = room.sleeper('c');
    CHECK(room.world.next_alarm() == never);
    c->wake_at(room.beginning + 2s);
    b->wake_at(room.beginning + 3s);
    a->wake_at(room.beginning + 3s);
    CHECK(room.world.next_alarm() == room.beginning + 2s);
    room.advance_to(2s - 1ns);
    CHECK(room.log.empty());
    room.world.advance_to(room.beginning + 2s);
    CHECK(room.log.empty());
    room.context.poll();
    CHECK(room.log == "c");
    CHECK(room.world.next_alarm() == room.beginning + 3s);
    room.advance_to(10s);
    CHECK(room.log == "cab");
    CHECK(room.world.next_alarm() == never);
    room.advance_to(5s);
    CHECK(room.world.now() == room.beginning + 10s);
}

TEST_CASE("alarm: an earlier time replaces a later one, not the other way round") {
    Bedroom room;
    const auto a = room.sleeper('a');
    a->wake_at(room.beginning + 5s);
    a->wake_at(room.beginning + 9s);
    a->wake_at(room.beginning + 2s);
    a->wake_at(room.beginning + 3s);
    room.advance_to(2s);
    CHECK(room.log == "a");
    room.advance_to(20s);
    CHECK(room.log == "a");
    a->wake_at(room.beginning + 1s);  // due already
    CHECK(room.world.next_alarm() == room.beginning + 1s);
    room.advance_to(20s);
    CHECK(room.log == "aa");
}

TEST_CASE("alarm: cancelled it does not ring, also when it is due, and can be set again") {
    Bedroom room;
    const auto a = room.sleeper('a');
    a->wake_at(room.beginning + 1s);
    a->alarm.cancel();
    CHECK(room.world.next_alarm() == never);
    a->wake_at(room.beginning + 2s);
    room.advance_to(1s);
    CHECK(room.log.empty());
    room.world.advance_to(room.beginning + 2s);
    a->alarm.cancel();
    room.advance_to(2s);
    CHECK(room.log.empty());
    a->wake_at(room.beginning + 3s);
    room.advance_to(3s);
    CHECK(room.log == "a");
}

TEST_CASE("alarm: one that is set keeps its owner, one that is not lets the loop end") {
    Bedroom room;
    auto a = room.sleeper('a');
    a->wake_at(room.beginning + 1s);
    const std::weak_ptr<Sleeper> there = a;
    a.reset();
    CHECK(!there.expired());
    room.advance_to(1s);
    CHECK(room.log == "a");
    CHECK(there.expired());
    CHECK(room.context.stopped());
}

TEST_CASE("alarm: follows the real clock where there is no simulated world") {
    asio::io_context context;
    CHECK(SimulatedWorld::of(context.get_executor()) == nullptr);
    std::string log;
    const auto a = std::make_shared<Sleeper>(context.get_executor(), log, 'a');
    const Time before = Clock::now();
    CHECK(a->alarm.now() >= before);
    a->wake_at(before + 1h);
    a->wake_at(before + 2ms);
    context.run();  // an alarm that waited on for an hour would show here
    CHECK(log == "a");
    CHECK(Clock::now() >= before + 2ms);
    a->wake_at(before + 1h);
    a->alarm.cancel();
    context.restart();
    context.run();
    CHECK(log == "a");
}

TEST_CASE("simulated world: the same seed gives the same seeds, another one others") {
    asio::io_context contexts[3];
    auto& one = asio::make_service<SimulatedWorld>(contexts[0], 5);
    auto& same = asio::make_service<SimulatedWorld>(contexts[1], 5);
    auto& other = asio::make_service<SimulatedWorld>(contexts[2], 6);
    const auto first = one.next_seed();
    CHECK(same.next_seed() == first);
    CHECK(one.next_seed() != first);
    CHECK(other.next_seed() != first);
}

TEST_CASE("simulated world: its date passes as its time does") {
    Bedroom room;
    const auto a = room.sleeper('a');
    const auto date = a->alarm.wall_clock();
    room.advance_to(90min);
    CHECK(a->alarm.wall_clock() == date + 90min);
}
