"""Records, escapes and words: what a real program gets of what stands on the wire."""

import os

from archon import decode, field, record
from cases import case, main, read_all, script

DUMP = """#!/bin/sh
echo "$0"
cat /proc/$$/cmdline
pwd >&2
exec cat /proc/$$/environ >&2
"""


def is_time(field):
    """Whether a field is a time as replies have them."""
    seconds, point, fraction = bytes(field).partition(b".")
    # The fraction has no zeros at its end, and may be none.
    return seconds.isdigit() and (fraction.isdigit() and len(fraction) <= 9 if point else True)


def dumped(world, line, name):
    """Runs a line whose program is looked up in the case's own folder: its words, environment and folder."""
    program = world.path(name)
    script(program, DUMP, 0o755)
    readers, writers = zip(os.pipe(), os.pipe())
    null = os.open("/dev/null", os.O_RDONLY)
    sent = f"{line},PATH={world.folder}:/usr/bin:/bin"
    try:
        with world.connect() as connection:
            connection.send(sent + "\n", (null, *writers))
            for descriptor in (null, *writers):
                os.close(descriptor)
            output, errors = (read_all(reader) for reader in readers)
            reply = connection.reply()
    finally:
        os.remove(program)
    assert reply.lines == [b"ExitStatus,0"], (sent, reply, errors)
    folder, environment = errors.split(b"\n", 1)
    _, words = output.split(b"\n", 1)
    return words.split(b"\0")[2:-1], environment.split(b"\0"), folder


# The rows of the page's table: what is on the wire, the program, its further words.
ROWS = [
    ("Run,ls -l", "ls", [b"-l"]),
    ('run,"echo ""x, y"""', "echo", [b"x, y"]),
    (r"Run,echo 'a\nb'", "echo", [b"a\nb"]),
    (r"Run,echo a\x20b", "echo", [b"a", b"b"]),
    (r"Run,echo caf\xc3\xa9", "echo", ["café".encode()]),
    (r"Run,echo \xff", "echo", [b"\xff"]),
    (r"Run,grep foo\.bar f", "grep", [b"foo.bar", b"f"]),
    (r"Run,grep 'foo\.bar' f", "grep", [rb"foo\.bar", b"f"]),
    (r"Run,echo a\\\\b", "echo", [rb"a\b"]),
    ("Run,echo $HOME * ; true", "echo", [b"$HOME", b"*", b";", b"true"]),
]


@case
def rows(world):
    """Each row of the page's table of examples reaches a real program, byte for byte."""
    for line, program, words in ROWS:
        found = dumped(world, line, program)[0]
        assert found == words, (line, found, words)


@case
def settings_rows(world):
    """Settings of that table are in the environment, and the folder is the one of @cwd."""
    environment = dumped(world, "Run,ls -l,FOO=1", "ls")[1]
    assert b"FOO=1" in environment
    words, environment, folder = dumped(world, "Run,true,A=x=y,B=,@cwd=/tmp", "true")
    assert (words, folder) == ([], b"/tmp")
    assert b"A=x=y" in environment and b"B=" in environment


@case
def quote_inside(world):
    """A quote inside an unquoted field is syntax, and the hint shows how to write it."""
    reply = world.ask('Run,echo "hi"')
    assert reply.code == "syntax"
    assert '"echo ""hi"""' in reply.closing[1], reply


@case
def glob_row(world):
    """Stop,"{web,db}*" stops every label that begins with web or db."""
    for label in ("web", "web-2", "db/main", "cache"):
        assert world.ask(f"StartDaemon,sleep 1000,@label={label}").closing[:2] == ["Ok", label]
    stopped = world.ask('Stop,"{web,db}*"')
    assert sorted(stopped.lines[:-1]) == [b"Done,db/main,stopped", b"Done,web,stopped", b"Done,web-2,stopped"]
    assert stopped.lines[-1] == b"Ok,3"
    assert world.ask("List,cache").data[0][2] == "running"
    assert world.ask("Stop,*").lines[-1] in (b"Ok,4", b"Ok,1")
    assert world.ask("Forget,*").closing == ["Ok", "4"]


@case
def tagged_row(world):
    """#a,Run,true is answered by #a,ExitStatus,0."""
    assert world.ask("#a,Run,true").lines == [b"#a,ExitStatus,0"]


