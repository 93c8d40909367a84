"""MonitorFD and MonitorPid of processes that the supervisor did not start."""

import contextlib
import ctypes
import os
import platform
import re
import resource
import select
import signal
import socket
import subprocess
import threading

from cases import IS_ROOT, Skipped, case, main

LIBC = ctypes.CDLL(None, use_errno=True)
SYS_PIDFD_OPEN = 434
PIDFD_THREAD = os.O_EXCL
NOBODY = 65534

# From Linux 6.15 on whoever holds a pidfd is told how the process ended; before, only the zombie shows it.
KERNEL = tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])
TELLS_ENDS = KERNEL >= (6, 15)


def name_of(pid):
    with open(f"/proc/{pid}/comm") as comm:
        return comm.read()


@contextlib.contextmanager
def process(*words, **options):
    """A process of this client's own, not the supervisor's: it and its descriptor."""
    child = subprocess.Popen(words, stdin=subprocess.PIPE, **options)
    pidfd = os.pidfd_open(child.pid)
    # The parent may see that exec has succeeded before the kernel has given the process its new name.
    while name_of(child.pid) == name_of(os.getpid()):
        pass
    try:
        yield child, pidfd
    finally:
        child.kill()
        child.wait()
        child.stdin.close()
        os.close(pidfd)


def shell(script, **options):
    """A shell that waits for its input to end before it does what it is told."""
    return process("sh", "-c", f"read x; {script}", **options)


def number_of(name):
    """The number of SIGTERM, SIGRTMIN+1."""
    base, _, more = name.partition("+")
    return getattr(signal, base) + int(more or 0)


def watch(world, pidfd, label="m"):
    reply = world.ask(f"MonitorFD,@label={label}", [pidfd])
    assert reply.closing[:2] == ["Ok", label], reply
    return reply.closing[2]


def ended(world, label="m"):
    """How the supervisor says that the process ended: by Wait, by Status, and by its event, which agree."""
    with world.connect() as connection:
        waited = connection.ask(f"Wait,{label}")
        fields = connection.ask(f"Status,{label}").fields()
        exits = [one for one in connection.ask(f"Events,{label},@kind=exited,@last=1").data]
        assert connection.ask(f"List,{label}").data[0][8] != ""
    assert fields["state"] in ("failed", "finished"), fields
    assert "pid" not in fields, fields
    details = dict(text.split("=", 1) for text in exits[-1][5:])
    if waited.closing[0] == "ExitStatus":
        status = int(waited.closing[1])
        if "signal" in details:
            number = number_of(details["signal"])
            assert status == 128 + number and fields["exit-signal"] == details["signal"], (waited, fields, details)
            assert fields.get("exit-core", "0") == details.get("core", "0")
            return ("signal", number, details.get("core", "0") == "1")
        assert details["code"] == fields["exit-code"] == str(status), (waited, fields, details)
        return ("code", status)
    assert waited.code == "unknown" and details["unknown"] == "1" and fields["exit-reason"] == "unknown"
    return "unknown"


def check_end(world, expected):
    found = ended(world)
    assert found == expected or (found == "unknown" and not TELLS_ENDS), (found, expected)
    assert world.ask("Forget,m").closing == ["Ok", "1"]


@case
def codes(world):
    """The exit code of a process that is no child of the supervisor is told, reaped before or after."""
    for code in (0, 1, 7, 255):
        with shell(f"exit {code}") as (child, pidfd):
            assert watch(world, pidfd) == str(child.pid)
            assert world.ask("Status,m").fields()["pid"] == str(child.pid)
            child.stdin.close()
            select.select([pidfd], [], [])
            child.wait()
            check_end(world, ("code", code))


@case
def signals(world):
    """The signal of which it died is told, and whether it left a core dump."""
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT, signal.SIGRTMIN + 1):
        for limit in (0, resource.RLIM_INFINITY):
            hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
            soft = hard if limit and hard != resource.RLIM_INFINITY else limit
            with shell(
                f"ulimit -S -c {soft if soft >= 0 else 'unlimited'}; kill -{int(number)} $$", cwd=world.folder
            ) as (child, pidfd):
                watch(world, pidfd)
                child.stdin.close()
                _, status = os.waitpid(child.pid, 0)
                child.returncode = -number
                check_end(world, ("signal", os.WTERMSIG(status), os.WCOREDUMP(status)))


