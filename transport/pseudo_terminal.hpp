// SPDX-License-Identifier: MIT
//
// A new pseudo-terminal, for both sides of HCI. Private to transport/.
#pragma once

#include <string>
#include <string_view>

#include "transport/failure.hpp"
#include "transport/file_descriptor.hpp"

namespace bluetooth::transport {

/// The end of the pty that another program opens. We hold it open too: otherwise each read before
/// that program came, or after it went, would report a lost device. Removes the link at the end.
struct OtherEnd {
    FileDescriptor terminal;
    std::string path;
    std::string link;  ///< empty: none

    OtherEnd() = default;
    OtherEnd(OtherEnd&&) = default;
    OtherEnd& operator=(OtherEnd&&) = delete;
    ~OtherEnd();
};

struct PseudoTerminal {
    FileDescriptor ours;  ///< does not block
    OtherEnd other;
};

/// Octets pass unchanged. With `link`, a symbolic link of that name leads to the other end: one
/// that leads nowhere any more is replaced, anything else of that name is left alone and the
/// attempt fails. `name` is what its message begins with.
Attempt<PseudoTerminal> make_pseudo_terminal(const std::string& name, std::string_view link);

/// Lets a terminal pass octets unchanged; false with errno.
bool make_raw(int terminal);

}  // namespace bluetooth::transport
