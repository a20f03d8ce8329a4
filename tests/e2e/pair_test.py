# SPDX-License-Identifier: MIT
"""`asioble pair`: two programs on served controllers pair in every way, remember each other, and
say in words what went wrong."""

import os
import signal

from pair_air import ADDRESSES, End, Pair, Terminal, record_of
from support import expect, expect_equal, main, run

SECRET = "a510b1e9-6f2c-4d0b-8a37-5d1f0c9e2b41"
PASSKEY = "012345"

DISPLAY = ["--io", "display-only", "--passkey", PASSKEY]
KEYBOARD = ["--io", "keyboard-only", "--passkey", PASSKEY]
COMPARE = ["--io", "display-yes-no", "--yes"]
LEGACY = ["--no-secure-connections"]


def just_works_and_the_bond_is_used_again():
    pair = Pair()
    pair.succeed(paired=True, method="Just Works", secure_connections=True, authenticated=False,
                 key_size=16, bonded=True)
    for role in ADDRESSES:
        expect_equal(pair.bonds(role), [(True, False)], f"bonds of the {role}")
        expect_equal(os.stat(pair.bonds_file(role)).st_mode & 0o777, 0o600, "mode of the file")
    pair.succeed(paired=False, method=None, secure_connections=True, authenticated=False,
                 key_size=16, bonded=True)
    # Not even a device with more to offer pairs again each time.
    pair.succeed((), COMPARE, paired=False, authenticated=False)
    pair.succeed((), ["--anew"], paired=True, method="Just Works", bonded=True)


def each_method_leads_to_what_it_is_worth():
    def expect_method(method, peripherals, centrals, authenticated=True, secure_connections=True):
        pair = Pair()
        expected = {"authenticated": authenticated, "secure_connections": secure_connections,
                    "key_size": 16, "bonded": True}
        pair.succeed(peripherals, centrals, paired=True, method=method, **expected)
        pair.succeed(peripherals, centrals, paired=False, method=None, **expected)
        pair.air.end()

    expect_method("Numeric Comparison", COMPARE, COMPARE)
    expect_method("Passkey Entry", KEYBOARD, DISPLAY)
    expect_method("Passkey Entry", DISPLAY, KEYBOARD)
    expect_method("Passkey Entry", KEYBOARD, KEYBOARD)
    expect_method("Passkey Entry", KEYBOARD, DISPLAY + LEGACY, secure_connections=False)
    expect_method("Passkey Entry", DISPLAY + LEGACY, KEYBOARD, secure_connections=False)
    expect_method("Just Works", [], LEGACY, False, False)
    expect_method("Just Works", COMPARE + ["--no-mitm"], COMPARE + ["--no-mitm"], False)


def without_a_bond_each_link_pairs():
    pair = Pair()
    for _ in range(2):
        pair.succeed([], ["--no-bond"], paired=True, bonded=False, file=None)
    for role in ADDRESSES:
        expect(not os.path.exists(pair.bonds_file(role)), f"the {role} keeps a file of bonds")


def what_needs_encryption_is_read_with_pair_only():
    pair = Pair()

    def read(*arguments):
        peripheral = pair.peripheral("--timeout", 30)
        central = pair.central(ADDRESSES["peripheral"], "-q", "--read", SECRET, *arguments,
                               command="gatt")
        status = central.wait()
        if status != 0:  # so nothing has ended for the peripheral
            peripheral.signal(signal.SIGINT)
        expect_equal(peripheral.wait(), 130 if status else 0, f"exit status of {peripheral}")
        pair.leave()
        return status, [record["value"] for record in map(record_of, central.lines)
                        if record["event"] == "read"], peripheral

    status, values, _ = read()
    expect_equal((status, values), (1, []), "outcome without encryption")
    for paired in (True, False):
        status, values, peripheral = read("--pair")
        expect_equal((status, values), (0, [b"secret".hex()]), "outcome with --pair")
        End(peripheral).expect_success("peripheral", paired=paired, bonded=True)


