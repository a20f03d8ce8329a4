// SPDX-License-Identifier: MIT
//
// Class `UUID` of the public API. It lives in base/ because every layer uses it.
#pragma once

#include "base/uuid.hpp"
