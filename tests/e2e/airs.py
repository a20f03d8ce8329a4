# SPDX-License-Identifier: MIT
"""The airs that tests run on: served by this program over each kind of transport, or foreign."""

import contextlib
import os
import signal

import btvirt
from support import asioble, expect_equal, temporary_directory


class Served:
    """Controllers that `asioble controller` serves; `transports` are the ways to them. More than
    these is told by `process`."""

    def __init__(self, *listen, arguments=(), env=None):
        names = [argument for name in listen for argument in ("--listen", name)]
        self.process = asioble("--json", "controller", *names, *arguments, env=env)
        self.transports = [self.process.wait_for_event("listening")["transport"] for _ in listen]

    @property
    def transport(self):
        return self.transports[0]

    def end(self, number=signal.SIGINT):
        self.process.signal(number)
        expect_equal(self.process.wait(), 130, "exit status of the controller after Ctrl-C")
        expect_equal(self.process.errors, [], "standard error of the controller")


def served(*arguments, env=None):
    """An air behind a unix socket."""
    return Served("unix:" + os.path.join(temporary_directory(), "air"), arguments=arguments,
                  env=env)


# Each of these gives two transports, for two hosts; mostly they are the same.

@contextlib.contextmanager
def unix_socket():
    air = served()
    yield air.transport, air.transport
    air.end()


@contextlib.contextmanager
def tcp():
    air = Served("tcp-server:127.0.0.1:0")
    yield air.transport, air.transport
    air.end()


@contextlib.contextmanager
def pty():
    air = Served("pty:", "pty:" + os.path.join(temporary_directory(), "link"))
    yield tuple(air.transports)
    air.end()


@contextlib.contextmanager
def bluez_btvirt():
    process, transport = btvirt.start()
    yield transport, transport
    process.kill()


def on_each(airs, *tests):
    """The tests, to which two transports are given, once for each air."""
    def bound(test, air):
        def run():
            with air() as transports:
                test(*transports)
        run.__name__ = f"{test.__name__}_on_{air.__name__}"
        return run
    return [bound(test, air) for air in airs for test in tests]
