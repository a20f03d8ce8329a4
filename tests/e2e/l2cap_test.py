# SPDX-License-Identifier: MIT
"""Channels between two processes: transfers that both sides check, SDUs, and refusals."""

import os
import signal

import airs
from l2cap_air import NAME, PSM, Air, expect_success, resident_kib, to
from support import asioble, expect, expect_equal, main, records, run

MEBIBYTE = 1 << 20
#: How much goes each way through the eight channels.
OCTETS = 100_000_000
#: What the memory of a process may grow by between the first tenth of a transfer and its end: far
#: less than a buffer of the octets that were moved would take.
GROWTH_KIB = 1024


def expect_all_right(told, channels, octets):
    checked = [record for record in told if record["event"] == "channel_checked"]
    expect_equal(len(checked), channels, "the channels that were checked")
    expect(all(record["right"] for record in checked), f"wrong octets: {checked}")
    expect_equal([sum(record[way] for record in checked) for way in ("sent", "received")],
                 [octets, octets], "the octets that went and came")


def transfer(air, channels, octets, *options):
    """Both sides check all octets. Returns what they used at each tenth, in KiB."""
    answering = air.listen("--bench", "--once")
    beginning = air.start("bench", *to("--channels", channels, "--octets", octets, *options))
    used = []
    for tenth in range(1, 11):
        progress = beginning.wait_for_event("progress")
        expect(progress["octets"] * 10 >= tenth * octets or tenth < 10, f"progress {progress}")
        used.append((resident_kib(beginning), resident_kib(answering)))
        if progress["octets"] == octets:
            break
    expect_success(beginning, answering)
    for side in (beginning, answering):
        expect_all_right(records("\n".join(side.lines)), channels, octets)
    result = [record for record in records("\n".join(beginning.lines))
              if record["event"] == "result"][0]
    print(f"{octets} octets each way through {channels} channels in {result['seconds']:.1f} s,"
          f" memory in KiB: {used}")
    return used


def many_octets_go_each_way_through_eight_channels_and_memory_stays_flat():
    air = Air()
    used = transfer(air, 8, OCTETS)
    for side in zip(*used):
        known = [kib for kib in side if kib is not None]
        expect(len(known) > 5, f"too few looks at the memory: {used}")
        expect(known[-1] <= known[0] + GROWTH_KIB, f"the memory of a process grows: {used}")
    air.end()


def enhanced_channels_carry_the_same():
    air = Air()
    transfer(air, 8, MEBIBYTE, "--enhanced")
    air.end()


def sdus_of_any_size_arrive():
    air = Air()
    for mtu, mps in ((32, 23), (247, 64), (65535, 517)):
        transfer(air, 2, 100_000, "--mtu", mtu, "--mps", mps)
    air.end()


def a_megabyte_goes_each_way(listening, connecting):
    # btvirt drops what a slow host does not fetch in time: few credits keep that below what its
    # sockets hold.
    few = ["--credits", 8]
    answering = asioble("-t", listening, "--json", "l2cap", "listen", "--psm", PSM, "--name", NAME,
                        "--bench", "--once", *few)
    answering.wait_for_event("listening")
    beginning = asioble("-t", connecting, "--json", "l2cap", "bench",
                        *to("--channels", 2, "--octets", 1_000_000, *few))
    expect_success(beginning, answering)
    for side in (beginning, answering):
        expect_all_right(records("\n".join(side.lines)), 2, 1_000_000)


def an_echo_is_checked_too():
    air = Air()
    echo = air.listen("--once", command="echo")
    result = air.run("bench", *to("--channels", 3, "--octets", 300_000))
    expect_equal(result.returncode, 0, f"exit status of the bench ({result.stderr})")
    expect_all_right(records(result.stdout), 3, 300_000)
    expect_success(echo)
    air.end()


def sdus_are_shown_and_come_back_whole():
    air = Air()
    echo = air.listen("--once", command="echo")
    client = air.start("connect", *to("--channels", 2, "--send", "010203", "'text'"))
    received = [client.wait_for_event("received") for _ in range(4)]
    client.signal(signal.SIGINT)
    expect_equal(client.wait(), 130, f"exit status after Ctrl-C of {client}")
    expect_success(echo)
    channels = sorted({record["channel"] for record in received})
    expect_equal(len(channels), 2, "the channels that echoed")
    for channel in channels:
        expect_equal([record["value"] for record in received if record["channel"] == channel],
                     ["010203", b"text".hex()], "the SDUs of a channel")
    air.end()


