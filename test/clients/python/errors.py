"""Every error code of the page that a client can meet, and that the connection goes on behind it."""

import os
import socket

from archon import Connection, record
from cases import IS_ROOT, Skipped, case, main

NOBODY = 65534


def refused(world, line, code, descriptors=()):
    """The line is answered by this error, with a sentence, untagged and tagged, and the next line is answered."""
    with world.connect() as connection:
        for tag, text in ((None, line), ("#t", f"#t,{line}")):
            reply = connection.ask(text, descriptors)
            assert (reply.tag, reply.code) == (tag, code), (text, reply)
            assert len(reply.closing[1]) > 5 and reply.lines[:-1] == [], reply
            assert connection.ask("Version").closing[0] == "Ok"


@case
def syntax(world):
    """syntax: the line is not a record."""
    for line in ('Run,"true', "Run,\x7f", 'Run,a"b'):
        refused(world, line, "syntax")
    for line in ("", "#", "#a b,Version", "#,Version", "#" + "x" * 65 + ",Version", "#t"):
        assert world.ask(line).code == "syntax", line


@case
def limit(world):
    """limit: a limit was passed."""
    refused(world, "Run,true" + ",A=1" * 65_536, "limit")
    refused(world, "List,*" + "a*" * 3000, "limit")


@case
def unknown_verb(world):
    """unknown-verb: there is no such request, and the nearest that there is is named."""
    refused(world, "Rum,true", "unknown-verb")
    assert "Run" in world.ask("Rum,true").closing[1]
    refused(world, "é".encode("unicode_escape").decode(), "unknown-verb")


@case
def bad_argument(world):
    """bad-argument: missing, one too many, unknown options, options twice or without a value."""
    for line in ("Run", "Run,", "Run,true,x", "Run,true,@nosuch=1", "Run,true,@cwd", "Run,true,@cwd=/,@cwd=/",
                 "Run,true,@cwd=relative", "Run,true,@umask=8", "Run,true,@keep=2", "Run,true,@timeout=1",
                 "Run,true,@stop-signal=0", "Run,true,@label=/a", "Status,a,b", "Wait,a,@for=up", "Signal,TERM",
                 "Cancel", "Cancel,a b", "Run,true,@user=nosuchuser", "Run,true,@group=nosuchgroup",
                 "StartDaemon,true,@timeout=1s", "Run,true,@restart=always", "MonitorFD", "List,[a"):
        refused(world, line, "bad-argument")
    reader, writer = os.pipe()
    for line in ("Version", "List", "MonitorPid,1", "Stop,x*"):
        refused(world, line, "bad-argument", [reader])
    assert not world.holds(reader)
    os.close(reader)
    os.close(writer)


@case
def not_found(world):
    """not-found: a plain label that does not exist, for every request that takes one."""
    for line in ("Start,x", "Stop,x", "Restart,x", "StopDaemon,x", "Wait,x", "Signal,TERM,x", "Forget,x", "List,x",
                 "Status,x", "Tree,x", "Log,x", "Cancel,x", "MonitorPid,2147483647"):
        refused(world, line, "not-found")


@case
def busy(world):
    """busy: the label is up."""
    assert world.ask("StartDaemon,sleep 1000,@label=up").closing[0] == "Ok"
    for line in ("StartDaemon,true,@label=up", "Run,true,@label=up", "Forget,up"):
        refused(world, line, "busy")
    world.ask("Stop,up")
    world.ask("Forget,up")


@case
def denied(world):
    """denied: a user that is not admitted may do nothing, not even ask for the version (needs root)."""
    if not IS_ROOT:
        raise Skipped("only root can come as another user")
    above = os.path.dirname(world.socket)
    modes = {path: os.stat(path).st_mode & 0o777 for path in (world.socket, above)}
    os.chmod(world.socket, 0o666)
    os.chmod(above, 0o711)
    try:
        with world.connect_as(NOBODY) as connection:
            for line in ("Version", "Run,true", "#t,List", "Shutdown"):
                assert connection.ask(line).code == "denied", line
    finally:
        for path, mode in modes.items():
            os.chmod(path, mode)


@case
def exec_failed(world):
    """exec-failed: with the stage and the errno's name behind it."""
    refused(world, "Run,nosuch", "exec-failed")
    refused(world, "StartDaemon,nosuch", "exec-failed")
    assert world.ask("Run,true,@cwd=/nosuch").closing[2:] == ["exec-failed", "cwd", "ENOENT"]


