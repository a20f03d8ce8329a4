# SPDX-License-Identifier: MIT
"""What `asioble gatt --values` makes of a database that it does not know: kinds of services, what
they include, and values in words. The octets stand as the specifications write them."""

import airs
from raw_peer import SECONDARY_SERVICE, SERVICE, VALUE, RawPeer, Refused, Table
from support import expect, expect_equal, main, records, run

READ, INDICATE = 0x02, 0x20

CHARACTERISTICS = [
    (0x2a00, "68 65 6c 6c 6f", "hello"),
    (0x2a01, "41 03", "Heart Rate Sensor, kind 1"),
    (0x2a04, "18 00 28 00 00 00 2a 00", "interval 30.00 ms to 50.00 ms, latency 0, timeout 420 ms"),
    (0x2a04, "06 00 06 00 04 00 ff ff", "interval 7.50 ms, latency 4, timeout any"),
    (0x2a06, "02", "high alert"),
    (0x2a07, "f4", "-12 dBm"),
    (0x2a19, "64", "100 %"),
    (0x2a19, "", None),
    (0x2a23, "de bc 9a fe ff 56 34 12", "organization 123456, device fffe9abcde"),
    (0x2a29, "4e 6f 72 64 69 63", "Nordic"),
    (0x2a37, "00 48", "72 bpm"),
    (0x2a37, "04 48", "72 bpm, no skin contact"),
    (0x2a37, "09 2c 01 78 00", "300 bpm, 120 kJ"),
    (0x2a37, "16 48 00 04 00 02", "72 bpm, skin contact, RR 1000 ms, RR 500 ms"),
    (0x2a37, "01 48", None),
    (0x2a38, "01", "chest"),
    (0x2a50, "01 59 00 b0 00 13 02", "vendor Nordic Semiconductor, product 0x00b0, version 2.1.3"),
    (0x2a50, "02 15 19 f0 ee 00 01", "vendor USB 0x1915, product 0xeef0, version 1.0.0"),
    (0x2a6d, "6a 77 0f 00", "101361.0 Pa"),
    (0x2a6e, "44 0e", "36.52 °C"),
    (0x2a6e, "fb ff", "-0.05 °C"),
    (0x2a6e, "00 80", "not known"),
    (0x2a6e, "44", None),
    (0x2a6f, "f9 15", "56.25 %"),
    (0x2aa6, "01", "supported"),
    (0x2b29, "05", "robust caching, multiple value notifications"),
    (0x2b29, "80", "bit 7"),
    (0x2b2a, "90 a9 fb b9 bb 30 88 8a ac 8b f5 ec 48 2d ca f1",
     "f1ca2d48ecf58bac8a8830bbb9fba990"),
    (0x2b3a, "01", "enhanced ATT bearer"),
]
DESCRIPTORS = [
    (0x2900, "03 00", "reliable write, writable auxiliaries"),
    (0x2901, "6f 75 74 73 69 64 65", "outside"),
    (0x2902, "03 00", "notifications, indications"),
    (0x2903, "00 00", "none"),
    (0x2904, "0e fe 2f 27 01 06 01", "sint16 x 10^-2, degree Celsius, description 0x0106"),
    (0x2908, "01 02", "report 1, output"),
]
REFUSALS = [
    (0x02, "not readable"),
    (0x05, "needs authentication"),
    (0x08, "needs authorization"),
    (0x0c, "needs a longer key"),
    (0x0f, "needs encryption"),
    (0x0e, "refused: unlikely error"),
]


def listing(table, *arguments):
    """What the program prints of a peer with this table."""
    transport = airs.served().transport
    peer = RawPeer(transport, table=table)
    result = run("-t", transport, *arguments, "gatt", peer.address, "--values")
    expect_equal(result.returncode, 0, f"exit status ({result.stderr})")
    peer.close()
    return result.stdout


def listed(table, event):
    return [record for record in records(listing(table, "--json")) if record["event"] == event]


def expect_values(found, expected):
    expect_equal(len(found), len(expected), "the number of values")
    for record, (uuid, octets, decoded) in zip(found, expected):
        told = (record["uuid"], record["value"], record.get("decoded"))
        expect_equal(told, (f"{uuid:04x}", octets.replace(" ", ""), decoded), "a value")


def values_of_known_characteristics_are_told_in_words():
    table = Table()
    table.service(SERVICE)
    for uuid, octets, _ in CHARACTERISTICS:
        table.characteristic(READ, uuid, bytes.fromhex(octets))
    expect_values(listed(table, "characteristic"), CHARACTERISTICS)


def values_of_known_descriptors_are_told_in_words():
    table = Table()
    table.service(SERVICE)
    table.characteristic(READ, VALUE, b"")
    for uuid, octets, _ in DESCRIPTORS:
        table.add(uuid, bytes.fromhex(octets))
    expect_values(listed(table, "descriptor"), DESCRIPTORS)


def what_a_refused_read_lacks_is_told():
    table = Table()
    table.service(SERVICE)
    for error, _ in REFUSALS:
        table.characteristic(READ, VALUE, Refused(error))
    table.characteristic(INDICATE, VALUE, Refused(0x02))
    *refused, not_read = listed(table, "characteristic")
    expect_equal([record.get("refused") for record in refused], [what for _, what in REFUSALS],
                 "the reasons")
    expect(not {"value", "refused"} & not_read.keys(), f"was read: {not_read}")


def with_secondary_and_included_services():
    table = Table()
    battery = table.service(0x180f, SECONDARY_SERVICE)
    level = table.characteristic(READ, 0x2a19, b"\x63")
    other = table.service(SERVICE)
    table.service(0x180d)
    includes = [table.include(battery), table.include(other)]
    table.characteristic(READ, 0x2a38, b"\x02")
    return table, battery, level, other, includes


def secondary_and_included_services_are_listed():
    table, battery, level, other, includes = with_secondary_and_included_services()
    told = records(listing(table, "--json"))
    expect_equal([(r["uuid"], r["type"], r["handle"]) for r in told if r["event"] == "service"],
                 [("180f", "secondary", battery), (str(SERVICE), "primary", other),
                  ("180d", "primary", other + 1)], "the services")
    expect_equal([(r["handle"], r["uuid"], r["start_handle"], r["end_handle"])
                  for r in told if r["event"] == "included"],
                 [(includes[0], "180f", battery, level), (includes[1], str(SERVICE), other, other)],
                 "the included services")


def a_person_reads_it_all():
    table, battery, level, _, includes = with_secondary_and_included_services()
    lines = [" ".join(line.split()) for line in listing(table).splitlines()]
    for expected in [f"0x{battery:04x} Battery Service (secondary) 180f",
                     f"0x{level:04x} Battery Level 2a19 read",
                     "= 63 (99 %)",
                     f"0x{includes[0]:04x} includes Battery Service 180f at 0x{battery:04x}",
                     "= 02 (wrist)"]:
        expect(expected in lines, f"no line {expected!r} in {lines}")


main(values_of_known_characteristics_are_told_in_words,
     values_of_known_descriptors_are_told_in_words, what_a_refused_read_lacks_is_told,
     secondary_and_included_services_are_listed, a_person_reads_it_all)
