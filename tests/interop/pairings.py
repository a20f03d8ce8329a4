# SPDX-License-Identifier: MIT
"""Linux pairs with asioble, both forget all but what they have stored, and meet again."""

import json

from exchanges import (LINUX_NAME, NAME, SECRET, SERVICE, AUTHENTICATED_P256, UNAUTHENTICATED_P256,
                       text)
from support import Failed, asioble, expect_equal, temporary_directory

#: Of `asioble pair --advertise`.
OUR_SECRET = "a510b1e9-6f2c-4d0b-8a37-5d1f0c9e2b41"
PASSKEY = 123456


class Method:
    """A way to pair: what the agent in Linux can do, our options, and what the users do."""

    def __init__(self, name, capability, options, authenticated=True):
        self.name, self.capability, self.options = name, capability, options
        self.authenticated = authenticated
        self.key_type = AUTHENTICATED_P256 if authenticated else UNAUTHENTICATED_P256


class JustWorks(Method):
    def __init__(self):
        super().__init__("Just Works", "NoInputNoOutput", [], authenticated=False)

    def confirm(self, linux, ours, linux_is_central):
        if not linux_is_central:  # only the side that was asked accepts
            linux.answer(r"Accept pairing \(yes/no\): ", "yes")


class NumericComparison(Method):
    def __init__(self):
        super().__init__("Numeric Comparison", "DisplayYesNo", ["--io", "display-yes-no", "--yes"])

    def confirm(self, linux, ours, linux_is_central):
        shown = linux.expect(r"Confirm passkey (\d{6}) \(yes/no\): ")[1]
        expect_equal(ours.wait_for_event("passkey", action="compare")["passkey"], shown,
                     "the number that asioble shows, and that of Linux")
        linux.send("yes")


class LinuxEnters(Method):
    def __init__(self):
        super().__init__("Passkey Entry", "KeyboardOnly",
                         ["--io", "display-only", "--passkey", f"{PASSKEY:06}"])

    def confirm(self, linux, ours, linux_is_central):
        ours.wait_for_event("passkey", action="display", passkey=f"{PASSKEY:06}")
        linux.answer(r"Enter passkey \(number in 0-999999\): ", str(PASSKEY))


METHODS = [JustWorks(), NumericComparison(), LinuxEnters()]


class Ours:
    """asioble, whose every run remembers what the last ones have stored."""

    def __init__(self, transport):
        self._transport = transport
        self._state = {"XDG_STATE_HOME": temporary_directory()}

    def start(self, *arguments):
        return asioble("-t", self._transport, "--json", *arguments, env=self._state)

    @staticmethod
    def succeed(process):
        """Waits for its end; returns its records."""
        status = process.wait()
        if status != 0:
            raise Failed(f"exit status {status} of {process}")
        return [json.loads(line) for line in process.lines]

    @classmethod
    def expect_encryption(cls, process, method, paired):
        """Of a process that has ended."""
        told = [record for record in cls.succeed(process) if record["event"] == "encrypted"]
        expect_equal(len(told), 1, f"how often a link was encrypted, by {process}")
        expected = {"paired": paired, "method": method.name if paired else None,
                    "secure_connections": True, "authenticated": method.authenticated,
                    "key_size": 16, "bonded": True}
        expect_equal({key: told[0].get(key) for key in expected}, expected,
                     "what asioble tells of the link")


def linux_as_central(exchanges):
    return "; ".join(_linux_as_central(exchanges, method) for method in METHODS)


def _linux_as_central(exchanges, method):
    machine, ours = exchanges.machines[0], Ours(exchanges.transport)
    process = ours.start("pair", "--advertise", NAME, *method.options)
    address = process.wait_for_event("advertising")["address"]
    with machine.bluetoothctl(method.capability) as linux:
        linux.discover(address)
        linux.connect(address)
        linux.pair(address, lambda: method.confirm(linux, process, linux_is_central=True))
        value = linux.read_once(address, OUR_SECRET)
        linux.disconnect(address)
    ours.expect_encryption(process, method, paired=True)
    keys = machine.stored_keys(address)
    expect_equal(machine.stored_key_types(address), [method.key_type], "types of the keys in Linux")

    machine.restart_bluetoothd()
    process = ours.start("pair", "--advertise", NAME, *method.options)
    expect_equal(process.wait_for_event("advertising")["address"], address, "our address")
    with machine.bluetoothctl(method.capability) as linux:
        encrypted = machine.next_encryption()
        linux.connect(address)
        encrypted()
        expect_equal(linux.read_once(address, OUR_SECRET), value, "the value read again")
        linux.disconnect(address)
    ours.expect_encryption(process, method, paired=False)
    expect_equal(machine.stored_keys(address), keys, "the keys in Linux after that")
    return _summary(method, OUR_SECRET, value)


def linux_as_peripheral(exchanges):
    return "; ".join(_linux_as_peripheral(exchanges, method) for method in METHODS)


def _linux_as_peripheral(exchanges, method):
    machine, ours = exchanges.machines[1], Ours(exchanges.transport)

    def serve(linux):
        linux.serve(SERVICE, SECRET, "encrypt-read", b"secret")
        linux.advertise(LINUX_NAME)

    with machine.bluetoothctl(method.capability) as linux:
        serve(linux)
        process = ours.start("pair", "--name", LINUX_NAME, *method.options)
        our_address = linux.expect(r"\[NEW\] Device ((?:[0-9A-F]{2}:){5}[0-9A-F]{2}) ")[1]
        method.confirm(linux, process, linux_is_central=False)
        ours.expect_encryption(process, method, paired=True)
    keys = machine.stored_keys(our_address)
    expect_equal(machine.stored_key_types(our_address), [method.key_type],
                 "types of the keys in Linux")

    machine.restart_bluetoothd()
    with machine.bluetoothctl(method.capability) as linux:
        serve(linux)
        encrypted = machine.next_encryption()
        process = ours.start("pair", linux.address, *method.options)
        ours.expect_encryption(process, method, paired=False)
        encrypted()
        process = ours.start("gatt", linux.address, "--no-list", "--pair", "--read", SECRET)
        values = [bytes.fromhex(record["value"]) for record in ours.succeed(process)
                  if record["event"] == "read"]
        expect_equal(values, [b"secret"], "the value that was read on an encrypted link")
    expect_equal(machine.stored_keys(our_address), keys, "the keys in Linux after that")
    machine.forget(our_address)
    return _summary(method, SECRET, values[0])


def _summary(method, uuid, value):
    return (f"paired by {method.name} with LE Secure Connections, both started anew, connected and "
            f"encrypted with the stored keys, read {uuid.split('-')[0]} = {text(value)}")
