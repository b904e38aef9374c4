"""One question to a DNS service, from a new socket. Programs begin with this: prober.py and ask.py.

It needs no module that Debian's python3-minimal lacks.
"""

import errno, select, socket, struct, time

TXT, IN = 16, 1
RCODES = {1: "formerr", 2: "servfail", 3: "nxdomain"}

began = time.monotonic()
clock = lambda: time.monotonic() - began

class Lost(Exception):
    """A question got no answer of use; says why in one word."""

def encode_query(number, name):
    coded = b"".join(bytes([len(label)]) + label for label in name.encode("ascii").split(b"."))
    return struct.pack(">6H", number & 0xFFFF, 0, 1, 0, 0, 0) + coded + struct.pack(">B2H", 0, TXT, IN)

def skip_name(data, at):
    while 0 < data[at] < 0xC0:
        at += 1 + data[at]
    return at + (2 if data[at] else 1)

def read_answer(data):
    """Gives the first string of the first TXT record; raises Lost where there is none."""
    try:
        flags, questions, answers = struct.unpack_from(">3H", data, 2)
        if flags & 15:
            raise Lost(RCODES.get(flags & 15, f"rcode-{flags & 15}"))
        at = 12
        for _ in range(questions):
            at = skip_name(data, at) + 4
        for _ in range(answers):
            at = skip_name(data, at)
            kind, _, _, size = struct.unpack_from(">2HIH", data, at)
            if kind == TXT:
                text = data[at + 11 : at + 11 + data[at + 10]]
                return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in text)
            at += 10 + size
    except (IndexError, struct.error):
        raise Lost("garbled")
    raise Lost("empty")

class Question:
    """One question on its way. `begin` and `go_on` raise Lost or OSError when it is lost."""

    def __init__(self, number, protocol, due, name):
        self.label = f"{number} {protocol}"
        self.tcp = self.connecting = protocol == "TCP"
        self.query, self.got = encode_query(number, name), b""
        self.due, self.sent = due, clock()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM if self.tcp else socket.SOCK_DGRAM)
        self.socket.setblocking(False)

    def begin(self, server):
        # Connected, so that UDP too hears of a port that refuses, and takes answers from the server alone.
        error = self.socket.connect_ex(server)
        if error not in (0, errno.EINPROGRESS):
            raise OSError(error, "")
        if not self.tcp:
            self.socket.send(self.query)

    def go_on(self, poller):
        """Does what the socket is ready for; gives the text of the answer when it is here, else None."""
        if self.connecting:
            # Where there is no connection, this says why.
            self.socket.send(struct.pack(">H", len(self.query)) + self.query)
            self.connecting = False
            poller.modify(self.socket, select.POLLIN)
            return None
        data = self.socket.recv(65535)
        if self.tcp:
            if not data:
                raise Lost("closed")
            self.got += data
            data = self.got[2:]
            if len(data) < int.from_bytes(self.got[:2], "big"):
                return None
        # Something else than the answer to this question is no reason to stop waiting for it.
        if data[:2] != self.query[:2] or len(data) < 3 or not data[2] & 0x80:
            return None
        return read_answer(data)
