# SPDX-License-Identifier: MIT
"""Two programs that pair on one air, what they remember, and people at terminals."""

import os
import pty
import select
import time

import airs
from support import (LIMIT, Failed, asioble, expect, expect_equal, records, run,
                     temporary_directory)

ADDRESSES = {"peripheral": "00:AA:01:00:00:01", "central": "00:AA:01:00:00:02"}


class Terminal:
    """Stands for the person at a pseudo-terminal, which is a program's standard input and error."""

    def __init__(self):
        self._master, self._slave = pty.openpty()
        self._text = ""

    @property
    def streams(self):
        return {"stdin": self._slave, "stderr": self._slave}

    def wait_for(self, text):
        end = time.monotonic() + LIMIT
        while text not in self._text:
            if not select.select([self._master], [], [], max(0, end - time.monotonic()))[0]:
                raise Failed(f"the terminal does not show {text!r}, but: {self._text}")
            self._text += os.read(self._master, 4096).decode()
        self._text = self._text.split(text, 1)[1]

    def answer(self, question, answer):
        self.wait_for(question)
        os.write(self._master, answer.encode() + b"\n")


class Pair:
    """An air with two controllers, and what their hosts remember."""

    def __init__(self, **streams):
        self.air = airs.served(*[part for address in ADDRESSES.values()
                                 for part in ("--address", address)])
        self.state = {role: temporary_directory() for role in ADDRESSES}
        self._guests = 0
        self._streams = streams

    def _start(self, role, *arguments):
        return asioble("-t", self.air.transport, "--json", *arguments,
                       env={"XDG_STATE_HOME": self.state[role]}, **self._streams.get(role, {}))

    def peripheral(self, *arguments):
        process = self._start("peripheral", "pair", "--advertise", *arguments)
        self._guests += 1
        self.advertised = process.wait_for_event("advertising")
        return process

    def central(self, *arguments, command="pair"):
        self._guests += 1
        return self._start("central", command, *arguments)

    def leave(self):
        """Until both controllers are free, so that the next hosts get the same ones."""
        while self._guests:
            self.air.process.wait_for_event("gone")
            self._guests -= 1

    def bonds_file(self, role):
        return os.path.join(self.state[role], "asioble",
                            ADDRESSES[role].replace(":", "-") + ".bonds")

    def bonds(self, role):
        """(secure connections, authenticated) of each."""
        result = run("--json", "bonds", "list", env={"XDG_STATE_HOME": self.state[role]})
        expect_equal(result.returncode, 0, f"exit status of `bonds list` ({result.stderr})")
        return [(bond["secure_connections"], bond["authenticated"])
                for bond in records(result.stdout)]

    def forget(self, role):
        result = run("bonds", "remove", ADDRESSES[self.other(role)],
                     env={"XDG_STATE_HOME": self.state[role]})
        expect_equal(result.returncode, 0, f"exit status of `bonds remove` ({result.stderr})")

    @staticmethod
    def other(role):
        return "central" if role == "peripheral" else "peripheral"

    def meet(self, peripherals=(), centrals=()):
        """Both pair; returns how that has ended for the central and for the peripheral."""
        peripheral = self.peripheral(*peripherals)
        central = self.central(ADDRESSES["peripheral"], *centrals)
        ends = End(central), End(peripheral)
        self.leave()
        return ends

    def succeed(self, peripherals=(), centrals=(), **expected):
        """Both pair, and tell the same of it: all that is `expected`."""
        for role, end in zip(("central", "peripheral"),
                             self.meet(peripherals, centrals), strict=True):
            end.expect_success(role, address=ADDRESSES[self.other(role)], type="public", **expected)

    def fail(self, peripherals=(), centrals=()):
        ends = self.meet(peripherals, centrals)
        for end in ends:
            expect_equal(end.status, 1, f"exit status of {end}")
            expect(end.encrypted is None, f"success was told by {end}")
        return ends


class End:
    """Of a process."""

    def __init__(self, process):
        self.process = process
        self.status = process.wait()
        found = [record for record in map(record_of, process.lines)
                 if record["event"] == "encrypted"]
        self.encrypted = found[-1] if found else None

    def expect_success(self, role, **expected):
        expect_equal(self.status, 0, f"exit status of {self}")
        expect(self.encrypted, f"no success was told by {self}")
        for key, value in expected.items():
            expect_equal(self.encrypted.get(key), value, f"{key} as the {role} tells it")

    def expect_words(self, *words):
        told = "\n".join(self.process.errors)
        for word in words:
            expect(word in told, f"{word!r} is not in what was told: {self}")

    def __str__(self):
        return str(self.process)


def record_of(line):
    return records(line)[0]
