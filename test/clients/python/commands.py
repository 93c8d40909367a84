"""Run: a command to its end, as the page says it."""

import os
import signal
import socket

from archon import field, record
from cases import IS_ROOT, Skipped, case, main, piped, read_all, script


def run(world, command, *fields, descriptors=()):
    return world.ask(",".join(["Run", field(command), *(field(one) for one in fields)]), descriptors)


def said(world, command, *fields):
    """What a command writes to standard output, sent along as its second descriptor."""
    null = os.open("/dev/null", os.O_RDWR)
    try:
        reply, output = piped(lambda writer: run(world, command, *fields, descriptors=(null, writer, writer)))
    finally:
        os.close(null)
    assert reply.closing == ["ExitStatus", "0"], (reply, output)
    return output


@case
def codes(world):
    """It is answered by the exit code of the command, 0 to 255, as a bare ExitStatus."""
    for code in (0, 1, 2, 77, 127, 128, 255):
        assert run(world, f"sh -c 'exit {code}'").lines == [b"ExitStatus,%d" % code]


@case
def signals(world):
    """A command that dies of a signal is answered 128 and its number."""
    for number in (1, 2, 3, 6, 9, 11, 13, 14, 15, 24, 31, 34, 64):
        reply = run(world, f"sh -c 'kill -{number} $$; exit 3'")
        assert reply.lines == [b"ExitStatus,%d" % (128 + number)], (number, reply)


@case
def exec_stages(world):
    """What cannot be executed is exec-failed with the stage and the errno's name behind the code."""
    plain, garbage, folder = world.path("plain"), world.path("garbage"), world.path("folder")
    script(plain, "exit 0", 0o644)
    script(garbage, None, 0o755)
    os.mkdir(folder)
    script(world.path("lost"), "#!/nosuch/interpreter\n", 0o755)
    refused = {
        ("nosuch",): ("exec", "ENOENT"),
        ("/nosuch/nosuch",): ("exec", "ENOENT"),
        (f"{plain}/x",): ("exec", "ENOTDIR"),
        (plain,): ("exec", "EACCES"),
        (folder,): ("exec", "EACCES"),
        (garbage,): ("exec", "ENOEXEC"),
        (world.path("lost"),): ("exec", "ENOENT"),
        ("true", "A=" + "x" * 200_000): ("exec", "E2BIG"),
        ("true", "@cwd=/nosuch"): ("cwd", "ENOENT"),
        ("true", f"@cwd={plain}"): ("cwd", "ENOTDIR"),
    }
    for request, (stage, errno) in refused.items():
        reply = run(world, *request)
        assert reply.closing[2:] == ["exec-failed", stage, errno], (request, reply)
        assert request[0] in reply.closing[1] and errno in reply.closing[1], reply
    for name in (plain, garbage, world.path("lost")):
        os.remove(name)
    os.rmdir(folder)


@case
def exec_example(world):
    """The page's example of an error with stage and errno is answered as it stands there."""
    expected = b'Error,"cannot run nosuch: ENOENT (No such file or directory) at exec",exec-failed,exec,ENOENT'
    assert world.ask("Run,nosuch").lines == [expected]
    assert world.ask("#t,Run,nosuch").lines == [b"#t," + expected]


@case
def environment(world):
    """The environment is archond's own without what belongs to its surroundings, with the settings; the last of a name counts."""
    lines = said(world, "env -0", "COLOUR=blue", "A=1", "A=2", "_x9=", "TEXT= a,\"b\"\n").split(b"\0")
    found = dict(line.split(b"=", 1) for line in lines if line)
    assert (found[b"COLOUR"], found[b"A"], found[b"_x9"], found[b"TEXT"]) == (b"blue", b"2", b"", b' a,"b"\n')
    assert found[b"KEPT"] == b"yes"
    assert found[b"ARCHON_SOCKET"] == world.socket.encode() and found[b"ARCHON_LABEL"] == b"env"
    hidden = [b"NOTIFY_SOCKET", b"INVOCATION_ID", b"JOURNAL_STREAM"]
    beginnings = (b"LISTEN_", b"WATCHDOG_", b"NODE_", b"ARCHON_")
    seen = [name for name in found if name in hidden or name.startswith(beginnings)]
    assert sorted(seen) == [b"ARCHON_LABEL", b"ARCHON_SOCKET"], seen
    clean = said(world, "/usr/bin/env -0", "@clean-env=1", "A=1").split(b"\0")
    assert sorted(line.split(b"=")[0] for line in clean if line) == [b"A", b"ARCHON_LABEL", b"ARCHON_SOCKET"], clean
    for bad in ("1A=2", "A-B=2", "=x", "A", "", "é=1"):
        assert run(world, "true", bad).code == "bad-argument", bad


