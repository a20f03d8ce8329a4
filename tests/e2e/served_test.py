# SPDX-License-Identifier: MIT
"""`asioble controller`: what it serves, to whom, and how it ends."""

import json
import os
import signal
import stat

import airs
import captures
from raw_peer import connect
from support import asioble, expect, expect_equal, main, records, run, temporary_directory

RESET = bytes.fromhex("01 03 0c 00")
RESET_COMPLETE = bytes.fromhex("04 0e 04 01 03 0c 00")
KEY = bytes(range(0xa0, 0xb0))
LE_ENCRYPT = bytes.fromhex("01 17 20 20") + KEY + bytes(16)


def info(transport):
    result = run("-t", transport, "--json", "info")
    expect_equal(result.returncode, 0, f"exit status of info ({result.stderr})")
    return records(result.stdout)[0]


def a_raw_host(transport, *commands):
    """A connection on which these commands were answered."""
    host = connect(transport)
    host.settimeout(30)
    for command in commands or [RESET]:
        host.sendall(command)
        answer = host.recv(300)
        expect_equal(answer[:2], b"\x04\x0e", f"the answer to {command.hex()}")
    return host


def each_host_has_a_controller_of_its_own():
    air = airs.served()
    told = [info(air.transport) for _ in range(2)]
    addresses = [controller["public_address"] for controller in told]
    expect(addresses[0] != addresses[1], f"both have the address {addresses[0]}")
    expect_equal([(one["acl_length"], one["acl_buffers"]) for one in told], [(251, 8)] * 2,
                 "the ACL buffers")
    air.end()


def addresses_and_profiles_are_dealt_out_in_order():
    given = ["00:AA:01:02:03:04", "C2:AA:01:02:03:05"]
    air = airs.served("--address", given[0], "--address", given[1], "--profile", "cheap-dongle",
                      "--profile", "bluetooth-4.1,acl-buffers=3")
    first = a_raw_host(air.transport)
    told = air.process.wait_for_event("host", number=1)
    expect_equal((told["address"], told["profile"]), (given[0], "cheap-dongle"), "the first host")
    second = info(air.transport)
    expect_equal((second["public_address"], second["acl_length"], second["acl_buffers"]),
                 (given[1], 27, 3), "the second controller")
    air.process.wait_for_event("gone", number=2)
    # What is free again is dealt out again, and behind the last address come others.
    first.close()
    air.process.wait_for_event("gone", number=1)
    hosts = [a_raw_host(air.transport) for _ in range(3)]
    told = [air.process.wait_for_event("host", number=number) for number in (3, 4, 5)]
    expect_equal([one["address"] for one in told[:2]], given, "the addresses")
    expect(told[2]["address"] not in given, f"the third has the address {told[2]['address']}")
    expect_equal([one["profile"] for one in told],
                 ["cheap-dongle"] + ["bluetooth-4.1,acl-buffers=3"] * 2, "the profiles")
    for host in hosts:
        host.close()
    air.end()


def every_profile_can_be_brought_up():
    listed = records(run("--json", "controller", "--list-profiles").stdout)
    profiles = [record["name"] for record in listed if record["event"] == "profile"]
    expect(len(profiles) >= 10, f"the profiles: {profiles}")
    air = airs.served(*[part for name in profiles for part in ("--profile", name)])
    # All stay until the last has come, so that each place has its turn.
    hosts = []
    for name in profiles:
        told = info(air.transport)
        expect(told["acl_length"] > 0 and told["acl_buffers"] > 0, f"{name}: {told}")
        expect_equal(told["public_address"] == "none", name == "no-public-address",
                     f"{name} has no public address")
        air.process.wait_for_event("gone")
        hosts.append(a_raw_host(air.transport))
        air.process.wait_for_event("host", profile=name)
    for host in hosts:
        host.close()
    air.end()


def profiles_are_listed():
    result = run("controller", "--list-profiles")
    expect_equal((result.returncode, result.stderr), (0, ""), "the end")
    for word in ("bluetooth-4.0", "cheap-dongle", "acl-length=27..1024", "without=OPCODE"):
        expect(word in result.stdout, f"no {word} in {result.stdout}")


def the_same_seed_gives_the_same_addresses():
    def address(seed):
        air = airs.served("--seed", seed)
        found = info(air.transport)["public_address"]
        air.end()
        return found
    expect_equal(address(7), address(7), "the address")
    expect(address(7) != address(8), "two seeds have the same address")


def recorded(*options):
    """What hosts who sent a key left in files, by their names; `options` hold {} for a folder."""
    directory = temporary_directory()
    air = airs.served(*[option.format(directory) for option in options])
    hosts = [a_raw_host(air.transport, RESET, LE_ENCRYPT), a_raw_host(air.transport)]
    air.end(signal.SIGTERM)
    for host in hosts:
        host.close()
    files = {}
    for name in sorted(os.listdir(directory)):
        path = os.path.join(directory, name)
        expect_equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, f"the mode of {name}")
        captures.frames(path)
        with open(path, "rb") as file:
            files[name] = file.read()
    return files


def every_controller_is_recorded_without_keys():
    files = recorded("--snoop", "{}")
    expect_equal(list(files), ["controller.1.btsnoop", "controller.2.btsnoop"], "the files")
    first, second = files.values()
    # Flags 2: a command of the host; 3: an event for it.
    expect(bytes.fromhex("00000004 00000002") in first and RESET in first, f"no reset: {first}")
    expect(bytes.fromhex("00000007 00000003") in second and RESET_COMPLETE in second,
           f"no answer: {second}")
    expect(LE_ENCRYPT[:4] + bytes(32) in first and KEY not in first, f"a key: {first}")