def all_that_is_to_be_sent_goes_before_the_end():
    air = Air()
    listener = air.listen("--once")
    client = air.start("connect", *to("--send", "'x'", f"'{'y' * 100_000}'", "--for", 0))
    expect_success(client, listener)
    received = [r for r in records("\n".join(listener.lines)) if r["event"] == "received"]
    expect("".join(r["value"] for r in received) == b"x".hex() + b"y".hex() * 100_000,
           f"something else came, in {len(received)} SDUs")
    for side in (client, listener):
        closed = [r for r in records("\n".join(side.lines)) if r["event"] == "channel_closed"]
        expect_equal([r["reason"] for r in closed], ["closed"], f"the end of the channel in {side}")
    air.end()


def a_peer_that_takes_nothing_is_told():
    air, other_air = Air(), Air()
    # Nobody reads what this one has for its standard output.
    unread, output = os.pipe()
    stuck = air.listen("--stdio", "--linger", 60, stdout=output)
    sending = air.start("connect", *to("--send", *[f"'{'y' * 60_000}'"] * 5, "--for", 0))
    showing = other_air.listen()
    bench = other_air.start("bench", *to())
    for process, words in ((sending, "the peer took"), (bench, "listen --bench")):
        expect_equal(process.wait(), 1, f"exit status of {process}")
        expect(words in "".join(process.errors), f"{words!r} is not said by {process}")
    for process in (stuck, showing):
        process.signal(signal.SIGINT)
        expect_equal(process.wait(), 130, f"exit status after Ctrl-C of {process}")
    for end in (unread, output):
        os.close(end)
    air.end()
    other_air.end()


def an_unknown_psm_is_refused_in_words():
    air = Air()
    listener = air.listen("--once")
    result = air.run("connect", "--name", NAME, "--psm", "129")
    expect_equal(result.returncode, 1, f"exit status ({result.stderr})")
    for words in ("nothing on PSM 0x0081", "listening"):
        expect(words in result.stderr, f"the message does not say {words!r}: {result.stderr}")
    refusal = [r for r in records(result.stdout) if r["event"] == "channel_refused"]
    expect_equal([r["status"] for r in refusal], [8], "the status")
    expect_success(listener)
    air.end()


def a_lost_peer_is_told():
    air = Air()
    listener = air.listen()
    client = air.start("connect", *to("--send", "00"))
    listener.wait_for_event("received", value="00")
    listener.kill()
    expect_equal(client.wait(), 1, f"exit status of {client}")
    expect("ended with the link" in "".join(client.errors), f"it is not told by {client}")
    air.end()


def wrong_arguments_are_named():
    def expect_usage(*arguments, words):
        result = run("l2cap", *arguments)
        expect_equal(result.returncode, 2, f"exit status of {arguments} ({result.stderr})")
        expect(words in result.stderr, f"{arguments} does not say {words!r}: {result.stderr}")

    expect_usage(words="subcommand")
    expect_usage("listen", words="--psm")
    for psm in ("0", "0x27", "256", "0x", "eighty"):
        expect_usage("listen", "--psm", psm, words="0x80")
    expect_usage("connect", "--psm", PSM, words="--name")
    expect_usage("listen", "--psm", PSM, "--tcp-connect", "localhost:1", words="127.0.0.1")
    expect_usage("connect", *to("--stdio", "--tcp-listen", "127.0.0.1:0"), words="excludes")
    expect_usage("connect", *to("--send", "hello"), words="hex digits")
    expect_usage("listen", "--psm", PSM, "--tcp-connect", "127.0.0.1:70000", words="65535")
    expect_usage("listen", "--psm", PSM, "--mtu", "31", words="--mtu")
    expect_usage("connect", *to("--mps", "518"), words="--mps")
    expect_usage("connect", *to("--enhanced", "--mps", "23"),
                 words="--mps: at least 64 with --enhanced")


TESTS = (many_octets_go_each_way_through_eight_channels_and_memory_stays_flat,
         enhanced_channels_carry_the_same, sdus_of_any_size_arrive, an_echo_is_checked_too,
         sdus_are_shown_and_come_back_whole, all_that_is_to_be_sent_goes_before_the_end,
         a_peer_that_takes_nothing_is_told, an_unknown_psm_is_refused_in_words,
         a_lost_peer_is_told, wrong_arguments_are_named,
         *airs.on_each([airs.pty, airs.bluez_btvirt], a_megabyte_goes_each_way))

main(*TESTS)
