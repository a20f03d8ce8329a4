# SPDX-License-Identifier: MIT
"""A small peripheral that shares nothing with asioble: raw HCI (H4) over a socket, an ATT server
with a table of its own, and a switch that makes it echo Prepare Write Requests with one wrong
octet."""

import socket
import struct
import threading
import time
import uuid

from support import LIMIT, Failed

NAME = b"raw peer"
SERVICE = uuid.UUID("c0de0001-5a8d-4c6b-9f3e-7a1b2c3d4e5f")
VALUE = uuid.UUID("c0de0002-5a8d-4c6b-9f3e-7a1b2c3d4e5f")
VALUE_HANDLE = 0x0006
MTU = 100

PRIMARY_SERVICE, SECONDARY_SERVICE, INCLUDE, CHARACTERISTIC = 0x2800, 0x2801, 0x2802, 0x2803
EXTENDED_PROPERTIES = 0x2900
INVALID_HANDLE, WRITE_NOT_PERMITTED, INVALID_PDU = 0x01, 0x03, 0x04
NOT_SUPPORTED, INVALID_OFFSET, NOT_FOUND = 0x06, 0x07, 0x0a


def wire(uuid_or_number):
    """A UUID as it goes over the air."""
    if isinstance(uuid_or_number, int):
        return struct.pack("<H", uuid_or_number)
    return uuid_or_number.bytes[::-1]


class Refused(Exception):
    def __init__(self, error, handle=0):
        super().__init__(error, handle)
        self.error, self.handle = error, handle


class Table:
    """Attributes, whose handles count from 1. A value may be a `Refused`: why it is not read."""

    def __init__(self):
        self.types, self.values = {}, {}
        self.ends = {}  # of the services

    def add(self, attribute_type, value):
        handle = len(self.types) + 1
        self.types[handle], self.values[handle] = wire(attribute_type), value
        if self.ends:
            self.ends[max(self.ends)] = handle
        return handle

    def service(self, service, declaration=PRIMARY_SERVICE):
        handle = len(self.types) + 1
        self.ends[handle] = handle
        return self.add(declaration, wire(service))

    def include(self, handle):
        """A service that stands there already."""
        service = self.values[handle]
        return self.add(INCLUDE, struct.pack("<HH", handle, self.ends[handle]) +
                        (service if len(service) == 2 else b""))

    def characteristic(self, properties, characteristic, value):
        self.add(CHARACTERISTIC, struct.pack("<BH", properties, len(self.types) + 2) +
                 wire(characteristic))
        return self.add(characteristic, value)


def small_table():
    table = Table()
    table.service(0x1800)
    table.characteristic(0x02, 0x2a00, NAME)
    table.service(SERVICE)
    # Read, write, extended properties; these say that reliable writes are supported.
    value = table.characteristic(0x8a, VALUE, b"raw value")
    table.add(EXTENDED_PROPERTIES, b"\x01\x00")
    assert value == VALUE_HANDLE
    return table


