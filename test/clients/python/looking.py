"""Version, List, Status, Tree, Events and Log: what there is, as the page says it."""

import os
import re
import time

from archon import record
from cases import case, main, script

# Units that the supervisor starts here work on one of at most so many processors at once.
PERCENT = re.compile(r"\d+\.\d")
TIME = re.compile(r"\d{10}\.\d{1,9}|\d{10}")


def start(world, command, *fields):
    reply = world.ask(record("StartDaemon", command, *fields))
    assert reply.closing[0] == "Ok", reply
    return reply.closing[1:]


def end(world):
    world.ask("Stop,*")
    assert world.ask("Forget,*").closing[0] == "Ok"


def status(world, label):
    return world.ask(f"Status,{label}").fields()


@case
def version(world):
    """Version names the program, its package's version and the protocol's, and takes nothing."""
    [name, package, protocol] = world.ask("Version").closing[1:]
    assert name == "archon" and re.fullmatch(r"\d+\.\d+\.\d+.*", package) and protocol == "1"
    assert world.ask("Version,x").code == "bad-argument"
    assert world.ask("Version,@x=1").code == "bad-argument"


@case
def listing(world):
    """List is sorted by label; what is unknown is empty; a label that is not there is not-found."""
    begun = time.time()
    for label, command in (("l-b", "sleep 1000"), ("l-c", "sh -c 'exit 3'"), ("l-a", "sh -c 'kill -9 $$'"), ("l-B", "true")):
        start(world, command, f"@label={label}")
    for label in ("l-a", "l-c", "l-B"):
        assert world.ask(f"Wait,{label}").closing[0] == "ExitStatus"
    reply = world.ask("List")
    assert reply.closing == ["Ok", "4"]
    assert [one[0] for one in reply.data] == ["Unit"] * 4
    assert [one[1] for one in reply.data] == sorted(["l-B", "l-a", "l-b", "l-c"])
    by_label = {one[1]: one[2:] for one in reply.data}
    assert [by_label[label][0] for label in ("l-B", "l-a", "l-b", "l-c")] == ["finished", "failed", "running", "failed"]
    assert [by_label[label][6] for label in ("l-B", "l-a", "l-b", "l-c")] == ["code:0", "signal:SIGKILL", "", "code:3"]
    for label, (_, pid, since, restarts, cpu, memory, _) in by_label.items():
        assert begun - 1 < float(since) < time.time() + 1 and TIME.fullmatch(since), since
        assert restarts == "0"
        if label == "l-b":
            assert os.path.exists(f"/proc/{pid}") and PERCENT.fullmatch(cpu) and int(memory) > 0
        else:
            assert (pid, cpu, memory) == ("", "", "")
    assert world.ask("List,l-b").closing == ["Ok", "1"]
    assert [one[1] for one in world.ask('List,"l-{a,c}"').data] == ["l-a", "l-c"]
    assert [one[1] for one in world.ask("List,l-[a-b]").data] == ["l-a", "l-b"]
    assert [one[1] for one in world.ask("List,l-[!a-b]").data] == ["l-B", "l-c"]
    assert [one[1] for one in world.ask("List,?-B").data] == ["l-B"]
    assert world.ask("List,nothing").code == "not-found"
    assert world.ask("List,nothing*").lines == [b"Ok,0"]
    assert world.ask("List,a,b").code == "bad-argument"
    end(world)


@case
def globs(world):
    """* is any run of characters, slashes too; sets, braces and what is unclosed are as the page says."""
    for label in ("g/a/b", "g/ab", "g", "g/x.y"):
        start(world, "sleep 1000", f"@label={label}")
    found = {
        "*": ["g", "g/a/b", "g/ab", "g/x.y"],
        "g*b": ["g/a/b", "g/ab"],
        "g/*/*": ["g/a/b"],
        "g?ab": ["g/ab"],
        "g/[a-z]?": ["g/ab"],
        '"g/{a,x}*"': ["g/a/b", "g/ab", "g/x.y"],
        '"g{,/ab}"': ["g", "g/ab"],
        "g/x[.]y": ["g/x.y"],
    }
    for glob, labels in found.items():
        assert [one[1] for one in world.ask(f"List,{glob}").data] == labels, glob
    for bad in ("{a", "{a,b}", "[a", "g[", '"{a,b"'):
        reply = world.ask(f"List,{bad}")
        assert reply.code == "bad-argument", (bad, reply)
        if "{" in bad or "[" in bad:
            assert "quote" in reply.closing[1], reply
    end(world)


