# SPDX-License-Identifier: MIT
"""What the guests are made to do, with asioble and with each other."""

from machine import Machine
from support import asioble, expect, expect_equal, records, run

NAME = "asioble interop"
TEXT = "a510b1e1-6f2c-4d0b-8a37-5d1f0c9e2b41"
ALERT = "a510b1e2-6f2c-4d0b-8a37-5d1f0c9e2b41"
BATTERY_LEVEL = "00002a19-0000-1000-8000-00805f9b34fb"

LINUX_NAME = "linux interop"
SERVICE = "b7e51c00-2f64-4e0d-9d6a-3c5a0f7d1e28"
VALUE = "b7e51c01-2f64-4e0d-9d6a-3c5a0f7d1e28"
SECRET = "b7e51c02-2f64-4e0d-9d6a-3c5a0f7d1e28"

#: How Linux calls keys of LE Secure Connections, by what protected their pairing.
UNAUTHENTICATED_P256, AUTHENTICATED_P256 = 2, 3


def text(value):
    """A value, or a name, as the summary shows it."""
    return f"«{value if isinstance(value, str) else value.decode()}»"


def short(uuid):
    return uuid.split("-")[0].removeprefix("0000")


def values(told, event):
    return [bytes.fromhex(record["value"]) for record in told if record["event"] == event]


def just_works(central, peripheral):
    """The agents have neither display nor keys; only the side that was asked accepts."""
    peripheral.answer(r"Accept pairing \(yes/no\): ", "yes")


def numeric_comparison(central, peripheral):
    """Both agents show six digits, which their user compares."""
    shown = [side.expect(r"Confirm passkey (\d{6}) \(yes/no\): ")[1]
             for side in (central, peripheral)]
    expect_equal(shown[0], shown[1], "the number that the central shows, and the peripheral's")
    for side in (central, peripheral):
        side.send("yes")


def read_secret(central, peripheral):
    """What can be read on encrypted links only."""
    value = central.read_once(peripheral.address, SECRET)
    expect_equal(value, b"secret", "the value that was read on an encrypted link")
    return value


