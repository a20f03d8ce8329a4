# SPDX-License-Identifier: MIT
"""Channels joined with standard streams and with TCP: nothing is lost, whoever ends first and
however slow the reader is, and no more is taken than is passed on."""

import os
import signal
import socket
import threading
import time

from l2cap_air import Air, expect_success, to
from support import LIMIT, expect, expect_equal, main, records

MEBIBYTE = 1 << 20
HOST = "127.0.0.1"
#: What one channel takes before the bridge reads from it, of which the peer can thus be rid.
ALL_CREDITS = ["--credits", 65535]
#: More than the kernel takes for a TCP reader that does not read, less than all those credits.
MUCH = 8 * MEBIBYTE


class Joined:
    """`asioble l2cap ARGUMENTS... --stdio` with pipes at its standard streams."""

    def __init__(self, start, *arguments):
        stdin, write_end = os.pipe()
        read_end, stdout = os.pipe()
        self.input, self.output = os.fdopen(write_end, "wb"), os.fdopen(read_end, "rb")
        self.process = start(*arguments, "--stdio", stdin=stdin, stdout=stdout)
        os.close(stdin)
        os.close(stdout)

    def give(self, data):
        """In the background, to the end of the input."""
        def write():
            self.input.write(data)
            self.input.close()
        return in_background(write)


def in_background(function):
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    return thread


def receive_all(connection):
    received = bytearray()
    while part := connection.recv(65536):
        received += part
    return bytes(received)