@case
def fields_of_status(world):
    """Status has a Field for each fact, and none for what is not so."""
    _, pid = start(world, "sleep 1000", "@label=s", "@restart=on-failure")
    found = status(world, "s")
    assert (found["state"], found["desired"], found["pid"], found["restarts"]) == ("running", "up", pid, "0"), found
    assert found["tree"] in ("cgroup", "minder") and TIME.fullmatch(found["since"]), found
    assert PERCENT.fullmatch(found["cpu"]) and int(found["memory"]) > 0
    assert float(found["up-since"]) <= float(found["since"]) + 0.001, found
    assert not {"exit-code", "exit-signal", "exit-reason", "next-attempt"} & set(found), found
    assert status(world, "s")["up-since"] == found["up-since"]
    world.ask("Signal,STOP,s")
    assert status(world, "s")["state"] == "running"
    assert world.ask("Stop,s").closing == ["Ok", "1"]
    found = status(world, "s")
    assert (found["state"], found["desired"], found["exit-signal"]) == ("stopped", "down", "SIGTERM"), found
    assert found["exit-reason"] == "requested"
    assert not {"pid", "up-since", "cpu", "memory", "exit-code", "next-attempt"} & set(found), found
    for bad in ("Status", "Status,a,b", "Status,s*", "Status,s,@x=1"):
        assert world.ask(bad).code == "bad-argument", bad
    assert world.ask("Status,nothing").code == "not-found"
    end(world)


@case
def usage(world):
    """The processor's share and the memory are those of the whole tree, at the time of asking."""
    program = world.path("burner")
    script(program, "(while :; do :; done) & wait", 0o755)
    start(world, program, "@label=u")
    start(world, "sleep 1000", "@label=idle")
    while not float(status(world, "u")["cpu"]) > 5:
        pass
    # Its own start counts too, and weighs less and less.
    while not float(status(world, "idle")["cpu"]) < 5:
        pass
    listed = {one[1]: one for one in world.ask("List").data}
    assert float(listed["u"][6]) > 0
    members = [one[2] for one in world.ask("Tree,u").data]
    assert len(members) == 2
    resident = 0
    for pid in members:
        with open(f"/proc/{pid}/statm") as statm:
            resident += int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    assert 0.5 * resident < int(status(world, "u")["memory"]) < 2 * resident
    end(world)
    os.remove(program)


@case
def usage_records(world):
    """Usage has a record for each unit that has a process, sorted, with what Status says of it too; History has samples, or none yet."""
    begun = time.time()
    for label, command in (("u-b", "sleep 1000"), ("u-a", "sh -c 'sleep 1000; :'"), ("u-c", "true")):
        start(world, command, f"@label={label}")
    world.ask("Wait,u-c")
    while len(world.ask("Tree,u-a").data) != 2:
        pass
    reply = world.ask("Usage,u-*")
    assert reply.closing == ["Ok", "2"] and [one[:2] for one in reply.data] == [["Usage", "u-a"], ["Usage", "u-b"]], reply
    for _, label, at, cpu, memory, descriptors, threads, processes, read, written, cpu_peak, memory_peak in reply.data:
        assert begun - 1 < float(at) < time.time() + 1 and TIME.fullmatch(at), at
        assert PERCENT.fullmatch(cpu) and PERCENT.fullmatch(cpu_peak)
        assert 0 < int(memory) <= int(memory_peak)
        assert (threads, processes) == (("2", "2") if label == "u-a" else ("1", "1"))
        assert int(descriptors) >= 3 and int(read) >= 0 and written == "0"
        found = status(world, label)
        told = [found[name] for name in ("threads", "processes", "descriptors", "written")]
        assert told == [threads, processes, descriptors, written], found
        assert set(found) >= {"cpu-peak", "memory-peak", "read"}
    found = status(world, "u-c")
    assert not {"threads", "processes", "descriptors", "cpu-peak"} & set(found), found
    assert float(found["exit-utime"]) >= 0 and float(found["exit-stime"]) >= 0 and int(found["exit-maxrss"]) > 0
    assert world.ask("Usage").closing == ["Ok", "2"]
    assert world.ask("Usage,u-c").lines == [b"Ok,0"] and world.ask("Usage,x*").lines == [b"Ok,0"]
    assert world.ask("Usage,x").code == "not-found" and world.ask("History,x").code == "not-found"
    for bad in ("Usage,a,b", "Usage,@x=1", "History", "History,u-*", "History,u-a,@since=x", "History,u-a,u-b"):
        assert world.ask(bad).code == "bad-argument", bad
    reply = world.ask("History,u-a")
    assert reply.closing == ["Ok", str(len(reply.data))] and all(one[0] == "Sample" for one in reply.data)
    assert world.ask(f"History,u-a,@since={int(time.time()) + 3600}").lines == [b"Ok,0"]
    end(world)