class Exchanges:
    """Two guests, and what they are made to do. Each exchange returns what has happened."""

    def __init__(self, transport, image, logs):
        self.transport, self._image, self._logs = transport, image, logs
        self.machines = []
        self._former = []  # machines that were booted before
        self.boot()

    def boot(self):
        """Starts the guests anew, side by side: each has one processor."""
        for machine in self.machines:
            machine.kill()
        self._former += self.machines
        suffix = f"-{len(self._former) // 2 + 1}" if self._former else ""
        self.machines = [
            Machine(role + suffix, self._image, self.transport.removeprefix("unix:"), self._logs)
            for role in ("central", "peripheral")]
        self._central, self._peripheral = self.machines

    def versions(self):
        """What runs in the guests; waits until they are up."""
        central, peripheral = [machine.versions() for machine in self.machines]
        expect_equal(central, peripheral, "the versions in the two guests")
        return "Linux {}, BlueZ {}".format(*central)

    def linux_as_central(self):
        ours = asioble("-t", self.transport, "--json", "advertise", "--name", NAME,
                       "--interval", 30)
        address = ours.wait_for_event("advertising")["address"]
        with self._central.bluetoothctl() as linux:
            name = linux.discover(address)
            expect_equal(name, NAME, "the name that Linux found")
            linux.connect(address)
            ours.wait_for_event("connect", address=linux.address)
            linux.menu("gatt")
            linux.select(address, TEXT)
            before = linux.read()
            expect_equal(before, b"hello", "the value that Linux read")
            linux.write(b"from Linux")
            ours.wait_for_event("write", value=b"from Linux".hex())
            after = linux.read()
            expect_equal(after, b"from Linux", "the value after it was written")

            linux.select(address, ALERT)
            linux.subscribe()
            ours.wait_for_event("subscribe", to="indications")
            linux.select(address, TEXT)
            linux.write(b"again")
            ours.wait_for_event("confirmed", status=0)
            linux.select(address, BATTERY_LEVEL)
            linux.subscribe()
            levels = [linux.next_value()[0] for _ in range(2)]
            expect_equal(levels[0] - levels[1], 1, "the battery's decrease")
            linux.back()
            linux.disconnect(address)
            ours.wait_for_event("disconnect")
        ours.kill()
        return (f"found {text(name)}, connected, read {short(TEXT)} = {text(before)}, wrote "
                f"{text(after)}, subscribed to {short(ALERT)} and confirmed an indication, "
                f"subscribed to 2a19 and got {len(levels)} notifications: {levels[0]} % and "
                f"{levels[1]} %")

    def linux_as_peripheral(self):
        with self._peripheral.bluetoothctl() as linux:
            # What is written may not be longer than what was there.
            linux.serve(SERVICE, VALUE, "read,write,notify", b"of Linux")
            linux.advertise(LINUX_NAME)
            result = run("-t", self.transport, "--json", "gatt", "--name", LINUX_NAME,
                         "--read", "2a00", "--read", VALUE, "--write", f"{VALUE}='asioble'",
                         "--read", VALUE, "--subscribe", VALUE,
                         "--write", f"{VALUE}='notify!'", "--count", 1, "--for", 30)
            expect_equal(result.returncode, 0, f"exit status of our central ({result.stderr})")
            told = records(result.stdout)
            expect_equal(told[0]["address"], linux.address, "the address connected to")
        read, notified = values(told, "read"), values(told, "notification")
        expect_equal(read[1:], [b"of Linux", b"asioble"], "the values read")
        expect_equal(notified, [b"notify!"], "the notifications")
        services = [record["uuid"] for record in told if record["event"] == "service"]
        expect(SERVICE in services, f"its service is not among those found: {services}")
        return (f"asioble found {text(LINUX_NAME)}, connected, discovered "
                f"{len(services)} services, read 2a00 = {text(read[0])} and {short(VALUE)} = "
                f"{text(read[1])}, wrote {text(read[2])}, subscribed and got the notification "
                f"{text(notified[0])}")

    def linux_with_linux_just_works(self):
        return self._pairing("NoInputNoOutput", just_works, UNAUTHENTICATED_P256)

    def linux_with_linux_comparison(self):
        return self._pairing("DisplayYesNo", numeric_comparison, AUTHENTICATED_P256)

    def _pairing(self, capability, confirm, key_type):
        with self._peripheral.bluetoothctl(capability) as peripheral, \
                self._central.bluetoothctl(capability) as central:
            peripheral.forget(central.address)
            peripheral.serve(SERVICE, SECRET, "encrypt-read", b"secret")
            peripheral.advertise(LINUX_NAME)
            name = central.discover(peripheral.address)
            central.connect(peripheral.address)
            encrypted = [machine.next_encryption() for machine in self.machines]
            central.pair(peripheral.address, lambda: confirm(central, peripheral))
            for wait in encrypted:
                wait()
            secret = read_secret(central, peripheral)

            central.disconnect(peripheral.address)
            encrypted = [machine.next_encryption() for machine in self.machines]
            central.connect(peripheral.address)
            for wait in encrypted:
                wait()
            read_secret(central, peripheral)
            central.disconnect(peripheral.address)
        for machine in self.machines:
            expect_equal(machine.stored_key_types(), [key_type],
                         f"types of the keys that the {machine.name} keeps")
        return (f"found {text(name)}, connected, paired with LE Secure Connections, the link "
                f"was encrypted, read {short(SECRET)} = {text(secret)}; connected anew, the link "
                f"was encrypted with the stored key")

    def nothing_is_refused(self):
        """Over all that came before."""
        complaints = [line for machine in self.machines for line in machine.complaints()]
        machines = self._former + self.machines
        complaints += [line for machine in machines for line in machine.refusals()]
        expect(not complaints, "\n  ".join(complaints))
        commands = {opcode for machine in machines for opcode, _ in machine.recorder.answers()}
        return f"all {len(commands)} different commands of the kernel were carried out"
