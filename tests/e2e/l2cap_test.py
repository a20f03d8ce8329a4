# SPDX-License-Identifier: MIT
"""Channels between two processes: transfers that both sides check, bridges, and refusals."""

import os
import signal
import socket
import subprocess
import tempfile
import threading

import btvirt
from support import (ASIOBLE, LIMIT, asioble, environment, expect, expect_equal, main, records, run,
                     temporary_directory)

PSM = "0x80"
NAME = "channels"
MEBIBYTE = 1 << 20
#: How much goes each way through the eight channels.
OCTETS = 100_000_000
#: What the memory of a process may grow by between the first tenth of a transfer and its end: far
#: less than a buffer of the octets that were moved would take.
GROWTH_KIB = 1024
#: What the address sanitizer holds back of freed memory would look like growth.
KEEP_NOTHING = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=1"}


class Air:
    """Served controllers for all processes of a test."""

    def __init__(self):
        listen = "unix:" + os.path.join(temporary_directory(), "air")
        self.controller = asioble("--json", "controller", "--listen", listen)
        self.transport = self.controller.wait_for_event("listening")["transport"]

    def start(self, *arguments):
        return asioble("-t", self.transport, "--json", "l2cap", *arguments, env=KEEP_NOTHING)

    def listen(self, *arguments, command="listen"):
        process = self.start(command, "--psm", PSM, "--name", NAME, *arguments)
        process.wait_for_event("listening")
        return process

    def run(self, *arguments):
        return run("-t", self.transport, "--json", "l2cap", *arguments)

    def end(self):
        self.controller.signal(signal.SIGINT)
        expect_equal(self.controller.wait(), 130, "exit status of the controller after Ctrl-C")
        expect_equal(self.controller.errors, [], "standard error of the controller")


def to(*arguments):
    return ["--name", NAME, "--psm", PSM, *arguments]


