// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "gatt/client.hpp"
#include "tests/support/hex.hpp"
#include "tests/support/lines.hpp"

namespace bluetooth::test {

/// A GATT client whose peer is the test. What the client wants done comes back as lines of text.
class ClientScript {
public:
    explicit ClientScript(std::uint16_t mtu = att::default_mtu) {
        if (mtu != att::default_mtu) (void)bearer.finish_mtu_exchange(mtu, mtu);
    }

    gatt::ClientContext context() { return {now, pool, out}; }

    /// Calls a function of the client: `script.call(&Client::read, handle(3))`.
    template <class... Parameters>
    error_code call(error_code (gatt::Client::*function)(gatt::ClientContext&, Parameters...),
                    std::type_identity_t<Parameters>... arguments) {
        auto ctx = context();
        return (client.*function)(ctx, arguments...);
    }
    Lines peer(std::string_view pdu) {
        const Octets octets = hex(pdu);
        auto ctx = context();
        client.receive(ctx, octets);
        return drain();
    }
    /// Wakes the client when it has asked for that; and as well too early, as a host does that
    /// looks after all it has at once: then nothing must come of it, nor a wake-up get lost.
    Lines wait(Duration duration) {
        const Time end = now + duration;
        wake = std::min(wake, out.take_wake());
        if (now < wake) {
            now = std::min(end, wake - Duration{1});
            const std::size_t before = out.size();
            call_on_timer();
            CHECK(out.size() == before);
            wake = out.take_wake();
        }
        now = end;
        if (now >= wake) call_on_timer();
        return drain();
    }
    Lines secured(bool secured) {
        auto ctx = context();
        client.on_secured(ctx, secured);
        return drain();
    }
    Lines disconnect() {
        auto ctx = context();
        client.on_disconnected(ctx);
        return drain();
    }
    Lines drain() {
        Lines lines;
        for (auto& action : out) std::visit([&](auto& a) { lines.push_back(describe(a)); }, action);
        out.clear();
        wake = std::min(wake, out.take_wake());
        return lines;
    }
    bool all_buffers_back() const { return pool.available() == pool.size(); }

    BufferPool pool{4, 560};
    Time now{};
    Time wake = never;
    gatt::ClientOutbox out;
    att::Bearer bearer;
    gatt::DiscoveryCache cache;  // for tests that let the client use it
    gatt::Client client{bearer, 4};
    gatt::IndicationToken last_token = 0;

private:
    void call_on_timer() {
        wake = never;
        auto ctx = context();
        client.on_timer(ctx);
    }
    static std::string text(att::Handle handle) {
        const std::uint16_t value = att::number(handle);
        const std::uint8_t octets[]{static_cast<std::uint8_t>(value >> 8),
                                    static_cast<std::uint8_t>(value)};
        return to_hex(octets);
    }
    static std::string text(error_code error) { return error ? error.message() : "ok"; }

