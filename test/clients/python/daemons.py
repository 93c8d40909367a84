"""StartDaemon and the orders to what is up: Start, Stop, Restart, StopDaemon, Signal, Wait, Forget."""

import os
import signal

from archon import record
from cases import case, main, script


def start(world, command, *fields):
    reply = world.ask(record("StartDaemon", command, *fields))
    assert reply.closing[0] == "Ok", reply
    return reply.closing[1:]


def status(world, label):
    return world.ask(f"Status,{label}").fields()


def end(world, *labels):
    """Brings everything down and ends its record."""
    targets = ",".join(labels or ["*"])
    world.ask(f"Stop,{targets}")
    assert world.ask(f"Forget,{targets}").closing[0] == "Ok"


def ready(world, label):
    """Waits until the traps of a shell stand: it has started a command of its own then."""
    while len(world.ask(f"Tree,{label}").data) < 2:
        pass


LOOP = "while :; do sleep 0.01; done"


@case
def replies(world):
    """The positive reply is a bare Ok; with @label=L label and pid, and with an empty one a generated label."""
    assert world.ask("StartDaemon,sleep 1000").lines == [b"Ok"]
    label, pid = start(world, "sleep 1000", "@label=github.com/relab/goxos/kvs/kvsd")
    assert label == "github.com/relab/goxos/kvs/kvsd" and os.path.exists(f"/proc/{pid}")
    assert start(world, "/bin/sleep 1000", "@label=")[0] == "sleep-2"
    assert world.ask("StartDaemon,sleep 1000").lines == [b"Ok"]
    shown = world.ask("List").data
    assert [one[1] for one in shown] == [label, "sleep", "sleep-2", "sleep-3"]
    end(world, "sleep-2")
    assert start(world, "sleep 1000", "@label=")[0] == "sleep-2"
    end(world)


@case
def generated_labels(world):
    """A generated label is the base name of the command, what a label may not have made _."""
    made = {"my prog": "my_prog", "-x": "_x", "@y": "_y", "é": "__", "a.log": "a_log", "p+:@-.q": "p+:@-.q"}
    for name, label in made.items():
        program = world.path(name)
        script(program, "exec sleep 1000", 0o755)
        assert start(world, "'" + program + "'", "@label=")[0] == label, name
        end(world, label)
        os.remove(program)


@case
def labels(world):
    """What may be a label and what may not."""
    good = ["a", "A.b_c:d/e@f+g-h", "x" * 200, "y" * 54 + "/" + "z" * 200, "...", "a.logs", "0", "_", "+"]
    bad = ["/a", "-a", "@a", "a//b", "a/", "a/./b", "a/../b", ".", "..", "x" * 201, "y" * 55 + "/" + "z" * 200,
           "a.log", "a.log/b", "a b", "a,b", "a*", "a\\b", "a=b", "é", "a#", "~"]
    for label in good:
        assert start(world, "sleep 1000", f"@label={label}")[0] == label
        end(world, label)
    for label in bad:
        reply = world.ask(record("StartDaemon", "true", f"@label={label}"))
        assert reply.code == "bad-argument", (label, reply)


@case
def exec_decides(world):
    """It is answered once exec has succeeded; what could not be started leaves no record."""
    for policy in ("never", "on-failure", "always"):
        reply = world.ask(f"StartDaemon,nosuch,@label=no,@restart={policy}")
        assert reply.closing[2:] == ["exec-failed", "exec", "ENOENT"], reply
        assert world.ask("StartDaemon,true,@label=no,@cwd=/nosuch").closing[2:] == ["exec-failed", "cwd", "ENOENT"]
        assert world.ask("List,no").code == "not-found"


@case
def busy(world):
    """A label that is up is busy, for every request that would take it; one that is down is taken again."""
    start(world, "sleep 1000", "@label=b")
    for line in ("StartDaemon,true,@label=b", "Run,true,@label=b", f"MonitorPid,{os.getpid()},@label=b", "Forget,b"):
        assert world.ask(line).code == "busy", line
    assert world.ask("StopDaemon,b").lines == [b"Ok"]
    assert start(world, "sleep 1000", "@label=b")[0] == "b"
    end(world)


@case
def of_another_kind(world):
    """The record of a daemon stays until it is started again or forgotten: nothing of another kind takes its label."""
    start(world, "sh -c 'exit 3'", "@label=d")
    assert world.ask("Wait,d").lines == [b"ExitStatus,3"]
    for line in ("Run,true,@label=d", f"MonitorPid,{os.getpid()},@label=d"):
        assert world.ask(line).code == "conflict", line
    assert world.ask("List,d").data[0][8] == "code:3"
    assert start(world, "true", "@label=d")[0] == "d"
    assert world.ask("Wait,d").lines == [b"ExitStatus,0"]
    end(world)


