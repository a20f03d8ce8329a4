# SPDX-License-Identifier: MIT
"""Linux as a peer: guests in QEMU on served virtual controllers, which talk with asioble and with
each other. `tools/dev interop` runs this."""

import argparse
import os
import shutil
import subprocess
import sys
import time

import btvirt
import pairings
from exchanges import Exchanges
from support import Failed, asioble, temporary_directory

EXCHANGES = {
    "central": ("as central", Exchanges.linux_as_central),
    "peripheral": ("as peripheral", Exchanges.linux_as_peripheral),
    "just-works": ("with Linux, Just Works", Exchanges.linux_with_linux_just_works),
    "comparison": ("with Linux, numeric comparison", Exchanges.linux_with_linux_comparison),
    "pair-central": ("as central, pairing", pairings.linux_as_central),
    "pair-peripheral": ("as peripheral, pairing", pairings.linux_as_peripheral),
    "commands": ("and its controllers", Exchanges.nothing_is_refused),
}
#: Of each record so many lines are shown when an exchange has failed.
SHOWN_LINES = 15


def parse_arguments():
    parser = argparse.ArgumentParser(prog="tools/dev interop", description=__doc__)
    parser.add_argument("--cache", required=True, help="folder for the guests' image and the logs")
    parser.add_argument("--controller", metavar="unix:PATH|btvirt",
                        help="where all find their controllers; else with asioble's")
    parser.add_argument("exchanges", nargs="*", metavar="EXCHANGE",
                        help="only these of: " + ", ".join(EXCHANGES))
    arguments = parser.parse_args()
    for name in arguments.exchanges:
        if name not in EXCHANGES:
            parser.error(f"there is no exchange {name!r}, but: {', '.join(EXCHANGES)}")
    return arguments


def build_image(cache):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "image.sh")
    built = subprocess.run([script, cache], text=True, stdout=subprocess.PIPE)
    if built.returncode != 0:
        sys.exit("the guests' image could not be built")
    return built.stdout.strip()


def find_air(controller):
    """The name of the transport to the air where all meet."""
    if controller == "btvirt":
        return btvirt.start()[1]
    if controller:
        return controller
    path = os.path.join(temporary_directory(), "air")
    # Of the two guests and of asioble, whose bonds are with these.
    addresses = [part for number in range(1, 4)
                 for part in ("--address", f"00:AA:01:00:0{number}:01")]
    served = asioble("--json", "controller", "--listen", f"unix:{path}", *addresses)
    return served.wait_for_event("listening")["transport"]


def show_records(name, logs):
    """The ends of what is known of a guest."""
    # tshark, as btmon 5.66 does not survive the records of some GATT procedures.
    if tshark := shutil.which("tshark"):
        with open(os.path.join(logs, f"{name}.packets"), "w", encoding="utf-8") as file:
            subprocess.run([tshark, "-r", os.path.join(logs, f"{name}.btsnoop")], stdout=file,
                           stderr=subprocess.DEVNULL)
    for kind in ("qemu", "console", "dialogue", "packets"):
        path = os.path.join(logs, f"{name}.{kind}")
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                print(f"---- the end of {path}", *file.read().splitlines()[-SHOWN_LINES:],
                      sep="\n")


def main():
    arguments = parse_arguments()
    began = time.monotonic()
    image = build_image(arguments.cache)
    logs = os.path.join(arguments.cache, "logs")
    shutil.rmtree(logs, ignore_errors=True)
    os.makedirs(logs)

    exchanges = Exchanges(find_air(arguments.controller), image, logs)
    chosen = [EXCHANGES[name] for name in arguments.exchanges or EXCHANGES]
    passed = 0
    for what, exchange in chosen:
        try:
            print(f"passed: {exchanges.versions()} {what}: {exchange(exchanges)}", flush=True)
            passed += 1
        except (Failed, subprocess.TimeoutExpired) as failure:
            print(f"FAILED: Linux {what}: {failure}")
            for machine in exchanges.machines:
                show_records(machine.name, logs)
            sys.stdout.flush()
            exchanges.boot()  # whatever state the guests were left in
    print(f"{passed} passed, {len(chosen) - passed} failed")
    print(f"That took {time.monotonic() - began:.0f} s; the records are in {logs}.")
    sys.exit(0 if passed == len(chosen) else 1)


main()
