"""Clients that are one too many (see refused.test.ts: there is room for 768)."""

import resource
import select

from cases import case, main

ROOM = 768
# So many of those who are refused are kept, at most.
KEPT = 16


def refused(connection):
    """Waits until the supervisor has said all that it will say, without reading it."""
    poll = select.poll()
    poll.register(connection.socket, select.POLLRDHUP)
    poll.poll()


def fill(world):
    """As many as there is room for; each has been answered."""
    present = []
    while True:
        connection = world.connect()
        connection.send("Version\n")
        if b",limit" in connection.line():
            connection.close()
            return present
        present.append(connection)


@case
def writing_first(world):
    """A client that is refused and writes before it reads finds the answer, and the end behind it."""
    present = fill(world)
    assert len(present) == ROOM
    for request in ("Version\n", "Run,true\n" * 1000, "Run," + "x" * 1_000_000 + "\n"):
        with world.connect() as connection:
            refused(connection)
            connection.send(request)
            assert [line.endswith(b",limit") for line in connection.rest()] == [True]
            connection.send(request)
    with world.connect() as connection:
        connection.send("Version\n")
        connection.end()
        assert [line.endswith(b",limit") for line in connection.rest()] == [True]
    assert all(connection.ask("Version").closing[0] == "Ok" for connection in present)
    for connection in present:
        connection.close()


@case
def many_refused(world):
    """However many are refused and stay, few of them are kept, and descriptors that they send are closed."""
    present = fill(world)
    sockets = sum(name.startswith("socket:") for name in world.held())
    stubborn = [world.connect() for _ in range(60)]
    for connection in stubborn:
        refused(connection)
    # With the last one all are through, and each but the last few has been hung up on.
    poll = select.poll()
    for connection in stubborn[:-KEPT]:
        poll.register(connection.socket, select.POLLHUP)
    while len([1 for _, event in poll.poll() if event & select.POLLHUP]) < len(stubborn) - KEPT:
        pass
    assert sum(name.startswith("socket:") for name in world.held()) <= sockets + KEPT
    with open("/dev/zero", "rb") as sent:
        stubborn[-1].send("Run,true\n", [sent.fileno()])
        assert present[0].ask("Version").closing[0] == "Ok"
        assert not world.holds(sent.fileno())
    for connection in present + stubborn:
        connection.close()


@case
def patience(world):
    """Who has been refused and does not go is hung up on after a while."""
    present = fill(world)
    with world.connect() as connection:
        refused(connection)
        poll = select.poll()
        poll.register(connection.socket, select.POLLHUP)
        poll.poll()
        assert [line.endswith(b",limit") for line in connection.rest()] == [True]
    for one in present:
        one.close()


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    main()
