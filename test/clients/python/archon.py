"""A client of archond that knows its protocol from the contract's page alone, by Python's own library."""

import csv
import os
import re
import socket
import struct

CLOSING = ("Ok", "Error", "ExitStatus")
ESCAPE = re.compile(rb"\\(?:x([0-9A-Fa-f]{2})|([\\nrt]))")
NAMED = {b"\\": b"\\", b"n": b"\n", b"r": b"\r", b"t": b"\t"}

# No answer of a supervisor in good health takes so long; a case that waits longer has failed.
PATIENCE_SECONDS = 50


def decode(line):
    """The fields of one line as bytes, each read as the page says: CSV first, then escapes, once."""
    assert all(0x20 <= byte <= 0x7E for byte in line), line
    if line == b"":
        return []
    text = line.decode("ascii")
    fields = next(csv.reader([text], strict=True))
    return [ESCAPE.sub(unescape, field.encode("ascii")) for field in fields]


def unescape(match):
    return bytes([int(match[1], 16)]) if match[1] else NAMED[match[2]]


def field(value):
    """A field for a line: any bytes but NUL."""
    data = value if isinstance(value, bytes) else value.encode("utf-8")
    text = ""
    for byte in data:
        text += "\\\\" if byte == 0x5C else chr(byte) if 0x20 <= byte <= 0x7E else "\\x%02x" % byte
    if re.search(r'[",]|^ | $', text):
        text = '"' + text.replace('"', '""') + '"'
    return text


def record(*values):
    return ",".join(field(value) for value in values)


def text_of(data):
    return data.decode("utf-8", "backslashreplace")


class Reply:
    """The records of one reply; all but the last are data."""

    def __init__(self, lines):
        self.lines = lines
        self.records = [[text_of(value) for value in decode(line)] for line in lines]
        self.tag = None
        if self.records[-1][0].startswith("#"):
            self.tag = self.records[-1][0]
            assert all(one[0] == self.tag for one in self.records), lines
            self.records = [one[1:] for one in self.records]
        self.closing = self.records[-1]
        self.data = self.records[:-1]

    @property
    def code(self):
        """The code of an error, or None."""
        return self.closing[2] if self.closing[0] == "Error" else None

    def fields(self):
        """The Field records of Status."""
        return {one[1]: one[2] for one in self.data if one[0] == "Field"}

    def __repr__(self):
        return repr(self.lines)


class Connection:
    """One connection. Used with `with`, it is closed at the end."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(PATIENCE_SECONDS)
        self.socket.connect(path)
        self.received = b""
        self.descriptors = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []

    @property
    def peer(self):
        """Pid, uid and gid of the process that answers."""
        found = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        return struct.unpack("3i", found)

    def send(self, data, descriptors=()):
        """Sends bytes; with descriptors, they ride on a message that begins with these bytes."""
        if isinstance(data, str):
            data = data.encode("latin-1")
        if descriptors:
            sent = socket.send_fds(self.socket, [data], list(descriptors))
            data = data[sent:]
        # Of nothing the kernel would say that the other side has closed, after what it has answered.
        if data:
            self.socket.sendall(data)

    def lines(self, *lines):
        self.send("".join(line + "\n" for line in lines))

    def end(self):
        """No more input, as by shutdown(SHUT_WR)."""
        self.socket.shutdown(socket.SHUT_WR)

    def line(self):
        """The next line, or None at the end."""
        while b"\n" not in self.received:
            data, descriptors, flags, _ = socket.recv_fds(self.socket, 65536, 16)
            assert not flags & socket.MSG_CTRUNC
            self.descriptors += descriptors
            if data == b"":
                assert self.received == b"", "the connection ended in the middle of a line"
                return None
            self.received += data
        line, self.received = self.received.split(b"\n", 1)
        return line

    def reply(self):
        """The next reply; only for what is answered in one piece."""
        lines = []
        while True:
            line = self.line()
            assert line is not None, f"the connection ended before the closing reply: {lines}"
            lines.append(line)
            name = decode(line)
            if text_of(name[1 if name[0].startswith(b"#") else 0]) in CLOSING:
                return Reply(lines)

    def ask(self, line, descriptors=()):
        self.send(line + "\n", descriptors)
        return self.reply()

    def rest(self):
        """All lines to the end of the connection."""
        return list(iter(self.line, None))
