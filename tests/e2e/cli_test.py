# SPDX-License-Identifier: MIT
"""What the program says, and how it ends, when something is wrong."""

import os
import pty
import signal
import socket
import subprocess
import threading

from support import (ASIOBLE, LIMIT, asioble, environment, expect, expect_equal, main, run,
                     temporary_directory)

NOBODY = "C0:00:00:00:00:01"


def expect_end(result, status, *words):
    """The exit status, and what the message to the user names."""
    what = f"`{' '.join(map(str, result.args[1:]))}`"
    expect_equal(result.returncode, status, f"exit status of {what} ({result.stderr})")
    for word in words:
        expect(word in result.stderr, f"{what} does not name {word!r} but says: {result.stderr}")


def served():
    controller = asioble(
        "--json", "controller", "--listen", "unix:" + os.path.join(temporary_directory(), "air"))
    return controller, controller.wait_for_event("listening")["transport"]


def advertised(transport):
    peripheral = asioble("-t", transport, "--json", "advertise", "--interval", 30)
    return peripheral, peripheral.wait_for_event("advertising")["address"]


def expect_process_end(process, status, *words):
    expect_equal(process.wait(), status, f"exit status of {process}")
    for word in words:
        expect(word in "\n".join(process.errors), f"the message does not name {word!r}: {process}")


def help_is_no_failure():
    for arguments in [["--help"], ["--version"], ["gatt", "--help"]]:
        result = run(*arguments)
        expect_end(result, 0)
        expect_equal(result.stderr, "", "standard error")
        expect("asioble" in result.stdout or "Usage" in result.stdout, result.stdout)


def wrong_arguments_are_named():
    expect_end(run(), 2, "subcommand")
    expect_end(run("dance"), 2)
    expect_end(run("scan", "--duration", "long"), 2, "--duration")
    expect_end(run("scan", "--service", "battery"), 2, "--service", "4 hex digits")
    expect_end(run("gatt"), 2, "ADDRESS", "--name")
    expect_end(run("gatt", "00:11:22"), 2, "00:AA:01:02:03:04")
    expect_end(run("gatt", NOBODY, "--mtu", 5), 2, "--mtu")
    expect_end(run("gatt", NOBODY, "--read", "battery"), 2, "battery", "0x0012")
    expect_end(run("gatt", NOBODY, "--write", "0x0012"), 2, "HANDLE=HEX")
    expect_end(run("gatt", NOBODY, "--write", "0x0012=abc"), 2, "HANDLE=HEX")
    expect_end(run("gatt", NOBODY, "--write-long", "0x0012=@/nowhere/file"), 2, "/nowhere/file")
    expect_end(run("gatt", NOBODY, "--write-long", "0x0012=" + 513 * "00"), 2, "512", "513")
    expect_end(run("gatt", NOBODY, "--by-uuid", "battery"), 2, "--by-uuid", "2a19")
    expect_end(run("gatt", NOBODY, "--values", "--no-list"), 2, "--values", "--no-list")
    expect_end(run("advertise", "--manufacturer", "hello"), 2, "ffff:0102")
    expect_end(run("advertise", "--change-services", "soon"), 2, "--change-services")
    expect_end(run("-t", "virtual:", "advertise", "--name", "n" * 40), 2, "31")
    expect_end(run("controller"), 2, "--listen")
    expect_end(run("bench", "fly", "--role", "central"), 2, "notify")
    expect_end(run("demo", "-t", "virtual:"), 2, "-t")


def without_a_transport_the_known_ones_are_listed():
    known = ["-t", "ASIOBLE_TRANSPORT", "virtual:", "serial:", "unix:", "tcp-client:"]
    expect_end(run("info"), 2, *known)
    expect_end(run("-t", "carrier-pigeon:7", "info"), 2, "carrier-pigeon", "virtual:", "serial:")
    expect_end(run("info", env={"ASIOBLE_TRANSPORT": "pigeon:"}), 2, "pigeon", "virtual:")
    expect_end(run("info", env={"ASIOBLE_TRANSPORT": "virtual:"}), 0)


def a_missing_controller_is_named_with_the_remedy():
    path = os.path.join(temporary_directory(), "nobody")
    expect_end(run("-t", "unix:" + path, "info"), 1, path, "running")
    expect_end(run("-t", "serial:" + path, "info"), 1, path)
    expect_end(run("-t", "tcp-client:127.0.0.1:1", "info"), 1, "127.0.0.1:1")
    expect_end(run("-t", "virtual:", "--snoop", "/nowhere/file", "info"), 1, "/nowhere/file")
    expect_end(run("controller", "--listen", "unix:/nowhere/file"), 1, "/nowhere/file")


def controller_that_sends(octets):
    """A socket that reads whatever comes and has only these octets to say."""
    path = os.path.join(temporary_directory(), "strange")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()

    def serve():
        connection, _ = listener.accept()
        connection.sendall(octets)
        while connection.recv(4096):
            pass

    threading.Thread(target=serve, daemon=True).start()
    return "unix:" + path


