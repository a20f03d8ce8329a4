# SPDX-License-Identifier: MIT
"""What an independent program, Wireshark's tshark, says about our btsnoop files."""

import struct
import subprocess

from support import LIMIT, expect, expect_equal, need


def frames(path):
    """The number of records in a btsnoop file, none of them cut off."""
    with open(path, "rb") as file:
        expect_equal(file.read(16), b"btsnoop\0" + struct.pack(">II", 1, 1002), f"head of {path}")
        count = 0
        while header := file.read(24):
            original, included = struct.unpack_from(">II", header)
            expect_equal(len(file.read(included)), included, f"octets of record {count}")
            expect_equal(original, included, f"length of record {count}")
            count += 1
    return count


def check(path):
    """Every packet is dissected to its end, and none is malformed. Returns how many there are."""
    tshark = need("tshark", "tshark")
    count = frames(path)
    expect(count > 0, f"{path} is empty")
    output = subprocess.run(
        [tshark, "-r", path, "-T", "fields", "-e", "frame.number", "-e", "frame.protocols",
         "-e", "_ws.malformed"],
        text=True, capture_output=True, timeout=LIMIT, check=True).stdout
    lines = output.splitlines()
    expect_equal(len(lines), count, f"packets that tshark found in {path}")
    for line in lines:
        number, protocols, malformed = (line.split("\t") + ["", ""])[:3]
        expect_equal(malformed, "", f"malformed packet {number} of {path}")
        expect("data" not in protocols.split(":"), f"packet {number} of {path}: {protocols}")
    return count
