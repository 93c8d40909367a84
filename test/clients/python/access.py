"""Users who are admitted by the configuration (see access.test.ts), and those who are not."""

import contextlib
import os
import stat

from cases import case, main

OTHER = 2000
READER = 2001
CONTROLLER = 2002
SECOND_CONTROLLER = 2003
READERS = 3001
CONTROLLERS = 3002

LOOKING = ("Version", "List", "List,*", "Status,web", "Usage", "History,web", "Tree", "Tree,web", "Log,web", "Events", "Dump,config",
           "Subscribe,*")
NEVER = ("MonitorPid,1", "Port,http", "ReleasePort,http", "Link,web,web,notify", "Unlink,web,web,notify",
         "Reload", "Confirm", "ReloadRules", "Upgrade", "Shutdown", "Reboot", "PowerOff", "Halt")


def codes(world, uid, lines, **who):
    """The code of each line's answer, None for one that is no error; each on a connection of its own."""
    return {line: world.ask_as(uid, line, **who).code for line in lines}


@case
def the_mode_of_the_socket(world):
    """Everybody may connect where somebody is admitted; who is not is answered denied, each line with its tag."""
    assert stat.S_IMODE(os.stat(world.socket).st_mode) == 0o666
    with world.connect_as(OTHER) as connection:
        connection.lines("Version", "#7,List", "Run,true", "nonsense", 'Run,"')
        answers = [connection.reply() for _ in range(5)]
        assert [answer.code for answer in answers] == ["denied", "denied", "denied", "unknown-verb", "syntax"], answers
        assert answers[1].tag == "#7"


@case
def reading(world):
    """The role read looks at everything and acts on nothing."""
    assert set(codes(world, READER, LOOKING).values()) == {None}
    acting = ("Run,true", "StartDaemon,true", "Start,web", "Stop,web", "Restart,web", "StopDaemon,web",
              "Signal,TERM,web", "Enable,web", "Disable,web", "Forget,web", "Stop,*", "Forget,nosuch")
    assert set(codes(world, READER, acting + NEVER).values()) == {"denied"}
    assert world.ask("Status,web").fields()["state"] == "running"


@case
def secrets(world):
    """Values of env are not shown to the role read."""
    assert "hush" in repr(world.ask("Dump,config"))
    assert "hush" in repr(world.ask_as(CONTROLLER, "Dump,config"))
    shown = repr(world.ask_as(READER, "Dump,config"))
    assert "hush" not in shown and "SECRET" in shown, shown


@case
def waiting(world):
    """Who only reads may wait for a Run of somebody else, whose record stays for that one."""
    assert world.ask("Run,sh -c 'exit 7',@label=kept,@keep=1").closing == ["ExitStatus", "7"]
    for uid in (READER, CONTROLLER):
        assert world.ask_as(uid, "Wait,kept").closing == ["ExitStatus", "7"]
    assert world.ask("Wait,kept").closing == ["ExitStatus", "7"]
    assert world.ask("Wait,kept").code == "not-found"


@case
def controlling(world):
    """The role control starts, stops, restarts and signals units of the configuration."""
    for line, closing in (("Stop,web", ["Ok", "1"]), ("Start,web", ["Ok", "1"]), ("Restart,web", ["Ok", "1"]),
                          ("Signal,CONT,web", ["Ok", "1"]), ("StopDaemon,web", ["Ok"]), ("Start,*", ["Ok", "1"])):
        assert world.ask_as(CONTROLLER, line).closing == closing, line
    assert set(codes(world, CONTROLLER, LOOKING).values()) == {None}
    assert set(codes(world, CONTROLLER, NEVER).values()) == {"denied"}
    own = os.pidfd_open(os.getpid())
    with world.connect_as(CONTROLLER) as connection:
        assert connection.ask("MonitorFD", [own]).code == "denied"
    assert not world.holds(own)
    os.close(own)
    assert world.ask_as(CONTROLLER, "Forget,web").code == "conflict"


@case
def by_group(world):
    """A group admits by the primary or any supplementary group that the peer had when it connected; the highest role counts."""
    for groups in ([READERS], [1, 2, 3, READERS], list(range(4000, 4400)) + [READERS]):
        assert world.ask_as(OTHER, "Version", groups=groups).closing[0] == "Ok"
        assert world.ask_as(OTHER, "Run,true", groups=groups).code == "denied"
    assert world.ask_as(OTHER, "Version", gid=READERS).closing[0] == "Ok"
    assert world.ask_as(OTHER, "Start,web", groups=[READERS, CONTROLLERS]).closing == ["Ok", "1"]
    assert world.ask_as(READER, "Start,web", gid=CONTROLLERS).closing == ["Ok", "1"]
    assert world.ask_as(OTHER, "Version", groups=[1, 2, 3]).code == "denied"


