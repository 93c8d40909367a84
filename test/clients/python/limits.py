"""The limits of the page, each at, below and above its bound; the connection is usable from the next line on."""

import os
import resource
import select

from cases import Skipped, case, main

LINE = 1024 * 1024
FIELDS = 65_536
DESCRIPTORS = 16
IN_FLIGHT = 1024


def padded(length, beginning="List,"):
    """A line of so many bytes that is well formed but asks for a glob that is too long, or for nothing."""
    return beginning + "x" * (length - len(beginning))


def spoken(world, *lines):
    """The codes with which so many lines on one connection are answered, then that of a last Version."""
    with world.connect() as connection:
        connection.lines(*lines, "Version")
        replies = [connection.reply() for _ in range(len(lines) + 1)]
    assert replies[-1].closing[0] == "Ok"
    return [reply.code or reply.closing[0] for reply in replies[:-1]]


@case
def line(world):
    """A line of 1 MiB is read, with a CR before its end too; one byte more is limit."""
    for end in ("", "\r"):
        lines = [padded(LINE - 1) + end, padded(LINE) + end, padded(LINE + 1) + end]
        assert spoken(world, *lines) == ["bad-argument", "bad-argument", "limit"]


@case
def line_with_tag(world):
    """A line far over the limit is answered once, with its tag, and nothing of it is carried out."""
    with world.connect() as connection:
        connection.lines("#long," + padded(3 * LINE, "StartDaemon,sleep 1000,A="), "#next,List")
        replies = [connection.reply() for _ in range(2)]
    assert [(reply.tag, reply.code or reply.closing) for reply in replies] == [
        ("#long", "limit"),
        ("#next", ["Ok", "0"]),
    ]


@case
def line_in_pieces(world):
    """A line of 1 MiB that comes byte by byte at its end is still one line."""
    with world.connect() as connection:
        text = padded(LINE) + "\n"
        connection.send(text[:-4])
        for character in text[-4:]:
            connection.send(character)
        assert connection.reply().code == "bad-argument"
        assert connection.ask("Version").closing[0] == "Ok"


@case
def fields(world):
    """65,536 fields are read, tag and quoted commas counted as what they are; one more is limit."""
    run = "Run,true"
    assert spoken(
        world,
        run + ",A=1" * (FIELDS - 3),
        run + ",A=1" * (FIELDS - 2),
        run + ",A=1" * (FIELDS - 1),
        run + ',"A=,,"' * (FIELDS - 2),
    ) == ["ExitStatus", "ExitStatus", "limit", "ExitStatus"]
    with world.connect() as connection:
        assert connection.ask("#t," + run + ",A=1" * (FIELDS - 3)).closing == ["ExitStatus", "0"]
        reply = connection.ask("#t," + run + ",A=1" * (FIELDS - 2))
        assert (reply.tag, reply.code) == ("#t", "limit")


@case
def limit_before_bytes(world):
    """Limits are checked before bytes, bytes before quotes, quotes before escapes."""
    assert spoken(
        world,
        "\x01" + "x" * LINE,
        '\x01"a"b\\x00',
        '"a"b,\\x00',
        "List,\\x00",
    ) == ["limit", "syntax", "syntax", "bad-argument"]


@case
def descriptors(world):
    """16 descriptors may come with a request, though none takes so many; with 17 the connection ends."""
    reader, writer = os.pipe()
    try:
        with world.connect() as connection:
            for count, code in ((4, "bad-argument"), (DESCRIPTORS - 1, "bad-argument"), (DESCRIPTORS, "bad-argument")):
                assert connection.ask("Run,true", [reader] * count).code == code, count
            assert connection.ask("Version").closing[0] == "Ok"
            reply = connection.ask("#d,Run,true", [reader] * (DESCRIPTORS + 1))
            assert (reply.tag, reply.code) == ("#d", "limit")
            assert connection.line() is None
        with world.connect() as connection:
            connection.send("#one,Version\n#two,Ver", [reader] * (DESCRIPTORS + 1))
            assert connection.reply().closing[0] == "Ok"
            reply = connection.reply()
            # The line is not complete, but what its beginning shows is a tag.
            assert (reply.tag, reply.code) == ("#two", "limit")
            assert connection.line() is None
        assert not world.holds(reader) and not world.holds(writer)
    finally:
        os.close(reader)
        os.close(writer)


@case
def lost_descriptors(world):
    """Descriptors that the kernel had to drop are limit; what arrived is closed, and the connection ends."""
    before = resource.prlimit(world.archond, resource.RLIMIT_NOFILE)
    reader, writer = os.pipe()
    with world.connect() as connection:
        connection.ask("Version")
        opened = len(os.listdir(f"/proc/{world.archond}/fd"))
        highest = max(int(name) for name in os.listdir(f"/proc/{world.archond}/fd"))
        try:
            # Two more numbers at most, of which the kernel gives what is free.
            resource.prlimit(world.archond, resource.RLIMIT_NOFILE, (highest + 2, before[1]))
        except PermissionError as error:
            raise Skipped("the limits of another process cannot be set here") from error
        room = highest + 2 - opened
        try:
            if room >= DESCRIPTORS:
                raise Skipped(f"archond has {room} free numbers below its highest")
            reply = connection.ask("#lost,Run,true", [reader] * DESCRIPTORS)
        finally:
            resource.prlimit(world.archond, resource.RLIMIT_NOFILE, before)
        assert (reply.tag, reply.code) == ("#lost", "limit"), reply
        assert connection.line() is None
    world.ask("Version")
    assert not world.holds(reader)
    os.close(reader)
    os.close(writer)


@case
def in_flight(world):
    """1,024 requests of a connection are in flight; it is read further when one of them has been answered."""
    assert world.ask("StartDaemon,sleep 1000,@label=gate").closing[:2] == ["Ok", "gate"]
    waits = [f"#w{number}" for number in range(IN_FLIGHT - 1)]
    with world.connect() as connection:
        connection.lines(*(f"{tag},Wait,gate,@for=stopped" for tag in waits), "#before,Version")
        assert connection.reply().tag == "#before"
        connection.lines("#full,Wait,gate,@for=stopped", "#behind,Version")
        for _ in range(50):
            # Others are answered meanwhile, and each of their turns could have read it.
            assert world.ask("Version").closing[0] == "Ok"
        assert select.select([connection.socket], [], [], 0)[0] == []
        assert world.ask("Stop,gate").closing == ["Ok", "1"]
        replies = [connection.reply() for _ in range(IN_FLIGHT + 1)]
        assert sorted(reply.tag for reply in replies) == sorted([*waits, "#full", "#behind"])
        assert all(reply.closing[0] == "Ok" for reply in replies)
    assert world.ask("Forget,gate").closing == ["Ok", "1"]


if __name__ == "__main__":
    main()
