"""List with @at, held against what List said at that very time (see history.test.ts)."""

import os
import signal
import subprocess
import time

from cases import case, main


def stamp(nanoseconds):
    return f"{nanoseconds // 10**9}.{nanoseconds % 10**9:09d}"


def units(reply):
    """The units of a List without what is not kept: the use of processor and memory."""
    assert reply.closing[0] == "Ok", reply
    return {one[1]: [*one[2:6], one[8]] for one in reply.data}


class History:
    """What List has said, and when."""

    def __init__(self, world):
        self.world = world
        self.said = []

    def note(self):
        """Takes note of how it is now: nothing is under way."""
        before = units(self.world.ask("List"))
        now = time.time_ns()
        assert units(self.world.ask("List")) == before, "something is under way"
        self.said.append((now, before))

    def check(self):
        """All that was noted is still told."""
        for number, (at, before) in enumerate(self.said):
            then = units(self.world.ask(f"List,@at={stamp(at)}"))
            assert then.keys() == before.keys(), f"note {number}: {then}, not {before}"
            for label, told in then.items():
                real = before[label]
                if real[0] == "stopped" and real[3:] == ["0", ""]:
                    # Of one that was never started only the supervisor's own beginning is kept.
                    assert 0 <= float(real[2]) - float(told[2]) < 10, (number, label, told, real)
                    real = [*real[:2], told[2], *real[3:]]
                assert told == real, f"note {number}, {label}: {told}, not {real}"


@case
def daemons(world):
    """Daemons, Runs, watches and their ends, forgotten ones too: each note of the time is told again afterwards."""
    history = History(world)
    history.note()
    assert world.ask("StartDaemon,sleep 1000,@label=up").closing[0] == "Ok"
    history.note()
    assert world.ask("StartDaemon,sh -c 'exit 3',@label=down").closing[0] == "Ok"
    world.ask("Wait,down")
    history.note()
    with world.connect() as connection:
        connection.lines("#run,Run,sleep 1000,@label=run")
        world.ask("Wait,run,@for=running")
        history.note()
        connection.lines("#end,Signal,KILL,run")
        assert sorted(connection.reply().tag for _ in range(2)) == ["#end", "#run"]
    history.note()
    world.ask("Stop,up")
    history.note()
    world.ask("Start,up")
    world.ask("Forget,down")
    history.note()
    world.ask("Restart,up")
    history.note()
    world.ask("Signal,SEGV,up")
    world.ask("Wait,up,@for=failed")
    history.note()
    for program in ("nosuch", "/"):
        assert world.ask(f"StartDaemon,{program},@label=never").code == "exec-failed"
    history.note()
    process = subprocess.Popen(["sleep", "1000"])
    descriptor = os.pidfd_open(process.pid)
    assert world.ask("MonitorFD,@label=watched", [descriptor]).closing[0] == "Ok"
    os.close(descriptor)
    history.note()
    process.kill()
    process.wait()
    world.ask("Wait,watched")
    history.note()
    world.ask("Forget,watched")
    world.ask("Forget,up")
    history.note()
    history.check()


@case
def restarts(world):
    """Restarts are counted as they were, and what waits for its next attempt is told so."""
    history = History(world)
    flag = world.path("flag")
    assert world.ask(f"StartDaemon,sh -c 'test -e {flag} || exec sleep 1000',@label=again,@restart=always").closing[0] == "Ok"
    for kill in ("KILL", "TERM"):
        assert world.ask(f"Signal,{kill},again").closing == ["Ok", "1"]
        before = world.ask("Status,again").fields()
        while before["restarts"] != str(len(history.said) + 1) or before["state"] != "running":
            before = world.ask("Status,again").fields()
        history.note()
    # From now on it ends at once, again and again: some notes are of its pauses.
    open(flag, "w", encoding="ascii").close()
    world.ask("Signal,KILL,again")
    now = before
    while int(now["restarts"]) < 6 or now["state"] != "backoff":
        now = world.ask("Status,again").fields()
    history.note()
    world.ask("Stop,again")
    history.note()
    world.ask("Forget,again")
    os.remove(flag)
    history.check()


@case
def configured(world):
    """Units of the configuration, disabled ones too, and what they wait for."""
    history = History(world)
    history.note()
    assert set(history.said[0][1]) == {"web", "idle", "late"}
    world.ask("Start,late")
    history.note()
    world.ask("Stop,late")
    world.ask("Stop,idle")
    history.note()
    world.ask("Restart,web")
    history.note()
    history.check()


@case
def deaths(world):
    """A death of archond makes no difference: neither to what is told of before, nor to since when anything is so."""
    history = History(world)
    world.ask("StartDaemon,sleep 1000,@label=up,@restart=always")
    world.ask("StartDaemon,sh -c 'exit 3',@label=down")
    world.ask("Wait,down")
    world.ask("Signal,KILL,up")
    while world.ask("Status,up").fields()["restarts"] != "1":
        pass
    world.ask("Wait,up,@for=running")
    process = subprocess.Popen(["sleep", "1000"])
    assert world.ask(f"MonitorPid,{process.pid},@label=watched").closing[0] == "Ok"
    # More events than a new archond looks back at, and more time than may lie between a state and its process.
    began = time.monotonic()
    for _ in range(300):
        world.ask("Run,true")
    while time.monotonic() < began + 6:
        world.ask("Run,true")
    history.note()
    os.kill(world.archond, signal.SIGKILL)
    world.again()
    history.note()
    (_, before), (_, after) = history.said
    for label in ("web", "idle", "late", "up", "down"):
        assert before[label][:2] == after[label][:2], (label, before[label], after[label])
        # Since when: by its last events, or, where they lie too far back, as old as its process.
        assert abs(float(before[label][2]) - float(after[label][2])) < 5, (label, before[label], after[label])
    process.kill()
    process.wait()
    world.ask("Wait,watched")
    world.ask("Stop,up")
    world.ask("Forget,watched")
    world.ask("Forget,up")
    world.ask("Forget,down")
    history.said.pop()
    history.check()


@case
def selection(world):
    """A label or glob selects as in List; a label that was not there then is not-found, whatever is there now."""
    early = time.time_ns()
    world.ask("StartDaemon,sleep 1000,@label=one")
    late = time.time_ns()
    assert world.ask(f"List,one,@at={stamp(early)}").code == "not-found"
    assert world.ask(f"List,o*,@at={stamp(early)}").closing == ["Ok", "0"]
    assert units(world.ask(f"List,one,@at={stamp(late)}")).keys() == {"one"}
    assert units(world.ask(f"List,o*,@at={stamp(late)}")).keys() == {"one"}
    world.ask("Stop,one")
    world.ask("Forget,one")
    assert units(world.ask(f"List,one,@at={stamp(late)}")).keys() == {"one"}
    # The ends of the past: before the journal began, and what is yet to come.
    reply = world.ask("List,@at=1000000000")
    assert reply.code == "not-found" and float(reply.closing[3]) < early / 1e9, reply
    assert world.ask(f"List,@at={reply.closing[3]}").closing == ["Ok", "0"]
    assert world.ask("List,@at=9000000000").code == "bad-argument"
    for bad in ("", "x", "-1", "2026-11-29"):
        assert world.ask(f"List,@at={bad}").code == "bad-argument", bad


if __name__ == "__main__":
    main()