class Pusher:
    """Writes on and on, and counts what was taken."""

    def __init__(self, write):
        self.block = os.urandom(16384)
        self.pushed = 0
        self._write = write
        self._stop = threading.Event()
        self._thread = in_background(self._push)

    def _push(self):
        try:
            while not self._stop.is_set():
                self._write(self.block)
                self.pushed += len(self.block)
        except OSError:  # the other end has gone
            pass

    def wait_until_stuck(self, limit):
        """Until nothing more is taken, which must be before `limit` octets. To wait for too short
        a time makes the check weaker, but never wrong."""
        before = -1
        while before != self.pushed <= limit:
            before = self.pushed
            time.sleep(1)
        expect(self.pushed <= limit, f"nobody reads, yet {self.pushed} octets were taken")

    def stop(self):
        self._stop.set()

    def is_running(self):
        return self._thread.is_alive()

    def wait(self):
        """Returns all that was taken."""
        self._thread.join(LIMIT)
        expect(not self._thread.is_alive(), f"no end after {self.pushed} octets")
        return self.block * (self.pushed // len(self.block))


def tcp_buffers():
    """What the kernel holds at most between two ends of TCP: of a sender and of a receiver."""
    def largest(name):
        with open(f"/proc/sys/net/ipv4/{name}", encoding="ascii") as limits:
            return int(limits.read().split()[2])
    return largest("tcp_wmem") + largest("tcp_rmem")


def tcp_server():
    server = socket.create_server((HOST, 0))
    server.settimeout(LIMIT)
    return server, f"{HOST}:{server.getsockname()[1]}"


def accept(server):
    connection, _ = server.accept()
    connection.settimeout(LIMIT)
    return connection


def expect_status(status, process):
    expect_equal(process.wait(), status, f"exit status of {process}")


def interrupt(*processes):
    for process in processes:
        process.signal(signal.SIGINT)
        expect_status(130, process)


def no_fault(*processes):
    for process in processes:
        told = records("\n".join(process.lines))
        expect(all(record["event"] != "fault" for record in told), f"a fault of {process}")


def standard_input_comes_back_from_an_echo():
    air = Air()
    echo = air.listen("--once", command="echo")
    client = Joined(air.start, "connect", *to("--linger", 0))
    data = os.urandom(300_000)
    writing = in_background(lambda: (client.input.write(data), client.input.flush()))
    expect(client.output.read(len(data)) == data, "the echo is not what was sent")
    writing.join()
    client.input.close()
    expect_success(client.process, echo)
    air.end()


def either_side_may_end_first_and_loses_nothing():
    air = Air()
    for listener_sends in (True, False):
        options = [["--linger", 60], ["--linger", 0]]
        listener = Joined(air.listen, *options[listener_sends])
        client = Joined(air.start, "connect", *to(*options[not listener_sends]))
        sender, receiver = (listener, client) if listener_sends else (client, listener)
        data = os.urandom(MEBIBYTE)
        sender.give(data)
        received = receiver.output.read()
        expect(received == data, f"{len(received)} of {len(data)} octets came")
        expect_success(client.process, listener.process)
    air.end()


def what_a_slow_reader_has_not_read_when_the_central_leaves_is_kept_for_it():
    air = Air()
    for options in (["--once"], []):
        listener = Joined(air.listen, *ALL_CREDITS, *options)
        client = Joined(air.start, "connect", *to("--linger", 0))
        data = os.urandom(MEBIBYTE)
        client.give(data)
        expect_success(client.process)
        listener.process.wait_for_event("disconnect")
        if not options:
            # The streams are still the first one's.
            second = air.run("connect", *to())
            expect_equal(second.returncode, 1, f"exit status of a second ({second.stderr})")
            expect("no room" in second.stderr, f"it does not say why: {second.stderr}")
        received = listener.output.read()
        expect(received == data, f"{len(received)} of {len(data)} octets came")
        expect_success(listener.process)
    air.end()


def standard_input_waits_for_a_reader_that_never_reads():
    air = Air()
    listener = Joined(air.listen)
    client = Joined(air.start, "connect", *to())
    pusher = Pusher(lambda block: (client.input.write(block), client.input.flush()))
    pusher.wait_until_stuck(MEBIBYTE)
    interrupt(client.process)
    expect_equal(client.process.errors, [], "standard error after Ctrl-C")
    listener.process.kill()
    pusher.stop()
    pusher.wait()
    air.end()


def tcp_is_bridged_both_ways_and_waits_for_a_slow_reader():
    air = Air()
    server, address = tcp_server()
    far = air.listen("--tcp-connect", address, "--linger", 0)
    near = air.start("connect", *to("--tcp-listen", f"{HOST}:0", "--linger", 60))
    port = near.wait_for_event("listening")["port"]
    client = socket.create_connection((HOST, port), LIMIT)
    slow = accept(server)

    there = Pusher(client.sendall)
    back = os.urandom(10 * MEBIBYTE)
    sending = in_background(lambda: slow.sendall(back))
    came_back = []
    receiving = in_background(lambda: came_back.append(receive_all(client)))
    there.wait_until_stuck(2 * tcp_buffers() + 4 * MEBIBYTE)

    there.stop()
    received = bytearray()
    while there.is_running() or len(received) < there.pushed:
        received += slow.recv(65536)
    expect(bytes(received) == there.wait(), f"of {there.pushed} octets {len(received)} came")
    sending.join(LIMIT)
    slow.shutdown(socket.SHUT_WR)  # by which the far side closes the channel
    receiving.join(LIMIT)
    expect(came_back == [back], "what came back is not what went")
    near.wait_for_event("channel_closed", status=0)
    client.close()
    slow.close()

    # Ctrl-C is no fault of the bridge that it ends.
    client = socket.create_connection((HOST, port), LIMIT)
    slow = accept(server)
    near.wait_for_event("channel_open")

    # The next connection gets a channel of its own; there is nobody behind the bridge any more.
    server.close()
    with socket.create_connection((HOST, port), LIMIT) as refused:
        expect_equal(refused.recv(1), b"", "what comes from nowhere")
    refusal = near.wait_for_event("channel_refused")
    expect_equal(refusal["status"], 6, f"the status of {refusal}")
    far.wait_for_event("channel_refused")
    interrupt(near, far)
    no_fault(near)
    air.end()


def tcp_gets_all_that_came_also_while_it_sends_itself():
    air = Air()
    server, address = tcp_server()
    far = air.listen("--tcp-connect", address, "--once", *ALL_CREDITS)
    near = Joined(air.start, "connect", *to("--linger", 0))
    slow = accept(server)
    pusher = Pusher(slow.sendall)
    in_background(near.output.read)
    data = os.urandom(MUCH)
    near.give(data)
    expect_success(near.process)
    far.wait_for_event("disconnect")
    received = receive_all(slow)
    expect(received == data, f"{len(received)} of {len(data)} octets came")
    pusher.stop()
    pusher.wait()
    slow.close()
    expect_status(1, far)  # not all that the server sent could go
    expect("channel ended before" in "".join(far.lines), f"that is not told by {far}")
    air.end()


def a_tcp_reader_outlives_the_link():
    air = Air()
    far = Joined(air.listen, "--linger", 0)
    near = air.start("connect", *to("--tcp-listen", f"{HOST}:0", *ALL_CREDITS))
    port = near.wait_for_event("listening")["port"]
    data = os.urandom(MUCH)
    far.give(data)
    with socket.create_connection((HOST, port), LIMIT) as slow:
        expect_success(far.process)
        near.wait_for_event("channel_closed", status=0)
        received = receive_all(slow)
    expect(received == data, f"{len(received)} of {len(data)} octets came")
    expect_status(1, near)
    no_fault(near)
    air.end()


def connections_beyond_64_wait_for_a_channel():
    air = Air()
    server, address = tcp_server()

    def echo(connection):
        while part := connection.recv(16):
            connection.sendall(part)
        connection.close()

    def serve():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            in_background(lambda: echo(connection))

    far = air.listen("--tcp-connect", address, "--linger", 0)
    near = air.start("connect", *to("--tcp-listen", f"{HOST}:0", "--linger", 0))
    port = near.wait_for_event("listening")["port"]
    server.settimeout(None)
    in_background(serve)
    clients = [socket.create_connection((HOST, port), LIMIT) for _ in range(70)]
    for i, client in enumerate(clients):
        client.sendall(bytes([i]))
    for i, client in enumerate(clients):
        expect_equal(client.recv(16), bytes([i]), f"what comes back on connection {i}")
        client.close()
    interrupt(near, far)
    no_fault(near)
    server.close()
    air.end()


main(standard_input_comes_back_from_an_echo, either_side_may_end_first_and_loses_nothing,
     what_a_slow_reader_has_not_read_when_the_central_leaves_is_kept_for_it,
     standard_input_waits_for_a_reader_that_never_reads,
     tcp_is_bridged_both_ways_and_waits_for_a_slow_reader,
     tcp_gets_all_that_came_also_while_it_sends_itself, a_tcp_reader_outlives_the_link,
     connections_beyond_64_wait_for_a_channel)
