"""Cases against a running supervisor, each with a sentence for a title; see cases.ts, which starts them."""

import json
import os
import sys
import time
import traceback

from archon import PATIENCE_SECONDS, Connection

CASES = []
IS_ROOT = os.geteuid() == 0


class Skipped(Exception):
    """This machine cannot show it; the sentence says why."""


def case(function):
    """Registers a function that is called with the World; its doc string is the title."""
    CASES.append((" ".join(function.__doc__.split()).rstrip("."), function))
    return function


def script(path, text, mode):
    """Writes a file that is to be executed, or cannot be: a program for sh, or with no text no program at all."""
    with open(path, "wb") as file:
        if text is None:
            file.write(b"\x7fno program\x00\xff")
        else:
            file.write(text.encode() if text.startswith("#!") else b"#!/bin/sh\n" + text.encode() + b"\n")
    os.chmod(path, mode)


def read_all(descriptor):
    """All that comes, to the end; the descriptor is closed."""
    data = b""
    while piece := os.read(descriptor, 65536):
        data += piece
    os.close(descriptor)
    return data


def piped(ask):
    """What `ask(writer)` returns, and what was written into the pipe until then."""
    reader, writer = os.pipe()
    try:
        answer = ask(writer)
    finally:
        os.close(writer)
    return answer, read_all(reader)


class World:
    """The supervisor under test and a folder of the case's own."""

    def __init__(self, socket, folder):
        self.socket = socket
        self.folder = folder
        self.logs = os.path.join(os.path.dirname(socket), "state", "log")
        # The last case of a script may bring the supervisor to its end.
        self.is_over = False
        self.archond = 0
        self.keeper = 0
        self.again()

    def again(self):
        """Finds out who answers now; waits for the successor where archond has just died."""
        before = self.archond
        while self.archond == before:
            try:
                with self.connect() as connection:
                    self.archond = connection.peer[0]
            except (ConnectionRefusedError, FileNotFoundError):
                continue
        with open(f"/proc/{self.archond}/stat", "rb") as stat:
            self.keeper = int(stat.read().rpartition(b")")[2].split()[1])

    def connect(self):
        return Connection(self.socket)

    def connect_as(self, uid, gid=None, groups=()):
        """A connection of another user, whom the kernel knows by what this process is while it connects (needs root)."""
        own = os.getgroups()
        os.setgroups(list(groups))
        os.setegid(uid if gid is None else gid)
        os.seteuid(uid)
        try:
            return Connection(self.socket)
        finally:
            os.seteuid(0)
            os.setegid(0)
            os.setgroups(own)

    def ask_as(self, uid, line, gid=None, groups=()):
        with self.connect_as(uid, gid, groups) as connection:
            return connection.ask(line)

    def ask(self, line, descriptors=()):
        """One request on a connection of its own."""
        with self.connect() as connection:
            return connection.ask(line, descriptors)

    def path(self, name):
        return os.path.join(self.folder, name)

    def logged(self, label):
        """What the log of a label holds, which is removed."""
        path = os.path.join(self.logs, f"{label}.log")
        try:
            with open(path, "rb") as file:
                data = file.read()
            os.remove(path)
            return data
        except FileNotFoundError:
            return b""

    def held(self):
        """What the supervisor's processes have open, counted by what it is; its own library's descriptors left out."""
        counts = {}
        for process in (self.archond, self.keeper):
            for name in os.listdir(f"/proc/{process}/fd"):
                try:
                    target = os.readlink(f"/proc/{process}/fd/{name}")
                except FileNotFoundError:
                    continue
                counts[target] = counts.get(target, 0) + 1
        return counts

    def holds(self, descriptor):
        """Whether the supervisor has the very thing open that this descriptor stands for."""
        return os.readlink(f"/proc/self/fd/{descriptor}") in self.held()


def totals(held):
    """Without the numbers that tell one pipe or socket from another, and without what is the supervisor's own business."""
    counts = {}
    for target, count in held.items():
        if target.startswith("/sys/fs/cgroup") or target == "/dev/null":
            continue
        kind = target.partition(":")[0] if ":[" in target else target
        if kind.endswith(".journal"):
            # One segment follows another.
            kind = os.path.dirname(kind)
        counts[kind] = counts.get(kind, 0) + count
    return counts


def labels(connection):
    return {one[1] for one in connection.ask("List").data}


def check_left(world, before, units):
    """Nothing of a case may stay: no unit, no descriptor."""
    with world.connect() as connection:
        left = labels(connection) - units
        assert left == set(), f"units are left: {left}"
    patience = time.monotonic() + PATIENCE_SECONDS
    while True:
        # Each question is a turn of the supervisor, in which it closes what it was told is over.
        with world.connect() as connection:
            connection.ask("Version")
            now = totals(world.held())
        more = {kind: count for kind, count in now.items() if count > before.get(kind, 0)}
        if more == {}:
            return
        assert time.monotonic() < patience, f"descriptors are left: {more}, before: {before}"


def clear(world):
    """What a case that has failed left behind: the next one is not to suffer from it."""
    with world.connect() as connection:
        for line in ("Stop,*,@wait=0", "Signal,KILL,*", "Stop,*", "Forget,*"):
            connection.ask(line)


def run(world, function):
    """Runs one case; returns what was wrong with it, None for nothing, or a Skipped."""
    try:
        with world.connect() as connection:
            units = labels(connection)
            before = totals(world.held())
        function(world)
        if world.is_over:
            return None
        check_left(world, before, units)
        return None
    except Skipped as skipped:
        return skipped
    except Exception:
        problem = traceback.format_exc()
        clear(world)
        return problem


def main():
    if sys.argv[1:] == ["--list"]:
        print(json.dumps([title for title, _ in CASES]))
        return
    socket, folder = sys.argv[1:]
    os.chdir(folder)
    world = World(socket, folder)
    # Whatever is made ahead of need is made by then.
    world.ask("Run,true")
    for title, function in CASES:
        problem = run(world, function)
        kind = "passed" if problem is None else "skipped" if isinstance(problem, Skipped) else "failed"
        print(json.dumps({"title": title, "kind": kind, "problem": str(problem)}), flush=True)
