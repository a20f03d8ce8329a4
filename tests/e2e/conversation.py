# SPDX-License-Identifier: MIT
"""A peripheral and a central, each an `asioble` process, do everything that there is to do over
two transports that lead to one air."""

import signal

from support import asioble, expect, expect_equal, records, run

NAME = "e2e peripheral"
TEXT = "a510b1e1-6f2c-4d0b-8a37-5d1f0c9e2b41"
ALERT = "a510b1e2-6f2c-4d0b-8a37-5d1f0c9e2b41"
HELLO = b"hello".hex()


def hold(peripheral_transport, central_transport, snoop_directory=None):
    """Asserts on what both print. Ends with both processes gone."""
    def snoop(name):
        return ["--snoop", f"{snoop_directory}/{name}.btsnoop"] if snoop_directory else []

    peripheral = asioble(
        "-t", peripheral_transport, "--json", *snoop("peripheral"),
        "advertise", "--name", NAME, "--interval", 30, "--manufacturer", "ffff:a0b1")
    address = peripheral.wait_for_event("advertising")["address"]

    scan(central_transport, address, snoop("scan"))
    everything(peripheral, central_transport, address, snoop("central"))

    # It advertises again; a central that knows the name only finds it too.
    peripheral.wait_for_event("advertising")
    again = run("-t", central_transport, "--json", *snoop("again"),
                "gatt", "--name", NAME, "--no-list", "--read", "2a19")
    expect_equal(again.returncode, 0, f"exit status of the second central ({again.stderr})")
    peripheral.wait_for_event("connect")
    peripheral.wait_for_event("disconnect")
    peripheral.wait_for_event("advertising")

    peripheral.signal(signal.SIGINT)
    expect_equal(peripheral.wait(), 130, "exit status of the peripheral after Ctrl-C")
    expect_equal(peripheral.errors, [], "standard error of the peripheral")


def scan(transport, address, snoop):
    result = run("-t", transport, "--json", *snoop,
                 "scan", "--active", "--duration", 2, "--name", NAME, "--unique")
    expect_equal(result.returncode, 0, f"exit status of the scan ({result.stderr})")
    *devices, summary = records(result.stdout)
    expect_equal(len(devices), 1, "the number of devices")
    device = devices[0]
    expect_equal(device["address"], address, "the address")
    expect_equal(device["name"], NAME, "the name")
    expect_equal(device["services"], ["180f"], "the services")
    expect_equal((device["company"], device["manufacturer_data"]), (0xffff, "a0b1"),
                 "the manufacturer specific data")
    expect(device["connectable"], "the device is not connectable")
    expect(summary["reports"] >= 1, "no report is counted")


def everything(peripheral, transport, address, snoop):
    result = run(
        "-t", transport, "--json", *snoop, "gatt", address,
        "--mtu", 185,
        "--read", "2a19",
        "--read", TEXT,
        "--write", f"{TEXT}='written'",
        "--read", TEXT,
        "--subscribe", ALERT,
        "--write", f"{TEXT}=00ff",
        "--count", 1,
        "--write-command", f"{TEXT}='by command'",
        "--count", 1,
        "--read", TEXT,
        "--subscribe", "2a19",
        "--count", 2, "--for", 30)
    expect_equal(result.returncode, 0, f"exit status of the central ({result.stderr})")
    told = records(result.stdout)

    def of(event):
        return [record for record in told if record["event"] == event]

    expect_equal([(r["address"], r["mtu"]) for r in of("connected")], [(address, 185)],
                 "the connection")
    expect_equal([r["uuid"] for r in of("service")][:3], ["1800", "1801", "180f"],
                 "the first services")
    characteristics = {r["uuid"]: r for r in of("characteristic")}
    expect_equal(characteristics["2a19"]["name"], "Battery Level", "the name of 2a19")
    expect_equal(characteristics["2a19"]["properties"], ["read", "notify"],
                 "the properties of Battery Level")
    expect_equal(characteristics[TEXT]["properties"],
                 ["read", "write command", "write", "extended properties"],
                 "the properties of the text")
    expect("2902" in [r["uuid"] for r in of("descriptor")], "no CCCD was discovered")

    battery, text, alert = (characteristics[u]["handle"] for u in ("2a19", TEXT, ALERT))
    reads = [(r["handle"], r["value"]) for r in of("read")]
    expect_equal(reads[0][0], battery, "the handle first read")
    expect_equal(reads[1:], [(text, HELLO), (text, b"written".hex()), (text, b"by command".hex())],
                 "the values read")
    # The first write had no subscriber; the second and the write command count 2 and 3.
    expect_equal([(r["handle"], r["value"]) for r in of("indication")],
                 [(alert, "02"), (alert, "03")], "the indications")
    expect_equal([r["to"] for r in of("subscribed")], ["indications", "notifications"],
                 "the subscriptions")
    expect_equal([r["handle"] for r in of("notification")], [battery] * 2, "the notifications")
    levels = [int(r["value"], 16) for r in of("notification")]
    expect_equal(levels[0] - levels[1], 1, "the battery's decrease")

    peripheral.wait_for_event("connect")
    peripheral.wait_for_event("mtu", mtu=185)
    peripheral.wait_for_event("read", handle=battery)
    peripheral.wait_for_event("write", value=b"written".hex())
    peripheral.wait_for_event("subscribe", handle=alert, to="indications")
    peripheral.wait_for_event("write", value="00ff")
    peripheral.wait_for_event("confirmed", status=0)
    peripheral.wait_for_event("write", value=b"by command".hex())
    peripheral.wait_for_event("confirmed", status=0)
    peripheral.wait_for_event("subscribe", handle=battery, to="notifications")
    peripheral.wait_for_event("disconnect")
