// SPDX-License-Identifier: MIT
//
// Conversations between a client and an ATT server as text, one line per PDU or deed:
//
//   > 0a 03 00         the client sends this
//   < 0b 00..15        the server sends this: octets that count up, here from 00 to 15
//   > 12 03 00 aa*20   twenty times the same octet
//   ! grant            the application lets the read happen of which it was told
//   ! refuse 11        the application refuses it for this reason
//   ! wait 5           so many seconds pass
//   ! notify 03 00 41  the application notifies this value of this handle
//   ! notify 03 00 41, 05 00 42   ...several at once
//   ! indicate 03 00   ...indicates, here the stored value
//   ! change           what the test does to the table
//
// What is sent and not in the text fails a test as much as what is in the text and not sent.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/att/server_peer.hpp"

namespace bluetooth::test {

using Transcript = std::vector<std::string_view>;

/// Octets as above: hex digits, "aa*20" and "00..15"; '|' groups.
inline Octets counted_hex(std::string_view line) {
    Octets octets;
    std::istringstream words{std::string{line}};
    for (std::string word; words >> word;) {
        if (word.size() <= 2) {
            for (const std::uint8_t octet : hex(word)) octets.push_back(octet);
            continue;
        }
        const unsigned first = hex(word.substr(0, 2)).at(0);
        if (word.substr(2, 2) == "..") {
            const unsigned last = hex(word.substr(4)).at(0);
            for (unsigned octet = first; octet <= last; ++octet)
                octets.push_back(static_cast<std::uint8_t>(octet));
        } else {
            REQUIRE(word[2] == '*');
            octets.insert(octets.end(), std::stoul(word.substr(3)),
                          static_cast<std::uint8_t>(first));
        }
    }
    return octets;
}

/// The values of all attributes, to compare: a line each.
inline std::string values_of(const att::Database& database) {
    std::string values;
    for (const att::Attribute& attribute : database.in({att::first_handle, att::last_handle}))
        values +=
            std::to_string(number(attribute.handle)) + ' ' + to_hex(Bytes{attribute.value}) + '\n';
    return values;
}

/// Plays transcripts to a server, on one bearer.
class Player {
public:
    explicit Player(ServerPeer& peer, std::function<void()> change = {})
        : peer_(peer), change_(std::move(change)) {}

    /// Plays the transcript, which is to be the whole conversation.
    void play(const Transcript& transcript) {
        for (const std::string_view line : transcript) play_line(line);
        check_silent();
    }
    void play_line(std::string_view line) {
        CAPTURE(line);
        const std::string_view rest = line.substr(std::min<std::size_t>(2, line.size()));
        switch (line.at(0)) {
        case '>': return receive(counted_hex(rest));
        case '<': return expect(counted_hex(rest));
        case '!': return act(rest);
        default: FAIL("a line begins with '>', '<' or '!'");
        }
    }

private:
    void receive(const Octets& pdu) {
        check_silent();
        CHECK(att::route(pdu) == att::Destination::server);
        before_ = values_of(peer_.server.database());
        peer_.server.receive(peer_.ctx(), peer_.session, pdu);
        peer_.drain();
    }
    void expect(const Octets& pdu) {
        REQUIRE_MESSAGE(!peer_.sent.empty(), "the server sends nothing");
        CHECK(peer_.sent.front() == pdu);
        peer_.sent.erase(peer_.sent.begin());
        // Whatever was refused, no value has changed by it.
        if (pdu.front() == att::ErrorResponse::code)
            CHECK(values_of(peer_.server.database()) == before_);
    }
    void act(std::string_view deed) {
        const std::string_view verb = deed.substr(0, deed.find(' '));
        const std::string_view rest = deed.substr(std::min(deed.size(), verb.size() + 1));
        if (verb == "grant") {
            peer_.answer_read();
        } else if (verb == "refuse") {
            peer_.answer_read(att::ErrorCode{counted_hex(rest).at(0)});
        } else if (verb == "wait") {
            CHECK(peer_.sent.empty());
            peer_.advance(std::chrono::seconds{std::stoi(std::string{rest})});
        } else if (verb == "change") {
            change_();
            peer_.drain();
        } else {
            update(verb, rest);
        }
    }
    void update(std::string_view verb, std::string_view rest) {
        std::vector<Octets> texts;
        for (std::size_t end = 0; end != rest.npos;
             rest.remove_prefix(end == rest.npos ? 0 : end + 1)) {
            end = rest.find(',');
            texts.push_back(counted_hex(rest.substr(0, end)));
        }
        std::vector<att::HandleValue> values;
        for (const Octets& octets : texts)
            values.push_back({static_cast<att::Handle>(octets.at(0) | octets.at(1) << 8),
                              Bytes{octets}.subspan(2)});
        const att::HandleValue& one = values.front();
        const auto value = one.value.empty() ? std::nullopt : std::optional{one.value};
        if (verb == "indicate")
            CHECK_FALSE(peer_.server.indicate(peer_.ctx(), peer_.session, one.handle, value));
        else if (values.size() == 1)
            CHECK_FALSE(peer_.server.notify(peer_.ctx(), peer_.session, one.handle, value));
        else
            CHECK_FALSE(peer_.server.notify_multiple(peer_.ctx(), peer_.session, values));
        peer_.drain();
    }
    void check_silent() {
        std::string sent;
        for (const Octets& pdu : peer_.sent) sent += to_hex(pdu) + "; ";
        CHECK_MESSAGE(sent.empty(), "the server sends more: " << sent);
    }

    ServerPeer& peer_;
    std::function<void()> change_;
    std::string before_;  // the values, before the last request
};

}  // namespace bluetooth::test