@case
def zombies(world):
    """A descriptor that is sent after the end, before its parent has asked, tells the end, and so does one sent later."""
    with shell("exit 9") as (child, pidfd):
        child.stdin.close()
        select.select([pidfd], [], [])
        pid = watch(world, pidfd)
        assert pid in (str(child.pid), ""), pid
        child.wait()
        check_end(world, ("code", 9))
        assert watch(world, pidfd) == ""
        assert "pid" not in world.ask("Status,m").fields()
        assert world.ask("List,m").data[0][3] == ""
        check_end(world, ("code", 9))


@case
def own_label(world):
    """Without @label it is watched by its own name, what no label may have made _, and -2 added where that is taken."""
    script = "printf 'a b,c' > /proc/self/comm; echo named; read x"
    with process("sh", "-c", "read x; :", stdout=subprocess.PIPE) as (_, plain):
        assert world.ask("MonitorFD", [plain]).lines == [b"Ok"]
        assert world.ask("MonitorFD", [plain]).lines == [b"Ok"]
        third = world.ask("MonitorFD,@label=", [plain])
        assert third.closing[:2] == ["Ok", "sh-3"], third
        assert sorted(one[1] for one in world.ask("List").data) == ["sh", "sh-2", "sh-3"]
        assert world.ask("Forget,sh*").closing == ["Ok", "3"]
    for name, label in (("a b,c", "a_b_c"), ("kworker/0:1", "kworker/0:1"), ("-x/", "_x/_")):
        script = f"import sys; open('/proc/self/comm', 'w').write({name!r}); print(flush=True); sys.stdin.read()"
        with process("env", "python3", "-c", script, stdout=subprocess.PIPE) as (child, pidfd):
            child.stdout.readline()
            child.stdout.close()
            reply = world.ask("MonitorFD,@label=", [pidfd])
            assert reply.closing == ["Ok", label, str(child.pid)], reply
            assert world.ask(f"Forget,{label}").closing == ["Ok", "1"]


@case
def threads(world):
    """The descriptor of a thread is no process descriptor: bad-argument, and said so."""
    go_on = threading.Event()
    numbers = []
    known = threading.Event()

    def body():
        numbers.append(threading.get_native_id())
        known.set()
        go_on.wait()

    thread = threading.Thread(target=body)
    thread.start()
    known.wait()
    try:
        for number in (os.getpid(), numbers[0]):
            descriptor = LIBC.syscall(SYS_PIDFD_OPEN, number, PIDFD_THREAD)
            if descriptor < 0:
                raise Skipped("descriptors of threads need Linux 6.9")
            reply = world.ask("MonitorFD", [descriptor])
            os.close(descriptor)
            assert reply.code == "bad-argument" and "thread" in reply.closing[1], reply
        reply = world.ask(f"MonitorPid,{numbers[0]}")
        assert reply.code == "bad-argument" and "thread" in reply.closing[1], reply
    finally:
        go_on.set()
        thread.join()


@case
def wrong_kinds(world):
    """What is no process descriptor is refused with a sentence, whatever it is, and closed."""
    reader, writer = os.pipe()
    left, right = socket.socketpair()
    internet = socket.socket()
    paths = [os.open(name, os.O_PATH) for name in ("/etc/passwd", "/tmp", f"/proc/{os.getpid()}")]
    wrong = {
        "pipe": [reader, writer],
        "file": [os.open("/etc/passwd", os.O_RDONLY), os.memfd_create("x")],
        "folder": [os.open("/tmp", os.O_RDONLY), os.open(f"/proc/{os.getpid()}", os.O_RDONLY)],
        "socket": [left.fileno(), internet.fileno()],
        "epoll": [select.epoll()],
        "eventfd": [LIBC.eventfd(0, 0)],
        "timer": [LIBC.timerfd_create(1, 0)],
        "inotify": [LIBC.inotify_init()],
        "device": [os.open("/dev/null", os.O_RDWR)],
        "O_PATH": paths,
    }
    for kind, descriptors in wrong.items():
        for given in descriptors:
            number = given if isinstance(given, int) else given.fileno()
            reply = world.ask("MonitorFD,@label=m", [number])
            assert reply.code == "bad-argument" and "process" in reply.closing[1], (kind, reply)
            assert world.ask("List,m").code == "not-found", kind
            if isinstance(given, int) and given not in (left.fileno(), internet.fileno()):
                os.close(given)
    for one in (left, right, internet):
        one.close()
    wrong["epoll"][0].close()


@case
def wrong_numbers(world):
    """None, two, and the same process twice are refused; MonitorFD takes exactly one."""
    assert world.ask("MonitorFD").code == "bad-argument"
    with process("cat") as (_, pidfd):
        assert world.ask("MonitorFD,@label=m", [pidfd, pidfd]).code == "bad-argument"
        assert world.ask("List,m").code == "not-found"
        assert world.ask("MonitorFD,x", [pidfd]).code == "bad-argument"
        assert world.ask("MonitorFD,@cwd=/", [pidfd]).code == "bad-argument"