    static std::string describe(const att::Send& a) { return "send " + to_hex(a.pdu.bytes()); }
    static std::string describe(const att::CloseBearer& a) { return "close: " + text(a.error); }
    static std::string describe(const att::MtuExchanged& a) {
        return "mtu " + std::to_string(a.mtu);
    }
    static std::string describe(const gatt::ExchangeMtuDone& a) {
        return "exchange done: " + text(a.error);
    }
    static std::string describe(const gatt::ServiceResult& a) {
        return "service " + text(a.start_handle) + "-" + text(a.end_handle) + " " +
               to_string(a.uuid);
    }
    static std::string describe(const gatt::ServiceDone& a) {
        return "services done: " + text(a.error);
    }
    static std::string describe(const gatt::IncludedServiceResult& a) {
        return "included " + text(a.handle) + ": " + text(a.start_handle) + "-" +
               text(a.end_handle) + " " + to_string(a.uuid);
    }
    static std::string describe(const gatt::IncludedServiceDone& a) {
        return "included services done: " + text(a.error);
    }
    static std::string describe(const gatt::CharacteristicResult& a) {
        return "characteristic " + text(a.value_handle) + "-" + text(a.end_handle) + " " +
               to_hex(Bytes{&a.properties, 1}) + " " + to_string(a.uuid);
    }
    static std::string describe(const gatt::CharacteristicDone& a) {
        return "characteristics done: " + text(a.error);
    }
    static std::string describe(const gatt::DescriptorResult& a) {
        return "descriptor " + text(a.handle) + " " + to_string(a.uuid);
    }
    static std::string describe(const gatt::DescriptorDone& a) {
        return "descriptors done: " + text(a.error);
    }
    static std::string describe(const gatt::ReadResult& a) {
        return "value " + text(a.handle) + " " + to_hex(a.value);
    }
    static std::string describe(const gatt::ReadDone& a) {
        return "read done " + text(a.handle) + ": " + text(a.error);
    }
    static std::string describe(const gatt::WriteDone& a) {
        return "write done " + text(a.handle) + ": " + text(a.error);
    }
    static std::string describe(const gatt::SubscribeDone& a) {
        return "subscribe done " + text(a.value_handle) + " by " + text(a.cccd_handle) + ": " +
               text(a.error);
    }
    static std::string describe(const gatt::EnhancedBearersDone& a) {
        return std::string{"enhanced bearers done: "} + (a.supported ? "supported, " : "") +
               text(a.error);
    }
    static std::string describe(const gatt::SecurityNeeded&) { return "security needed"; }
    static std::string describe(const gatt::Notified& a) {
        return "notified " + text(a.handle) + " " + to_hex(a.value);
    }
    std::string describe(const gatt::Indicated& a) {
        last_token = a.token;
        return "indicated " + text(a.handle) + " " + to_hex(a.value);
    }
};

constexpr att::Handle handle(std::uint16_t value) { return static_cast<att::Handle>(value); }

/// What befalls an exchange at some step.
enum class Mishap { link_lost, timed_out, refused, no_buffers };

/// The peer refuses whatever is asked of it.
inline Lines refuse_all(ClientScript& script, Lines lines) {
    Lines all;
    while (!lines.empty() && lines.back().starts_with("send ")) {
        const std::string opcode = lines.back().substr(5, 2);
        lines = script.peer("01" + opcode + "00000e");
        all.insert(all.end(), lines.begin(), lines.end());
    }
    return all;
}

/// Runs an exchange once to its end, and with each mishap at each step. However far it got, each
/// procedure that was started ends once, and all memory comes back.
inline void check_cut_off_anywhere(std::uint16_t mtu, std::size_t procedures,
                                   const std::function<void(ClientScript&)>& begin,
                                   std::initializer_list<const char*> responses) {
    using namespace std::chrono_literals;
    const auto run = [&](Mishap mishap, std::size_t steps) {
        CAPTURE(static_cast<int>(mishap));
        CAPTURE(steps);
        ClientScript script{mtu};
        begin(script);
        Lines last = script.drain();
        Lines all = last;
        const auto add = [&](const Lines& lines) {
            last = lines;
            all.insert(all.end(), lines.begin(), lines.end());
        };
        const auto respond = [&](std::size_t from, std::size_t to) {
            for (std::size_t step = from; step < to; ++step)
                add(script.peer(responses.begin()[step]));
        };
        respond(0, steps);
        switch (mishap) {
        case Mishap::link_lost: break;
        case Mishap::timed_out: add(script.wait(1h)); break;
        case Mishap::refused: add(refuse_all(script, last)); break;
        case Mishap::no_buffers: {
            std::vector<Buffer> taken;
            while (Buffer buffer = script.pool.acquire()) taken.push_back(std::move(buffer));
            respond(steps, std::min(steps + 1, responses.size()));
            add(script.wait(10ms));
            taken.clear();
            add(script.wait(10ms));
            respond(steps + 1, responses.size());
            break;
        }
        }
        if (steps == responses.size()) CHECK(script.wait(1h) == Lines{});
        add(script.disconnect());
        CAPTURE(all);
        CHECK(static_cast<std::size_t>(std::ranges::count_if(all, [](const std::string& line) {
                  return line.find(" done") != line.npos;
              })) == procedures);
        CHECK(script.disconnect() == Lines{});
        CHECK(script.all_buffers_back());
    };
    for (std::size_t steps = 0; steps <= responses.size(); ++steps)
        for (const Mishap mishap :
             {Mishap::link_lost, Mishap::timed_out, Mishap::refused, Mishap::no_buffers})
            run(mishap, steps);
}

}  // namespace bluetooth::test
