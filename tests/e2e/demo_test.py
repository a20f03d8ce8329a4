# SPDX-License-Identifier: MIT
"""asioble demo: two devices in one process do everything once."""

import os

from support import expect, expect_equal, main, records, run, temporary_directory

STEPS = [
    ("peripheral", "active"), ("central", "active"), ("peripheral", "advertise"),
    ("central", "scan"), ("central", "connect"), ("peripheral", "connected"),
    ("central", "exchange MTU"), ("central", "discover"), ("central", "read"),
    ("central", "write"), ("peripheral", "written"), ("central", "subscribe"),
    ("peripheral", "notify"), ("central", "notified"),
    ("peripheral", "notify"), ("central", "notified"),
    ("peripheral", "notify"), ("central", "notified"),
    ("central", "subscribe"), ("peripheral", "indicate"), ("central", "indicated"),
    ("peripheral", "confirmed"), ("central", "disconnect"), ("peripheral", "disconnected"),
]


def the_transcript_has_every_step():
    result = run("demo", "--json")
    expect_equal(result.returncode, 0, f"exit status ({result.stderr})")
    told = records(result.stdout)
    steps = [(r["device"], r["step"]) for r in told if r["event"] == "step"]
    expect_equal(steps, STEPS, "the steps")
    expect_equal(told[-1], {"event": "done", "steps": len(STEPS)}, "the last line")


def a_newcomer_can_read_it():
    result = run("demo")
    expect_equal(result.returncode, 0, f"exit status ({result.stderr})")
    expect_equal(result.stderr, "", "standard error")
    for word in ["advertise", "scan", "connect", "MTU", "discover", "read", "write", "subscribe",
                 "notify", "indicate", "disconnect", "Done"]:
        expect(word in result.stdout, f"the transcript lacks {word!r}")
    expect("\x1b" not in result.stdout, "escape sequences in a pipe")


def both_sides_are_recorded():
    directory = temporary_directory()
    result = run("demo", "--snoop", os.path.join(directory, "demo.btsnoop"))
    expect_equal(result.returncode, 0, f"exit status ({result.stderr})")
    expect_equal(sorted(os.listdir(directory)),
                 ["demo.central.btsnoop", "demo.peripheral.btsnoop"], "the files")
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            expect_equal(file.read(8), b"btsnoop\0", f"the first octets of {name}")


main(the_transcript_has_every_step, a_newcomer_can_read_it, both_sides_are_recorded)
