"""Manifest and rows of a run's folder."""

import json
import pathlib
from dataclasses import dataclass

import numpy as np
import rfc8785

from .hashing import keccak, uint, utf8

LINEARS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class Run:
    """What a run is: its manifest, the hash of it, and the rows."""

    manifest: dict
    run_id: str
    rows: list
    #: Per step: the learning rate as float32, and Adam's two bias corrections as float64.
    learning_rates: np.ndarray
    bias_corrections: np.ndarray

    @property
    def lora(self):
        return self.manifest.get("lora")

    @property
    def steps(self) -> int:
        return self.manifest["steps"]

    @property
    def longest(self) -> int:
        return self.manifest["batches"]["lengths"][-1]


def read_run(folder: pathlib.Path) -> Run:
    """Reads `manifest.json` and `rows.jsonl`, and refuses what this program cannot carry out."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    text = (folder / "rows.jsonl").read_text("utf-8")
    # Not splitlines: a row may hold other characters that end a line in Unicode.
    rows = [json.loads(line) for line in text.split("\n") if line != ""]
    _check(manifest, rows)
    tables = {name: bytes.fromhex(manifest[name][2:]) for name in ("learningRates", "biasCorrections")}
    rates = np.frombuffer(tables["learningRates"], dtype=">f4")
    corrections = np.frombuffer(tables["biasCorrections"], dtype=">f8").reshape(-1, 2)
    if len(rates) != manifest["steps"] or len(corrections) != manifest["steps"]:
        raise ValueError("The manifest does not have a learning rate and two bias corrections for each step.")
    return Run(manifest, keccak(rfc8785.dumps(manifest)), rows, rates, corrections)


def hash_rows(rows: list) -> str:
    """Hash of the rows: per row asset5 ‖ row4 ‖ length4 ‖ text, in order."""
    parts = []
    for row in rows:
        text = utf8(row["text"])
        parts += [uint(row["asset"], 5), uint(row["row"], 4), uint(len(text), 4), text]
    return keccak(b"".join(parts))


def _check(manifest: dict, rows: list) -> None:
    if manifest.get("type") != "training-run" or manifest.get("version") != 2:
        raise ValueError("manifest.json is not the manifest of a training run of version 2.")
    profile = manifest["runtime"]["profile"]
    if profile != "native":
        raise ValueError(
            f"The run's profile is {profile}: it must give the same bits on every machine, which torch does not. "
            "Start it with --profile native, or carry it out with the embedded engine."
        )
    mode, lora = manifest["mode"], manifest.get("lora")
    if mode not in ("lora", "full") or (mode == "lora") != (lora is not None):
        raise ValueError("The manifest's mode and its LoRA settings do not go together.")
    if lora is not None and lora["targets"] != [name for name in LINEARS if name in lora["targets"]]:
        raise ValueError(f"The manifest's targets must be in the order of {', '.join(LINEARS)}.")
    if mode == "full" and manifest["base"]["quantization"] != "none":
        raise ValueError("Quantised weights cannot be trained.")
    if hash_rows(rows) != manifest["data"]["rowsHash"]:
        raise ValueError("The rows are not those of the manifest. Copy the run's folder whole.")