def resident_kib(process):
    """The memory that a process has now; None once it has ended."""
    try:
        with open(f"/proc/{process.process.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return None


def expect_success(*processes):
    for process in processes:
        expect_equal(process.wait(), 0, f"exit status of {process}")
        expect_equal(process.errors, [], "standard error")


def expect_all_right(told, channels, octets):
    checked = [record for record in told if record["event"] == "channel_checked"]
    expect_equal(len(checked), channels, "the channels that were checked")
    expect(all(record["right"] for record in checked), f"wrong octets: {checked}")
    expect_equal([sum(record[way] for record in checked) for way in ("sent", "received")],
                 [octets, octets], "the octets that went and came")


def transfer(air, channels, octets, *options):
    """Both sides check all octets. Returns what they used at each tenth, in KiB."""
    answering = air.listen("--bench", "--once")
    beginning = air.start("bench", *to("--channels", channels, "--octets", octets, *options))
    used = []
    for tenth in range(1, 11):
        progress = beginning.wait_for_event("progress")
        expect(progress["octets"] * 10 >= tenth * octets or tenth < 10, f"progress {progress}")
        used.append((resident_kib(beginning), resident_kib(answering)))
        if progress["octets"] == octets:
            break
    expect_success(beginning, answering)
    for side in (beginning, answering):
        expect_all_right(records("\n".join(side.lines)), channels, octets)
    result = [record for record in records("\n".join(beginning.lines))
              if record["event"] == "result"][0]
    print(f"{octets} octets each way through {channels} channels in {result['seconds']:.1f} s,"
          f" memory in KiB: {used}")
    return used


def many_octets_go_each_way_through_eight_channels_and_memory_stays_flat():
    air = Air()
    used = transfer(air, 8, OCTETS)
    for side in zip(*used):
        known = [kib for kib in side if kib is not None]
        expect(len(known) > 5, f"too few looks at the memory: {used}")
        expect(known[-1] <= known[0] + GROWTH_KIB, f"the memory of a process grows: {used}")
    air.end()


def enhanced_channels_carry_the_same():
    air = Air()
    transfer(air, 8, MEBIBYTE, "--enhanced")
    air.end()


def sdus_of_any_size_arrive():
    air = Air()
    for mtu, mps in ((32, 23), (247, 64), (65535, 517)):
        transfer(air, 2, 100_000, "--mtu", mtu, "--mps", mps)
    air.end()


def a_megabyte_goes_each_way_over_btvirt():
    _, transport = btvirt.start()
    # It drops what a slow host does not fetch in time: few credits keep that below what its
    # sockets hold.
    few = ["--credits", 8]
    answering = asioble("-t", transport, "--json", "l2cap", "listen", "--psm", PSM, "--name", NAME,
                        "--bench", "--once", *few)
    answering.wait_for_event("listening")
    beginning = asioble("-t", transport, "--json", "l2cap", "bench",
                        *to("--channels", 2, "--octets", 1_000_000, *few))
    expect_success(beginning, answering)
    for side in (beginning, answering):
        expect_all_right(records("\n".join(side.lines)), 2, 1_000_000)


def an_echo_is_checked_too():
    air = Air()
    echo = air.listen("--once", command="echo")
    result = air.run("bench", *to("--channels", 3, "--octets", 300_000))
    expect_equal(result.returncode, 0, f"exit status of the bench ({result.stderr})")
    expect_all_right(records(result.stdout), 3, 300_000)
    expect_success(echo)
    air.end()


def sdus_are_shown_and_come_back_whole():
    air = Air()
    echo = air.listen("--once", command="echo")
    client = air.start("connect", *to("--channels", 2, "--send", "010203", "'text'", "--for", 1))
    expect_success(client, echo)
    received = [(record["channel"], record["value"]) for record in
                records("\n".join(client.lines)) if record["event"] == "received"]
    channels = sorted({channel for channel, _ in received})
    expect_equal(len(channels), 2, "the channels that echoed")
    for channel in channels:
        expect_equal([value for of, value in received if of == channel],
                     ["010203", b"text".hex()], "the SDUs of a channel")
    air.end()


def stdio(air, data, *arguments):
    """What comes out of `asioble l2cap ARGUMENTS... --stdio` when `data` goes in."""
    result = subprocess.run(
        [ASIOBLE, "-t", air.transport, "l2cap", *arguments, "--stdio"], input=data,
        env=environment(), capture_output=True, timeout=LIMIT)
    expect_equal(result.returncode, 0, f"exit status of the bridge ({result.stderr})")
    return result.stdout


def standard_input_comes_back_from_an_echo():
    air = Air()
    echo = air.listen("--once", command="echo")
    data = os.urandom(300_000)
    expect(stdio(air, data, "connect", *to()) == data, "the echo is not what was sent")
    expect_success(echo)
    air.end()


def standard_input_goes_to_standard_output_of_the_peer():
    air = Air()
    data = os.urandom(MEBIBYTE)
    with tempfile.TemporaryFile() as printed:
        listener = subprocess.Popen(
            [ASIOBLE, "-t", air.transport, "l2cap", "listen", "--psm", PSM, "--name", NAME,
             "--stdio", "--linger", "60"],
            env=environment(), stdin=subprocess.DEVNULL, stdout=printed,
            stderr=subprocess.DEVNULL)
        try:
            stdio(air, data, "connect", *to("--linger", "0"))
            expect_equal(listener.wait(LIMIT), 0, "exit status of the listening side")
        finally:
            listener.kill()
        printed.seek(0)
        expect(printed.read() == data, "what was printed is not what went in")
    air.end()


class TcpPeer:
    """One end of a TCP connection: sends `data`, ends, and reads to the end, in steps of `step`
    octets with pauses where it is slow."""

    def __init__(self, connection, data, pause=0.0):
        self.received = bytearray()
        self._pause = threading.Event()
        self._threads = [
            threading.Thread(target=self._send, args=(connection, data), daemon=True),
            threading.Thread(target=self._receive, args=(connection, pause), daemon=True)]
        for thread in self._threads:
            thread.start()

    @staticmethod
    def _send(connection, data):
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)

    def _receive(self, connection, pause):
        while part := connection.recv(65536):
            self.received += part
            if pause and len(self.received) < MEBIBYTE:
                self._pause.wait(pause)
        connection.close()

    def wait(self):
        for thread in self._threads:
            thread.join(LIMIT)
            expect(not thread.is_alive(), f"no end; {len(self.received)} octets have come")