@case
def last_exit(world):
    """The record of a daemon stays with its last exit, however often it is asked for."""
    start(world, "sh -c 'exit 5'", "@label=l")
    for _ in range(2):
        assert world.ask("Wait,l").lines == [b"ExitStatus,5"]
    found = status(world, "l")
    assert (found["state"], found["exit-code"], found["desired"]) == ("failed", "5", "down"), found
    start(world, "true", "@label=w")
    assert world.ask("Wait,w,@for=finished").lines == [b"Ok"]
    assert status(world, "w")["exit-code"] == "0"
    start(world, "sh -c 'kill -9 $$'", "@label=k")
    assert world.ask("Wait,k").lines == [b"ExitStatus,137"]
    assert [one[8] for one in world.ask("List").data] == ["signal:SIGKILL", "code:5", "code:0"]
    end(world)


@case
def restarts(world):
    """@restart says what is started again: always, after a failure, or never; a stop is never undone."""
    for policy, code, again in (("always", 0, True), ("always", 3, True), ("on-failure", 0, False),
                                ("on-failure", 3, True), ("never", 3, False)):
        lives = world.path("lives")
        text = f"sh -c 'echo x >> {lives}; [ $(wc -l < {lives}) -ge 3 ] && exec sleep 1000; exit {code}'"
        start(world, text, "@label=r", f"@restart={policy}")
        if again:
            assert world.ask("Wait,r,@for=running").lines == [b"Ok"]
            while not (status(world, "r")["restarts"] == "2" and status(world, "r")["state"] == "running"):
                pass
            assert world.ask("List,r").data[0][5] == "2"
        else:
            assert world.ask("Wait,r").lines == [b"ExitStatus,%d" % code]
            assert status(world, "r")["state"] == ("failed" if code else "finished")
        assert world.ask("Stop,r").data == [["Done", "r", "stopped"]]
        assert status(world, "r")["desired"] == "down"
        end(world)
        os.remove(lives)


@case
def backoff(world):
    """What fails again and again is in backoff and says when it will be tried; a start tries at once, a stop ends it."""
    start(world, "false", "@label=f", "@restart=always")
    assert world.ask("Wait,f,@for=backoff").lines == [b"Ok"]
    # The delays grow: at last one is long enough to be looked at.
    while True:
        found = status(world, "f")
        if found["state"] == "backoff" and int(found["restarts"]) >= 4:
            break
    assert float(found["next-attempt"]) > float(found["since"]), found
    assert "pid" not in found and found["exit-code"] == "1" and found["desired"] == "up"
    assert world.ask("List,f").data[0][2:4] == ["backoff", ""]
    assert world.ask("Wait,f").lines == [b"ExitStatus,1"]
    for line in ("Forget,f", "StartDaemon,true,@label=f"):
        assert world.ask(line).code == "busy", line
    started = world.ask("Start,f")
    assert started.data == [["Done", "f", "running"]], started
    assert world.ask("Stop,f").data == [["Done", "f", "stopped"]]
    end(world)


@case
def orders(world):
    """Start, Stop and Restart answer a record for each unit, then how many; a glob that matches nothing is Ok,0."""
    for label in ("o-1", "o-2", "o-3"):
        start(world, "sleep 1000", f"@label={label}")
    assert sorted(world.ask("Stop,o-1,o-2").lines) == [b"Done,o-1,stopped", b"Done,o-2,stopped", b"Ok,2"]
    assert sorted(world.ask("Stop,o-*").lines)[:3] == [b"Done,o-1,stopped", b"Done,o-2,stopped", b"Done,o-3,stopped"]
    assert sorted(world.ask("Start,o-1,o-1,o-?").lines)[-1] == b"Ok,3"
    pids = [one[3] for one in world.ask("List,o-*").data]
    assert sorted(world.ask("Start,o-*").lines)[:2] == [b"Done,o-1,running", b"Done,o-2,running"]
    assert pids == [one[3] for one in world.ask("List,o-*").data]
    assert world.ask("Restart,o-*").closing == ["Ok", "3"]
    assert all(one[3] not in pids for one in world.ask("List,o-*").data)
    for verb in ("Start", "Stop", "Restart", "Forget", "Signal,TERM"):
        assert world.ask(f"{verb},nothing*").lines == [b"Ok,0"], verb
        reply = world.ask(f"{verb},o-1,nothing")
        assert reply.code == "not-found" and "nothing" in reply.closing[1], reply
        assert world.ask(f"{verb},bad label").code == "bad-argument"
        assert world.ask(verb.partition(",")[0]).code == "bad-argument"
    assert world.ask("Restart,o-1,@wait=0").lines == [b"Ok,1"]
    assert world.ask("Stop,o-*,@wait=0").lines == [b"Ok,3"]
    end(world)


