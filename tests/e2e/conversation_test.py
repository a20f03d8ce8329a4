# SPDX-License-Identifier: MIT
"""Two processes do everything that there is to do: on served controllers over each kind of
transport, and on a foreign one, BlueZ's btvirt; and what Wireshark says of it."""

import os

import airs
import captures
import conversation
from support import expect, expect_equal, main, temporary_directory

recordings = []


def all_operations(peripheral_transport, central_transport):
    directory = temporary_directory()
    conversation.hold(peripheral_transport, central_transport, snoop_directory=directory)
    recordings.append(directory)


def wireshark_understands_every_packet():
    expect(recordings, "nothing was recorded")
    for directory in recordings:
        files = sorted(os.listdir(directory))
        expect_equal(
            files, ["again.btsnoop", "central.btsnoop", "peripheral.btsnoop", "scan.btsnoop"],
            "the recordings")
        for name in files:
            print(f"{name}: {captures.check(os.path.join(directory, name))} packets")


main(*airs.on_each([airs.unix_socket, airs.tcp, airs.pty, airs.bluez_btvirt], all_operations),
     wireshark_understands_every_packet)
