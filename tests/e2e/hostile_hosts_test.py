# SPDX-License-Identifier: MIT
"""Hosts that flood, send garbage, never read, or come and go cost their neighbours nothing."""

import random
import socket
import threading

import airs
import conversation
from l2cap_air import KEEP_NOTHING, resident_kib
from raw_peer import connect
from support import LIMIT, Failed, expect, expect_equal, main

RESET = bytes.fromhex("01 03 0c 00")
#: Resets, LE Rand, and Read Local Supported Commands with its long answer.
FLOOD = (RESET + bytes.fromhex("01 18 20 00 01 02 10 00")) * 1000
#: What a host that does not read may keep in a served controller.
GROWTH_KIB = 4096


class Hostile:
    """Does one thing again and again until the end of the test, in a thread of its own."""

    def __init__(self, transport, act):
        self._transport = transport
        self._act = act
        self._ended = threading.Event()
        self._news = threading.Condition()
        self.rounds = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while not self._ended.is_set():
            try:
                host = connect(self._transport)
            except OSError:  # the server's end, when a test has failed
                return
            host.settimeout(0.2)
            try:
                while self._act(host) and not self._ended.is_set():
                    self._count()
            except OSError:  # the server has closed it
                pass
            self._count()
            host.close()

    def _count(self):
        with self._news:
            self.rounds += 1
            self._news.notify()

    def wait_for_rounds(self, count):
        with self._news:
            if not self._news.wait_for(lambda: self.rounds >= count, LIMIT):
                raise Failed(f"the hostile host had no turn: {self._act}")

    def end(self):
        self._ended.set()
        self._thread.join()


def send_all(host, octets):
    """As much as goes in a moment: there is always more."""
    try:
        host.sendall(octets)
    except socket.timeout:
        pass
    return True


def floods_and_never_reads(host):
    return send_all(host, FLOOD)


def floods_and_reads(host):
    send_all(host, FLOOD)
    try:
        while host.recv(65536):
            pass
    except socket.timeout:
        pass
    return True


def sends_garbage():
    source = random.Random(4)
    return lambda host: send_all(host, source.randbytes(4096))


def loses_synchronisation_for_ever(host):
    return send_all(host, (b"\xff" + RESET) * 2000)


def comes_and_goes():
    source = random.Random(5)

    def act(host):
        host.sendall(FLOOD[:source.randrange(1, 40)])
        return False
    return act


def advertises_and_never_reads(host):
    """Scans too, so that it is sent reports without end."""
    return send_all(host, bytes.fromhex(
        "01 01 20 08 ff ff 00 00 00 00 00 00"
        "01 06 20 0f 20 00 20 00 03 00 00 00 00 00 00 00 00 07 00"
        "01 0a 20 01 01"
        "01 0b 20 07 00 04 00 04 00 00 00"
        "01 0c 20 02 01 00") * 100)


def hold_conversation_beside(*acts):
    """Returns the air, whose controller has told what it had to say."""
    air = airs.served(env=KEEP_NOTHING)
    hostile = [Hostile(air.transport, act) for act in acts]
    for one in hostile:
        one.wait_for_rounds(2)
    # What each connection takes is taken now.
    before = resident_kib(air.process)
    conversation.hold(air.transport, air.transport)
    growth = resident_kib(air.process) - before
    for one in hostile:
        one.end()
    print(f"{sum(one.rounds for one in hostile)} rounds, {growth} KiB more")
    expect(growth <= GROWTH_KIB * len(acts), f"the memory has grown by {growth} KiB")
    expect(len(air.process.errors) < 100, f"the log is filled: {len(air.process.errors)} lines")
    for line in air.process.errors:
        expect("lost synchronisation" in line, f"standard error: {line}")
    air.process.errors.clear()
    air.end()


def one_that_floods_and_never_reads():
    hold_conversation_beside(floods_and_never_reads)


def one_that_floods_and_reads():
    hold_conversation_beside(floods_and_reads)


def one_that_sends_garbage():
    hold_conversation_beside(sends_garbage())


def one_that_is_never_in_synchronisation():
    hold_conversation_beside(loses_synchronisation_for_ever)


def all_of_them_at_once():
    hold_conversation_beside(floods_and_never_reads, floods_and_reads, sends_garbage(),
                             loses_synchronisation_for_ever, comes_and_goes(),
                             advertises_and_never_reads)


def there_are_no_more_hosts_than_allowed():
    air = airs.served("--max-hosts", 2)
    hosts = [connect(air.transport) for _ in range(2)]
    for number in (1, 2):
        air.process.wait_for_event("host", number=number)
    for _ in range(5):
        refused = connect(air.transport)
        refused.settimeout(30)
        expect_equal(refused.recv(1), b"", "what a host too many is sent")
        refused.close()
    expect_equal(air.process.wait_for_event("refused")["max_hosts"], 2, "the limit")
    hosts[0].close()
    air.process.wait_for_event("gone", number=1)
    late = connect(air.transport)
    late.settimeout(30)
    late.sendall(RESET)
    expect_equal(late.recv(100).hex(), "040e0401030c00", "the answer to Reset")
    refusals = [line for line in air.process.lines if '"refused"' in line]
    expect_equal(len(refusals), 1, "lines about refusals")
    air.end()


main(one_that_floods_and_never_reads, one_that_floods_and_reads, one_that_sends_garbage,
     one_that_is_never_in_synchronisation, all_of_them_at_once,
     there_are_no_more_hosts_than_allowed)
