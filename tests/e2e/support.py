# SPDX-License-Identifier: MIT
"""What the end-to-end tests share: running the program and reading what it prints."""

import atexit
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading

ASIOBLE = shutil.which(os.environ.get("ASIOBLE", "asioble"))
if not ASIOBLE:
    sys.exit("the environment variable ASIOBLE must name the program to test")
#: Nothing here takes long; this only keeps a broken program from hanging the tests.
LIMIT = 60.0


class Failed(Exception):
    pass


class Skipped(SystemExit):
    """Ends a script that is skipped as a whole; `main` goes on with the next test."""

    def __init__(self, why):
        super().__init__(77)
        self.why = why


def skip(why):
    print("skipped:", why)
    raise Skipped(why)


def need(program, package):
    """Skips the test where a foreign program is missing."""
    found = shutil.which(program)
    if not found:
        skip(f"there is no {program} here (Debian: apt-get install {package})")
    return found


def expect(condition, what):
    if not condition:
        raise Failed(what)


def expect_equal(actual, expected, what):
    if actual != expected:
        raise Failed(f"{what}: {actual!r} instead of {expected!r}")


def temporary_directory():
    path = tempfile.mkdtemp(prefix="asioble-e2e-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


def environment(changes=None):
    """Ours without what would change the program's behaviour, with `changes`."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ASIOBLE")}
    clean.update(changes or {})
    return clean


def run(*arguments, env=None):
    """Runs `asioble ARGUMENTS...` to its end."""
    return subprocess.run(
        [ASIOBLE, *map(str, arguments)],
        env=environment(env), text=True, capture_output=True, timeout=LIMIT)


def records(output):
    """The objects of --json output."""
    return [json.loads(line) for line in output.splitlines()]


class Process:
    """A program that runs beside the test. Is killed at the end of the test at the latest. Where
    `stdout` takes its output, its --json records are those on standard error. What `stderr` takes
    is not among the `errors`."""

    def __init__(self, *command, env=None, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE):
        self.command = [str(part) for part in command]
        self.process = subprocess.Popen(
            self.command, env=environment(env), text=True, stdin=stdin, stdout=stdout,
            stderr=stderr)
        self.lines = []
        self.errors = []
        self._unseen = queue.Queue()
        readers = [self._read_both]
        if stdout == subprocess.PIPE:
            readers = [self._read_output]
            if stderr == subprocess.PIPE:
                readers.append(self._read_errors)
        self._readers = [threading.Thread(target=reader, daemon=True) for reader in readers]
        for reader in self._readers:
            reader.start()
        atexit.register(self.kill)

    def _see(self, line):
        self.lines.append(line.rstrip("\n"))
        self._unseen.put(line.rstrip("\n"))

    def _read_output(self):
        for line in self.process.stdout:
            self._see(line)
        self._unseen.put(None)

    def _read_errors(self):
        for line in self.process.stderr:
            self.errors.append(line.rstrip("\n"))

    def _read_both(self):
        for line in self.process.stderr:
            if line.startswith("{"):
                self._see(line)
            else:
                self.errors.append(line.rstrip("\n"))
        self._unseen.put(None)

    def wait_for(self, matches, what):
        """The next line of output that `matches`."""
        while True:
            try:
                line = self._unseen.get(timeout=LIMIT)
            except queue.Empty:
                line = None
            if line is None:
                raise Failed(f"{what} did not come from {self}")
            if matches(line):
                return line

    def wait_for_event(self, event, **members):
        """The next --json object about `event` that has these members."""
        def matches(line):
            record = json.loads(line)
            return record["event"] == event and all(
                record.get(key) == value for key, value in members.items())
        return json.loads(self.wait_for(matches, f"event {event!r} {members}"))

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """Waits for the end of the program; returns its exit status."""
        try:
            status = self.process.wait(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            raise Failed(f"no end of {self}") from None
        for reader in self._readers:
            reader.join(LIMIT)
        return status

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def __str__(self):
        return "\n  ".join(
            ["`" + " ".join(self.command) + "`, which printed:", *self.lines, *self.errors])


def asioble(*arguments, **options):
    """`asioble ARGUMENTS...` beside the test."""
    return Process(ASIOBLE, *arguments, **options)


def main(*tests):
    """Runs the tests, tells which of them fail, and ends the script: with 77, the status of skipped
    tests, where some could not run and no other has failed."""
    failures = skipped = 0
    for test in tests:
        name = test.__name__.replace("_", " ")
        try:
            test()
            print("passed:", name)
        except Skipped:
            skipped += 1
            print("skipped:", name)
        except Failed as failure:
            failures += 1
            print(f"FAILED: {name}: {failure}")
    sys.exit(1 if failures else 77 if skipped else 0)
