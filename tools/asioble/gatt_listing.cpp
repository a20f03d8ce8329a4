// SPDX-License-Identifier: MIT
#include "tools/asioble/gatt_listing.hpp"

#include "bluetooth/ble.hpp"
#include "tools/asioble/assigned_numbers.hpp"
#include "tools/asioble/decoded_values.hpp"

namespace bluetooth::tool {
namespace {

/// Of a value; what is longer is for `--read`.
constexpr std::size_t most_shown = 32;

/// What is missing where the peer does not let us read (Vol 3 Part F 3.4.1.1, Table 3.4).
std::string missing(const error_code& refusal) {
    switch (static_cast<att::ErrorCode>(refusal.value())) {
    case att::ErrorCode::read_not_permitted: return "not readable";
    case att::ErrorCode::insufficient_authentication: return "needs authentication";
    case att::ErrorCode::insufficient_authorization: return "needs authorization";
    case att::ErrorCode::encryption_key_size_too_short: return "needs a longer key";
    case att::ErrorCode::insufficient_encryption: return "needs encryption";
    default: return "refused: " + refusal.message();
    }
}

class Listing {
public:
    Listing(const Output& out, const ReadAttribute& read) : out_(out), read_(read) {
        table_.add({out_.paint(Style::dim, "HANDLE"), out_.paint(Style::dim, "ATTRIBUTE"),
                    out_.paint(Style::dim, "UUID"), out_.paint(Style::dim, "PROPERTIES")});
    }

    void add(const RemoteService& service) {
        std::string name = out_.paint(Style::bold, named(service.uuid, "(service)"));
        if (service.secondary) name += " (secondary)";
        out_.record(record("service", service.start_handle, service.uuid)
                        .add("end_handle", att::number(service.end_handle))
                        .add("type", service.secondary ? "secondary" : "primary"));
        table_.add({to_text(service.start_handle), name, to_text(service.uuid)});
        for (const RemoteInclude& include : service.includes) add(include);
        for (const RemoteCharacteristic& value : service.characteristics) add(value);
    }
    void print() const { table_.print(out_); }

private:
    void add(const RemoteInclude& include) {
        out_.record(record("included", include.handle, include.uuid)
                        .add("start_handle", att::number(include.start_handle))
                        .add("end_handle", att::number(include.end_handle)));
        table_.add({to_text(include.handle), "  includes " + named(include.uuid, "(service)"),
                    to_text(include.uuid), "at " + to_text(include.start_handle)});
    }
    void add(const RemoteCharacteristic& value) {
        const auto properties = property_names(value.properties);
        table_.add({to_text(value.value_handle), "  " + named(value.uuid, "(characteristic)"),
                    to_text(value.uuid), join(properties)});
        Json json = record("characteristic", value.value_handle, value.uuid);
        json.add("properties", properties);
        if ((value.properties & FLAG_READ) != 0)
            add_value(json, value.value_handle, value.uuid, "    = ");
        out_.record(json);
        for (const RemoteDescriptor& descriptor : value.descriptors) add(descriptor);
    }
    void add(const RemoteDescriptor& descriptor) {
        table_.add({to_text(descriptor.handle), "    " + named(descriptor.uuid, "(descriptor)"),
                    to_text(descriptor.uuid)});
        Json json = record("descriptor", descriptor.handle, descriptor.uuid);
        add_value(json, descriptor.handle, descriptor.uuid, "      = ");
        out_.record(json);
    }
    void add_value(Json& json, AttributeHandle handle, const UUID& uuid, std::string_view begin) {
        if (!read_) return;
        const result<Octets> value = read_(handle);
        std::string text{begin};
        if (value) {
            add_to(json, uuid, Bytes{*value});
            text += describe_value(uuid, Bytes{*value}, most_shown);
        } else {
            const std::string reason = missing(value.error());
            json.add("refused", reason);
            text += reason;
        }
        table_.add({"", text});
    }

    static Json record(std::string_view kind, AttributeHandle handle, const UUID& uuid) {
        Json json{kind};
        json.add("handle", att::number(handle))
            .add("uuid", to_text(uuid))
            .add("name", name_of(uuid));
        return json;
    }
    static std::string named(const UUID& uuid, std::string_view kind) {
        const std::string_view name = name_of(uuid);
        return std::string{name.empty() ? kind : name};
    }

    const Output& out_;
    const ReadAttribute& read_;
    Table table_;
};

}  // namespace

void list(const RemoteDatabase& database, const Output& out, const ReadAttribute& read) {
    Listing listing{out, read};
    for (const RemoteService& service : database) listing.add(service);
    listing.print();
}

}  // namespace bluetooth::tool