def tcp_is_bridged_both_ways_and_a_slow_reader_loses_nothing():
    air = Air()
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        far = air.listen("--tcp-connect", f"127.0.0.1:{server.getsockname()[1]}")
        near = air.start("connect", *to("--tcp-listen", "127.0.0.1:0"))
        port = near.wait_for_event("listening")["port"]
        there, back = os.urandom(10 * MEBIBYTE), os.urandom(10 * MEBIBYTE)
        client = TcpPeer(socket.create_connection(("127.0.0.1", port), LIMIT), there)
        connection, _ = server.accept()
        before = resident_kib(far)
        slow = TcpPeer(connection, back, pause=0.05)
        slow.wait()
        client.wait()
        growth = resident_kib(far) - before
    expect(bytes(slow.received) == there, f"the server got {len(slow.received)} octets")
    expect(bytes(client.received) == back, f"the client got {len(client.received)} octets")
    expect(growth < 4 * GROWTH_KIB, f"the bridge before the slow reader grew by {growth} KiB")
    near.wait_for_event("channel_closed", status=0)

    # The next connection gets a channel of its own; there is nobody behind the bridge any more.
    with socket.create_connection(("127.0.0.1", port), LIMIT) as refused:
        expect_equal(refused.recv(1), b"", "what comes from nowhere")
    refusal = near.wait_for_event("channel_refused")
    expect_equal(refusal["status"], 6, f"the status of {refusal}")
    far.wait_for_event("channel_refused")
    for side in (near, far):
        side.signal(signal.SIGINT)
        expect_equal(side.wait(), 130, f"exit status after Ctrl-C of {side}")
    air.end()


def an_unknown_psm_is_refused_in_words():
    air = Air()
    listener = air.listen("--once")
    result = air.run("connect", "--name", NAME, "--psm", "129")
    expect_equal(result.returncode, 1, f"exit status ({result.stderr})")
    for words in ("nothing on PSM 0x0081", "listening"):
        expect(words in result.stderr, f"the message does not say {words!r}: {result.stderr}")
    refusal = [r for r in records(result.stdout) if r["event"] == "channel_refused"]
    expect_equal([r["status"] for r in refusal], [8], "the status")
    expect_success(listener)
    air.end()


def a_lost_peer_is_told():
    air = Air()
    listener = air.listen()
    client = air.start("connect", *to("--send", "00"))
    listener.wait_for_event("received", value="00")
    listener.kill()
    expect_equal(client.wait(), 1, f"exit status of {client}")
    expect("ended with the link" in "".join(client.errors), f"it is not told by {client}")
    air.end()


def wrong_arguments_are_named():
    def expect_usage(*arguments, words):
        result = run("l2cap", *arguments)
        expect_equal(result.returncode, 2, f"exit status of {arguments} ({result.stderr})")
        expect(words in result.stderr, f"{arguments} does not say {words!r}: {result.stderr}")

    expect_usage(words="subcommand")
    expect_usage("listen", words="--psm")
    for psm in ("0", "0x27", "256", "0x", "eighty"):
        expect_usage("listen", "--psm", psm, words="0x80")
    expect_usage("connect", "--psm", PSM, words="--name")
    expect_usage("listen", "--psm", PSM, "--tcp-connect", "localhost:1", words="127.0.0.1")
    expect_usage("connect", *to("--stdio", "--tcp-listen", "127.0.0.1:0"), words="excludes")
    expect_usage("connect", *to("--send", "hello"), words="hex digits")
    expect_usage("listen", "--psm", PSM, "--mtu", "31", words="--mtu")


TESTS = (many_octets_go_each_way_through_eight_channels_and_memory_stays_flat,
         enhanced_channels_carry_the_same, sdus_of_any_size_arrive, an_echo_is_checked_too,
         sdus_are_shown_and_come_back_whole, standard_input_comes_back_from_an_echo,
         standard_input_goes_to_standard_output_of_the_peer,
         tcp_is_bridged_both_ways_and_a_slow_reader_loses_nothing,
         an_unknown_psm_is_refused_in_words, a_lost_peer_is_told, wrong_arguments_are_named,
         a_megabyte_goes_each_way_over_btvirt)  # last: skips the script where there is no btvirt

main(*TESTS)