class AttServer:
    """Answers requests. No queue, no security: what a client's tests need and not more."""

    def __init__(self, table, wrong_echo=False):
        self.table = table
        self.wrong_echo = wrong_echo
        self.mtu = 23
        self.queue = []
        self.types, self.values, self.ends = table.types, table.values, table.ends

    def answer(self, pdu):
        """The response to a request, None to anything else."""
        handlers = {
            0x02: self.exchange_mtu, 0x04: self.find_information, 0x06: self.find_by_type_value,
            0x08: self.read_by_type, 0x0a: self.read, 0x0c: self.read_blob,
            0x10: self.read_by_group_type, 0x12: self.write, 0x16: self.prepare_write,
            0x18: self.execute_write}
        opcode = pdu[0]
        if opcode & 0x40 or opcode == 0x1e:
            return None
        try:
            if opcode not in handlers:
                raise Refused(NOT_SUPPORTED)
            return handlers[opcode](pdu[1:])[:self.mtu]
        except struct.error:
            return struct.pack("<BBHB", 0x01, opcode, 0, INVALID_PDU)
        except Refused as refusal:
            return struct.pack("<BBHB", 0x01, opcode, refusal.handle, refusal.error)

    def value(self, handle):
        if handle not in self.values:
            raise Refused(INVALID_HANDLE, handle)
        value = self.values[handle]
        if isinstance(value, Refused):
            raise Refused(value.error, handle)
        return value

    def found(self, start, end, attribute_type=None):
        if start == 0 or start > end:
            raise Refused(INVALID_HANDLE, start)
        handles = [handle for handle, this in self.types.items()
                   if start <= handle <= end and attribute_type in (None, this)]
        if not handles:
            raise Refused(NOT_FOUND, start)
        return handles

    def list_of(self, elements):
        """As many elements as fit, all as long as the first one."""
        chosen = b""
        for element in elements:
            if len(element) != len(elements[0]) or 2 + len(chosen + element) > self.mtu:
                break
            chosen += element
        return chosen

    def exchange_mtu(self, body):
        theirs, = struct.unpack("<H", body)
        self.mtu = max(23, min(theirs, MTU))
        return struct.pack("<BH", 0x03, MTU)

    def find_information(self, body):
        handles = self.found(*struct.unpack("<HH", body))
        pairs = [struct.pack("<H", handle) + self.types[handle] for handle in handles]
        return bytes([0x05, 1 if len(pairs[0]) == 4 else 2]) + self.list_of(pairs)

    def find_by_type_value(self, body):
        start, end, attribute_type = struct.unpack("<HH2s", body[:6])
        handles = [handle for handle in self.found(start, end, attribute_type)
                   if self.values[handle] == body[6:]]
        if not handles:
            raise Refused(NOT_FOUND, start)
        return b"\x07" + b"".join(
            struct.pack("<HH", handle, self.ends.get(handle, handle)) for handle in handles)

    def read_by_type(self, body):
        handles = self.found(*struct.unpack("<HH", body[:4]), body[4:])
        values = [struct.pack("<H", handle) + self.values[handle] for handle in handles]
        return bytes([0x09, len(values[0])]) + self.list_of(values)

    def read_by_group_type(self, body):
        handles = self.found(*struct.unpack("<HH", body[:4]), body[4:])
        groups = [struct.pack("<HH", handle, self.ends[handle]) + self.values[handle]
                  for handle in handles]
        return bytes([0x11, len(groups[0])]) + self.list_of(groups)

    def read(self, body):
        return b"\x0b" + self.value(*struct.unpack("<H", body))

    def read_blob(self, body):
        handle, offset = struct.unpack("<HH", body)
        value = self.value(handle)
        if offset > len(value):
            raise Refused(INVALID_OFFSET, handle)
        return b"\x0d" + value[offset:]

    def check_writable(self, handle):
        self.value(handle)
        if handle != VALUE_HANDLE:
            raise Refused(WRITE_NOT_PERMITTED, handle)

    def write(self, body):
        handle, = struct.unpack("<H", body[:2])
        self.check_writable(handle)
        self.values[handle] = body[2:]
        return b"\x13"

    def prepare_write(self, body):
        handle, offset = struct.unpack("<HH", body[:4])
        self.check_writable(handle)
        self.queue.append((offset, body[4:]))
        echo = bytearray(b"\x17" + body)
        if self.wrong_echo:
            echo[-1] ^= 0x01
        return bytes(echo)

    def execute_write(self, body):
        flags, = struct.unpack("<B", body)
        queue, self.queue = self.queue, []
        value = b""
        for offset, part in queue if flags == 1 else []:
            if offset > len(value):
                raise Refused(INVALID_OFFSET, VALUE_HANDLE)
            value = value[:offset] + part + value[offset + len(part):]
        if flags == 1 and queue:
            self.values[VALUE_HANDLE] = value
        return b"\x19"