def keys_are_recorded_if_asked_for():
    files = recorded("--snoop", "{}/run.btsnoop", "--snoop-keys")
    expect_equal(list(files), ["run.1.btsnoop", "run.2.btsnoop"], "the files")
    expect(KEY in files["run.1.btsnoop"], "no key")


def ended_by(number):
    path = os.path.join(temporary_directory(), "air")
    link = os.path.join(temporary_directory(), "link")
    air = airs.Served("unix:" + path, "pty:" + link)
    expect_equal(air.transports[1], "serial:" + link, "the way to the pseudo-terminal")
    expect(os.path.exists(path) and os.path.islink(link), "the files")
    host = a_raw_host(air.transport)
    air.end(number)
    expect(not os.path.exists(path) and not os.path.lexists(link), "files are left behind")
    expect_equal(host.recv(1), b"", "the end of the connection")
    host.close()


def it_ends_cleanly_by_ctrl_c():
    ended_by(signal.SIGINT)


def it_ends_cleanly_by_sigterm():
    ended_by(signal.SIGTERM)


def a_pseudo_terminal_serves_one_host_after_the_other():
    air = airs.Served("pty:")
    scan = asioble("-t", air.transport, "--json", "scan")
    air.process.wait_for_event("host", number=1)
    scan.signal(signal.SIGKILL)
    scan.wait()
    air.process.wait_for_event("gone", number=1)
    for number in (2, 3):
        info(air.transport)
        air.process.wait_for_event("host", number=number)
        air.process.wait_for_event("gone", number=number)
    air.end()


def what_makes_no_sense_is_refused_with_what_does():
    path = os.path.join(temporary_directory(), "air")
    for words, *arguments in [
            (["--listen"],),
            (["pigeon", "unix:PATH", "tcp-server:", "pty:"], "--listen", "pigeon:7"),
            (["loopback", "passwords", "--allow-remote"], "--listen", "tcp-server:0.0.0.0:0"),
            (["turbo", "bluetooth-5.4"], "--profile", "turbo"),
            (["acl-length=27..1024"], "--profile", "btvirt,acl-length=5"),
            (["public address", "00:AA:01:02:03:04"], "--address", "01:02:03:04:05:06"),
            (["both"], "--address", "00:AA:01:02:03:04", "--address", "00:aa:01:02:03:04"),
            (["without public address"], "--address", "00:AA:01:02:03:04",
             "--profile", "no-public-address"),
            (["loss=0..1"], "--air", "loss=2"),
            (["--max-hosts"], "--max-hosts", 0),
            (["--snoop"], "--snoop-keys"),
            (["--listen"], "-t", "virtual:")]:
        listen = [] if "--listen" in arguments or not arguments else ["--listen", "unix:" + path]
        result = run("controller", *listen, *arguments)
        expect_equal(result.returncode, 2, f"exit status of {arguments} ({result.stderr})")
        for word in words:
            expect(word in result.stderr, f"{arguments}: no {word!r} in {result.stderr}")
    result = run("controller", "--listen", "unix:" + path, "--snoop", "/nowhere/file")
    expect_equal(result.returncode, 1, "exit status where there is no such folder")
    expect("/nowhere/file" in result.stderr, result.stderr)


def remote_addresses_are_served_if_asked_for():
    air = airs.Served("tcp-server:0.0.0.0:0", arguments=["--allow-remote"])
    info(air.transport)
    air.end()


def bench(operation, count, size):
    air = airs.served()
    arguments = ["-t", air.transport, "--json", "bench", operation, "--count", count,
                 "--size", size]
    peripheral = asioble(*arguments, "--role", "peripheral")
    central = asioble(*arguments, "--role", "central")
    for side in (central, peripheral):
        expect_equal(side.wait(), 0, f"exit status of {side}")
        result = json.loads(side.lines[-1])
        expect_equal([result[key] for key in ("operations", "lost", "reordered")], [count, 0, 0],
                     f"operations, lost and reordered of the {result['role']}")
        expect(result["operations_per_second"] > 0 and result["peak_memory_kib"] > 0,
               f"figures are missing: {result}")
    air.end()


def bench_notify_loses_nothing():
    bench("notify", 2000, 180)


def bench_write_loses_nothing():
    bench("write", 2000, 180)


def bench_read_reads_all():
    bench("read", 500, 20)


def bench_coc_loses_nothing():
    bench("coc", 2000, 512)


main(each_host_has_a_controller_of_its_own, addresses_and_profiles_are_dealt_out_in_order,
     every_profile_can_be_brought_up, profiles_are_listed, the_same_seed_gives_the_same_addresses,
     every_controller_is_recorded_without_keys, keys_are_recorded_if_asked_for,
     it_ends_cleanly_by_ctrl_c, it_ends_cleanly_by_sigterm,
     a_pseudo_terminal_serves_one_host_after_the_other,
     what_makes_no_sense_is_refused_with_what_does, remote_addresses_are_served_if_asked_for,
     bench_notify_loses_nothing, bench_write_loses_nothing, bench_read_reads_all,
     bench_coc_loses_nothing)
