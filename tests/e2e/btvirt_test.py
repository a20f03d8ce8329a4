# SPDX-License-Identifier: MIT
"""Two processes on a foreign controller, BlueZ's btvirt; and what Wireshark says of it."""

import os

import btvirt
import captures
import conversation
from support import expect_equal, main, temporary_directory

directory = temporary_directory()


def all_operations_over_btvirt():
    _, transport = btvirt.start()
    conversation.hold(transport, transport, snoop_directory=directory)


def wireshark_understands_every_packet():
    files = sorted(os.listdir(directory))
    expect_equal(files, ["again.btsnoop", "central.btsnoop", "peripheral.btsnoop", "scan.btsnoop"],
                 "the recordings")
    for name in files:
        print(f"{name}: {captures.check(os.path.join(directory, name))} packets")


main(all_operations_over_btvirt, wireshark_understands_every_packet)
