// SPDX-License-Identifier: MIT
#pragma once

#include <optional>

#include "att/database.hpp"
#include "tests/support/host_world.hpp"

namespace bluetooth::test {

/// A central and a peripheral that are connected and may pair, with users who answer what they are
/// asked. The peripheral has a service with a value for encrypted and one for authenticated links.
struct PairingLink {
    static constexpr ConnectionHandle conn{0x0040};
    static constexpr AttributeHandle encrypted_value{0x0016};
    static constexpr AttributeHandle authenticated_value{0x0019};

    World world;
    Device& peripheral;
    Device& central;
    /// What a user types or shows; nothing: the user does not react.
    std::optional<std::uint32_t> central_passkey = 123456;
    std::optional<std::uint32_t> peripheral_passkey = 123456;
    /// What a user says of two numbers.
    std::optional<bool> central_agrees = true;
    std::optional<bool> peripheral_agrees = true;

    explicit PairingLink(const virtual_controller::Profile& profile = {})
        : peripheral(world.add(profile)), central(world.add(profile)) {
        register_services(peripheral);
        answer(central, central_passkey, central_agrees);
        answer(peripheral, peripheral_passkey, peripheral_agrees);
        world.connect(central, peripheral);
    }
    PairingLink(const PairingLink&) = delete;
    PairingLink& operator=(const PairingLink&) = delete;

    static void register_services(Device& device) {
        namespace flag = att::flag;
        const std::vector<gatt::ServiceDefinition> services{
            {UUID{0xff10},
             {{UUID{0xff11}, flag::read | flag::write | flag::notify | flag::read_encrypted, {}},
              {UUID{0xff12}, flag::read | flag::read_encrypted | flag::read_authenticated, {}}}}};
        error_code error;
        const auto handles = device.host.register_services(services, error);
        REQUIRE(!error);
        REQUIRE(handles[0] == std::vector{encrypted_value, authenticated_value});
    }

    template <class Option> void both(Option option) {
        REQUIRE(!central.host.set(option));
        REQUIRE(!peripheral.host.set(option));
    }
    void run() { world.advance(std::chrono::milliseconds{100}); }
    /// The central pairs; the outcome for it.
    const EncryptionUpdate& pair(Device& by) {
        REQUIRE(!by.host.pair(conn, false));
        run();
        return outcome(central);
    }
    static const EncryptionUpdate& outcome(const Device& device) {
        REQUIRE(device.count<EncryptionUpdate>() == 1);
        return *device.last<EncryptionUpdate>();
    }
    void forget_events() {
        central.forget_events();
        peripheral.forget_events();
    }
    void reconnect() {
        REQUIRE(!central.host.disconnect(conn));
        run();
        world.connect(central, peripheral);
        run();
    }
    int read_status(AttributeHandle value) {
        REQUIRE(!central.host.read(conn, value));
        run();
        return central.last<GattcReadDone>()->status;
    }

private:
    static void answer(Device& device, const std::optional<std::uint32_t>& passkey,
                       const std::optional<bool>& agrees) {
        device.handler = [&device, &passkey, &agrees](const Event& event) {
            const auto* asked = std::get_if<PasskeyAction>(&event);
            if (asked == nullptr) return;
            if (asked->action == PasskeyActionType::numeric_comparison) {
                if (agrees)
                    REQUIRE(!device.host.answer_passkey(asked->conn_handle, asked->action,
                                                        *agrees ? 1 : 0));
            } else if (passkey) {
                REQUIRE(!device.host.answer_passkey(asked->conn_handle, asked->action, *passkey));
            }
        };
    }
};

}  // namespace bluetooth::test