class RawPeer:
    """Advertises, takes connections one after another, and serves each in a thread of its own."""

    def __init__(self, transport, wrong_echo=False, table=None):
        self.att = AttServer(table or small_table(), wrong_echo)
        self.pdus = []  # all ATT PDUs: ("<" from the client or ">" to it, octets)
        self._failure = None
        self._news = threading.Condition()
        self._socket = connect(transport)
        self._connection = None
        self._partial = b""
        self._credits = self._acl_length = 0
        self._start()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def received(self):
        """All ATT PDUs of clients so far."""
        with self._news:
            return [pdu for direction, pdu in self.pdus if direction == "<"]

    def wait_for(self, pdu):
        """Until a client has sent this PDU."""
        end = time.monotonic() + LIMIT
        with self._news:
            while ("<", pdu) not in self.pdus:
                if self._failure or not self._news.wait(end - time.monotonic()):
                    raise Failed(f"no {pdu.hex()} came to the raw peer, but {self.pdus}; "
                                 f"{self._failure}")

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(LIMIT)
        self._socket.close()

    # ---- HCI (Vol 4 Part E), in packets of H4 (Vol 4 Part A 2)

    def _start(self):
        self._command(0x0c03)                                           # Reset
        self._command(0x0c01, b"\xff" * 7 + b"\x3f")                    # Set Event Mask
        self._command(0x2001, b"\x1f" + bytes(7))                       # LE Set Event Mask
        address = self._command(0x1009)                                 # Read BD_ADDR
        self.address = ":".join(f"{octet:02X}" for octet in reversed(address))
        self._acl_length, count = struct.unpack("<HB", self._command(0x2002))  # LE Read Buffer Size
        if self._acl_length == 0:                                       # Read Buffer Size
            self._acl_length, _, count = struct.unpack("<HBH", self._command(0x1005)[:5])
        self._credits = count
        data = bytes([2, 0x01, 0x06, 1 + len(NAME), 0x09]) + NAME
        self._command(0x2006, struct.pack("<HHBBB6sBB", 0x30, 0x30, 0, 0, 0, bytes(6), 7, 0))
        self._command(0x2008, bytes([len(data)]) + data.ljust(31, b"\0"))
        self._command(0x200a, b"\x01")                                  # advertising on

    def _command(self, opcode, parameters=b""):
        """Carries out a command; returns what its Command Complete holds behind the status."""
        self._send_command(opcode, parameters)
        while True:
            packet = self._packet()
            if packet[:2] == b"\x04\x0e" and packet[4:6] == struct.pack("<H", opcode):
                if packet[6] != 0:
                    raise Failed(f"command {opcode:04x} failed with status {packet[6]:02x}")
                return packet[7:]

    def _send_command(self, opcode, parameters):
        self._socket.sendall(struct.pack("<BHB", 1, opcode, len(parameters)) + parameters)

    def _packet(self):
        kind = self._exactly(1)
        if kind == b"\x04":
            header = self._exactly(2)
            return kind + header + self._exactly(header[1])
        if kind == b"\x02":
            header = self._exactly(4)
            return kind + header + self._exactly(struct.unpack("<H", header[2:])[0])
        raise Failed(f"the controller sends a packet of type {kind.hex()}")

    def _exactly(self, count):
        octets = b""
        while len(octets) < count:
            more = self._socket.recv(count - len(octets))
            if not more:
                raise EOFError
            octets += more
        return octets

    def _serve(self):
        try:
            while True:
                packet = self._packet()
                if packet[0] == 0x04:
                    self._on_event(packet[1], packet[3:])
                else:
                    self._on_acl(*struct.unpack("<H", packet[1:3]), packet[5:])
        except (EOFError, OSError):
            pass
        except Exception as failure:  # whatever it is, it belongs to the test that waits
            with self._news:
                self._failure = failure
                self._news.notify_all()
            raise

    def _on_event(self, code, parameters):
        if code == 0x3e and parameters[0] in (0x01, 0x0a) and parameters[1] == 0:
            self._connection, = struct.unpack("<H", parameters[2:4])
            self._partial = b""
            self.att = AttServer(self.att.table, self.att.wrong_echo)
        elif code == 0x05 and parameters[0] == 0:  # Disconnection Complete
            self._connection = None
            self._send_command(0x200a, b"\x01")
        elif code == 0x13:  # Number Of Completed Packets
            self._credits += sum(struct.unpack_from("<H", parameters, 3 + 4 * i)[0]
                                 for i in range(parameters[0]))

    def _on_acl(self, handle_and_flags, data):
        if handle_and_flags & 0x1000 == 0 or handle_and_flags & 0x2000:  # the first fragment
            self._partial = b""
        self._partial += data
        length, channel = struct.unpack_from("<HH", self._partial)
        if len(self._partial) < 4 + length:
            return
        payload, self._partial = self._partial[4:4 + length], b""
        if channel == 0x0004:
            self._on_att(payload)
        elif channel == 0x0006:  # Pairing Failed: not supported (Vol 3 Part H 3.5.5)
            self._send(0x0006, b"\x05\x05")

    def _on_att(self, pdu):
        response = self.att.answer(pdu)
        with self._news:
            self.pdus.append(("<", pdu))
            if response is not None:
                self.pdus.append((">", response))
            self._news.notify_all()
        if response is not None:
            self._send(0x0004, response)

    def _send(self, channel, payload):
        frame = struct.pack("<HH", len(payload), channel) + payload
        for at in range(0, len(frame), self._acl_length):
            while self._credits == 0 and self._connection is not None:
                packet = self._packet()
                if packet[0] == 0x04:
                    self._on_event(packet[1], packet[3:])
            part = frame[at:at + self._acl_length]
            if self._connection is None:
                return
            self._credits -= 1
            flags = 0x1000 if at else 0
            self._socket.sendall(
                struct.pack("<BHH", 2, self._connection | flags, len(part)) + part)


def connect(transport):
    """The socket behind a transport named as the program names it."""
    kind, _, where = transport.partition(":")
    if kind == "unix":
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(where)
    elif kind == "tcp-client":
        host, _, port = where.rpartition(":")
        connection = socket.create_connection((host, int(port)))
    else:
        raise Failed(f"the raw peer does not know the transport {transport}")
    return connection
