// SPDX-License-Identifier: MIT
#include "tests/support/event_text.hpp"

#include <cstdio>
#include <utility>

namespace bluetooth::test {
namespace {

std::string hex4(unsigned value) {
    char text[5];
    (void)std::snprintf(text, sizeof text, "%04x", value & 0xffffu);
    return text;
}

/// One event as its name and its members, in the order of the members.
struct Line {
    std::string text;

    explicit Line(std::string name) : text(std::move(name)) {}
    Line& on(ConnectionHandle handle) { return word(hex4(static_cast<unsigned>(handle))); }
    Line& at(AttributeHandle handle) { return word(hex4(static_cast<unsigned>(handle))); }
    Line& peer(AddressType type, const Address& address) {
        return word(std::to_string(static_cast<unsigned>(type))).word(to_string(address));
    }
    Line& on(ChannelId channel) { return word(hex4(static_cast<unsigned>(channel))); }
    Line& number(long long value) { return word(std::to_string(value)); }
    Line& data(Bytes octets) { return word("\"" + to_hex(octets) + "\""); }
    Line& status(int value) { return word("status").number(value); }
    /// "ok", a number of `errc`, or the layer and its octet: "hci 13".
    Line& error(const error_code& code) {
        if (!code) return word("ok");
        if (code.category() == host_category()) return word("errno").number(code.value());
        std::string_view layer = code.category().name();
        layer.remove_prefix(layer.rfind('.') + 1);
        return word(layer).word(hex4(static_cast<unsigned>(code.value())).substr(2));
    }
    Line& word(std::string_view part) {
        text += ' ';
        text += part;
        return *this;
    }
};

Line line(const CentralConnect& e) {
    return Line{"CentralConnect"}.on(e.conn_handle).peer(e.addr_type, e.addr);
}
Line line(const CentralDisconnect& e) {
    return Line{"CentralDisconnect"}.on(e.conn_handle).peer(e.addr_type, e.addr).error(e.reason);
}
Line line(const PeripheralConnect& e) {
    return Line{"PeripheralConnect"}.on(e.conn_handle).peer(e.addr_type, e.addr);
}
Line line(const PeripheralDisconnect& e) {
    return Line{"PeripheralDisconnect"}.on(e.conn_handle).peer(e.addr_type, e.addr).error(e.reason);
}
Line line(const ConnectionUpdate& e) {
    return Line{"ConnectionUpdate"}
        .on(e.conn_handle)
        .number(e.interval.count())
        .number(e.latency)
        .number(e.supervision_timeout.count())
        .status(e.status);
}
Line line(const ScanResult& e) {
    return Line{"ScanResult"}.peer(e.addr_type, e.addr).number(e.adv_type).data(e.adv_data);
}
Line line(const ScanDone& e) { return Line{"ScanDone"}.error(e.error); }
Line line(const GattsWrite& e) { return Line{"GattsWrite"}.on(e.conn_handle).at(e.value_handle); }
Line line(const GattsReadRequest& e) {
    return Line{"GattsReadRequest"}.on(e.conn_handle).at(e.value_handle);
}
Line line(const GattsIndicateDone& e) {
    return Line{"GattsIndicateDone"}.on(e.conn_handle).at(e.value_handle).status(e.status);
}
Line line(const MtuExchanged& e) { return Line{"MtuExchanged"}.on(e.conn_handle).number(e.mtu); }
Line line(const GattcServiceResult& e) {
    return Line{"GattcServiceResult"}
        .on(e.conn_handle)
        .at(e.start_handle)
        .at(e.end_handle)
        .word(to_string(e.uuid));
}
Line line(const GattcServiceDone& e) {
    return Line{"GattcServiceDone"}.on(e.conn_handle).status(e.status);
}
Line line(const GattcCharacteristicResult& e) {
    return Line{"GattcCharacteristicResult"}
        .on(e.conn_handle)
        .at(e.end_handle)
        .at(e.value_handle)
        .number(e.properties)
        .word(to_string(e.uuid));
}
Line line(const GattcCharacteristicDone& e) {
    return Line{"GattcCharacteristicDone"}.on(e.conn_handle).status(e.status);
}
Line line(const GattcDescriptorResult& e) {
    return Line{"GattcDescriptorResult"}.on(e.conn_handle).at(e.dsc_handle).word(to_string(e.uuid));
}
Line line(const GattcDescriptorDone& e) {
    return Line{"GattcDescriptorDone"}.on(e.conn_handle).status(e.status);
}
Line line(const GattcReadResult& e) {
    return Line{"GattcReadResult"}.on(e.conn_handle).at(e.value_handle).data(e.data);
}
Line line(const GattcReadDone& e) {
    return Line{"GattcReadDone"}.on(e.conn_handle).at(e.value_handle).status(e.status);
}
Line line(const GattcWriteDone& e) {
    return Line{"GattcWriteDone"}.on(e.conn_handle).at(e.value_handle).status(e.status);
}
Line line(const GattcNotify& e) {
    return Line{"GattcNotify"}.on(e.conn_handle).at(e.value_handle).data(e.data);
}
Line line(const GattcIndicate& e) {
    return Line{"GattcIndicate"}.on(e.conn_handle).at(e.value_handle).data(e.data);
}
Line line(const GattsSubscribe& e) {
    return Line{"GattsSubscribe"}
        .on(e.conn_handle)
        .at(e.value_handle)
        .number(static_cast<int>(e.subscription));
}
Line line(const GattcIncludedResult& e) {
    return Line{"GattcIncludedResult"}
        .on(e.conn_handle)
        .at(e.handle)
        .at(e.start_handle)
        .at(e.end_handle)
        .word(to_string(e.uuid));
}
Line line(const GattcIncludedDone& e) {
    return Line{"GattcIncludedDone"}.on(e.conn_handle).status(e.status);
}
Line line(const GattcSubscribeDone& e) {
    return Line{"GattcSubscribeDone"}
        .on(e.conn_handle)
        .at(e.value_handle)
        .at(e.cccd_handle)
        .status(e.status);
}
Line line(const L2capAccept& e) {
    return Line{"L2capAccept"}
        .on(e.conn_handle)
        .on(e.cid)
        .number(static_cast<int>(e.psm))
        .number(e.our_mtu)
        .number(e.peer_mtu);
}
Line line(const L2capConnect& e) {
    return Line{"L2capConnect"}
        .on(e.conn_handle)
        .on(e.cid)
        .number(static_cast<int>(e.psm))
        .number(e.our_mtu)
        .number(e.peer_mtu);
}
Line line(const L2capDisconnect& e) {
    return Line{"L2capDisconnect"}
        .on(e.conn_handle)
        .on(e.cid)
        .number(static_cast<int>(e.psm))
        .status(e.status);
}
Line line(const L2capRecv& e) { return Line{"L2capRecv"}.on(e.conn_handle).on(e.cid); }
Line line(const L2capSendReady& e) {
    return Line{"L2capSendReady"}.on(e.conn_handle).on(e.cid).status(e.status);
}
Line line(const L2capReconfigured& e) {
    return Line{"L2capReconfigured"}
        .on(e.conn_handle)
        .on(e.cid)
        .number(e.our_mtu)
        .number(e.peer_mtu)
        .status(e.status);
}
Line line(const ConnectionUpdateRequest& e) {
    return Line{"ConnectionUpdateRequest"}
        .on(e.conn_handle)
        .number(e.min_interval.count())
        .number(e.max_interval.count())
        .number(e.latency)
        .number(e.supervision_timeout.count());
}
Line line(const EncryptionUpdate& e) {
    return Line{"EncryptionUpdate"}
        .on(e.conn_handle)
        .number(e.encrypted)
        .number(e.authenticated)
        .number(e.bonded)
        .number(e.key_size)
        .error(e.error);
}
Line line(const GetSecret& e) {
    return Line{"GetSecret"}
        .number(static_cast<int>(e.type))
        .number(e.index)
        .word(e.key ? to_hex(*e.key) : "none");
}
Line line(const SetSecret& e) {
    return Line{"SetSecret"}
        .number(static_cast<int>(e.type))
        .word(to_hex(e.key))
        .word(e.value ? std::to_string(e.value->size()) + " octets" : "none");
}
Line line(const PasskeyAction& e) {
    return Line{"PasskeyAction"}
        .on(e.conn_handle)
        .number(static_cast<int>(e.action))
        .number(e.passkey);
}
Line line(const KeypressNotification& e) {
    return Line{"KeypressNotification"}.on(e.conn_handle).number(static_cast<int>(e.keypress));
}
Line line(const WeakerPairing& e) { return Line{"WeakerPairing"}.on(e.conn_handle); }
Line line(const SendReady& e) { return Line{"SendReady"}.on(e.conn_handle); }
Line line(const CommandFailed& e) { return Line{"CommandFailed"}.word(e.what).error(e.error); }
Line line(const ControllerRestarted& e) { return Line{"ControllerRestarted"}.error(e.cause); }
Line line(const AdapterLost& e) { return Line{"AdapterLost"}.error(e.cause); }

}  // namespace

std::string describe(const Event& event) {
    return std::visit([](const auto& e) { return line(e).text; }, event);
}

}  // namespace bluetooth::test
