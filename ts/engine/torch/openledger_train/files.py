"""Files that a crash leaves either old or new, and JSON lines."""

import json
import os
import pathlib


def write_atomic(path: pathlib.Path, parts) -> None:
    """Writes bytes, or parts of bytes, to a temporary file, flushes it and renames it."""
    temporary = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            for part in [parts] if isinstance(parts, bytes) else parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def to_json(value) -> str:
    """JSON without spaces. Numbers that JSON has no words for are an error."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def encode_lines(values) -> bytes:
    return "".join(f"{to_json(value)}\n" for value in values).encode()


def read_lines(path: pathlib.Path) -> list:
    """The values of a file of JSON lines, up to the first that a kill left half written."""
    values = []
    for line in path.read_text("utf-8").split("\n") if path.exists() else []:
        try:
            if line != "":
                values.append(json.loads(line))
        except ValueError:
            break
    return values
