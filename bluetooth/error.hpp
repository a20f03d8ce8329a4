// SPDX-License-Identifier: MIT
//
// Errors of the public API.
//
// Every call of `BLE` has two forms: one throws `bluetooth::system_error`, the other takes a
// trailing `bluetooth::error_code&`. Both carry the layer (the category) and the octet that the
// protocol gave; `error == bluetooth::errc::…` asks for the meaning whatever the layer, and
// `errno_value(error)` is the number that MicroPython's `OSError` would show.
#pragma once

#include "base/error.hpp"
