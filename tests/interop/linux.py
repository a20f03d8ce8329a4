#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Linux as a peer: guests in QEMU on served virtual controllers, which talk with asioble and with
each other. `tools/dev interop` runs this."""

import argparse
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, os.pardir, "e2e"))

import btvirt  # noqa: E402
import support  # noqa: E402
from exchanges import Exchanges  # noqa: E402
from support import Failed, asioble, temporary_directory  # noqa: E402

#: The guests' processors are emulated, and the machine may have other work to do.
support.LIMIT = 120.0

EXCHANGES = {
    "central": ("as central", Exchanges.linux_as_central),
    "peripheral": ("as peripheral", Exchanges.linux_as_peripheral),
    "just-works": ("with Linux, Just Works", Exchanges.linux_with_linux_just_works),
    "comparison": ("with Linux, numeric comparison", Exchanges.linux_with_linux_comparison),
    "commands": ("and the controller", Exchanges.nothing_is_refused),
}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", required=True, help="folder for the guest's image and logs")
    parser.add_argument("--controller", metavar="unix:PATH|btvirt",
                        help="where the guests and asioble find their controllers; else a served "
                             "one of asioble's")
    parser.add_argument("exchange", nargs="*", choices=[[], *EXCHANGES],
                        help="only these of: " + ", ".join(EXCHANGES))
    return parser.parse_args()


def build_image(cache):
    built = subprocess.run([os.path.join(HERE, "image.sh"), cache], text=True,
                           stdout=subprocess.PIPE)
    if built.returncode != 0:
        sys.exit("the guest's image could not be built")
    return built.stdout.strip()


def find_air(controller):
    """The name of the transport to the air where all meet."""
    if controller == "btvirt":
        return btvirt.start()[1]
    if controller:
        return controller
    path = os.path.join(temporary_directory(), "air")
    served = asioble("--json", "controller", "--listen", f"unix:{path}")
    return served.wait_for_event("listening")["transport"]


def show(machine, logs):
    """The end of each record of a machine after a failure."""
    tshark = shutil.which("tshark")
    if tshark:
        with open(os.path.join(logs, f"{machine.name}.packets"), "w", encoding="utf-8") as file:
            subprocess.run([tshark, "-r", machine.record], stdout=file, stderr=subprocess.DEVNULL)
    for kind in ("console", "dialogue", "packets"):
        path = os.path.join(logs, f"{machine.name}.{kind}")
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as file:
                print(f"---- the end of {path}", *file.read().splitlines()[-15:], sep="\n")


def main():
    options = arguments()
    began = time.monotonic()
    image = build_image(options.cache)
    logs = os.path.join(options.cache, "logs")
    shutil.rmtree(logs, ignore_errors=True)
    os.makedirs(logs)

    exchanges = Exchanges(find_air(options.controller), image, logs)
    chosen = [EXCHANGES[name] for name in options.exchange or EXCHANGES]
    passed = 0
    for what, exchange in chosen:
        try:
            print(f"passed: {exchanges.versions()} {what}: {exchange(exchanges)}", flush=True)
            passed += 1
        except Failed as failure:
            print(f"FAILED: Linux {what}: {failure}")
            for machine in exchanges.machines:
                show(machine, logs)
                machine.kill()
            sys.stdout.flush()
            exchanges.boot()  # whatever state they were left in
    print(f"{passed} passed, {len(chosen) - passed} failed "
          f"({time.monotonic() - began:.0f} s; records are in {logs})")
    sys.exit(0 if passed == len(chosen) else 1)


main()
