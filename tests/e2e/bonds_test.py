# SPDX-License-Identifier: MIT
"""`asioble bonds`: the files of bonds without a controller, and what BlueZ has stored."""

import os
import stat

from support import expect, expect_equal, main, records, run, temporary_directory

ADAPTER = "00:AA:01:00:00:01"
ADAPTER_NAME = ADAPTER.replace(":", "-")
SENSOR = "C0:AA:01:02:03:04"
PHONE = "00:AA:01:02:03:05"

SENSOR_INFO = """[General]
Name=Sensor
AddressType=static
SupportedTechnologies=LE;

[LongTermKey]
Key=0102030405060708090A0B0C0D0E0F10
Authenticated=0
EncSize=16
EDiv=4660
Rand=1234567890123456789

[RemoteSignatureKey]
Key=1112131415161718191A1B1C1D1E1F20
Counter=3
Authenticated=false
"""
PHONE_INFO = """[General]
Name=Phone
AddressType=public
SupportedTechnologies=BR/EDR;LE;

[PeripheralLongTermKey]
Key=2122232425262728292A2B2C2D2E2F30
Authenticated=3
EncSize=16
EDiv=0
Rand=0

[IdentityResolvingKey]
Key=3132333435363738393A3B3C3D3E3F40
"""
SPEAKER_INFO = """[General]
Name=Speaker
SupportedTechnologies=BR/EDR;

[LinkKey]
Key=4142434445464748494A4B4C4D4E4F50
Type=4
PINLength=0
"""
IDENTITY = "[General]\nIdentityResolvingKey=5152535455565758595a5b5c5d5e5f60\n"


class State:
    """A folder for the state of programs, for one test."""

    def __init__(self):
        self.path = temporary_directory()

    def asioble(self, *arguments):
        return run(*arguments, env={"XDG_STATE_HOME": self.path})

    def file(self, name=ADAPTER_NAME):
        return os.path.join(self.path, "asioble", name + ".bonds")

    def bonds(self, *arguments):
        result = self.asioble("--json", "bonds", "list", *arguments)
        expect_end(result, 0)
        return records(result.stdout)


def expect_end(result, status, *words):
    what = f"`{' '.join(map(str, result.args[1:]))}`"
    expect_equal(result.returncode, status, f"exit status of {what} ({result.stderr})")
    for word in words:
        expect(word in result.stderr, f"{what} does not name {word!r} but says: {result.stderr}")


def write(*path, text):
    name = os.path.join(*path)
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)
    return name


def bluez(devices, identity=None, adapter=ADAPTER):
    """The folder of an adapter as BlueZ has it."""
    folder = os.path.join(temporary_directory(), adapter)
    for address, info in devices.items():
        write(folder, address, "info", text=info)
    write(folder, "settings", text="[General]\nDiscoverable=false\n")
    write(folder, "cache", SENSOR, text="[General]\nName=Sensor\n")
    if identity:
        write(folder, "identity", text=identity)
    return folder


def without_bonds_there_is_nothing_to_show():
    state = State()
    expect_equal(state.bonds(), [], "bonds")
    result = state.asioble("bonds", "list")
    expect_end(result, 0)
    expect("no bonds" in result.stdout, result.stdout)
    expect_end(state.asioble("bonds", "list", "--adapter", ADAPTER), 1, ADAPTER, "bonds list")
    expect_end(state.asioble("bonds", "remove", SENSOR), 1, SENSOR, "bonds list")
    expect_equal(os.listdir(state.path), [], "what is left behind")


def wrong_arguments_are_named():
    state = State()
    expect_end(state.asioble("bonds"), 2, "subcommand")
    expect_end(state.asioble("bonds", "remove"), 2, "PEER")
    expect_end(state.asioble("bonds", "remove", "phone"), 2, "00:AA:01:02:03:04")
    expect_end(state.asioble("bonds", "import"), 2, "PATH")
    expect_end(run("bonds", "list", env={"XDG_STATE_HOME": "", "HOME": ""}), 1, "XDG_STATE_HOME")


