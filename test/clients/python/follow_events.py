"""A subscriber as anybody would write one: it keeps each event of a journal in a file, and goes on from the last one there.

    follow_events.py SOCKET FILE JOURNAL

It may be killed at any instant: a last line without its end is cut off at the next start. It ends when the
supervisor hangs up, and says on standard error why where it is refused.
"""

import os
import socket
import sys


def last_number(path):
    """Cuts a torn line; returns the number of the last event in the file, 0 where there is none."""
    with open(path, "ab+") as file:
        size = file.seek(0, os.SEEK_END)
        at = max(0, size - 65536)
        file.seek(at)
        tail = file.read()
        whole = tail[: tail.rfind(b"\n") + 1]
        file.truncate(at + len(whole))
    return int(whole.splitlines()[-1].split(b",")[1]) if whole else 0


def follow(path, events_path, journal):
    position = f"{journal}:{last_number(events_path)}"
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    connection.sendall(f"Subscribe,@after={position}\n".encode("ascii"))
    rest = b""
    with open(events_path, "ab", buffering=0) as events:
        while True:
            got = connection.recv(65536)
            if got == b"":
                return
            *lines, rest = (rest + got).split(b"\n")
            for line in lines:
                if line.startswith(b"Error,"):
                    sys.exit(line.decode("ascii"))
            told = [line + b"\n" for line in lines if line.startswith(b"Event,")]
            if told:
                events.write(b"".join(told))


try:
    follow(*sys.argv[1:])
except ConnectionError:
    pass
