// SPDX-License-Identifier: MIT
#include "bluetooth/secret_text.hpp"

#include <algorithm>
#include <string>

#include "tests/support/hex.hpp"

using namespace bluetooth;
using bluetooth::test::hex;

namespace {

/// Two peers and our identity. The checks are what `openssl mac` says.
constexpr std::string_view text =
    "asioble-bonds 1\n"
    "1 0104030201aac0 c0ffee 0f9f3c7c49358c2e\n"
    "10 69726b 000102030405060708090a0b0c0d0e0f f09c5633f79f4fbc\n"
    "3 0004030201aa00 - c1b172e90d465eac\n";

SecretTable filled() {
    SecretTable table;
    table.put(SecretType::our_keys, hex("01 04030201aac0"), hex("c0ffee"));
    table.put(SecretType::identity, Bytes::of("irk"), hex("000102030405060708090a0b0c0d0e0f"));
    table.put(SecretType::gatt_client, hex("00 04030201aa00"), {});
    return table;
}
const SecretTable stored = filled();

bool same(const SecretRecord& a, const SecretRecord& b) {
    return a.type == b.type && a.key == b.key && a.value.octets() == b.value.octets();
}
bool same(const SecretTable& a, const SecretTable& b) {
    return std::ranges::equal(a.records(), b.records(),
                              [](const auto& x, const auto& y) { return same(x, y); });
}

std::size_t lines_in(std::string_view part) {
    return static_cast<std::size_t>(std::ranges::count(part, '\n'));
}

}  // namespace

TEST_CASE("secret text: what is stored stays readable by later versions") {
    const SecretOctets written = format_secrets(stored);
    CHECK(written.octets().text() == text);
    const ParsedSecrets parsed = parse_secrets(Bytes::of(text));
    CHECK(same(parsed.table, stored));
    CHECK(parsed.damage.empty());
    CHECK(parsed.refusal.empty());
}

TEST_CASE("secret text: a wrong character costs the record it is in, and no other") {
    const std::size_t header = text.find('\n') + 1;
    for (std::size_t at = header; at < text.size(); ++at) {
        CAPTURE(at);
        const std::size_t damaged = lines_in(text.substr(header, at - header));
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string other{text};
            other[at] = static_cast<char>(other[at] ^ 1 << bit);
            const ParsedSecrets parsed = parse_secrets(Bytes::of(other));
            CHECK(parsed.refusal.empty());
            CHECK_FALSE(parsed.damage.empty());
            SecretTable expected;
            for (std::size_t i = 0; i < stored.records().size(); ++i) {
                // Without its end a line reaches into the next.
                const bool lost = i == damaged || (text[at] == '\n' && i == damaged + 1);
                const SecretRecord& record = stored.records()[i];
                if (!lost) expected.put(record.type, record.key, record.value.octets());
            }
            CHECK(same(parsed.table, expected));
        }
    }
}

TEST_CASE("secret text: a text that ends too early keeps what is whole") {
    const std::size_t header = text.find('\n') + 1;
    for (std::size_t size = 0; size <= text.size(); ++size) {
        CAPTURE(size);
        const ParsedSecrets parsed = parse_secrets(Bytes::of(text.substr(0, size)));
        CHECK(parsed.refusal.empty());
        std::size_t whole = 0;
        if (size >= header) {
            whole = lines_in(text.substr(header, size - header));
            if (size < text.size() && text[size] == '\n') ++whole;  // only its end is not there
        }
        CHECK(parsed.table.records().size() == whole);
        for (std::size_t i = 0; i < parsed.table.records().size(); ++i)
            CHECK(same(parsed.table.records()[i], stored.records()[i]));
    }
}

TEST_CASE("secret text: what asioble has not written, or a later one, is refused") {
    for (const std::string_view other :
         {"asioble-bonds 2\n", "asioble-bonds 10\n1 00 00 00\n", "asioble-bonds \n"}) {
        CAPTURE(other);
        const ParsedSecrets parsed = parse_secrets(Bytes::of(other));
        CHECK(parsed.refusal.find("another version") != std::string::npos);
        CHECK(parsed.table.records().empty());
    }
    for (const std::string_view other : {"hello", "\n", "asioble-bonds 12", "Asioble-bonds 1\n"}) {
        CAPTURE(other);
        const ParsedSecrets parsed = parse_secrets(Bytes::of(other));
        CHECK(parsed.refusal.find("move it away") != std::string::npos);
        CHECK(parsed.table.records().empty());
    }
}

TEST_CASE("secret text: messages name the peer, no key and no value") {
    std::string damaged{text};
    damaged[text.find("c0ffee")] = 'd';
    const ParsedSecrets parsed = parse_secrets(Bytes::of(damaged));
    REQUIRE(parsed.damage.size() == 1);
    CHECK(parsed.damage[0] ==
          "line 2 is damaged; it looks like our keys for C0:AA:01:02:03:04 (random)");
    CHECK(secret_name(SecretType::identity, Bytes::of("irk")) == "our identity");
    CHECK(secret_name(SecretType::our_keys, hex("0102")) == "a secret of type 1");
    CHECK(secret_name(SecretType{77}, hex("00 04030201aa00")) == "a secret of type 77");
}

TEST_CASE("secret text: the same record twice counts once") {
    const std::string_view line = text.substr(text.find('\n') + 1);
    const ParsedSecrets parsed = parse_secrets(Bytes::of(std::string{text} + std::string{line}));
    CHECK(same(parsed.table, stored));
    CHECK(parsed.damage.size() == 3);
}

TEST_CASE("secret text: too much is refused") {
    std::string large{text.substr(0, text.find('\n') + 1)};
    large.append(max_secret_text_size - large.size(), '\n');
    ParsedSecrets parsed = parse_secrets(Bytes::of(large));
    CHECK(parsed.refusal.empty());
    CHECK(parsed.damage.size() == 17);  // and a count of the other lines
    large += '\n';
    CHECK(parse_secrets(Bytes::of(large)).refusal.find("1 MiB") != std::string::npos);

    SecretTable full;
    for (std::size_t i = 0; i < SecretTable::max_records; ++i)
        full.put(SecretType::our_keys, Bytes::of(std::to_string(i)), hex("00"));
    std::string many{format_secrets(full).octets().text()};
    CHECK(same(parse_secrets(Bytes::of(many)).table, full));
    many += text.substr(text.find('\n') + 1);
    CHECK(parse_secrets(Bytes::of(many)).refusal.find("1024") != std::string::npos);
}
