# SPDX-License-Identifier: MIT
"""BlueZ's btvirt: an independent controller, whose hosts meet on the same air."""

import functools
import os
import shutil
import socket
import subprocess
import time

from support import LIMIT, Failed, Process, need, skip, temporary_directory

SOCKET = "bt-server-le"


def start():
    """Returns the process and the name of the transport to it."""
    btvirt = need("btvirt", "bluez-test-tools")
    need("unshare", "util-linux")
    directory = temporary_directory()
    preload = "" if kernel_has_af_alg() else os.path.basename(
        shutil.copy(built_shim(), directory))
    # btvirt's sockets have fixed names in /tmp: it gets a /tmp of its own, which is our directory.
    if subprocess.run(in_namespace(directory, "true"), capture_output=True).returncode != 0:
        skip("unshare may not make a mount namespace here, and btvirt's sockets have fixed names")
    process = Process(*in_namespace(
        directory, "env", *([f"LD_PRELOAD=/tmp/{preload}"] if preload else []), btvirt, "-s"))
    path = os.path.join(directory, SOCKET)
    wait_for_listener(path, process)
    return process, "unix:" + path


def in_namespace(tmp, *command):
    return ["unshare", "--map-root-user", "--mount", "--kill-child", "--fork",
            "sh", "-c", 'mount --bind "$0" /tmp && exec "$@"', tmp, *command]


def wait_for_listener(path, process):
    end = time.monotonic() + LIMIT
    while not os.path.exists(path):
        if process.process.poll() is not None or time.monotonic() > end:
            raise Failed(f"no socket {path} from {process}")
        time.sleep(0.01)


def kernel_has_af_alg():
    try:
        socket.socket(socket.AF_ALG, socket.SOCK_SEQPACKET).close()
    except OSError:
        return False
    return True


@functools.cache
def built_shim():
    """The file made of afalg_shim.c, which says what for."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        skip("btvirt needs AF_ALG, which this kernel lacks, or a C compiler for afalg_shim.c")
    source = os.path.join(os.path.dirname(__file__), "afalg_shim.c")
    path = os.path.join(temporary_directory(), "afalg_shim.so")
    built = subprocess.run(
        [compiler, "-O1", "-Wall", "-Wextra", "-shared", "-fPIC", "-o", path, source,
         "-lcrypto", "-ldl"],
        text=True, capture_output=True)
    if built.returncode != 0:
        raise Failed(f"afalg_shim.c does not compile: {built.stderr}")
    return path
