// SPDX-License-Identifier: MIT
#include "bluetooth/client_record.hpp"

#include "base/pdu.hpp"

namespace bluetooth {
namespace {

struct Configuration {
    att::Handle handle{};
    std::uint16_t value{};
    BT_FIELDS(Configuration, handle, value);
};

struct Record {
    std::uint8_t version{};
    std::uint8_t features{};
    std::uint8_t aware{};
    crypto::Block table{};
    List<Configuration> configurations{};
    BT_FIELDS(Record, version, features, aware, table, configurations);
};

constexpr std::uint8_t present_version = 1;
constexpr std::size_t max_configurations = 1024;

}  // namespace

std::vector<std::uint8_t> encode_client_record(const gatt::ClientRecord& record) {
    std::vector<std::uint8_t> configurations;
    for (const auto& [handle, value] : record.configurations) {
        if (configurations.size() == 4 * max_configurations) break;
        std::array<std::uint8_t, 4> octets{};
        (void)encode_fields(Configuration{handle, value}, octets);
        configurations.insert(configurations.end(), octets.begin(), octets.end());
    }
    const Record form{.version = present_version,
                      .features = record.features,
                      .aware = record.aware,
                      .table = record.table,
                      .configurations = List<Configuration>{Bytes{configurations}}};
    std::vector<std::uint8_t> octets(wire_size(form));
    (void)encode_fields(form, octets);
    return octets;
}

std::optional<gatt::ClientRecord> decode_client_record(Bytes octets) {
    const auto form = decode_fields<Record>(octets);
    if (!form || form->version != present_version || form->aware > 1 ||
        form->configurations.size() > max_configurations)
        return std::nullopt;
    gatt::ClientRecord record{.configurations = {},
                              .features = form->features,
                              .table = form->table,
                              .aware = form->aware != 0};
    for (const Configuration& configuration : form->configurations)
        record.configurations.push_back({configuration.handle, configuration.value});
    return record;
}

}  // namespace bluetooth
