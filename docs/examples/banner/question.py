"""The question is a line with its name, the answer the first line that comes back."""

def encode_question(number, name, tcp):
    return name.encode("ascii") + b"\n"

def read_answer(name, query, got, tcp):
    line, end, _ = got.partition(b"\n")
    return ascii_of(line) if end else None