def said(world, connection, line):
    """What a command writes to standard output, which is sent along."""
    null = os.open("/dev/null", os.O_RDWR)
    reader, writer = os.pipe()
    try:
        reply = connection.ask(line, [null, writer, writer])
    finally:
        os.close(writer)
        os.close(null)
    output = b""
    while piece := os.read(reader, 65536):
        output += piece
    os.close(reader)
    assert reply.closing == ["ExitStatus", "0"], (line, reply, output)
    return output.decode().split()


WHO = "grep -E '^(Uid|Gid|Groups|CapEff|CapPrm|CapInh|CapAmb):' /proc/self/status"
NO_CAPABILITY = "0000000000000000"


@case
def as_itself(world):
    """A Run of an admitted user runs as that user, with the groups of its connection and no capability."""
    with world.connect_as(CONTROLLER, gid=2102, groups=[CONTROLLERS, 2202]) as connection:
        words = said(world, connection, f'Run,"{WHO}"')
        assert words[words.index("Uid:") + 1:][:4] == ["2002"] * 4, words
        assert words[words.index("Gid:") + 1:][:4] == ["2102"] * 4, words
        after = words[words.index("Groups:") + 1:]
        assert sorted(after[:after.index("CapInh:")]) == ["2102", "2202", "3002"], words
        assert [words[words.index(f"Cap{which}:") + 1] for which in ("Eff", "Prm", "Inh", "Amb")] == [NO_CAPABILITY] * 4
        # Naming itself and a group of its own changes nothing but the primary group.
        assert said(world, connection, "Run,id -u,@user=2002") == ["2002"]
        if_known = said(world, connection, "Run,id -G")
        assert set(if_known) == {"2102", "2202", "3002"}, if_known


