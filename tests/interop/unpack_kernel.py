# SPDX-License-Identifier: MIT
"""Unpacks a kernel image: unpacking itself would be half of its start on an emulated processor, and
that each time.

    python3 unpack_kernel.py VMLINUZ VMLINUX"""

import lzma
import sys

MAGIC = b"\xfd7zXZ\0"


def unpack(image):
    start = image.find(MAGIC)
    while start >= 0:
        try:
            # What follows the packed kernel is left alone.
            kernel = lzma.LZMADecompressor().decompress(image[start:])
            if kernel.startswith(b"\x7fELF"):
                return kernel
        except lzma.LZMAError:
            pass
        start = image.find(MAGIC, start + 1)
    sys.exit(f"{sys.argv[1]} holds no kernel packed with xz")


with open(sys.argv[1], "rb") as packed, open(sys.argv[2], "wb") as unpacked:
    unpacked.write(unpack(packed.read()))