def a_peripheral_asks_for_it():
    pair = Pair()
    for paired in (True, False):
        peripheral = pair.peripheral("--request")
        central = pair.central("--name", "asioble", "-q", "--pair", "--subscribe", "2a05", "--for",
                               2, command="gatt")
        expect_equal(central.wait(), 0, f"exit status of {central}")
        # A central that was not told to keep bonds keeps none.
        End(peripheral).expect_success("peripheral", paired=paired, method="Just Works" if paired
                                       else None)
        pair.leave()
    pair.succeed(["--request"], ["--anew"], paired=True)


def wrong_passkeys_are_told():
    pair = Pair()
    central, peripheral = pair.fail(KEYBOARD, ["--io", "display-only", "--passkey", "012346"])
    for end in (central, peripheral):
        end.expect_words("not paired", "the passkeys were not the same", "try again")
    central, peripheral = pair.fail(KEYBOARD + LEGACY,
                                    ["--io", "display-only", "--passkey", "012346"])
    for end in (central, peripheral):
        end.expect_words("the passkeys were not the same")
    for role in ADDRESSES:
        expect_equal(pair.bonds(role), [], f"bonds of the {role}")


def refusals_are_told():
    pair = Pair()
    central, peripheral = pair.fail(LEGACY, ["--sc-only"])
    central.expect_words("less than is asked for here", "--sc-only")
    peripheral.expect_words("the other device asks for more")
    central, peripheral = pair.fail(["--mitm"] + COMPARE, [])
    central.expect_words("the other device asks for more", "--io keyboard-display")
    peripheral.expect_words("less than is asked for here", "--mitm")
    # Nobody can be asked.
    central, peripheral = pair.fail(COMPARE, ["--io", "display-yes-no"])
    central.expect_words("no terminal", "--yes")
    peripheral.expect_words("the other device gave it up")
    central, peripheral = pair.fail(["--io", "keyboard-only"], DISPLAY)
    central.expect_words("the other device gave it up")
    peripheral.expect_words("no terminal", "--passkey")
    # A number that is not the expected one.
    central, peripheral = pair.fail(COMPARE, ["--io", "display-yes-no", "--passkey", "000000"])
    for end in (central, peripheral):
        end.expect_words("not confirmed to be the same", "do not pair")


def a_central_that_lost_its_bond_pairs_anew():
    pair = Pair()
    pair.succeed(paired=True)
    pair.forget("central")
    pair.succeed(paired=True, bonded=True)
    pair.succeed(paired=False)


def a_peripheral_that_lost_its_bond_is_named():
    pair = Pair()
    pair.succeed(paired=True)
    pair.forget("peripheral")
    peripheral = pair.peripheral()
    central = End(pair.central(ADDRESSES["peripheral"]))
    expect_equal(central.status, 1, f"exit status of {central}")
    central.expect_words("lost its bond", f"asioble bonds remove {ADDRESSES['peripheral']}")
    peripheral.signal(signal.SIGINT)
    expect_equal(peripheral.wait(), 130, f"exit status of {peripheral}")
    pair.leave()
    pair.forget("central")
    pair.succeed(paired=True)
    pair.succeed(paired=False)
    # Or, for who knows that it is the same device:
    pair.forget("peripheral")
    pair.succeed([], ["--anew"], paired=True)
    pair.succeed(paired=False)


