# SPDX-License-Identifier: MIT
"""Long values, reliable writes and changing tables: on served controllers and on BlueZ's btvirt,
between two processes and with a peer that shares nothing with them."""

import os
import signal

import airs
from conversation import TEXT
from raw_peer import NAME, VALUE, VALUE_HANDLE, AttServer, RawPeer, small_table
from support import (asioble, expect, expect_equal, main, records, run, temporary_directory)

LONG = bytes(range(256)) * 2
CANCEL, EXECUTE = b"\x18\x00", b"\x18\x01"  # Execute Write Requests (Vol 3 Part F 3.4.6.3)
SERVICE_CHANGED = "2a05"


def gatt(transport, address, *arguments):
    return run("-t", transport, "--json", "gatt", address, "--no-list", *arguments)


def succeeded(result):
    """What was told by a run that went well, without the connection's begin and end."""
    expect_equal(result.returncode, 0, f"exit status of the client ({result.stderr})")
    told = records(result.stdout)
    expect_equal((told[0]["event"], told[-1]["event"]), ("connected", "disconnected"),
                 "the first and the last event")
    return [{key: record.get(key) for key in ("event", "handle", "value")}
            for record in told[1:-1]]


def read(handle, value):
    return {"event": "read", "handle": handle, "value": value.hex()}


def long_file():
    path = os.path.join(temporary_directory(), "long")
    with open(path, "wb") as file:
        file.write(LONG)
    return path


def peripheral(transport, *arguments):
    process = asioble("-t", transport, "--json", "advertise", "--interval", 30, *arguments)
    return process, process.wait_for_event("advertising")["address"]


def end(process):
    process.signal(signal.SIGINT)
    expect_equal(process.wait(), 130, "exit status of the peripheral after Ctrl-C")
    expect_equal(process.errors, [], "standard error of the peripheral")


def the_raw_peer_answers_by_the_book():
    def expect_answers(server, *exchanges):
        for request, response in exchanges:
            answer = server.answer(bytes.fromhex(request))
            expect_equal(answer.hex(" "), response, f"the answer to {request}")

    expect_answers(
        AttServer(small_table()),
        ("04 01 00 05 00", "05 01 01 00 00 28 02 00 03 28 03 00 00 2a 04 00 00 28 05 00 03 28"),
        ("06 01 00 ff ff 00 28 00 18", "07 01 00 03 00"),
        ("08 01 00 ff ff 03 28", "09 07 02 00 02 03 00 00 2a"),
        ("08 01 00 ff ff ff 2a", "01 08 01 00 0a"),
        ("0a 07 00", "0b 01 00"),
        ("0a 08 00", "01 0a 08 00 01"),
        ("0c 03 00 04 00", "0d 70 65 65 72"),
        ("0c 03 00 09 00", "01 0c 03 00 07"),
        ("10 01 00 ff ff 00 28", "11 06 01 00 03 00 00 18"),
        ("12 03 00 41", "01 12 03 00 03"),
        ("12 06", "01 12 00 00 04"),
        ("16 06 00 00 00 41", "17 06 00 00 00 41"),
        ("16 06 00 01 00 42 43", "17 06 00 01 00 42 43"),
        ("18 01", "19"),
        ("0a 06 00", "0b 41 42 43"),
        ("20 03 00 06 00", "01 20 00 00 06"))
    expect_answers(
        AttServer(small_table(), wrong_echo=True),
        ("16 06 00 00 00 41 42", "17 06 00 00 00 41 43"), ("18 00", "19"),
        ("0c 06 00 00 00", "0d 72 61 77 20 76 61 6c 75 65"))


def a_peer_that_is_not_asioble_is_understood(transport, _):
    peer = RawPeer(transport)
    told = succeeded(gatt(transport, peer.address, "--read", "2a00",
                          "--write", f"{VALUE}=0102", "--read", f"0x{VALUE_HANDLE:04x}"))
    expect_equal(told, [read(3, NAME), {"event": "written", "handle": VALUE_HANDLE,
                                        "value": "0102"}, read(VALUE_HANDLE, b"\x01\x02")],
                 "what the client tells")
    expect(bytes.fromhex("120600 0102") in peer.received(), f"no Write Request: {peer.pdus}")
    peer.close()


def a_value_is_read_by_its_type_without_discovery(transport, _):
    peer = RawPeer(transport)
    expect_equal(succeeded(gatt(transport, peer.address, "--by-uuid", "2a00")), [read(3, NAME)],
                 "what the client tells")
    expect(bytes.fromhex("08 0100 ffff 002a") in peer.received(),
           f"no Read By Type Request: {peer.pdus}")
    peer.close()