@case
def timed_out(world):
    """timed-out: the waiting is over, what was waited for may still come."""
    assert world.ask("StartDaemon,sleep 1000,@label=up").closing[0] == "Ok"
    refused(world, "Wait,up,@timeout=10ms", "timed-out")
    world.ask("Stop,up")
    world.ask("Forget,up")


@case
def failed(world):
    """failed: it was tried and did not succeed."""
    assert world.ask("Run,true,@label=down,@keep=1").closing == ["ExitStatus", "0"]
    refused(world, "Signal,TERM,down", "failed")
    world.ask("Forget,down")


@case
def unsupported(world):
    """unsupported: sound, but not for this kind of unit, or not in this version."""
    assert world.ask(f"MonitorPid,{os.getpid()},@label=m").closing[0] == "Ok"
    for line in ("Stop,m", "Start,m", "Restart,m", "StopDaemon,m", "Signal,TERM,m,@scope=tree"):
        refused(world, line, "unsupported")
    world.ask("Forget,m")


@case
def conflict(world):
    """conflict: a tag that is still in use, the record of a daemon under another's label."""
    assert world.ask("StartDaemon,sleep 1000,@label=up").closing[0] == "Ok"
    with world.connect() as connection:
        connection.lines("#a,Wait,up", "#a,Version", "#b,Version")
        reply = connection.reply()
        assert (reply.tag, reply.code) == ("#a", "conflict")
        assert connection.reply().tag == "#b"
        assert world.ask("Stop,up").closing == ["Ok", "1"]
        assert connection.reply().closing == ["ExitStatus", "143"]
        # The tag is free again.
        assert connection.ask("#a,Version").closing[0] == "Ok"
    refused(world, "Run,true,@label=up", "conflict")
    world.ask("Forget,up")


@case
def cancelled(world):
    """cancelled: by Cancel, which then answers for itself; a Run ends with its ExitStatus instead."""
    assert world.ask("StartDaemon,sleep 1000,@label=up").closing[0] == "Ok"
    with world.connect() as connection:
        connection.lines("#w,Wait,up", "#f,Wait,up,@for=failed", "#r,Run,sleep 1000,@label=run", "#g,Wait,run,@for=running")
        assert connection.reply().tag == "#g"
        for tag, closing in (("w", "cancelled"), ("#f", "cancelled"), ("r", None)):
            connection.lines(f"#c,Cancel,{tag}")
            first, second = connection.reply(), connection.reply()
            assert (first.tag, second.lines) == ("#" + tag.lstrip("#"), [b"#c,Ok"])
            assert first.code == closing, first
        assert first.closing == ["ExitStatus", "143"]
        connection.lines("Wait,up", "#c,Cancel,c", "#d,Cancel,w")
        assert [connection.reply().code for _ in range(2)] == ["not-found", "not-found"]
    world.ask("Stop,up")
    world.ask("Forget,up")


@case
def unknown(world):
    """unknown: it has ended, and nobody can know how: no code is made up."""
    assert world.ask("Start,lost,@wait=0").closing == ["Ok", "1"]
    refused(world, "Wait,lost", "unknown")
    assert world.ask("List,lost").data[0][8] == "unknown"
    fields = world.ask("Status,lost").fields()
    assert fields["exit-reason"] == "unknown" and "exit-code" not in fields and "exit-signal" not in fields, fields
    world.ask("Stop,lost")


@case
def shutting_down(world):
    """shutting-down: only what starts something is refused, once the end has begun; it comes when all is down."""
    trap = "sh -c 'trap \"\" TERM; while :; do sleep 0.01; done'"
    assert world.ask(record("StartDaemon", trap, "@label=slow", "@stop-timeout=1h")).closing[0] == "Ok"
    while len(world.ask("Tree,slow").data) < 2:
        pass
    other = world.connect()
    with world.connect() as connection:
        connection.lines("#end,Shutdown")
        while other.ask("Status,slow").fields()["state"] != "stopping":
            pass
        for line in ("Run,true", "StartDaemon,true", "Start,slow", "Restart,slow"):
            assert other.ask(line).code == "shutting-down", line
        for line in ("Version", "List", "Status,slow", "Events,slow", "Signal,CONT,slow", "Stop,slow,@wait=0"):
            assert other.ask(line).closing[0] == "Ok", line
        assert other.ask("Signal,KILL,slow,@scope=tree").closing == ["Ok", "1"]
        reply = connection.reply()
        assert reply.data == [["Done", "slow", "stopped"]] and reply.closing == ["Ok"], reply
        assert connection.line() is None
    assert other.line() is None
    other.close()
    world.is_over = True


if __name__ == "__main__":
    main()
