"""Asks a service questions one after the other, each once, and says what came back.

Arguments: ADDRESS PORT, then PROTOCOL NAME for each question; UDP or TCP. It begins with the
service's question.py and, like that, needs no module that Debian's python3-minimal lacks. It prints
  source ADDRESS    first: from where it asks; without an address where there is no way to the service
  answer TEXT       for each question that is answered
  lost              for each that is not
"""

import select, socket, sys

# Seconds to wait for an answer.
PATIENCE = 2.0

def find_source(server):
    """Gives the address from which the server is asked; sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(server)
        except OSError:
            return ""
        return probe.getsockname()[0]

def ask(question, server):
    """Gives the text of the answer; raises Lost or OSError where there is none."""
    poller = select.poll()
    poller.register(question.socket, select.POLLOUT if question.tcp else select.POLLIN)
    question.begin(server)
    while True:
        left = question.sent + PATIENCE - clock()
        if left <= 0 or not poller.poll(1000 * left):
            raise Lost("timeout")
        try:
            text = question.go_on(poller)
        except BlockingIOError:
            continue
        if text is not None:
            return text

_, address, port, *words = sys.argv
server = (address, int(port))
print("source", find_source(server))
# All sockets stay open until the end, so that no two questions come from the same port.
asked = []
for protocol, name in zip(words[::2], words[1::2]):
    asked.append(Question(len(asked), protocol, clock(), name))
    try:
        print("answer", ask(asked[-1], server))
    except (Lost, OSError):
        print("lost")