def a_controller_that_makes_no_sense_is_given_up():
    expect_end(run("-t", controller_that_sends(b""), "info"), 1, "asioble: ")
    expect_end(run("-t", controller_that_sends(bytes(range(256)) * 64), "info"), 1, "asioble: ")


def a_controller_that_vanishes_ends_the_program():
    controller, transport = served()
    scan = asioble("-t", transport, "--json", "scan")
    peripheral, address = advertised(transport)
    scan.wait_for_event("device", address=address)
    central = asioble("-t", transport, "--json", "gatt", address, "--subscribe", "2a19")
    central.wait_for_event("notification")
    controller.signal(signal.SIGKILL)
    controller.wait()
    for process in (scan, peripheral):
        expect_process_end(process, 1, "controller is gone")
    # Its connection ends first, by which it has failed already.
    expect_process_end(central, 1, "asioble: ")


def a_peer_that_vanishes_ends_the_program():
    controller, transport = served()
    peripheral, address = advertised(transport)
    central = asioble("-t", transport, "--json", "gatt", address, "--subscribe", "2a19")
    central.wait_for_event("notification")
    peripheral.signal(signal.SIGKILL)
    peripheral.wait()
    expect_process_end(central, 1, "link was lost", "timeout")
    controller.signal(signal.SIGINT)
    controller.wait()


def a_peer_that_is_not_there_is_named():
    controller, transport = served()
    expect_end(run("-t", transport, "gatt", NOBODY, "--timeout", 1), 1, NOBODY, "asioble scan")
    expect_end(run("-t", transport, "gatt", "--name", "ghost", "--timeout", 1), 1, "ghost")
    expect_end(run("-t", transport, "gatt", NOBODY, "--type", "random", "--timeout", 1), 1,
               NOBODY, "advertising")
    controller.signal(signal.SIGINT)
    controller.wait()


def what_the_peer_refuses_is_named():
    controller, transport = served()
    peripheral, address = advertised(transport)

    def gatt(*actions):
        return run("-t", transport, "gatt", address, "--no-list", *actions)

    expect_end(gatt("--write", "2a19=01"), 1, "writing", "not permitted")
    expect_end(gatt("--read", "0x7000"), 1, "0x7000", "invalid handle")
    expect_end(gatt("--read", "2a37"), 1, "2a37")
    expect_end(gatt("--by-uuid", "2a37"), 1, "2a37", "not found")
    expect_end(gatt("--write-long", "2a19=01"), 1, "writing", "not permitted")
    expect_end(gatt("--mtu", "23", "--write", "2a00=" + 21 * "00"), 1, "20", "--write-long")
    expect_end(gatt("--subscribe", "2a00"), 1, "neither notifies nor indicates")
    expect_end(gatt("--subscribe", "2a19", "--for", "0.1", "--count", 5), 1, "values")
    for process in (peripheral, controller):
        process.signal(signal.SIGINT)
        expect_equal(process.wait(), 130, "exit status after Ctrl-C")


def ctrl_c_leaves_the_controller_clean():
    controller, transport = served()
    scan = asioble("-t", transport, "--json", "scan")
    controller.wait_for_event("host")
    peripheral, address = advertised(transport)
    scan.wait_for_event("device", address=address)
    scan.signal(signal.SIGINT)
    expect_process_end(scan, 130)
    expect("summary" in scan.lines[-1], f"no summary: {scan}")
    expect_equal(scan.errors, [], "standard error")
    controller.wait_for_event("gone", number=1)

    central = asioble("-t", transport, "--json", "gatt", address, "--subscribe", "2a19")
    central.wait_for_event("notification")
    central.signal(signal.SIGINT)
    expect_process_end(central, 130)
    ended = peripheral.wait_for_event("disconnect")
    expect("remote user" in ended["reason"], f"the peer was not told of the end: {ended}")


def in_a_terminal(env):
    """What `asioble demo` prints on a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen([ASIOBLE, "demo"], stdout=slave, env=environment(env))
    os.close(slave)
    output = b""
    try:
        while chunk := os.read(master, 4096):
            output += chunk
    except OSError:  # the way in which a terminal ends
        pass
    os.close(master)
    expect_equal(process.wait(LIMIT), 0, "exit status of the demo on a terminal")
    return output


def colour_is_for_terminals_only():
    expect(b"\x1b[" in in_a_terminal({"TERM": "xterm", "NO_COLOR": ""}), "no colour on a terminal")
    expect(b"\x1b[" not in in_a_terminal({"TERM": "xterm", "NO_COLOR": "1"}), "NO_COLOR")
    expect(b"\x1b[" not in in_a_terminal({"TERM": "dumb", "NO_COLOR": ""}), "TERM=dumb")


main(help_is_no_failure, wrong_arguments_are_named, without_a_transport_the_known_ones_are_listed,
     a_missing_controller_is_named_with_the_remedy, a_controller_that_makes_no_sense_is_given_up,
     a_controller_that_vanishes_ends_the_program, a_peer_that_vanishes_ends_the_program,
     a_peer_that_is_not_there_is_named, what_the_peer_refuses_is_named,
     ctrl_c_leaves_the_controller_clean, colour_is_for_terminals_only)
