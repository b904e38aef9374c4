"""One question to a service, from a new socket. The programs ask.py and prober.py begin with this.

Behind it comes the service's own question.py, with two functions:
  encode_question(number, name, tcp)   gives the bytes to send
  read_answer(query, got, tcp)         gives the text of the answer, or None while it is not whole or of another question;
                                       raises Lost for one of no use; the text comes from `ascii_of`
They need no module that Debian's python3-minimal lacks.
"""

import errno, select, socket, struct, time

began = time.monotonic()
clock = lambda: time.monotonic() - began

def ascii_of(data):
    """Gives untrusted bytes as printable ASCII."""
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in data)

class Lost(Exception):
    """A question got no answer of use; says why in one word."""

class Question:
    """One question on its way. `begin` and `go_on` raise Lost or OSError when it is lost."""

    def __init__(self, number, protocol, due, name):
        self.label = f"{number} {protocol}"
        self.tcp = self.connecting = protocol == "TCP"
        self.query, self.got = encode_question(number, name, self.tcp), b""
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
            self.socket.send(self.query)
            self.connecting = False
            poller.modify(self.socket, select.POLLIN)
            return None
        data = self.socket.recv(65535)
        self.got = self.got + data if self.tcp else data
        text = read_answer(self.query, self.got, self.tcp)
        if text is None and self.tcp and not data:
            raise Lost("closed")
        return text
