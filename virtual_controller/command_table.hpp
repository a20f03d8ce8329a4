// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "hci/commands.hpp"
#include "virtual_controller/profile.hpp"

namespace bluetooth::virtual_controller {

class Controller;

/// The commands that the virtual controller can do.
class CommandTable {
public:
    /// What a controller with this profile announces and does.
    static hci::SupportedCommands supported_by(const Profile& profile);

    /// Carries out one command and answers it, also when it is unknown or has not the size that it
    /// should have.
    static void execute(Controller& controller, std::uint16_t opcode, Bytes parameters);

    /// The two sets of commands that a host must not mix (Vol 4 Part E 3.1.1).
    enum class Generation : std::uint8_t { either, legacy, extended };

    /// The part of the controller that a `Command` concerns.
    template <class Command> static auto& part_for(Controller& controller);
    /// Decodes, carries out and answers a `Command`; an entry of the table.
    template <class Command>
    static void run(Controller& controller, Generation generation, Bytes parameters);
    /// Answers a `Command` that was not carried out.
    template <class Command> static void refuse(Controller& controller, hci::Status status);

private:
    static bool allows(Controller& controller, Generation generation);
};

}  // namespace bluetooth::virtual_controller
