// SPDX-License-Identifier: MIT
#pragma once

#include <functional>

#include "base/error.hpp"
#include "tools/asioble/output.hpp"
#include "tools/asioble/remote_database.hpp"

namespace bluetooth::tool {

/// Reads a value; the error is the peer's reason for a refusal.
using ReadAttribute = std::function<result<Octets>(AttributeHandle)>;

/// Lists services, what they include, characteristics and descriptors; with `read` their values
/// too.
void list(const RemoteDatabase& database, const Output& out, const ReadAttribute& read = {});

}  // namespace bluetooth::tool
