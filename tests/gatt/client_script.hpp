// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

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
    Lines wait(Duration duration) {
        now += duration;
        if (now >= wake) {
            wake = never;
            auto ctx = context();
            client.on_timer(ctx);
        }
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
    gatt::Client client{bearer, 4};
    gatt::IndicationToken last_token = 0;

private:
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
    static std::string describe(const gatt::Notified& a) {
        return "notified " + text(a.handle) + " " + to_hex(a.value);
    }
    std::string describe(const gatt::Indicated& a) {
        last_token = a.token;
        return "indicated " + text(a.handle) + " " + to_hex(a.value);
    }
};

constexpr att::Handle handle(std::uint16_t value) { return static_cast<att::Handle>(value); }

/// Runs an exchange once to its end, and once for each step at which the link may be lost. However
/// far it got, each procedure that was started ends once, and all memory comes back.
inline void check_cut_off_anywhere(std::uint16_t mtu, std::size_t procedures,
                                   const std::function<void(ClientScript&)>& begin,
                                   std::initializer_list<const char*> responses) {
    for (std::size_t steps = 0; steps <= responses.size(); ++steps) {
        CAPTURE(steps);
        ClientScript script{mtu};
        begin(script);
        Lines all = script.drain();
        const auto add = [&](const Lines& lines) {
            all.insert(all.end(), lines.begin(), lines.end());
        };
        for (std::size_t step = 0; step < steps; ++step) add(script.peer(responses.begin()[step]));
        if (steps == responses.size()) CHECK(script.wait(std::chrono::hours{1}) == Lines{});
        add(script.disconnect());
        CAPTURE(all);
        CHECK(static_cast<std::size_t>(std::ranges::count_if(all, [](const std::string& line) {
                  return line.find("done") != line.npos;
              })) == procedures);
        CHECK(script.disconnect() == Lines{});
        CHECK(script.all_buffers_back());
    }
}

}  // namespace bluetooth::test
