# SPDX-License-Identifier: MIT
"""What a guest is made to do: bluetoothctl's commands, each with what BlueZ says to it."""

import time

from support import LIMIT, Failed

#: A short value as bluetoothctl shows it, perhaps behind its prompt: octets in hex, then as text.
DUMP = r"[^\n]*?((?:\b[0-9a-f]{2} )+) +[^\n]*\n"


def octets(value):
    """As bluetoothctl takes a value."""
    return " ".join(f"0x{octet:02x}" for octet in value)


class Bluetoothctl:
    """bluetoothctl in a guest, from `with` to its end; with an agent that can do what
    `capability` says."""

    def __init__(self, guest, capability="NoInputNoOutput"):
        self._guest = guest
        self.ask, self.expect, self.send = guest.ask, guest.expect, guest.send
        self.ask(f"bluetoothctl --agent {capability}", "Agent registered")
        self._power_on()
        self.address = self.ask("show", r"Controller ((?:[0-9A-F]{2}:){5}[0-9A-F]{2}) ")[1]

    def _power_on(self):
        end = time.monotonic() + LIMIT
        # The daemon answers some time before it knows of the controller.
        while self.ask("power on", "Changing power on succeeded|No default controller")[0] == (
                "No default controller"):
            if time.monotonic() > end:
                raise Failed(f"{self._guest.name}: BlueZ has no controller")
            time.sleep(0.2)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self.send("quit")
            self._guest.shell("true")

    def succeed(self, success, failure):
        """Returns the match of `success`, if `failure` does not come before it."""
        match = self.expect(f"{success}|{failure}[^\n]*")
        if match[0].startswith(failure):
            raise Failed(f"{self._guest.name}: {match[0]}")
        return match

    def answer(self, question, answer):
        self.expect(question)
        self.send(answer)

    def menu(self, name):
        self.ask(f"menu {name}", f"Menu {name}:(?s:.*)Print environment variables\n")

    def back(self):
        self.ask("back", "Menu main:(?s:.*)Print environment variables\n")

    # ---- other devices

    def discover(self, address):
        """Until the peripheral is found, and all that is known of it is new; returns its name."""
        self.forget(address)
        name = self.ask("scan on", rf"\[NEW\] Device {address} ([^\n]*)\n")[1]
        if name == address.replace(":", "-"):  # the name comes with the scan response
            name = self.expect(rf"\[CHG\] Device {address} Name: ([^\n]*)\n")[1]
        self.ask("scan off", "Discovery stopped")
        return name

    def connect(self, address):
        """Until all of the peripheral's database is known."""
        done, resolved = "Connection successful", f"Device {address} ServicesResolved: yes"
        self.send(f"connect {address}")
        self.succeed(f"(?s:{done}.*{resolved}|{resolved}.*{done})", "Failed to connect")

    def pair(self, address, confirm):
        """`confirm` does what the users of both sides are asked for."""
        self.send(f"pair {address}")
        confirm()
        self.succeed("Pairing successful", "Failed to pair")

    def disconnect(self, address):
        self.ask(f"disconnect {address}", "Successful disconnected")

    def forget(self, address):
        """The device and its keys, if they are known."""
        self.ask(f"remove {address}", f"Device has been removed|Device {address} not available")

    # ---- in the menu gatt, on a peripheral that is connected

    def select(self, address, uuid):
        """Chooses a characteristic for what follows; bluetoothctl shows no other's values."""
        path = self.ask(f"list-attributes {address}",
                        rf"Characteristic [^\n]*\n\t(/\S+)\n\t{uuid}\n")[1]
        self.send(f"select-attribute {path}")
        self._shown = rf"Attribute {path} Value:\n{DUMP}"

    def read(self):
        self.send("read")
        return bytes.fromhex(self.succeed(self._shown, "Failed to read")[1])

    def read_once(self, address, uuid):
        """The same, from the main menu."""
        self.menu("gatt")
        self.select(address, uuid)
        value = self.read()
        self.back()
        return value

    def write(self, value):
        self.ask(f'write "{octets(value)}"', "Attempting to write")

    def subscribe(self):
        self.send("notify on")
        self.succeed("Notify started", "Failed to start notify")

    def next_value(self):
        """Of what the peripheral notifies."""
        return bytes.fromhex(self.expect(self._shown)[1])

    # ---- as peripheral

    def serve(self, service, characteristic, flags, value):
        """A service of one characteristic."""
        self.menu("gatt")
        self.send(f"register-service {service}")
        self.answer(r"Primary \(yes/no\): ", "yes")
        self.send(f"register-characteristic {characteristic} {flags}")
        self.answer("Enter value: ", octets(value))
        self.ask("register-application", "Application registered")
        self.back()

    def advertise(self, name):
        self.menu("advertise")
        self.send(f'name "{name}"')
        self.send("discoverable on")
        self.back()
        self.ask("advertise on", "Advertising object registered")