def an_adapter_of_bluez_is_imported_shown_and_removed():
    state = State()
    folder = bluez({SENSOR: SENSOR_INFO, PHONE: PHONE_INFO, "00:AA:01:02:03:06": SPEAKER_INFO},
                   IDENTITY)
    result = state.asioble("--json", "bonds", "import", folder)
    expect_end(result, 0, "00:AA:01:02:03:06", "classic Bluetooth")
    expect_equal([(r["event"], r["adapter"], r["address"], r["type"], r["replaced"])
                  for r in records(result.stdout)],
                 [("imported", ADAPTER_NAME, PHONE, "public", False),
                  ("imported", ADAPTER_NAME, SENSOR, "random", False)], "what was imported")

    expect_equal(state.bonds(), [
        {"event": "bond", "adapter": ADAPTER_NAME, "address": PHONE, "type": "public",
         "secure_connections": True, "authenticated": True, "key_size": 16,
         "keys": ["LTK", "peer's IRK"]},
        {"event": "bond", "adapter": ADAPTER_NAME, "address": SENSOR, "type": "random",
         "secure_connections": False, "authenticated": False, "key_size": 16,
         "keys": ["peer's LTK", "peer's CSRK"]}], "bonds")
    for name in [ADAPTER, ADAPTER_NAME]:
        expect_equal(len(state.bonds("--adapter", name)), 2, "bonds of one adapter")

    shown = state.asioble("bonds", "list").stdout
    for word in [ADAPTER_NAME, SENSOR, "Secure Connections, authenticated", "legacy"]:
        expect(word in shown, f"{word} is not in {shown}")
    with open(state.file(), encoding="utf-8") as file:
        text = file.read()
    expect("605f5e5d5c5b5a595857565554535251" in text, "our identity is not there")
    expect_equal(stat.S_IMODE(os.stat(state.file()).st_mode), 0o600, "mode of the file")
    expect_equal(stat.S_IMODE(os.stat(os.path.dirname(state.file())).st_mode), 0o700,
                 "mode of the folder")

    result = state.asioble("--json", "bonds", "remove", SENSOR)
    expect_end(result, 0)
    expect_equal(records(result.stdout), [
        {"event": "removed", "adapter": ADAPTER_NAME, "address": SENSOR, "type": "random"}],
        "what was removed")
    expect_equal([bond["address"] for bond in state.bonds()], [PHONE], "bonds that are left")
    expect_end(state.asioble("bonds", "remove", SENSOR), 1, SENSOR)
    expect_end(state.asioble("bonds", "remove", PHONE, "--adapter", "usb:"), 1, "usb:")
    expect_end(state.asioble("bonds", "remove", PHONE.lower(), "--adapter", ADAPTER), 0)
    expect_equal(state.bonds(), [], "bonds")
    expect(os.path.exists(state.file()), "the identity is gone")


def keys_are_never_shown():
    state = State()
    folder = bluez({SENSOR: SENSOR_INFO, PHONE: PHONE_INFO}, IDENTITY)
    for arguments in [["import", folder], ["list"], ["--json", "list"], ["remove", PHONE]]:
        result = state.asioble("bonds", *arguments)
        expect_end(result, 0)
        printed = (result.stdout + result.stderr).lower()
        for key in ["05060708", "0c0b0a09", "25262728", "2c2b2a29", "35363738", "55565758"]:
            expect(key not in printed, f"a key was printed: {printed}")


def a_device_or_its_file_is_enough():
    folder = bluez({SENSOR: SENSOR_INFO, PHONE: PHONE_INFO})
    for path in [os.path.join(folder, PHONE), os.path.join(folder, PHONE) + "/",
                 os.path.join(folder, PHONE, "info")]:
        state = State()
        expect_end(state.asioble("bonds", "import", path), 0)
        expect_equal([bond["address"] for bond in state.bonds()], [PHONE], "bonds")


def the_adapter_must_be_known():
    state = State()
    folder = bluez({PHONE: PHONE_INFO}, adapter="copy")
    expect_end(state.asioble("bonds", "import", folder), 2, "copy", "--adapter")
    expect_end(state.asioble("bonds", "import", folder, "--adapter", ADAPTER), 0)
    expect_end(state.asioble("bonds", "import", folder, "--adapter", "serial:/dev/ttyX"), 0)
    adapters = sorted({bond["adapter"] for bond in state.bonds()})
    expect_equal(len(adapters), 2, "adapters")
    expect(adapters[1].startswith("serial__dev_ttyX+"), adapters)
    expect_equal(len(state.bonds("--adapter", "serial:/dev/ttyX")), 1, "by the transport's name")
    expect_equal(len(state.bonds("--adapter", adapters[1])), 1, "by the name that is shown")


