"""How long `Version` takes while other things go on; until SIGTERM. Prints the number, median, p99 and maximum in ms.

    latency.py SOCKET
"""

import signal
import socket
import sys
import time

PAUSE_SECONDS = 0.005


def measure(path):
    took = []

    def report(*_):
        took.sort()
        at = [took[int(len(took) * part)] for part in (0.5, 0.99)] + [took[-1]]
        print(len(took), *[f"{1000 * seconds:.2f}" for seconds in at], flush=True)
        sys.exit(0)

    signal.signal(signal.SIGTERM, report)
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    print("ready", flush=True)
    while True:
        began = time.monotonic()
        connection.sendall(b"Version\n")
        answer = connection.recv(4096)
        took.append(time.monotonic() - began)
        assert answer.startswith(b"Ok,archon,"), answer
        time.sleep(PAUSE_SECONDS)


measure(sys.argv[1])
