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
    head, end, _ = got.partition(b"\r\n\r\n")
    if not end:
        if len(got) > LONGEST_HEAD:
            raise Lost("garbled")
        return None
    status, *lines = head.decode("latin-1").split("\r\n")
    version, _, code = status.partition(" ")
    if not version.startswith("HTTP/1.") or not code[:3].isdigit():
        raise Lost("garbled")
    if code[:3] != "200":
        raise Lost("http-" + code[:3])
    wanted = parts_of(name)[3].lower() + ":"
    for line in lines:
        if line.lower().startswith(wanted):
            return ascii_of(line[len(wanted) :].strip().encode("latin-1"))
    raise Lost("empty")
