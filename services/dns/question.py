"""DNS questions (RFC 1035), as engine/clients/question.py wants them: for the TXT record of a name, which says who has
answered, or for records of the type behind the name, which do not."""

TXT, IN, RECURSION_DESIRED, TRUNCATED = 16, 1, 0x0100, 0x0200
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "MX": 15, "TXT": 16, "AAAA": 28}
RCODES = {1: "formerr", 2: "servfail", 3: "nxdomain"}

def encode_question(number, name, tcp):
    name, _, kind = name.partition(" ")
    coded = b"".join(bytes([len(label)]) + label for label in name.encode("ascii").split(b"."))
    flags = RECURSION_DESIRED if kind else 0
    message = struct.pack(">6H", number & 0xFFFF, flags, 1, 0, 0, 0) + coded
    message += struct.pack(">B2H", 0, TYPES[kind] if kind else TXT, IN)
    return struct.pack(">H", len(message)) + message if tcp else message

def read_answer(name, query, got, tcp):
    size = int.from_bytes(got[:2], "big") if tcp else len(got)
    data = got[2:] if tcp else got
    identity = query[2:4] if tcp else query[:2]
    # Something else than the answer to this question is no reason to stop waiting for it.
    if len(data) < max(size, 3) or data[:2] != identity or not data[2] & 0x80:
        return None
    return read_text(data, any_record=" " in name)

def skip_name(data, at):
    while 0 < data[at] < 0xC0:
        at += 1 + data[at]
    return at + (2 if data[at] else 1)

def read_text(data, any_record):
    """Gives the first string of the first TXT record, or nothing where there is any; raises Lost where there is none."""
    try:
        flags, questions, answers = struct.unpack_from(">3H", data, 2)
        if flags & 15:
            raise Lost(RCODES.get(flags & 15, f"rcode-{flags & 15}"))
        # More than a datagram takes, clients get over TCP (RFC 2181, 9).
        if any_record and (answers or flags & TRUNCATED):
            return ""
        at = 12
        for _ in range(questions):
            at = skip_name(data, at) + 4
        for _ in range(answers):
            at = skip_name(data, at)
            kind, _, _, size = struct.unpack_from(">2HIH", data, at)
            if kind == TXT:
                return ascii_of(data[at + 11 : at + 11 + data[at + 10]])
            at += 10 + size
    except (IndexError, struct.error):
        raise Lost("garbled")
    raise Lost("empty")
