// SPDX-License-Identifier: MIT
//
// Private: what the GATT client core reports, as the events that the application knows.
#pragma once

#include "bluetooth/events.hpp"
#include "gatt/client_context.hpp"

namespace bluetooth {

inline GattcServiceResult event_of(ConnectionHandle on, const gatt::ServiceResult& found) {
    return {on, found.start_handle, found.end_handle, found.uuid};
}
inline GattcServiceDone event_of(ConnectionHandle on, const gatt::ServiceDone& done) {
    return {on, event_status(done.error), done.error};
}
inline GattcIncludedResult event_of(ConnectionHandle on, const gatt::IncludedServiceResult& found) {
    return {on, found.handle, found.start_handle, found.end_handle, found.uuid};
}
inline GattcIncludedDone event_of(ConnectionHandle on, const gatt::IncludedServiceDone& done) {
    return {on, event_status(done.error), done.error};
}
inline GattcCharacteristicResult event_of(ConnectionHandle on,
                                          const gatt::CharacteristicResult& found) {
    return {on, found.end_handle, found.value_handle, found.properties, found.uuid};
}
inline GattcCharacteristicDone event_of(ConnectionHandle on, const gatt::CharacteristicDone& done) {
    return {on, event_status(done.error), done.error};
}
inline GattcDescriptorResult event_of(ConnectionHandle on, const gatt::DescriptorResult& found) {
    return {on, found.handle, found.uuid};
}
inline GattcDescriptorDone event_of(ConnectionHandle on, const gatt::DescriptorDone& done) {
    return {on, event_status(done.error), done.error};
}
inline GattcReadResult event_of(ConnectionHandle on, const gatt::ReadResult& result) {
    return {on, result.handle, result.value};
}
inline GattcReadDone event_of(ConnectionHandle on, const gatt::ReadDone& done) {
    return {on, done.handle, event_status(done.error), done.error};
}
inline GattcWriteDone event_of(ConnectionHandle on, const gatt::WriteDone& done) {
    return {on, done.handle, event_status(done.error), done.error};
}
inline GattcSubscribeDone event_of(ConnectionHandle on, const gatt::SubscribeDone& done) {
    return {on, done.value_handle, done.cccd_handle, event_status(done.error), done.error};
}
inline GattcNotify event_of(ConnectionHandle on, const gatt::Notified& notified) {
    return {on, notified.handle, notified.value};
}

}  // namespace bluetooth