def importing_again_replaces():
    state = State()
    folder = bluez({PHONE: PHONE_INFO})
    for replaced in [False, True]:
        result = state.asioble("--json", "bonds", "import", folder)
        expect_end(result, 0)
        expect_equal(records(result.stdout)[0]["replaced"], replaced, "replaced")
    expect_equal(len(state.bonds()), 1, "bonds")


def our_own_identity_stays():
    state = State()
    expect_end(state.asioble("bonds", "import", bluez({PHONE: PHONE_INFO}, IDENTITY)), 0)
    other = bluez({SENSOR: SENSOR_INFO}, IDENTITY.replace("5152", "6162"))
    expect_end(state.asioble("bonds", "import", other), 0, "identity of its own")
    with open(state.file(), encoding="utf-8") as file:
        expect("605f5e5d5c5b5a595857565554535251" in file.read(), "the identity has changed")


def what_cannot_be_imported_is_named():
    state = State()
    nowhere = os.path.join(temporary_directory(), "nowhere")
    expect_end(state.asioble("bonds", "import", nowhere), 1, nowhere, "/var/lib/bluetooth")
    expect_end(state.asioble("bonds", "import", temporary_directory()), 1, "no devices of BlueZ")
    classic = bluez({PHONE: SPEAKER_INFO})
    expect_end(state.asioble("bonds", "import", classic), 1, PHONE, "classic", "no bonds")
    expect_end(state.asioble("bonds", "import", os.path.join(classic, PHONE)), 1, "classic")
    misnamed = write(temporary_directory(), ADAPTER, "phone", "info", text=PHONE_INFO)
    expect_end(state.asioble("bonds", "import", misnamed), 2, "peer's address")

    debug = PHONE_INFO.replace("Authenticated=3", "Authenticated=4")
    damaged = bluez({SENSOR: SENSOR_INFO, PHONE: debug})
    result = state.asioble("bonds", "import", damaged)
    expect_end(result, 1, PHONE, "debug keys", "1 of 2")
    expect_equal([bond["address"] for bond in state.bonds()], [SENSOR], "bonds")


def damage_is_shown_and_what_is_whole_remains():
    state = State()
    expect_end(state.asioble("bonds", "import",
                             bluez({SENSOR: SENSOR_INFO, PHONE: PHONE_INFO})), 0)
    with open(state.file(), encoding="utf-8") as file:
        lines = file.read().splitlines(keepends=True)
    expect_equal(len(lines), 5, "lines")
    expect("302f2e2d" in lines[1], lines[1])
    lines[1] = lines[1].replace("302f2e2d", "312f2e2d")
    write(state.file(), text="".join(lines))
    result = state.asioble("--json", "bonds", "list")
    expect_end(result, 0, "line 2", PHONE)
    expect_equal([(bond["event"], bond["address"]) for bond in records(result.stdout)],
                 [("damaged_bond", PHONE), ("bond", SENSOR)], "bonds")
    expect_end(state.asioble("bonds", "remove", PHONE), 0)
    expect_equal([bond["event"] for bond in state.bonds()], ["bond"], "bonds")


def a_file_of_another_version_is_left_alone():
    state = State()
    write(state.file(), text="asioble-bonds 2\nwhatever comes\n")
    for arguments in [["list"], ["remove", PHONE], ["import", bluez({PHONE: PHONE_INFO})]]:
        expect_end(state.asioble("bonds", *arguments), 1, state.file(), "another version",
                   "move it away")
    with open(state.file(), encoding="utf-8") as file:
        expect_equal(file.read(), "asioble-bonds 2\nwhatever comes\n", "the file")


main(without_bonds_there_is_nothing_to_show,
     wrong_arguments_are_named,
     an_adapter_of_bluez_is_imported_shown_and_removed,
     keys_are_never_shown,
     a_device_or_its_file_is_enough,
     the_adapter_must_be_known,
     importing_again_replaces,
     our_own_identity_stays,
     what_cannot_be_imported_is_named,
     damage_is_shown_and_what_is_whole_remains,
     a_file_of_another_version_is_left_alone)