@case
def surroundings(world):
    """It begins in /, in a session of its own, without a terminal, with default signals and 0, 1, 2 only."""
    assert said(world, "pwd") == b"/\n"
    assert said(world, "pwd", f"@cwd={world.folder}") == os.path.realpath(world.folder).encode() + b"\n"
    assert said(world, "sh -c umask", "@umask=027") == b"0027\n"
    stat = said(world, "cat /proc/self/stat").rpartition(b")")[2].split()
    pid, group, session, terminal = said(world, "sh -c 'echo $$; exec cut -d\" \" -f5,6,7 /proc/self/stat'").split()
    assert pid == group == session and terminal == b"0", stat
    status = dict(line.split(b":\t", 1) for line in said(world, "cat /proc/self/status").splitlines())
    assert int(status[b"SigBlk"], 16) == int(status[b"SigIgn"], 16) == 0
    # One of its own for the folder.
    assert said(world, "ls /proc/self/fd").split() == [b"0", b"1", b"2", b"3"]


@case
def one_to_three_descriptors(world):
    """1, 2 or 3 descriptors are its standard input, output and error; what is not sent is empty or the log."""
    reader, writer = os.pipe()
    os.write(writer, b"sent\n")
    os.close(writer)
    assert run(world, "sh -c 'cat; echo err >&2'", "@label=one", "@keep=1", descriptors=[reader]).lines == [b"ExitStatus,0"]
    os.close(reader)
    assert [line[2] for line in world.ask("Log,one").data] == ["sent", "err"]
    null = os.open("/dev/null", os.O_RDONLY)
    for count in (2, 3):
        reply, output = piped(
            lambda writer: run(
                world, "sh -c 'echo out; echo err >&2'", f"@label=n{count}", "@keep=1",
                descriptors=[null, writer, writer][:count],
            )
        )
        assert reply.lines == [b"ExitStatus,0"]
        assert output == (b"out\n" if count == 2 else b"out\nerr\n"), output
        assert [line[2] for line in world.ask(f"Log,n{count}").data] == (["err"] if count == 2 else [])
    os.close(null)
    assert world.ask("Forget,one,n2,n3").closing == ["Ok", "3"]


@case
def the_very_descriptors(world):
    """The descriptors themselves are passed: a file's offset, a socket's end, and no flag is changed."""
    left, right = socket.socketpair()
    left.setblocking(False)
    file = os.open(world.path("shared"), os.O_RDWR | os.O_CREAT)
    os.write(file, b"before\n")
    right.sendall(b"word\n")
    command = "sh -c 'read x; echo got $x; echo back >&0'"
    assert run(world, command, descriptors=[left.fileno(), file]).lines == [b"ExitStatus,0"]
    assert right.recv(100) == b"back\n"
    assert (os.get_blocking(left.fileno()), os.get_blocking(file)) == (False, True)
    assert os.lseek(file, 0, os.SEEK_CUR) == len(b"before\ngot word\n")
    assert os.pread(file, 100, 0) == b"before\ngot word\n"
    assert not world.holds(file) and not world.holds(left.fileno())
    left.close()
    right.close()
    os.close(file)
    os.remove(world.path("shared"))