@case
def stop_is_whole(world):
    """Stop waits until the whole tree is gone, whatever session it hides in, and kills after @stop-timeout."""
    pids = world.path("pids")
    program = world.path("hider")
    inner = f"trap '' TERM HUP INT; echo $$ >> {pids}; exec sleep 1000"
    script(program, f'trap "" TERM; setsid sh -c "{inner}" & sh -c "{inner}" & touch {pids}; {LOOP}', 0o755)
    start(world, program, "@label=h", "@stop-timeout=50ms")
    while not os.path.exists(pids) or len(open(pids).read().split()) < 2:
        pass
    assert world.ask("Stop,h").lines == [b"Done,h,stopped", b"Ok,1"]
    assert [pid for pid in open(pids).read().split() if os.path.exists(f"/proc/{pid}")] == []
    found = status(world, "h")
    assert (found["exit-signal"], found["exit-reason"]) == ("SIGKILL", "requested")
    end(world)
    os.remove(pids)
    os.remove(program)


@case
def stop_of_what_stands_still(world):
    """What was stopped by SIGSTOP is continued to hear that it shall end: it does not take the stop timeout."""
    start(world, f"sh -c 'trap \"exit 7\" TERM; {LOOP}'", "@label=still", "@stop-timeout=1h")
    ready(world, "still")
    assert world.ask("Signal,STOP,still").lines == [b"Ok,1"]
    assert world.ask("Stop,still").lines == [b"Done,still,stopped", b"Ok,1"]
    assert status(world, "still")["exit-code"] == "7"
    end(world)


@case
def timeouts_of_orders(world):
    """@timeout bounds the waiting of an order; the order stands."""
    start(world, f"sh -c 'trap \"\" TERM; {LOOP}'", "@label=slow", "@stop-timeout=300ms")
    ready(world, "slow")
    reply = world.ask("Stop,slow,@timeout=20ms")
    assert reply.data[0][:2] == ["Failed", "slow"] and reply.data[0][3] == "timed-out", reply
    assert reply.code == "timed-out", reply
    assert world.ask("Wait,slow").lines == [b"ExitStatus,137"]
    end(world)


@case
def failed_starts(world):
    """Start answers Failed and an Error at the first failed attempt."""
    program = world.path("vanishing")
    script(program, "exec sleep 1000", 0o755)
    start(world, program, "@label=v")
    world.ask("Stop,v")
    os.remove(program)
    for verb in ("Start", "Restart"):
        reply = world.ask(f"{verb},v")
        assert reply.data[0][:2] == ["Failed", "v"] and reply.data[0][3] == "exec-failed", reply
        assert reply.closing[2:] == ["exec-failed", "exec", "ENOENT"], reply
    assert status(world, "v")["state"] == "failed"
    end(world)


@case
def signals(world):
    """Signal takes names and numbers, and reaches the main process, its group, or the whole tree."""
    out = world.path("out")
    program = world.path("hearing")
    inner = f"trap 'echo inner >> {out}; exit' USR1; echo $$; {LOOP}"
    script(program, f'trap "echo main >> {out}" USR1; setsid sh -c "{inner}" & sh -c "{inner}" & {LOOP}', 0o755)
    for scope, heard in (("main", ["main"]), ("group", ["inner", "main"]), ("tree", ["inner", "inner", "main"])):
        start(world, program, "@label=s")
        while world.ask("Tree,s").data == [] or len(words_of(world)) < 2:
            pass
        assert world.ask(f"Signal,USR1,s,@scope={scope}").lines == [b"Ok,1"]
        while not (os.path.exists(out) and sorted(open(out).read().split()) == heard):
            pass
        end(world)
        os.remove(out)
    os.remove(program)
    for name in ("TERM", "SIGTERM", "15", "term", "SIGRTMIN+2", "64"):
        start(world, "sleep 1000", "@label=n")
        number = {"TERM": 15, "SIGTERM": 15, "15": 15, "term": 15, "SIGRTMIN+2": signal.SIGRTMIN + 2, "64": 64}[name]
        assert world.ask(f"Signal,{name},n").lines == [b"Ok,1"], name
        assert world.ask("Wait,n").lines == [b"ExitStatus,%d" % (128 + number)]
        reply = world.ask(f"Signal,{name},n")
        assert reply.code == "failed", reply
        assert world.ask(f"Signal,{name},n*").lines == [b"Ok,0"]
        end(world)
    for bad in ("0", "65", "-1", "NOSUCH", "", "15x"):
        assert world.ask(f"Signal,{bad},n*").code == "bad-argument", bad
    assert world.ask("Signal,TERM,n*,@scope=all").code == "bad-argument"


