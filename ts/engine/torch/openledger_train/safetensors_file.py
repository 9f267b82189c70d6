"""Safetensors files with the bytes that ts/engine/src/safetensors writes."""

import json
import pathlib

import numpy as np

from .files import to_json, write_atomic
from .hashing import Keccak

PART = 1 << 24


def write_safetensors(path: pathlib.Path, tensors: list, metadata: dict) -> str:
    """Writes `(name, float32 array)` pairs in their order. Returns the keccak-256 of the file."""
    header, offset = {"__metadata__": metadata}, 0
    for name, data in tensors:
        end = offset + 4 * data.size
        header[name] = {"dtype": "F32", "shape": list(data.shape), "data_offsets": [offset, end]}
        offset = end
    text = to_json(header).encode()
    padded = -(-len(text) // 8) * 8
    state = Keccak()

    def parts():
        yield padded.to_bytes(8, "little") + text.ljust(padded)
        for _, data in tensors:
            view = memoryview(np.ascontiguousarray(data, dtype="<f4")).cast("B")
            for start in range(0, len(view), PART):
                yield bytes(view[start : start + PART])

    def hashed():
        for part in parts():
            state.update(part)
            yield part

    write_atomic(path, hashed())
    return state.hex()


def read_safetensors(path: pathlib.Path) -> tuple:
    """The float32 arrays of a file by name, and its metadata."""
    with open(path, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        start = file.tell()
        metadata = header.pop("__metadata__", {})
        tensors = {}
        for name, place in header.items():
            file.seek(start + place["data_offsets"][0])
            count = (place["data_offsets"][1] - place["data_offsets"][0]) // 4
            values = np.fromfile(file, dtype="<f4", count=count)
            if place["dtype"] != "F32" or values.size != count:
                raise ValueError(f"{path} was cut short, or is not in float32.")
            tensors[name] = values.reshape(place["shape"])
        return tensors, metadata
