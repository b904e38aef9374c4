"""One question to a service, from a new socket. The programs ask.py and prober.py begin with this.

Behind it comes the service's own question.py, with these functions:
  encode_question(number, name, tcp)   gives the bytes to send; where there are none, the connection is the answer
  read_answer(name, query, got, tcp)   gives the text of the answer, or None while it is not whole or of another question;
                                       raises Lost for one of no use; the text comes from `ascii_of`
  tls_name(name)                       gives the name of the server, where the service speaks TLS; may be left out
They need no module that Debian's python3-minimal lacks.
"""

import errno, select, socket, struct, time

began = time.monotonic()
clock = lambda: time.monotonic() - began

def ascii_of(data):
    """Gives untrusted bytes as printable ASCII."""
    return "".join(chr(byte) if 32 <= byte < 127 else "?" for byte in data)

def tls_name(name):
    """Gives the name of the server where the service speaks TLS, else None."""
    return None

class Lost(Exception):
    """A question got no answer of use; says why in one word."""

class Question:
    """One question on its way. `begin` and `go_on` raise Lost or OSError when it is lost."""

    # For TLS, all questions have one.
    context = None

    def __init__(self, number, protocol, due, name):
        self.label = f"{number} {protocol}"
        self.tcp = self.connecting = protocol == "TCP"
        self.name, self.query, self.got = name, encode_question(number, name, self.tcp), b""
        # Of its time, what its asker itself was held up.
        self.held = 0.0
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
            error = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if error:
                raise OSError(error, "")
            if not self.query:
                return ""
            if tls_name(self.name):
                self.begin_tls(poller)
            self.socket.send(self.query)
            self.connecting = False
            poller.modify(self.socket, select.POLLIN)
            return None
        data = self.receive()
        self.got = self.got + data if self.tcp else data
        text = read_answer(self.name, self.query, self.got, self.tcp)
        if text is None and self.tcp and not data:
            raise Lost("closed")
        return text

    def begin_tls(self, poller):
        """Shakes hands; raises BlockingIOError as long as that is not done."""
        import ssl
        if not isinstance(self.socket, ssl.SSLSocket):
            if not Question.context:
                Question.context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                # Who answers is the question, and not whom a certificate is for: a self-signed one is as good.
                Question.context.check_hostname, Question.context.verify_mode = False, ssl.CERT_NONE
            self.socket = Question.context.wrap_socket(
                self.socket, server_hostname=tls_name(self.name), do_handshake_on_connect=False
            )
        try:
            self.socket.do_handshake()
        except ssl.SSLWantReadError:
            poller.modify(self.socket, select.POLLIN)
            raise BlockingIOError
        except ssl.SSLWantWriteError:
            poller.modify(self.socket, select.POLLOUT)
            raise BlockingIOError
        except ssl.SSLError:
            raise Lost("tls")

    def receive(self):
        """Gives what has come; raises BlockingIOError where that is nothing."""
        if not tls_name(self.name):
            return self.socket.recv(65535)
        import ssl
        try:
            data = self.socket.recv(65535)
            while self.socket.pending():
                data += self.socket.recv(65535)
            return data
        except ssl.SSLWantReadError:
            raise BlockingIOError
        except ssl.SSLEOFError:
            return b""