def a_long_value_of_a_foreign_peer_is_written_and_read(transport, _):
    peer = RawPeer(transport)
    told = succeeded(gatt(transport, peer.address, "--write-long", f"{VALUE}={LONG.hex()}",
                          "--long", "--read", VALUE))
    expect_equal(told[-1], read(VALUE_HANDLE, LONG), "the value read")
    expect_equal(peer.att.values[VALUE_HANDLE], LONG, "the value of the peer")
    expect_equal([pdu for pdu in peer.received() if pdu[0] == 0x18], [EXECUTE],
                 "the Execute Write Requests")
    peer.close()


def long_values_go_from_process_to_process(transport, _):
    process, address = peripheral(transport)
    for mtu in (23, 247, 517):
        told = succeeded(gatt(
            transport, address, "--mtu", mtu, "--write", f"{TEXT}='short'",
            "--write-long", f"{TEXT}=@{long_file()}", "--long", "--read", TEXT))
        expect_equal(told[-1]["value"], LONG.hex(), f"the value read at MTU {mtu}")
        process.wait_for_event("write", value=b"short".hex())
        process.wait_for_event("write", value=LONG.hex())
        process.wait_for_event("advertising")
    end(process)


def a_reliable_write_is_carried_out_when_all_echoes_are_right(transport, _):
    peer = RawPeer(transport)
    value = bytes(range(200))
    succeeded(gatt(transport, peer.address, "--write-reliable", f"{VALUE}={value.hex()}"))
    expect_equal(peer.att.values[VALUE_HANDLE], value, "the value of the peer")
    expect(EXECUTE in peer.received() and CANCEL not in peer.received(), f"{peer.pdus}")
    peer.close()


def expect_cancelled(transport, option):
    peer = RawPeer(transport, wrong_echo=True)
    before = peer.att.values[VALUE_HANDLE]
    result = gatt(transport, peer.address, option, f"{VALUE}={LONG.hex()}")
    expect_equal(result.returncode, 1, f"exit status of the client ({result.stderr})")
    for word in ("echo", "cancelled"):
        expect(word in result.stderr, f"the message does not name {word!r}: {result.stderr}")
    expect("written" not in result.stdout, f"something is said to be written: {result.stdout}")
    peer.wait_for(CANCEL)
    expect(EXECUTE not in peer.received(), f"the write was executed: {peer.pdus}")
    # One wrong echo is enough: no second part is sent.
    expect_equal(len([pdu for pdu in peer.received() if pdu[0] == 0x16]), 1,
                 "Prepare Write Requests")
    expect_equal(peer.att.values[VALUE_HANDLE], before, "the value of the peer")
    peer.close()


def a_reliable_write_with_a_wrong_echo_is_cancelled(transport, _):
    expect_cancelled(transport, "--write-reliable")


def a_long_write_with_a_wrong_echo_is_cancelled_too(transport, _):
    expect_cancelled(transport, "--write-long")


def a_connected_client_is_told_when_services_are_registered_anew(transport, _):
    process, address = peripheral(transport, "--change-services", 1)
    told = succeeded(gatt(transport, address, "--subscribe", SERVICE_CHANGED,
                          "--count", 1, "--for", 30))
    subscribed, indicated = told
    expect_equal((subscribed["event"], indicated["event"]), ("subscribed", "indication"),
                 "the events")
    expect_equal(indicated["handle"], subscribed["handle"], "the handle of Service Changed")
    start, last = (int.from_bytes(bytes.fromhex(indicated["value"])[at:at + 2], "little")
                   for at in (0, 2))
    expect(0x0001 < start <= last, f"the range that has changed: {start:#06x} to {last:#06x}")
    process.wait_for_event("services_changed")
    process.wait_for_event("disconnect")
    end(process)


main(the_raw_peer_answers_by_the_book,
     *airs.on_each(
         [airs.unix_socket, airs.bluez_btvirt],
         a_peer_that_is_not_asioble_is_understood,
         a_value_is_read_by_its_type_without_discovery,
         a_long_value_of_a_foreign_peer_is_written_and_read,
         long_values_go_from_process_to_process,
         a_reliable_write_is_carried_out_when_all_echoes_are_right,
         a_reliable_write_with_a_wrong_echo_is_cancelled,
         a_long_write_with_a_wrong_echo_is_cancelled_too,
         a_connected_client_is_told_when_services_are_registered_anew))
