// SPDX-License-Identifier: MIT
#pragma once

#include <doctest/doctest.h>

#include <set>
#include <string_view>
#include <type_traits>

namespace bluetooth::test {

/// The PDUs whose vectors were checked, so that none of a set is forgotten.
class Coverage {
public:
    template <class P> void add(const P&) { names_.insert(P::pdu_name); }

    template <class Set> void check_complete() const {
        if (names_.empty()) return;  // the vectors were filtered out of this run
        Set::for_each([this]<class P>(std::type_identity<P>) {
            INFO(P::pdu_name);
            CHECK(names_.contains(P::pdu_name));
        });
    }

private:
    std::set<std::string_view> names_;
};

}  // namespace bluetooth::test