@case
def standard_input(world):
    """Standard input is empty, or the text of @stdin, however long."""
    assert run(world, "sh -c 'read x'").lines == [b"ExitStatus,1"]
    assert said_from(world, "cat", b"two\nlines, \xff\x01") == b"two\nlines, \xff\x01"
    assert len(said_from(world, "cat", b"x" * 300_000)) == 300_000
    assert said_from(world, "cat", b"") == b""
    reader, writer = os.pipe()
    assert run(world, "cat", "@stdin=x", descriptors=[reader]).code == "bad-argument"
    os.close(reader)
    os.close(writer)


def said_from(world, command, text):
    """What it writes to its log when it is given this text."""
    assert world.ask(record("Run", command, b"@stdin=" + text, "@label=fed")).lines == [b"ExitStatus,0"]
    return world.logged("fed")


@case
def in_order(world):
    """Untagged requests are carried out one after the other, answers in their order."""
    file = world.path("order")
    with world.connect() as connection:
        connection.lines(
            f"Run,sh -c 'sleep 0.05; echo 1 >> {file}'", "Nosuch", f"Run,sh -c 'echo 2 >> {file}; exit 4'", "", "Version"
        )
        connection.end()
        answers = [connection.reply() for _ in range(5)]
        assert connection.line() is None
    assert [one.code or one.closing[1] for one in answers] == ["0", "unknown-verb", "4", "syntax", "archon"]
    assert open(file, "rb").read() == b"1\n2\n"
    os.remove(file)


@case
def whole_tree(world):
    """Run is over when what is left of its tree has been killed and is gone, sessions of their own included."""
    pids = world.path("pids")
    inner = quoted(f'trap "" TERM HUP; echo $$ >> {pids}; exec sleep 1000')
    wait = f"until [ $(wc -l < {pids}) = 3 ]; do sleep 0.01; done"
    script(world.path("family"), f"touch {pids}; sh -c {inner} & setsid sh -c {inner} & (setsid sh -c {inner} &) ; {wait}; exit 6", 0o755)
    assert run(world, world.path("family")).lines == [b"ExitStatus,6"]
    with open(pids) as file:
        left = [pid for pid in file.read().split() if lives(pid)]
    assert left == [], left
    os.remove(pids)
    os.remove(world.path("family"))


