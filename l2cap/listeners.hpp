// SPDX-License-Identifier: MIT
#pragma once

#include <algorithm>
#include <vector>

#include "l2cap/channel_parameters.hpp"

namespace bluetooth::l2cap {

/// What is offered on an SPSM.
struct Listener {
    Spsm spsm{};
    ChannelParameters parameters;  ///< of each channel that a peer opens to it
    SecurityRequirement security;  ///< of the link
    Delivery delivery = Delivery::stream;
    bool enhanced_only = false;  ///< not for LE credit-based connection requests
};

/// The SPSMs that peers may open channels to, on whichever link.
class Listeners {
public:
    /// False when the SPSM has a listener already.
    bool add(const Listener& listener) {
        if (find(listener.spsm) != nullptr) return false;
        listeners_.push_back(listener);
        return true;
    }
    const Listener* find(Spsm spsm) const {
        const auto found = std::ranges::find(listeners_, spsm, &Listener::spsm);
        return found == listeners_.end() ? nullptr : &*found;
    }
    void remove(Spsm spsm) {
        std::erase_if(listeners_, [spsm](const Listener& one) { return one.spsm == spsm; });
    }
    void clear() { listeners_.clear(); }

private:
    std::vector<Listener> listeners_;
};

}  // namespace bluetooth::l2cap
