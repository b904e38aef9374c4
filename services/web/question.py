"""Requests over HTTP (RFC 9112), a connection each. A question is a URL; behind its # is the header that says who answered."""

LONGEST_HEAD = 65536

def parts_of(name):
    """Gives scheme, host, path with query, and header."""
    url, _, header = name.partition("#")
    scheme, _, rest = url.partition("://")
    host, _, path = rest.partition("/")
    return scheme, host, "/" + path, header

def tls_name(name):
    scheme, host, _, _ = parts_of(name)
    return host if scheme == "https" else None

def encode_question(number, name, tcp):
    _, host, path, _ = parts_of(name)
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("latin-1")

def read_answer(name, query, got, tcp):
    # Some servers end their lines without a carriage return, as clients bear it (RFC 9112, 2.2).
    head, end, rest = got.replace(b"\r\n", b"\n").partition(b"\n\n")
    if not end:
        if len(got) > LONGEST_HEAD:
            raise Lost("garbled")
        return None
    status, *lines = head.decode("latin-1").split("\n")
    version, _, words = status.partition(" ")
    code = words.partition(" ")[0]
    if not version.startswith("HTTP/1.") or len(code) != 3 or not code.isdigit():
        raise Lost("garbled")
    # What is told on the way to an answer is none (RFC 9110, 15.2).
    if code[0] == "1" and code != "101":
        return read_answer(name, query, rest, tcp)
    if code != "200":
        raise Lost("http-" + code)
    wanted = parts_of(name)[3].lower() + ":"
    values = [line[len(wanted) :].rpartition(",")[2] for line in lines if line.lower().startswith(wanted)]
    if not values:
        raise Lost("empty")
    # Who passes an answer on puts itself behind those before it: clients are answered by the last.
    return ascii_of(values[-1].strip().encode("latin-1"))
