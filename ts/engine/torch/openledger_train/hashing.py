"""Keccak-256 as the protocol writes it."""

import numpy as np
from Crypto.Hash import keccak as _keccak

CHUNK = 1 << 24


class Keccak:
    """A hash of bytes that come in parts."""

    def __init__(self):
        self._state = _keccak.new(digest_bits=256)

    def update(self, part):
        """Takes bytes, or an array whose bytes are taken as they lie in memory."""
        view = memoryview(part).cast("B") if not isinstance(part, bytes) else part
        for start in range(0, len(view), CHUNK):
            self._state.update(view[start : start + CHUNK])
        return self

    def hex(self):
        return "0x" + self._state.hexdigest()


def keccak(*parts):
    """Keccak-256 of the parts joined, as a 0x string."""
    state = Keccak()
    for part in parts:
        state.update(part)
    return state.hex()


def hash_floats(values: np.ndarray) -> str:
    """Keccak-256 of float32 values, little-endian."""
    return keccak(np.ascontiguousarray(values, dtype="<f4"))


def uint(value: int, size: int) -> bytes:
    """An unsigned integer of `size` bytes, big-endian; out of range is an error."""
    return value.to_bytes(size, "big")


def utf8(text: str) -> bytes:
    """UTF-8, with U+FFFD for half of a surrogate pair, as TextEncoder has it."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