def a_bond_gives_way_to_a_weaker_one_only_when_asked():
    pair = Pair()
    pair.succeed(COMPARE, COMPARE, authenticated=True)
    # Now by Just Works only: the peripheral is the first that can judge it.
    central, peripheral = pair.fail([], COMPARE + ["--anew"])
    peripheral.expect_words("weaker than the bond", "asioble bonds remove")
    central.expect_words("has a bond with this address that is better")
    # As if it had lost its bond.
    kept = pair.bonds_file("peripheral") + ".kept"
    os.rename(pair.bonds_file("peripheral"), kept)
    central, peripheral = pair.fail([], COMPARE + ["--anew"])
    central.expect_words("weaker than the bond", "asioble bonds remove")
    peripheral.expect_words("has a bond with this address that is better")
    os.rename(kept, pair.bonds_file("peripheral"))
    for role in ADDRESSES:
        expect_equal(pair.bonds(role), [(True, True)], f"bonds of the {role}")
    pair.succeed(COMPARE, COMPARE, paired=False, authenticated=True)

    # People at the terminal are asked.
    def ask(answers, status):
        people = {role: Terminal() for role in ADDRESSES}
        asked = Pair(**{role: person.streams for role, person in people.items()})
        asked.state = pair.state
        peripheral = asked.peripheral("--io", "no-input-no-output")
        central = asked.central(ADDRESSES["peripheral"], "--anew", "--io", "no-input-no-output")
        for role, answer in answers:
            people[role].answer("the same device, and want this all the same? [y/N]", answer)
        for process in (central, peripheral):
            expect_equal(process.wait(), status, f"exit status of {process}")
        asked.leave()
        asked.air.end()

    ask([("peripheral", "n")], 1)
    os.remove(pair.bonds_file("peripheral"))
    ask([("central", "n")], 1)
    ask([("central", "y")], 0)
    for role in ADDRESSES:
        expect_equal(pair.bonds(role), [(True, False)], f"bonds of the {role}")


def questions_are_asked_at_the_terminal():
    people = {role: Terminal() for role in ADDRESSES}
    pair = Pair(**{role: person.streams for role, person in people.items()})

    def begin(peripherals, centrals):
        return pair.peripheral(*peripherals), pair.central(ADDRESSES["peripheral"], *centrals)

    def end(peripheral, central, status):
        for process in (central, peripheral):
            expect_equal(process.wait(), status, f"exit status of {process}")
        pair.leave()

    # Numbers to compare: at a terminal no option is needed.
    peripheral, central = begin([], [])
    shown = {process.wait_for_event("passkey", action="compare")["passkey"]
             for process in (peripheral, central)}
    expect_equal(len(shown), 1, "how many numbers there are")
    for person in people.values():
        person.answer(f"Does the other device show {shown.copy().pop()}? [y/N]", "y")
    end(peripheral, central, 0)
    End(central).expect_success("central", method="Numeric Comparison", authenticated=True)

    # One person says no, or nothing.
    for answer in ("n", "", "what?"):
        peripheral, central = begin([], ["--anew"])
        people["central"].answer("[y/N]", answer)
        end(peripheral, central, 1)
        people["central"].wait_for("not confirmed to be the same")
        people["peripheral"].wait_for("[y/N]")
        people["peripheral"].wait_for("not confirmed to be the same on the other device")

    # A number to enter, at the second try.
    peripheral, central = begin(["--io", "keyboard-only"], ["--io", "display-only", "--anew"])
    passkey = central.wait_for_event("passkey", action="display")["passkey"]
    expect_equal(len(passkey), 6, "the digits")
    people["peripheral"].answer("Enter the 6 digits that the other device shows:", passkey[:5])
    people["peripheral"].answer("not 6 digits. Enter them again:", passkey[:3] + " " + passkey[3:])
    end(peripheral, central, 0)
    End(central).expect_success("central", method="Passkey Entry", authenticated=True)

    # The end of the input is no answer.
    peripheral, central = begin(["--io", "keyboard-only"], ["--io", "display-only", "--anew"])
    people["peripheral"].answer("Enter the 6 digits that the other device shows:", "\x04")
    people["peripheral"].wait_for("no passkey was entered")
    end(peripheral, central, 1)