@case
def never_owned(world):
    """What is watched cannot be stopped or started, can be signalled, and lives on when the watch ends."""
    with process("cat") as (child, pidfd):
        watch(world, pidfd)
        assert world.ask("Status,m").fields()["origin"] == "watched"
        for line in ("Stop,m", "Stop,m,@force=1", "StopDaemon,m", "Start,m", "Restart,m"):
            assert world.ask(line).code == "unsupported", line
        assert world.ask("Stop,*").closing == ["Ok", "0"]
        for scope in ("group", "tree"):
            assert world.ask(f"Signal,CONT,m,@scope={scope}").code == "unsupported", scope
        assert world.ask("Forget,m").closing == ["Ok", "1"]
        assert child.poll() is None
        watch(world, pidfd)
        assert world.ask("MonitorFD,@label=m", [pidfd]).code == "busy"
        assert world.ask("Run,true,@label=m").code == "busy"
        assert world.ask("Signal,TERM,m").closing == ["Ok", "1"]
        child.wait()
        check_end(world, ("signal", signal.SIGTERM, False))


@case
def by_number(world):
    """MonitorPid watches by number; one that nobody has is not-found."""
    with shell("exit 3") as (child, _):
        assert world.ask(f"MonitorPid,{child.pid},@label=m").closing == ["Ok", "m", str(child.pid)]
        child.stdin.close()
        child.wait()
        check_end(world, ("code", 3))
        assert world.ask(f"MonitorPid,{child.pid}").code == "not-found"
    for bad in ("0", "-1", "x", "", "99999999999"):
        assert world.ask(f"MonitorPid,{bad}").code == "bad-argument", bad


@case
def in_the_tree(world):
    """Tree shows the process that is watched, as long as it is there."""
    with process("sleep", "1000") as (child, pidfd):
        watch(world, pidfd)
        [shown] = world.ask("Tree,m").data
        assert shown[:6] == ["Process", "0", str(child.pid), str(os.getpid()), "m", shown[5]], shown
        assert shown[6] == "sleep 1000"
        child.kill()
        child.wait()
        ended(world)
        assert world.ask("Tree,m").lines == [b"Ok,0"]
    assert world.ask("Forget,m").closing == ["Ok", "1"]


@case
def keeper(world):
    """The keeper can be watched, and the watch forgotten."""
    descriptor = os.pidfd_open(world.keeper)
    assert watch(world, descriptor) == str(world.keeper)
    assert world.ask("Forget,m").closing == ["Ok", "1"]
    os.close(descriptor)


@case
def supervisor_itself(world):
    """archond watches even itself: when it is killed its successor tells of what it died."""
    descriptor = os.pidfd_open(world.archond)
    assert watch(world, descriptor) == str(world.archond)
    os.kill(world.archond, signal.SIGKILL)
    select.select([descriptor], [], [])
    world.again()
    check_end(world, ("signal", signal.SIGKILL, False))
    os.close(descriptor)


@case
def over_a_death(world):
    """A watch outlives archond, and what ended while it was away is told as it was."""
    with shell("exit 5") as (child, pidfd), process("cat") as (other, other_fd):
        watch(world, pidfd)
        watch(world, other_fd, "other")
        os.kill(world.archond, signal.SIGKILL)
        child.stdin.close()
        child.wait()
        world.again()
        check_end(world, ("code", 5))
        assert world.ask("Status,other").fields()["pid"] == str(other.pid)
        assert world.ask("Forget,other").closing == ["Ok", "1"]


@case
def other_user(world):
    """The process of another user is watched as any (needs root)."""
    if not IS_ROOT:
        raise Skipped("only root can start a process as another user")
    with shell("exit 4", user=NOBODY, group=NOBODY, extra_groups=[]) as (child, pidfd):
        watch(world, pidfd)
        child.stdin.close()
        child.wait()
        check_end(world, ("code", 4))


@case
def beyond_the_right(world):
    """A process that may not be signalled can be watched (shown as an ordinary user)."""
    if IS_ROOT:
        raise Skipped("root may signal everything")
    descriptor = os.pidfd_open(1)
    watch(world, descriptor)
    reply = world.ask("Signal,CONT,m")
    assert reply.code == "failed" and "EPERM" in reply.closing[1], reply
    assert world.ask("Forget,m").closing == ["Ok", "1"]
    os.close(descriptor)


if __name__ == "__main__":
    main()
