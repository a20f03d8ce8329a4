# SPDX-License-Identifier: MIT
"""What the tests of channels share: controllers on one air, and processes on them."""

import os

import airs
from support import asioble, expect_equal, run

PSM = "0x80"
NAME = "channels"
#: What the address sanitizer holds back of freed memory, and its own stacks, would look like growth.
KEEP_NOTHING = {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
                ":quarantine_size_mb=1:detect_stack_use_after_return=0"}


class Air:
    """Served controllers for all processes of a test."""

    def __init__(self):
        self._served = airs.served()
        self.transport = self._served.transport

    def start(self, *arguments, **streams):
        return asioble("-t", self.transport, "--json", "l2cap", *arguments, env=KEEP_NOTHING,
                       **streams)

    def listen(self, *arguments, command="listen", **streams):
        process = self.start(command, "--psm", PSM, "--name", NAME, *arguments, **streams)
        process.wait_for_event("listening")
        return process

    def run(self, *arguments):
        return run("-t", self.transport, "--json", "l2cap", *arguments)

    def end(self):
        self._served.end()


def to(*arguments):
    return ["--name", NAME, "--psm", PSM, *arguments]


def expect_success(*processes):
    for process in processes:
        expect_equal(process.wait(), 0, f"exit status of {process}")
        expect_equal(process.errors, [], "standard error")


def resident_kib(process):
    """The memory that a process has now, without the pages of its program; None once it has
    ended."""
    try:
        with open(f"/proc/{process.process.pid}/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("RssAnon:"):
                    return int(line.split()[1])
    except OSError:
        pass
    return None
