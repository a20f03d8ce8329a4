// SPDX-License-Identifier: MIT
//
// Classes `Address` and `AddressType` of the public API. They live in base/ because every layer
// uses them.
#pragma once

#include "base/address.hpp"