@case
def as_nobody_else(world):
    """Another @user, and a @group that is not the peer's, are denied, by name and by number, before anything runs."""
    proof = world.path("proof")
    for wish in ("@user=root", "@user=0", "@user=nobody", "@user=daemon", "@group=root", "@group=0", "@group=daemon"):
        for verb in ("Run", "StartDaemon"):
            reply = world.ask_as(CONTROLLER, f"{verb},touch {proof},{wish}")
            assert reply.code == "denied", (wish, reply)
    for wish in ("@user=nosuchuser", "@group=nosuchgroup", "@user="):
        assert world.ask_as(CONTROLLER, f"Run,true,{wish}").code == "bad-argument", wish
    assert not os.path.exists(proof)
    # Nor are files opened, or folders entered, by the supervisor's right.
    private = world.path("private")
    os.mkdir(private, 0o700)
    assert world.ask_as(CONTROLLER, f"Run,true,@cwd={private}").closing[2:] == ["exec-failed", "cwd", "EACCES"]
    os.rmdir(private)
    program = world.path("program")
    with open(program, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\n")
    os.chmod(program, 0o700)
    assert world.ask_as(CONTROLLER, f"Run,{program}").closing[2:] == ["exec-failed", "exec", "EACCES"]
    os.remove(program)


def uid_of(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return int(next(line for line in status if line.startswith("Uid:")).split()[1])


@case
def own_daemons(world):
    """A daemon of an admitted user runs as that user, also when it is started again, and is that user's to control."""
    started = world.ask_as(CONTROLLER, "StartDaemon,sleep 1000,@label=own,@restart=always")
    assert started.closing[:2] == ["Ok", "own"] and uid_of(started.closing[2]) == CONTROLLER
    assert world.ask_as(CONTROLLER, "Restart,own").closing == ["Ok", "1"]
    first = pid = world.ask("Status,own").fields()["pid"]
    assert world.ask_as(CONTROLLER, "Signal,KILL,own").closing == ["Ok", "1"]
    while pid in (None, first):
        pid = world.ask("Status,own").fields().get("pid")
    assert uid_of(pid) == CONTROLLER
    for uid in (SECOND_CONTROLLER, READER):
        for line in ("Stop,own", "Signal,TERM,own", "Restart,own", "StopDaemon,own", "Forget,own", "Start,own"):
            assert world.ask_as(uid, line).code == "denied", (uid, line)
    assert world.ask_as(SECOND_CONTROLLER, "Stop,own*").closing == ["Ok", "0"]
    assert world.ask_as(SECOND_CONTROLLER, "Signal,TERM,own*").closing == ["Ok", "0"]
    assert world.ask_as(CONTROLLER, "Stop,own").closing == ["Ok", "1"]
    # What is down keeps its label for who may forget it.
    for line in ("Run,true,@label=own", "StartDaemon,true,@label=own"):
        assert world.ask_as(SECOND_CONTROLLER, line).code == "conflict", line
    assert world.ask_as(SECOND_CONTROLLER, "Forget,o*").closing == ["Ok", "0"]
    assert world.ask_as(CONTROLLER, "Forget,own").closing == ["Ok", "1"]


@case
def with_logs(world):
    """Output, text as input and the command at the end are the user's own as well; logs of others are not written to."""
    assert world.ask_as(CONTROLLER, "Run,sh -c 'id -u; cat',@stdin=text,@label=own").closing == ["ExitStatus", "0"]
    assert [one[2] for one in world.ask_as(CONTROLLER, "Log,own").data] == ["2002", "text"]
    world.logged("own")
    assert world.ask_as(CONTROLLER, "StartDaemon,true,@label=own,@on-exit=id -u").closing[0] == "Ok"
    while [one[2] for one in world.ask("Log,own").data] != ["2002"]:
        pass
    assert world.ask_as(CONTROLLER, "Forget,own").closing == ["Ok", "1"]
    for label in ("archond", "web.err"):
        assert world.ask_as(CONTROLLER, f"Run,echo forged,@label={label}").code == "conflict", label
        assert world.ask(f"Run,true,@label={label}").closing == ["ExitStatus", "0"], label
    program = world.path("archond")
    with open(program, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\necho $ARCHON_LABEL\n")
    os.chmod(program, 0o755)
    os.chmod(world.folder, 0o755)
    with world.connect_as(CONTROLLER) as connection:
        assert said(world, connection, f"Run,{program}") == ["archond-2"]
    os.remove(program)


@case
def daemons_of_the_owner(world):
    """What an owner has started by a request is out of reach for who is admitted to control."""
    assert world.ask("StartDaemon,sleep 1000,@label=roots").closing[0] == "Ok"
    for line in ("Stop,roots", "Signal,KILL,roots", "Restart,roots", "Forget,roots"):
        assert world.ask_as(CONTROLLER, line).code == "denied", line
    assert world.ask_as(CONTROLLER, "Stop,r*").closing == ["Ok", "0"]
    assert world.ask("Stop,roots").closing == ["Ok", "1"]
    for line in ("Start,roots", "Forget,roots"):
        assert world.ask_as(CONTROLLER, line).code == "denied", line
    assert world.ask("Forget,roots").closing == ["Ok", "1"]


@case
def after_a_death(world):
    """A new archond knows of everybody what he may do, and whose the processes are, Runs included."""
    daemon = world.ask_as(CONTROLLER, "StartDaemon,sleep 1000,@label=daemon").closing[2]
    connection = world.connect_as(CONTROLLER)
    connection.lines("Run,sleep 1000,@label=run")
    world.ask("Wait,run,@for=running")
    os.kill(world.archond, 9)
    world.again()
    assert stat.S_IMODE(os.stat(world.socket).st_mode) == 0o666
    assert connection.rest() == []
    connection.close()
    assert world.ask_as(READER, "Status,daemon").fields()["pid"] == daemon
    for label in ("daemon", "run"):
        for uid in (SECOND_CONTROLLER, READER):
            assert world.ask_as(uid, f"Signal,TERM,{label}").code == "denied", label
        assert world.ask_as(CONTROLLER, f"Signal,KILL,{label}").closing == ["Ok", "1"], label
        assert world.ask_as(CONTROLLER, f"Wait,{label}").closing == ["ExitStatus", "137"], label
    assert world.ask_as(CONTROLLER, "Start,daemon").closing == ["Ok", "1"]
    assert uid_of(world.ask("Status,daemon").fields()["pid"]) == CONTROLLER
    assert world.ask_as(CONTROLLER, "Stop,daemon").closing == ["Ok", "1"]
    assert world.ask_as(CONTROLLER, "Forget,daemon").closing == ["Ok", "1"]


@case
def many_who_are_not_admitted(world):
    """Users who are not admitted have little room of their own: one more is refused at once, and others are served."""
    strangers = [world.connect_as(OTHER + 10_000 + number % 3) for number in range(64)]
    for stranger in strangers:
        assert stranger.ask("Version").code == "denied"
    with world.connect_as(OTHER) as late:
        # It writes first; the answer is there all the same.
        late.lines("#1,Version", "#2,Version")
        late.end()
        assert [line.endswith(b",denied") for line in late.rest()] == [True]
    for uid in (READER, CONTROLLER, 0):
        assert world.ask_as(uid, "Version").closing[0] == "Ok"
    for stranger in strangers:
        stranger.close()
    while True:
        with world.connect_as(OTHER) as again:
            if again.ask("#1,Version").tag == "#1":
                break


@case
def half_lines(world):
    """What users who are not admitted send without an end costs nobody else anything, and is bounded."""
    strangers = [world.connect_as(OTHER + number) for number in range(3000, 3040)]
    for stranger in strangers:
        stranger.socket.setblocking(False)
        try:
            stranger.socket.send(b"Run," + b"x" * 500_000)
        except BlockingIOError:
            pass
    with world.connect_as(CONTROLLER) as connection:
        connection.send("Run," + "true " * 20_000)
        assert world.ask_as(READER, "Version").closing[0] == "Ok"
        connection.send("\n")
        assert connection.reply().closing == ["ExitStatus", "0"]
    for stranger in strangers:
        stranger.close()


@contextlib.contextmanager
def reloaded(world, old, new):
    """The configuration with other words in it, in force until the end."""
    path = os.path.join(os.path.dirname(world.socket), "archon.yaml")
    with open(path, encoding="ascii") as file:
        before = file.read()
    assert old in before
    try:
        with open(path, "w", encoding="ascii") as file:
            file.write(before.replace(old, new))
        assert world.ask("Reload").closing[0] == "Ok"
        yield
    finally:
        with open(path, "w", encoding="ascii") as file:
            file.write(before)
        assert world.ask("Reload").closing[0] == "Ok"


@case
def losing_everything(world):
    """Who is admitted no more by a reload gets an answer to each request, End to each stream, and is hung up on; its Run is stopped."""
    with world.connect_as(CONTROLLER) as connection:
        connection.lines("#follow,Subscribe,nothing", "#log,Log,web,@follow=1", "#wait,Wait,web", "#run,Run,sleep 1000,@label=theirs",
                         "#daemon,StartDaemon,sleep 1000,@label=left", "Wait,web", "Version", f"Run,touch never,@cwd={world.folder}")
        started = set()
        while not {"#follow", "#log", "#daemon"} <= started:
            reply = connection.reply()
            assert reply.code is None, reply
            started.add(reply.tag)
        assert world.ask("Wait,theirs,@for=running").closing == ["Ok"]
        with reloaded(world, "2002", "2099"):
            told = [line.decode("ascii") for line in connection.rest()]
            assert {line for line in told if ",End," in line} == {"#follow,End,cancelled", "#log,End,cancelled"}, told
            refused = [line for line in told if line.endswith(",denied")]
            assert sorted(line.partition("Error")[0] for line in refused) == ["", "", "", "#run,", "#wait,"], told
            assert len(told) == 7, told
            assert world.ask_as(CONTROLLER, "Version").code == "denied"
            assert world.ask("Wait,theirs").closing == ["ExitStatus", "143"]
            assert not os.path.exists("never")
            assert world.ask("Status,left").fields()["state"] == "running"
    assert world.ask("Stop,left").closing == ["Ok", "1"]
    assert world.ask("Forget,left").closing == ["Ok", "1"]
    assert world.ask_as(CONTROLLER, "Version").closing[0] == "Ok"


@case
def losing_control(world):
    """Who may only look from a reload on keeps its connection, its streams and what it has begun, and may begin nothing more."""
    with world.connect_as(CONTROLLER) as connection:
        connection.lines("#follow,Subscribe,nothing", "#run,Run,sleep 1000,@label=theirs")
        assert connection.reply().tag == "#follow"
        assert world.ask("Wait,theirs,@for=running").closing == ["Ok"]
        with reloaded(world, "{user: 2002, role: control}", "{user: 2002, role: read}"):
            assert connection.ask("Version").closing[0] == "Ok"
            assert connection.ask("Stop,web").code == "denied"
            assert connection.ask("Run,true").code == "denied"
            assert "hush" not in repr(connection.ask("Dump,config"))
            assert world.ask("Signal,TERM,theirs").closing == ["Ok", "1"]
            reply = connection.reply()
            assert (reply.tag, reply.closing) == ("#run", ["ExitStatus", "143"]), reply
        assert connection.ask("Restart,web").closing == ["Ok", "1"]


@case
def losing_a_group(world):
    """A group that is admitted no more is hung up on; who is named otherwise too keeps the other role."""
    with world.connect_as(OTHER, gid=READERS) as theirs, world.connect_as(READER, gid=READERS) as both:
        assert theirs.ask("Version").closing[0] == "Ok"
        with reloaded(world, "{group: 3001, role: read}", "{group: 3009, role: read}"):
            assert theirs.rest() == []
            assert both.ask("Version").closing[0] == "Ok"


if __name__ == "__main__":
    main()