def words_of(world):
    """The processes whose traps stand: those with a child of their own."""
    shown = world.ask("Tree,s").data
    parents = {one[3] for one in shown if one[6].startswith("sleep")}
    return [one for one in shown if one[2] in parents and "inner" in one[6]]


@case
def signal_at_once(world):
    """A signal to what is just being started reaches it as soon as there is a process."""
    with world.connect() as connection:
        connection.lines("#r,Run,sleep 1000,@label=now", "#s,Signal,KILL,now")
        replies = {one.tag: one.closing for one in (connection.reply(), connection.reply())}
    assert replies == {"#s": ["Ok", "1"], "#r": ["ExitStatus", "137"]}, replies


@case
def waiting(world):
    """Wait answers for the next end of what is up, with @for for a state, with @timeout no longer than that."""
    start(world, "sleep 1000", "@label=u")
    with world.connect() as connection:
        connection.lines(
            "#end,Wait,u", "#stopped,Wait,u,@for=stopped", "#running,Wait,u,@for=running", "#late,Wait,u,@timeout=10ms",
            "#never,Wait,u,@for=waiting,@timeout=20ms",
        )
        first = {one.tag: one for one in (connection.reply() for _ in range(3))}
        assert first["#running"].closing == ["Ok"]
        assert first["#late"].code == first["#never"].code == "timed-out"
        connection.lines("#s,Stop,u")
        rest = {one.tag: one.closing for one in (connection.reply() for _ in range(3))}
        assert rest == {"#end": ["ExitStatus", "143"], "#stopped": ["Ok"], "#s": ["Ok", "1"]}
    for bad in ("up", "", "RUNNING"):
        assert world.ask(f"Wait,u,@for={bad}").code == "bad-argument"
    for bad in ("Wait", "Wait,u,v", "Wait,u*", "Wait,u,@timeout=5"):
        assert world.ask(bad).code == "bad-argument"
    end(world)


@case
def wait_for_who_comes(world):
    """A Wait for what is forgotten is not-found; one for a label that is started anew goes on with the new one."""
    start(world, "true", "@label=g")
    assert world.ask("Wait,g").lines == [b"ExitStatus,0"]
    with world.connect() as connection:
        connection.lines("#w,Wait,g,@for=running", "#v,Version")
        assert connection.reply().tag == "#v"
        assert start(world, "sleep 1000", "@label=g")[0] == "g"
        assert connection.reply().closing == ["Ok"]
        assert connection.ask("Stop,g").closing == ["Ok", "1"]
        connection.lines("#x,Wait,g,@for=failed", "#f,Forget,g")
        replies = {one.tag: one.code or one.closing[0] for one in (connection.reply(), connection.reply())}
    assert replies == {"#x": "not-found", "#f": "Ok"}, replies


@case
def forgetting(world):
    """Forget by glob passes over what is up; by its label that is busy, and then nothing is forgotten."""
    start(world, "sleep 1000", "@label=f-up")
    start(world, "true", "@label=f-down")
    world.ask("Wait,f-down")
    assert world.ask("Forget,f-down,f-up").code == "busy"
    assert world.ask("Forget,f-*").lines == [b"Ok,1"]
    assert [one[1] for one in world.ask("List").data] == ["f-up"]
    end(world)


@case
def over_a_death(world):
    """Daemons live on over the death of archond, with label, pid and what is wanted of them."""
    label, pid = start(world, "sleep 1000", "@label=survivor", "@restart=always")
    start(world, "sh -c 'exit 4'", "@label=ended")
    assert world.ask("Wait,ended").lines == [b"ExitStatus,4"]
    before = status(world, label)
    os.kill(world.archond, signal.SIGKILL)
    world.again()
    found = status(world, label)
    assert found["pid"] == pid and found["state"] == "running" and found["desired"] == "up"
    assert abs(float(found["up-since"]) - float(before["up-since"])) < 1, (found, before)
    assert status(world, "ended")["exit-code"] == "4"
    assert world.ask("Wait,ended").lines == [b"ExitStatus,4"]
    end(world)


if __name__ == "__main__":
    main()
