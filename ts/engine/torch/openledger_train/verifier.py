"""Executes steps of a run again from its checkpoints, as ts/engine/src/training/verify.ts does."""

import pathlib
import secrets
import struct

import torch

from .checkpoint import STEPS, WorkFolder
from .files import read_lines
from .manifest import read_run
from .stepper import Settings, Stepper

#: How far a run may be from its repetition on other hardware: relative, for losses and for the weights' distance.
TOLERANCE = 1e-4


def verify_run(folder: pathlib.Path, base: pathlib.Path, settings: Settings, count: int, drawn: bool):
    """Yields what came of each step that was repeated."""
    run = read_run(folder)
    work = WorkFolder(folder / "run", run.run_id, settings.compute)
    records = read_lines(folder / "run" / STEPS)
    if not records:
        raise ValueError("The run has no checkpoint yet, so there is nothing to verify.")
    stepper = Stepper(run, base, settings)
    beginning = {name: vector.clone() for name, vector in stepper.state.vectors().items()}
    saved = work.steps()
    for step in _choose(len(records), min(count, len(records)), drawn):
        before = max((one for one in saved if one < step), default=0)
        after = min((one for one in saved if one >= step), default=None)
        stepper.restore(work.load(before) if before else {name: one.clone() for name, one in beginning.items()})
        for one in range(before + 1, step + 1):
            found = stepper.run(one).record
        for one in range(step + 1, (after or 0) + 1):
            stepper.run(one)
        yield _compare(records[step - 1], found, work.load(after) if after else None, stepper)


def _compare(record: dict, found: dict, saved, stepper: Stepper) -> dict:
    claimed, own = (struct.unpack(">f", struct.pack(">I", one["lossBits"]))[0] for one in (record, found))
    loss_error = abs(claimed - own) / max(1e-3, abs(own))
    result = {"step": record["step"], "sameBits": record == found, "lossError": loss_error}
    if saved is not None:
        result["weightsError"] = _distance(saved["parameters"], stepper.state.parameters.cpu())
    is_near = loss_error <= TOLERANCE and result.get("weightsError", 0) <= TOLERANCE
    return {**result, "ok": record["batchHash"] == found["batchHash"] and is_near}


def _distance(a: torch.Tensor, b: torch.Tensor) -> float:
    """‖a − b‖ / ‖b‖."""
    norm = torch.linalg.vector_norm
    return float(norm(a - b, dtype=torch.float64) / norm(b, dtype=torch.float64))


def _choose(steps: int, count: int, drawn: bool) -> list:
    if drawn:
        return sorted(secrets.SystemRandom().sample(range(1, steps + 1), count))
    return [(i + 1) * steps // count for i in range(count)]
