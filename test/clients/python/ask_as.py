"""ask_as.py SOCKET UID LINE…: asks as that user, one line after the other, and prints what comes (needs root)."""

import sys

from cases import World

path, uid, *lines = sys.argv[1:]
with World(path, ".").connect_as(int(uid)) as connection:
    connection.lines(*lines)
    connection.end()
    for line in connection.rest():
        print(line.decode("ascii"))
