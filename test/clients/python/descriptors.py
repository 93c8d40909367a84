"""Descriptors: which line they belong to, and that none stays behind."""

import contextlib
import os

from archon import record
from cases import case, main, read_all


@contextlib.contextmanager
def pipe():
    """A pipe whose ends are closed at the end, unless the case has done so."""
    reader, writer = os.pipe()
    try:
        yield reader, writer
    finally:
        for end in (reader, writer):
            with contextlib.suppress(OSError):
                os.close(end)


def gone(world, *descriptors):
    """The supervisor has none of these open; it has been asked something since."""
    while any(world.holds(one) for one in descriptors):
        world.ask("Version")


ECHO = "Run,echo here"


@case
def last_line_begun(world):
    """They belong to the last line that is begun in the message, whatever stands before it."""
    null = os.open("/dev/null", os.O_RDONLY)
    for before in ("", "Version\n", "Version\nNosuch\n\n", "#t,Version\n"):
        with pipe() as (reader, writer), world.connect() as connection:
            connection.send(f"{before}{ECHO}\n", [null, writer])
            os.close(writer)
            assert read_all(os.dup(reader)) == b"here\n", before
            replies = [connection.reply() for _ in range(before.count("\n") + 1)]
            assert replies[-1].closing == ["ExitStatus", "0"], replies
    os.close(null)


@case
def earlier_lines(world):
    """Lines that were sent before, in a message of their own, get nothing of them, though one read may bring both."""
    null = os.open("/dev/null", os.O_RDONLY)
    for _ in range(20):
        with pipe() as (reader, writer), world.connect() as connection:
            connection.send("Version\nNosuch\n")
            connection.send(f"{ECHO}\n", [null, writer])
            os.close(writer)
            assert read_all(os.dup(reader)) == b"here\n"
            assert [connection.reply().closing[0] for _ in range(3)] == ["Ok", "Error", "ExitStatus"]
    os.close(null)


@case
def behind_the_line(world):
    """A message that begins with the request's line but holds another gives them to that: it takes none and says so."""
    with pipe() as (reader, writer), world.connect() as connection:
        connection.send("Run,true\nVersion\nVersion\n", [reader, writer])
        replies = [connection.reply() for _ in range(3)]
        assert [reply.code for reply in replies] == [None, None, "bad-argument"], replies
        gone(world, reader, writer)


@case
def long_lines(world):
    """A line of half a megabyte that no read takes at once keeps its descriptors, and so does one that comes in pieces."""
    null = os.open("/dev/null", os.O_RDONLY)
    words = [f"word-{number}" for number in range(8000)]
    line = record("Run", "printf %s " + " ".join(words), "A=" + "x" * 100_000) + "\n"
    for cut in (len(line), 5, 70_000):
        with pipe() as (reader, writer), world.connect() as connection:
            connection.send(line[:cut], [null, writer])
            os.close(writer)
            connection.send(line[cut:])
            assert read_all(os.dup(reader)) == "".join(words).encode(), cut
            assert connection.reply().closing == ["ExitStatus", "0"]
    os.close(null)


@case
def unused(world):
    """What a request does not use is closed: refused ones, faulty lines, and the rest of a line that never comes."""
    for line in ("Version", "List", "Nosuch", 'Run,"true', "\x01", "", "Run,nosuch", "Run,true,@cwd=/nosuch", "#t",
                 "Run,true,@nosuch=1", "Run,true,@user=nosuchuser", "StartDaemon,nosuch", "Wait,nosuch"):
        with pipe() as (reader, writer), world.connect() as connection:
            connection.send(line + "\n", [reader, writer])
            assert connection.reply().closing[0] in ("Ok", "Error"), line
            gone(world, reader, writer)
            assert connection.ask("Version").closing[0] == "Ok", line
    with pipe() as (reader, writer):
        with world.connect() as connection:
            connection.send("Run,tr", [reader, writer])
        gone(world, reader, writer)


@case
def behind_others(world):
    """Those of requests that still wait for their turn are closed when the client goes away."""
    with pipe() as (reader, writer):
        with world.connect() as connection:
            connection.lines("Run,sleep 1000,@label=first")
            for _ in range(5):
                connection.send("Run,cat\n", [reader, writer])
            while world.ask("List,first").code == "not-found":
                pass
        gone(world, reader, writer)
    assert world.ask("Wait,first").closing == ["ExitStatus", "143"]


@case
def of_a_daemon(world):
    """A daemon that is not restarted has its descriptors alone: its reader sees their end with its own."""
    with pipe() as (reader, writer), open("/dev/null", "rb") as null:
        reply = world.ask("StartDaemon,sh -c 'echo begun; sleep 0.05; echo ended',@label=d", [null.fileno(), writer])
        assert reply.closing[:2] == ["Ok", "d"]
        os.close(writer)
        assert read_all(os.dup(reader)) == b"begun\nended\n"
        assert world.ask("Wait,d").closing == ["ExitStatus", "0"]
    assert world.ask("Forget,d").closing == ["Ok", "1"]


if __name__ == "__main__":
    main()
