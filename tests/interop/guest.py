# SPDX-License-Identifier: MIT
"""Linux in QEMU, with a controller on its serial line."""

import atexit
import codecs
import os
import re
import subprocess
import threading
import time

from support import LIMIT, Failed

#: What bluetoothctl's line editor adds: colours, and the marks around them.
EDITING = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]|[\x01\x02\r]")
#: The beginning of such a sequence at the end of what came.
UNFINISHED = re.compile(r"\x1b(\[[0-9;?]*)?\Z")


class Guest:
    """A virtual machine and the shell in it. Its console and all that was said with the shell stay
    in the folder `logs`."""

    def __init__(self, name, image, controller, logs):
        self.name = name
        self._logs = logs
        self._text = ""  # what came and was not matched yet
        self._ended = False
        self._news = threading.Condition()
        self._dialogue = open(self._log("dialogue"), "w", encoding="utf-8")
        self._process = subprocess.Popen(
            self._command(image, controller), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=open(self._log("qemu"), "w", encoding="utf-8"))
        atexit.register(self.kill)
        threading.Thread(target=self._read, daemon=True).start()

    def _log(self, kind):
        return os.path.join(self._logs, f"{self.name}.{kind}")

    def _command(self, image, controller):
        # TCG by name: a /dev/kvm that cannot run a stock kernel would hang the guest.
        return ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "256",
                "-display", "none", "-no-reboot", "-nodefaults", "-nic", "none",
                "-kernel", f"{image}/vmlinux", "-initrd", f"{image}/initrd.gz",
                "-append", "console=ttyS0 quiet panic=-1",
                "-serial", f"file:{self._log('console')}",
                "-device", "virtio-serial-pci",
                "-chardev", f"socket,id=controller,path={controller}",
                "-device", "virtconsole,chardev=controller",
                "-chardev", "stdio,id=shell,signal=off",
                "-device", "virtserialport,chardev=shell,name=shell"]

    def _read(self):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        pending = ""
        while octets := os.read(self._process.stdout.fileno(), 65536):
            pending += decoder.decode(octets)
            rest = UNFINISHED.search(pending)
            whole = pending[:rest.start()] if rest else pending
            pending = pending[len(whole):]
            with self._news:
                self._text += EDITING.sub("", whole)
                self._dialogue.write(EDITING.sub("", whole))
                self._dialogue.flush()
                self._news.notify()
        with self._news:
            self._ended = True
            self._news.notify()

    def send(self, line):
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise Failed(f"{self.name} is gone: {error}") from None

    def expect(self, pattern):
        """Waits for output that matches the regular expression; returns the match. What came up to
        its end is not looked at again."""
        end = time.monotonic() + LIMIT
        with self._news:
            while not (match := re.search(pattern, self._text)):
                if self._ended or not self._news.wait(end - time.monotonic()):
                    raise Failed(f"{self.name} did not say {pattern!r}, but: {self._text[-1000:]}")
            self._text = self._text[match.end():]
            return match

    def ask(self, line, pattern):
        """Sends a line, then waits for what answers it."""
        self.send(line)
        return self.expect(pattern)

    def shell(self, command):
        """Runs a command in the guest's shell; returns what it printed."""
        return self.ask(f"{command}; echo '<''done>'", r"(?s)(.*)<done>\n")[1]

    def kill(self):
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
