# SPDX-License-Identifier: MIT
"""A guest together with what stands beside it on the host: the record of its controller."""

import os
import re

from bluez import Bluetoothctl
from guest import Guest
from recorder import ENCRYPTION_CHANGE, Recorder
from support import expect_equal, temporary_directory


class Machine:
    def __init__(self, name, image, controller, logs):
        self.name = name
        self.recorder = Recorder(os.path.join(temporary_directory(), "controller"), controller,
                                 os.path.join(logs, f"{name}.btsnoop"))
        self.guest = Guest(name, image, self.recorder.path, logs)

    def versions(self):
        """Of the kernel and of BlueZ; waits until the guest is up."""
        return self.guest.shell("uname -r; bluetoothd -v").split()

    def bluetoothctl(self, capability="NoInputNoOutput"):
        return Bluetoothctl(self.guest, capability)

    def next_encryption(self):
        """Returns a function that waits until a link has been encrypted after now."""
        mark = self.recorder.mark()

        def wait():
            status, _, _, enabled = self.recorder.wait_for_event(
                ENCRYPTION_CHANGE, mark, f"Encryption Change of the {self.name}")[:4]
            expect_equal((status, enabled), (0, 1),
                         f"status and state in the Encryption Change of the {self.name}")
        return wait

    def stored_key_types(self, address="*"):
        """Of the long term keys that BlueZ keeps for a device, by the kernel's numbers. A file may
        hold its key under an older name besides."""
        stored = self.guest.shell(f"cat /var/lib/bluetooth/*/{address}/info")
        return [int(found) for found in
                re.findall(r"\[(?:Peripheral)?LongTermKey\]\nKey=.*\nAuthenticated=(\d)", stored)]

    def stored_keys(self, address):
        """The lines of the long term keys that BlueZ keeps for a device."""
        stored = self.guest.shell(
            f"sed -n '/LongTermKey/,/^$/p' /var/lib/bluetooth/*/{address}/info")
        return stored.split()

    def forget(self, address):
        self.guest.shell(f"bluetoothctl remove {address}")

    def restart_bluetoothd(self):
        """It knows, and tells the kernel, what it has stored."""
        self.guest.shell("killall bluetoothd; while pidof bluetoothd; do sleep 0.1; done; "
                         "bluetoothd -n >/dev/console 2>&1 & true")

    def refusals(self):
        """The commands of Linux that the controller has refused."""
        return [f"{self.name}: command {opcode:#06x} got status {status:#04x}"
                for opcode, status in self.recorder.answers() if status != 0]

    def complaints(self):
        """What the kernel says about its controller."""
        return self.guest.shell("dmesg | grep 'Bluetooth: hci'").splitlines()

    def kill(self):
        self.guest.kill()
