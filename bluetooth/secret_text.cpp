// SPDX-License-Identifier: MIT
#include "bluetooth/secret_text.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/address.hpp"
#include "crypto/aes.hpp"

namespace bluetooth {
namespace {

constexpr std::string_view format_name = "asioble-bonds ";
constexpr std::string_view first_line = "asioble-bonds 1\n";
constexpr std::string_view no_octets = "-";
constexpr std::size_t max_messages = 16;

/// Takes what stands before the next `separator`, and that.
std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t end = std::min(text.find(separator), text.size());
    const std::string_view front = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    return front;
}

int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    return -1;
}

/// As `format_secrets` writes them. Nothing for any other text.
std::optional<SecretOctets> parse_digits(std::string_view digits) {
    if (digits == no_octets) return SecretOctets{};
    if (digits.empty() || digits.size() % 2 != 0) return std::nullopt;
    SecretOctets octets{digits.size() / 2};
    for (std::size_t i = 0; i < octets.octets().size(); ++i) {
        const int high = digit_value(digits[2 * i]);
        const int low = digit_value(digits[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        octets.writable()[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return octets;
}

struct ParsedLine {
    std::optional<SecretType> type;
    std::optional<SecretOctets> key;
    std::optional<SecretOctets> value;
    bool intact = false;
};

ParsedLine parse_line(std::string_view line) {
    ParsedLine parsed;
    const std::size_t before_check = line.rfind(' ');
    if (before_check != line.npos) {
        const auto check = secret_text_check(line.substr(0, before_check));
        parsed.intact = line.substr(before_check + 1) == to_hex(Bytes{check});
        line = line.substr(0, before_check);
    }
    const std::string_view type = take_until(line, ' ');
    std::uint8_t number{};
    const auto [end, error] = std::from_chars(type.data(), type.data() + type.size(), number);
    if (error == std::errc{} && end == type.data() + type.size()) parsed.type = SecretType{number};
    parsed.key = parse_digits(take_until(line, ' '));
    parsed.value = parse_digits(line);
    return parsed;
}

/// Reads the lines behind the first one.
class SecretLines {
public:
    explicit SecretLines(ParsedSecrets& result) : result_(result) {}

    void read(std::string_view text) {
        for (std::size_t number = 2; !text.empty() && result_.refusal.empty(); ++number)
            read_line(number, take_until(text, '\n'));
        if (left_out_ > max_messages)
            result_.damage.push_back(std::to_string(left_out_ - max_messages) + " more lines");
    }

private:
    void read_line(std::size_t number, std::string_view line) {
        const ParsedLine parsed = parse_line(line);
        if (!parsed.intact || !parsed.type || !parsed.key || !parsed.value)
            return leave_out(number, "is damaged", parsed);
        SecretTable& table = result_.table;
        const Bytes key = parsed.key->octets();
        if (table.find(*parsed.type, key)) return leave_out(number, "is there twice", parsed);
        if (table.records().size() >= SecretTable::max_records)
            result_.refusal = "it holds more than " + std::to_string(SecretTable::max_records) +
                              " records; remove bonds by `asioble bonds remove`, or move it away";
        else if (!table.put(*parsed.type, key, parsed.value->octets()))
            leave_out(number, "is too long", parsed);
    }

    void leave_out(std::size_t number, std::string_view why, const ParsedLine& line) {
        if (++left_out_ > max_messages) return;
        std::string message = "line " + std::to_string(number) + ' ' + std::string{why};
        if (line.type && line.key)
            message += "; it looks like " + secret_name(*line.type, line.key->octets());
        result_.damage.push_back(std::move(message));
    }

    ParsedSecrets& result_;
    std::size_t left_out_ = 0;
};

std::string_view type_name(SecretType type) {
    switch (type) {
    case SecretType::our_keys: return "our keys for";
    case SecretType::peer_keys: return "keys of";
    case SecretType::gatt_client: return "subscriptions of";
    case SecretType::identity: break;
    }
    return {};
}

}  // namespace

std::array<std::uint8_t, 8> secret_text_check(std::string_view text) {
    static constexpr crypto::Block key{'a', 's', 'i', 'o', 'b', 'l', 'e', ' ',
                                       't', 'e', 'x', 't', ' ', 'k', 'e', 'y'};
    const crypto::Block code = crypto::aes_cmac(crypto::Key{key}, Bytes::of(text));
    std::array<std::uint8_t, 8> check;
    std::copy_n(code.begin(), check.size(), check.begin());
    return check;
}

std::string secret_name(SecretType type, Bytes key) {
    if (type == SecretType::identity) return "our identity";
    const std::string_view what = type_name(type);
    if (what.empty() || key.size() != 7)
        return "a secret of type " + std::to_string(static_cast<unsigned>(type));
    std::array<std::uint8_t, 6> address;
    std::ranges::copy(key.subspan(1), address.begin());
    return std::string{what} + ' ' + to_string(Address::from_wire(address)) + " (" +
           std::string{to_string(AddressType{key[0]})} + ')';
}

ParsedSecrets parse_secrets(Bytes octets) {
    ParsedSecrets result;
    std::string_view text = octets.text();
    if (octets.size() > max_secret_text_size)
        result.refusal = "it is larger than 1 MiB; move it away";
    else if (text.starts_with(first_line))
        SecretLines{result}.read(text.substr(first_line.size()));
    else if (text.starts_with(format_name) && text.find('\n') != text.npos)
        result.refusal = "another version of asioble has written it; use that one, or move it away";
    else if (!first_line.starts_with(text))  // else it was cut off before there was anything in it
        result.refusal = "it is no file of asioble; move it away";
    return result;
}

SecretOctets format_secrets(const SecretTable& table) {
    // A text that grew would leave secrets behind in memory.
    std::size_t size = first_line.size();
    for (const SecretRecord& record : table.records())
        size += 2 * (record.key.size() + record.value.octets().size()) + 32;
    std::string text;
    text.reserve(size);
    text = first_line;
    for (const SecretRecord& record : table.records()) {
        const std::size_t start = text.size();
        text += std::to_string(static_cast<unsigned>(record.type)) + ' ';
        append_hex(text, Bytes{record.key});
        text += ' ';
        const Bytes value = record.value.octets();
        if (value.empty()) text += no_octets;
        append_hex(text, value);
        const auto check = secret_text_check(std::string_view{text}.substr(start));
        text += ' ';
        append_hex(text, Bytes{check});
        text += '\n';
    }
    SecretOctets result{Bytes::of(text)};
    crypto::cleanse({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
    return result;
}

}  // namespace bluetooth