@case
def every_byte(world):
    """Every byte but NUL reaches the program in words and settings, and comes back in a Line of its log."""
    odd = bytes(byte for byte in range(1, 256) if byte != 0x0A)
    line = record("Run", b"printf %s '" + odd.replace(b"'", b"'\\''") + b"'", b"ODD=" + odd)
    words, environment, _ = dumped(world, line, "printf")
    assert words == [b"%s", odd]
    assert b"ODD=" + odd in environment
    with world.connect() as connection:
        assert connection.ask(f"{line},@label=odd,@keep=1").lines == [b"ExitStatus,0"]
        connection.lines("Log,odd")
        fields = decode(connection.line())
        assert fields[0] == b"Line" and fields[2:] == [odd] and is_time(fields[1]), fields
        assert connection.line() == b"Ok,1"
        assert connection.ask("Forget,odd").closing == ["Ok", "1"]


@case
def encoders(world):
    """Replies quote fields with a comma, a quote or a blank at an end, and write other bytes as \\xHH."""
    text = b" begins, \"quoted\" \\ \xff\tends "
    assert world.ask(record("Run", b"printf %s '" + text + b"'") + ",@label=e,@keep=1").lines == [b"ExitStatus,0"]
    with world.connect() as connection:
        connection.lines("Log,e")
        name, time, text = connection.line().split(b",", 2)
        assert name == b"Line" and is_time(time)
        assert text == b'" begins, ""quoted"" \\\\ \\xff\\x09ends "'
        assert connection.line() == b"Ok,1"
    assert world.ask("Forget,e").closing == ["Ok", "1"]


@case
def line_ends(world):
    """One CR before the line feed is dropped, a second one is a byte outside 0x20 to 0x7E."""
    with world.connect() as connection:
        connection.send("Version\r\nVersion\r\r\nVersion\n")
        assert [connection.reply().closing[0] for _ in range(3)] == ["Ok", "Error", "Ok"]


@case
def verbs_in_any_case(world):
    """Verbs are matched without regard to case."""
    for verb in ("version", "VERSION", "vErSiOn"):
        assert world.ask(verb).closing[:2] == ["Ok", "archon"]


@case
def faults_of_lines(world):
    """Empty lines, foreign bytes and bad quoting are syntax; a NUL by escape is bad-argument; the next line counts."""
    faults = {
        b"": "syntax",
        b"\r": "syntax",
        b"Run,\x01": "syntax",
        b"Run,caf\xc3\xa9": "syntax",
        b"Run,\x00": "syntax",
        b"Run,\x7f": "syntax",
        b'Run,"true': "syntax",
        b'Run,"true"x': "syntax",
        b'Run,tr"ue': "syntax",
        b'"Run': "syntax",
        rb"Run,\x00": "bad-argument",
        rb"Run,true,A=\x00": "bad-argument",
    }
    for line, code in faults.items():
        with world.connect() as connection:
            connection.send(line + b"\nVersion\n")
            assert connection.reply().code == code, line
            assert connection.reply().closing[0] == "Ok", line
            connection.send(b"#t-1," + (line.strip() or b'"') + b"\n#t-2,Version\n")
            reply = connection.reply()
            assert (reply.tag, reply.code) == ("#t-1", code), (line, reply)
            assert connection.reply().tag == "#t-2"


@case
def escapes_undone_once(world):
    """Escapes are undone once; any other backslash pair stays as it is."""
    with world.connect() as connection:
        line = "Run,printf %s '" + r"\q \. \x4 \\x41 \\\x41 \t \r \x2c" + "',@label=esc,@keep=1"
        assert connection.ask(line).closing == ["ExitStatus", "0"]
        connection.lines("Log,esc")
        assert decode(connection.line())[2] == b"\\q \\. \\x4 \\x41 \\A \t \r ,"
        assert connection.line() == b"Ok,1"
        assert connection.ask("Forget,esc").closing == ["Ok", "1"]


@case
def words_are_posix(world):
    """The words of a command are split by POSIX quoting and nothing else."""
    command = "printf  'a b'\"c\\\"d\\$e\\f\"\\ g '' \"\" h\\\\i ~ #x {a,b} $(id) `id` a|b >c"
    expected = [b'a bc"d$e\\f g', b"", b"", b"h\\i", b"~", b"#x", b"{a,b}", b"$(id)", b"`id`", b"a|b", b">c"]
    found = dumped(world, record("Run", command), "printf")[0]
    assert found == expected, found
    for bad in ("", " ", "'a", 'a "b', "\t"):
        reply = world.ask("Run," + field(bad))
        assert reply.code == "bad-argument", (bad, reply)


if __name__ == "__main__":
    main()
