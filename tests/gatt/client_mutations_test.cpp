// SPDX-License-Identifier: MIT
//
// Each response of each procedure, cut off and changed at every place, and a peer that talks at
// random: the procedure under way ends once, and all memory comes back.
#include <doctest/doctest.h>

#include <cstddef>
#include <cstdint>
#include <iterator>

#include "tests/gatt/client_procedures.hpp"

using namespace bluetooth;
using namespace bluetooth::test;

TEST_CASE("gatt client attacks: each response cut off anywhere ends its procedure once") {
    for (const ScriptedProcedure& procedure : procedures)
        for (std::size_t at = 0; at < procedure.responses.size(); ++at) {
            const Octets whole = hex(procedure.responses[at]);
            for (std::size_t size = 0; size < whole.size(); ++size) {
                CAPTURE(procedure.responses[at]);
                CAPTURE(size);
                ClientScript script;
                procedure.begin(script);
                Lines last = script.drain();
                for (std::size_t step = 0; step < at; ++step)
                    last = script.peer(procedure.responses[step]);
                const Lines sent = last;
                const Lines answer = script.peer(to_hex(Bytes{whole}.first(size)));
                // What is ignored leaves the request waiting.
                const Lines all = refuse_all(script, answer.empty() ? sent : answer);
                CHECK(count_done(answer) + count_done(all) == 1);
                check_works(script);
            }
        }
}

TEST_CASE("gatt client attacks: each response with any octet changed ends its procedure once") {
    for (const ScriptedProcedure& procedure : procedures)
        for (std::size_t at = 0; at < procedure.responses.size(); ++at)
            for (std::size_t octet = 0; octet < hex(procedure.responses[at]).size(); ++octet)
                for (unsigned change = 1; change <= 0xff; change += change < 8 ? 1 : 31) {
                    CAPTURE(procedure.responses[at]);
                    CAPTURE(octet);
                    CAPTURE(change);
                    ClientScript script;
                    procedure.begin(script);
                    Lines last = script.drain();
                    for (std::size_t step = 0; step < at; ++step)
                        last = script.peer(procedure.responses[step]);
                    Octets changed = hex(procedure.responses[at]);
                    changed[octet] = static_cast<std::uint8_t>(changed[octet] ^ change);
                    Lines all = script.peer(to_hex(changed));
                    const Lines lost = script.disconnect();
                    all.insert(all.end(), lost.begin(), lost.end());
                    CHECK(count_done(all) == 1);
                    CHECK(script.all_buffers_back());
                }
}

TEST_CASE("gatt client attacks: a peer that talks at random ends no procedure twice") {
    std::uint32_t state = 1;  // Numerical Recipes' generator: the same octets each time
    const auto random = [&](std::uint32_t below) {
        state = state * 1664525 + 1013904223;
        return (state >> 8) % below;
    };
    constexpr std::uint8_t opcodes[]{0x01, 0x03, 0x05, 0x07, 0x09, 0x0b, 0x0d, 0x0f, 0x11,
                                     0x13, 0x17, 0x19, 0x1b, 0x1d, 0x21, 0x23, 0xff};
    ClientScript script;
    std::size_t begun = 0;
    std::size_t done = 0;
    for (int round = 0; round < 20'000; ++round) {
        if (begun == done) {
            ++begun;
            Begin begin = exchange_mtu;  // which goes only once
            while (begin == exchange_mtu) begin = procedures[random(std::size(procedures))].begin;
            begin(script);
            done += count_done(script.drain());
        }
        Octets pdu{opcodes[random(std::size(opcodes))]};
        for (std::uint32_t size = random(22); size > 0; --size)
            pdu.push_back(static_cast<std::uint8_t>(random(2) == 0 ? random(8) : random(256)));
        done += count_done(script.peer(to_hex(pdu)));
        REQUIRE(done <= begun);
    }
    done += count_done(script.disconnect());
    CHECK(done == begun);
    CHECK(begun > 100);
    CHECK(script.all_buffers_back());
}
