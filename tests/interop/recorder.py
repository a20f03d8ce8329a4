# SPDX-License-Identifier: MIT
"""Stands between a guest and its controller, and records all that they say (btsnoop, H4)."""

import os
import socket
import struct
import threading
import time

from support import LIMIT, Failed

COMMAND, ACL, SYNCHRONOUS, EVENT, ISO = 1, 2, 3, 4, 5
#: Where each kind's length stands: its offset behind the type octet, its format, the length of the
#: header (Vol 4 Part E 5.4).
HEADERS = {COMMAND: (2, "<B", 3), ACL: (2, "<H", 4), SYNCHRONOUS: (2, "<B", 3), EVENT: (1, "<B", 2),
           ISO: (2, "<H", 4)}
COMMAND_COMPLETE, COMMAND_STATUS, ENCRYPTION_CHANGE = 0x0e, 0x0f, 0x08
#: Microseconds from the year 0 to 1970, as btsnoop counts.
EPOCH = 0x00dcddb30f2f8000


def packets(stream, pending=b""):
    """The whole packets in a stream of octets from `stream()`."""
    while octets := stream():
        pending += octets
        while pending:
            offset, form, header = HEADERS[pending[0]]
            if len(pending) < 1 + header:
                break
            end = 1 + header + struct.unpack_from(form, pending, 1 + offset)[0] % 0x4000
            if len(pending) < end:
                break
            yield pending[:end]
            pending = pending[end:]


class Recorder:
    """Listens on the unix socket `path` for one guest, whose controller is on `controller`."""

    def __init__(self, path, controller, file):
        self.path = path
        self._controller = controller
        self._file = open(file, "wb")
        self._file.write(b"btsnoop\0" + struct.pack(">II", 1, 1002))
        self._news = threading.Condition()
        self._events = []  # all events so far
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(1)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        guest = self._listener.accept()[0]
        controller = socket.socket(socket.AF_UNIX)
        controller.connect(self._controller)
        for source, drain, to_host in ((guest, controller, False), (controller, guest, True)):
            threading.Thread(target=self._forward, args=(source, drain, to_host),
                             daemon=True).start()

    def _forward(self, source, drain, to_host):
        try:
            # A packet goes on in one piece: btvirt loses ACL data that comes in several.
            for packet in packets(lambda: source.recv(65536)):
                self._record(packet, to_host)
                drain.sendall(packet)
        except OSError:
            pass
        for side in (source, drain):
            try:
                side.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _record(self, packet, to_host):
        flags = to_host | (packet[0] in (COMMAND, EVENT)) << 1
        head = struct.pack(">IIIIQ", len(packet), len(packet), flags, 0,
                           EPOCH + time.time_ns() // 1000)
        with self._news:
            self._file.write(head + packet)
            self._file.flush()
            if packet[0] == EVENT:
                self._events.append(packet[1:])
                self._news.notify_all()

    def mark(self):
        """The number of events so far, for `wait_for_event`."""
        with self._news:
            return len(self._events)

    def wait_for_event(self, code, since, what):
        """Returns the parameters of the first event with this code after the mark `since`."""
        end = time.monotonic() + LIMIT
        with self._news:
            while True:
                for event in self._events[since:]:
                    if event[0] == code:
                        return event[2:]
                if not self._news.wait(end - time.monotonic()):
                    raise Failed(f"{what} did not come")

    def answers(self):
        """The status with which the controller has answered each command: (opcode, status)."""
        found = []
        with self._news:
            for event in self._events:
                if event[0] == COMMAND_COMPLETE and len(event) > 5:
                    found.append((struct.unpack_from("<H", event, 3)[0], event[5]))
                elif event[0] == COMMAND_STATUS:
                    found.append((struct.unpack_from("<H", event, 4)[0], event[2]))
        return found