def lives(pid):
    """What has ended and waits to be reaped is gone."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] not in (b"Z", b"X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def quoted(word):
    return "'" + word.replace("'", "'\\''") + "'"


@case
def timeout(world):
    """@timeout stops it after so long: ExitStatus,124, its trap notwithstanding."""
    assert run(world, "sleep 1000", "@timeout=20ms").lines == [b"ExitStatus,124"]
    stubborn = "sh -c 'trap \"\" TERM; sleep 1000; sleep 1000'"
    assert run(world, stubborn, "@timeout=20ms", "@stop-timeout=20ms").lines == [b"ExitStatus,124"]
    assert run(world, "sh -c 'trap \"exit 3\" TERM; sleep 1000 & wait'", "@timeout=200ms").lines == [b"ExitStatus,124"]
    assert run(world, "sleep 0", "@timeout=1h").lines == [b"ExitStatus,0"]
    with world.connect() as connection:
        assert connection.ask("Run,sleep 1000,@timeout=20ms,@keep=1,@label=t").lines == [b"ExitStatus,124"]
        assert connection.ask("Status,t").fields()["exit-reason"] == "timed-out"
        assert connection.ask("Wait,t").lines == [b"ExitStatus,124"]


@case
def stop_signal(world):
    """@stop-signal is what it is asked to stop by."""
    trap = "sh -c 'trap \"exit 9\" INT; trap \"exit 8\" TERM; while :; do sleep 0.01; done'"
    with world.connect() as connection:
        connection.lines(record("#r", "Run", trap, "@stop-signal=INT", "@label=s"), "#w,Wait,s,@for=running")
        assert connection.reply().closing == ["Ok"]
        # Its trap stands once it has a child.
        while len(connection.ask("Tree,s").data) < 2:
            pass
        connection.lines("#s,Stop,s")
        replies = {one.tag: one.closing for one in (connection.reply(), connection.reply())}
    assert replies == {"#r": ["ExitStatus", "9"], "#s": ["Ok", "1"]}, replies


@case
def records_kept(world):
    """The record ends with the command, unless @keep=1: then until Wait or Forget."""
    with world.connect() as connection:
        assert connection.ask("Run,true,@label=gone").lines == [b"ExitStatus,0"]
        assert connection.ask("List,gone").code == "not-found"
        assert connection.ask("Run,sh -c 'exit 5',@label=kept,@keep=1").lines == [b"ExitStatus,5"]
        assert connection.ask("List,kept").data[0][8] == "code:5"
        assert connection.ask("Start,kept").code == "unsupported"
        assert connection.ask("Wait,kept").lines == [b"ExitStatus,5"]
        assert connection.ask("Wait,kept").code == "not-found"
        assert connection.ask("Run,false,@label=kept,@keep=1").lines == [b"ExitStatus,1"]
        assert connection.ask("Forget,kept").lines == [b"Ok,1"]


@case
def undelivered(world):
    """A client that goes away takes its command down; the record stays until somebody asks for it."""
    connection = world.connect()
    connection.lines("#r,Run,sleep 1000,@label=left", "#w,Wait,left,@for=running")
    assert connection.reply().closing == ["Ok"]
    connection.close()
    with world.connect() as other:
        assert other.ask("Wait,left").closing == ["ExitStatus", str(128 + signal.SIGTERM)]
        assert other.ask("Wait,left").code == "not-found"


@case
def kept_running(world):
    """With @keep=1 the command goes on when its client goes away, and its end is kept."""
    gate = world.path("gate")
    os.mkfifo(gate)
    connection = world.connect()
    connection.lines(f"#r,Run,sh -c 'read x < {gate}; exit 3',@label=on,@keep=1", "#w,Wait,on,@for=running")
    assert connection.reply().closing == ["Ok"]
    connection.close()
    with world.connect() as other:
        # Whoever was gone is known to be so by now, and the command still waits for its gate.
        assert other.ask("Version").closing[0] == "Ok"
        with open(gate, "w") as writer:
            writer.write("x\n")
        assert other.ask("Wait,on").lines == [b"ExitStatus,3"]
    os.remove(gate)


@case
def half_closed(world):
    """The end of input is not going away: what was received is carried out and answered, then it closes."""
    with world.connect() as connection:
        connection.lines("Run,sh -c 'sleep 0.1; exit 2'", "#t,Run,sh -c 'sleep 0.2; exit 3'", "Run,true")
        connection.end()
        assert sorted(connection.rest()) == [b"#t,ExitStatus,3", b"ExitStatus,0", b"ExitStatus,2"]
    with world.connect() as connection:
        connection.send("StartDaemon,sleep 1000,@label=cut")
        connection.end()
        assert [one.startswith(b"Error,") for one in connection.rest()] == [True]
    assert world.ask("List,cut").code == "not-found"


@case
def as_others(world):
    """@user and @group are whom it runs as: their groups are theirs (needs root)."""
    if not IS_ROOT:
        raise Skipped("only root can run as another user")
    assert said(world, "id -u", "@user=nobody") == said(world, "id -u", "@user=65534") == b"65534\n"
    assert said(world, "id -g", "@group=daemon") == b"1\n"
    assert said(world, "sh -c 'id -u; id -g'", "@user=nobody", "@group=1") == b"65534\n1\n"
    for bad in ("@user=nosuch", "@group=nosuch", "@user=", "@user=4000000000"):
        assert run(world, "true", bad).code == "bad-argument", bad
    private = world.path("private")
    os.mkdir(private, 0o700)
    assert run(world, "true", "@user=nobody", f"@cwd={private}").closing[2:] == ["exec-failed", "cwd", "EACCES"]
    os.rmdir(private)


@case
def as_nobody_else(world):
    """A supervisor without the right to become another user says at which stage it failed (shown as an ordinary user)."""
    if IS_ROOT:
        raise Skipped("root may become everybody")
    assert run(world, "true", "@user=root").closing[2:] == ["exec-failed", "user", "EPERM"]


if __name__ == "__main__":
    main()