def private_devices_know_each_other():
    pair = Pair()
    identities = set(ADDRESSES.values())
    peripheral = pair.peripheral("hidden", "--private")
    central = pair.central("--name", "hidden", "--private")
    for process in (peripheral, central):
        met = process.wait_for_event("connected")
        expect(met["address"] not in identities and met["type"] == "random",
               f"no private address was met by {process}")
    End(central).expect_success("central", paired=True, bonded=True, type="public",
                                address=ADDRESSES["peripheral"])
    End(peripheral).expect_success("peripheral", paired=True, bonded=True, type="public",
                                   address=ADDRESSES["central"])
    pair.leave()

    # Private are both still: without its bond the central does not find the peripheral.
    pair.succeed(["--private"], ["--private"], paired=False, bonded=True)
    pair.forget("central")
    peripheral = pair.peripheral("--private")
    central = End(pair.central(ADDRESSES["peripheral"], "--timeout", 1))
    central.expect_words("not heard")
    peripheral.kill()


def a_peripheral_goes_on_with_keep():
    pair = Pair()
    peripheral = pair.peripheral("--keep", *KEYBOARD)
    for passkey, status in [("111111", 1), (PASSKEY, 0)]:
        central = pair.central(ADDRESSES["peripheral"], "--io", "display-only", "--passkey",
                               passkey)
        expect_equal(central.wait(), status, f"exit status of {central}")
        peripheral.wait_for_event("encrypted" if status == 0 else "failed")
        peripheral.wait_for_event("disconnected")
        peripheral.wait_for_event("advertising")
        pair.air.process.wait_for_event("gone")
    peripheral.signal(signal.SIGINT)
    expect_equal(peripheral.wait(), 130, f"exit status of {peripheral}")


def nobody_comes():
    pair = Pair()
    end = End(pair.peripheral("--timeout", 0.5))
    expect_equal(end.status, 1, f"exit status of {end}")
    end = End(pair.central(ADDRESSES["peripheral"], "--timeout", 0.5))
    expect_equal(end.status, 1, f"exit status of {end}")
    end.expect_words("not heard")


def a_lost_link_is_told():
    people = {role: Terminal() for role in ADDRESSES}
    pair = Pair(**{role: person.streams for role, person in people.items()})
    peripheral = pair.peripheral()
    central = pair.central(ADDRESSES["peripheral"])
    for person in people.values():
        person.wait_for("[y/N]")
    peripheral.kill()
    expect_equal(central.wait(), 1, f"exit status of {central}")
    people["central"].wait_for("the link was lost")


def wrong_arguments_are_named():
    for arguments, word in [
            ([], "ADDRESS"), (["--request", ADDRESSES["peripheral"]], "--advertise"),
            (["--advertise", "--name", "x"], "--name"), (["--io", "none", "--advertise"], "none"),
            (["--advertise", "--passkey", "12"], "6 digits"),
            (["--advertise", "--sc-only", "--no-secure-connections"], "--sc-only"),
            (["--advertise", "--min-key-size", "6"], "--min-key-size")]:
        result = run("-t", "unix:/nowhere", "pair", *arguments)
        expect_equal(result.returncode, 2, f"exit status with {arguments} ({result.stderr})")
        expect(word in result.stderr, f"{word} is not in {result.stderr}")


main(just_works_and_the_bond_is_used_again,
     each_method_leads_to_what_it_is_worth,
     without_a_bond_each_link_pairs,
     what_needs_encryption_is_read_with_pair_only,
     a_peripheral_asks_for_it,
     wrong_passkeys_are_told,
     refusals_are_told,
     a_central_that_lost_its_bond_pairs_anew,
     a_peripheral_that_lost_its_bond_is_named,
     a_bond_gives_way_to_a_weaker_one_only_when_asked,
     questions_are_asked_at_the_terminal,
     private_devices_know_each_other,
     a_peripheral_goes_on_with_keep,
     nobody_comes,
     a_lost_link_is_told,
     wrong_arguments_are_named)
