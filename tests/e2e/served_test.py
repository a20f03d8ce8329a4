# SPDX-License-Identifier: MIT
"""Two processes on the controllers that a third one serves."""

import json
import os
import signal

import conversation
from support import asioble, expect, expect_equal, main, records, run, temporary_directory


def serve(listen):
    """A served air; returns the process and the transport's name."""
    controller = asioble("--json", "controller", "--listen", listen)
    return controller, controller.wait_for_event("listening")["transport"]


def end(controller):
    controller.signal(signal.SIGINT)
    expect_equal(controller.wait(), 130, "exit status of the controller after Ctrl-C")
    expect_equal(controller.errors, [], "standard error of the controller")


def all_operations_over_a_unix_socket():
    path = os.path.join(temporary_directory(), "controller")
    controller, transport = serve("unix:" + path)
    conversation.hold(transport, transport)
    end(controller)
    expect(not os.path.exists(path), "the socket's file is left behind")


def all_operations_over_tcp():
    controller, transport = serve("tcp-server:127.0.0.1:0")
    conversation.hold(transport, transport)
    end(controller)


def each_host_has_a_controller_of_its_own():
    controller, transport = serve("unix:" + os.path.join(temporary_directory(), "controller"))
    told = [records(run("-t", transport, "--json", "info").stdout)[0] for _ in range(2)]
    addresses = [info["public_address"] for info in told]
    expect(addresses[0] != addresses[1], f"both have the address {addresses[0]}")
    expect_equal([(info["acl_length"], info["acl_buffers"]) for info in told], [(251, 8)] * 2,
                 "the ACL buffers")
    end(controller)


def bench(operation, count, size):
    controller, transport = serve("unix:" + os.path.join(temporary_directory(), "controller"))
    arguments = ["-t", transport, "--json", "bench", operation, "--count", count, "--size", size]
    peripheral = asioble(*arguments, "--role", "peripheral")
    central = asioble(*arguments, "--role", "central")
    for side in (central, peripheral):
        expect_equal(side.wait(), 0, f"exit status of {side}")
        result = json.loads(side.lines[-1])
        expect_equal([result[key] for key in ("operations", "lost", "reordered")], [count, 0, 0],
                     f"operations, lost and reordered of the {result['role']}")
        expect(result["operations_per_second"] > 0 and result["peak_memory_kib"] > 0,
               f"figures are missing: {result}")
    end(controller)


def bench_notify_loses_nothing():
    bench("notify", 2000, 180)


def bench_write_loses_nothing():
    bench("write", 2000, 180)


def bench_read_reads_all():
    bench("read", 500, 20)


def bench_coc_loses_nothing():
    bench("coc", 2000, 512)


main(all_operations_over_a_unix_socket, all_operations_over_tcp,
     each_host_has_a_controller_of_its_own, bench_notify_loses_nothing, bench_write_loses_nothing,
     bench_read_reads_all, bench_coc_loses_nothing)
