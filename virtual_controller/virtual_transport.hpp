// SPDX-License-Identifier: MIT
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "transport/transport.hpp"
#include "virtual_controller/air_driver.hpp"
#include "virtual_controller/profile.hpp"

namespace bluetooth::virtual_controller {

/// A virtual controller of its own on the driver's air, as a transport to it. Closing the transport
/// takes the controller away, as if its power was cut. Runs on the driver's executor.
std::unique_ptr<transport::Transport> make_virtual_transport(std::shared_ptr<AirDriver> driver,
                                                             const Profile& profile = {},
                                                             std::string name = "virtual:");

/// An execution context's own air, where `virtual:` opens what it opens there, and further names
/// behind `virtual:` for controllers of other kinds: a service of Asio's, made by
/// `asio::use_service` and used by the one thread that runs the context.
class OwnAir final : public asio::execution_context::service {
public:
    static asio::execution_context::id id;

    explicit OwnAir(asio::execution_context& context) : service(context) {}

    std::shared_ptr<AirDriver> driver;                     ///< set by whoever makes this
    std::map<std::string, Profile, std::less<>> profiles;  ///< by what stands behind `virtual:`

private:
    void shutdown() noexcept override { driver.reset(); }
};

/// Makes `virtual:[ADDRESS]` a name that `transport::async_open` knows: a virtual controller, with
/// this public address or one of its own, on the one air of the process. That air lives as long as
/// a transport on it and belongs to the io_context of the first; while it does, opening on another
/// io_context is refused, since the air has no locks. A context with an air of its own (`OwnAir`)
/// neither has a part in this nor hinders others.
void register_virtual_transport();

}  // namespace bluetooth::virtual_controller