@case
def trees(world):
    """Tree shows the processes of a unit, or of all, depth first, orphans as roots of their own."""
    program = world.path("family")
    script(program, "sleep 1001 & (setsid sleep 1002 &) ; sh -c 'sleep 1003; :' & wait", 0o755)
    _, pid = start(world, program, "@label=t")
    start(world, "sleep 1000", "@label=a")
    shown = []
    while len([one for one in shown if one[6].startswith("sleep")]) < 3:
        shown = world.ask("Tree,t").data
    assert all(one[0] == "Process" and one[4] == "t" and one[5] in "RSD" for one in shown), shown
    by_words = {one[6]: one for one in shown}
    assert by_words[f"/bin/sh {program}"][1:4:2] == ["0", str(world.keeper)] or by_words[f"/bin/sh {program}"][1] == "0"
    assert by_words[f"/bin/sh {program}"][2] == pid
    assert by_words["sleep 1001"][1:4] == ["1", by_words["sleep 1001"][2], pid]
    assert by_words["sleep 1002"][1] == "0"
    inner = by_words["sh -c sleep 1003; :"]
    assert by_words["sleep 1003"][1:4] == ["2", by_words["sleep 1003"][2], inner[2]]
    order = [one[2] for one in shown]
    assert order.index(by_words["sleep 1003"][2]) == order.index(inner[2]) + 1
    everything = world.ask("Tree")
    assert everything.data[0][4:] == ["a", everything.data[0][5], "sleep 1000"]
    assert everything.closing == ["Ok", str(len(everything.data))]
    assert world.ask("Tree,nothing").code == "not-found"
    assert world.ask("Tree,t*").code == "bad-argument"
    end(world)
    os.remove(program)


@case
def events(world):
    """Events are numbered one by one, oldest first, with label, kind and what belongs to it; chosen by label and kind."""
    start(world, "sh -c 'exit 3'", "@label=e-1")
    world.ask("Wait,e-1")
    start(world, "sh -c 'kill -9 $$'", "@label=e-2")
    world.ask("Wait,e-2")
    reply = world.ask("Events")
    numbers = [int(one[1]) for one in reply.data]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))) and reply.closing == ["Ok", str(len(numbers))]
    times = [float(one[2]) for one in reply.data]
    assert times == sorted(times)
    mine = world.ask("Events,e-1").data
    assert [one[4] for one in mine] == ["starting", "running", "exited", "failed"], mine
    details = dict(text.split("=", 1) for text in mine[2][5:])
    assert details["code"] == "3" and int(details["pid"]) > 1 and int(details["generation"]) > 0
    assert {"utime", "stime", "maxrss"} <= set(details)
    [exited] = world.ask("Events,e-*,@kind=exited,@last=1").data
    assert exited[3] == "e-2" and "signal=SIGKILL" in exited, exited
    assert world.ask("Events,nothing").lines == [b"Ok,0"]
    assert world.ask("Events,e-1,@since=" + mine[2][2]).data == mine[2:]
    assert world.ask("Events,e-1,@until=" + mine[1][2]).data == mine[:2]
    assert world.ask("Events,e-1,@last=0").lines == [b"Ok,0"]
    for bad in ("@last=x", "@kind=A", "@since=x", "@nosuch=1"):
        assert world.ask(f"Events,{bad}").code == "bad-argument", bad
    end(world)


@case
def logs(world):
    """The log of a label is a file made at the first byte, in which the output of each of its lives follows the last."""
    start(world, "true", "@label=silent/one")
    world.ask("Wait,silent/one")
    assert world.ask("Log,silent/one").lines == [b"Ok,0"]
    assert not os.path.exists(os.path.join(world.logs, "silent/one.log"))
    for word in ("first", "second"):
        start(world, f"sh -c 'echo {word}; echo error >&2; printf half'", "@label=speaking/one")
        assert world.ask("Wait,speaking/one").closing == ["ExitStatus", "0"]
    with open(os.path.join(world.logs, "speaking/one.log"), "rb") as file:
        assert file.read() == b"first\nerror\nhalfsecond\nerror\nhalf"
    assert [one[2] for one in world.ask("Log,speaking/one").data] == ["first", "error", "halfsecond", "error", "half"]
    assert [one[2] for one in world.ask("Log,speaking/one,@lines=2").data] == ["error", "half"]
    assert status(world, "speaking/one")["log"] == os.path.join(world.logs, "speaking/one.log")
    assert "log" not in status(world, "silent/one")
    assert world.ask("Log,nothing").code == "not-found"
    assert world.ask("Run,echo ran,@label=once").lines == [b"ExitStatus,0"]
    assert [one[2] for one in world.ask("Log,once").data] == ["ran"]
    end(world)


@case
def later(world):
    """Every further request of the page is known: what this version cannot do yet is unsupported, never unknown."""
    for line in ("Enable,x", "Disable,x", "Dump,state", "Plan,start,x", "Boot", "Reload", "Confirm", "Port,x", "Ports",
                 "ReleasePort,x", "Link,a,b,notify", "Unlink,a,b,notify", "Links", "Why,x", "Rules", "ReloadRules",
                 "Upgrade"):
        assert world.ask(line).code != "unknown-verb", line
        assert world.ask(line.lower().replace("a,b", "a,b")).code != "unknown-verb", line


if __name__ == "__main__":
    main()
