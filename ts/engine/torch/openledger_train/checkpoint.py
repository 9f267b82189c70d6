"""Checkpoints and logs in a run's `run/`, as ts/engine/src/training/checkpoint.ts keeps them."""

import pathlib
import re

import torch

from .files import encode_lines, read_lines, to_json, write_atomic
from .safetensors_file import read_safetensors, write_safetensors

STEPS, EVALUATIONS, EVENTS = "steps.jsonl", "evaluations.jsonl", "events.jsonl"


class WorkFolder:
    """Where a run keeps what it needs to go on."""

    def __init__(self, path: pathlib.Path, run_id: str, compute: str):
        self._path, self._run_id, self._compute = path, run_id, compute
        path.mkdir(parents=True, exist_ok=True)

    def checkpoint_path(self, step: int) -> pathlib.Path:
        return self._path / f"step-{step:06d}.safetensors"

    def steps(self) -> list:
        """The steps that have a checkpoint, ascending."""
        found = (re.fullmatch(r"step-(\d{6,})\.safetensors", path.name) for path in self._path.iterdir())
        return sorted(int(one[1]) for one in found if one)

    def save(self, step: int, vectors: dict, records: list, evaluations: list) -> dict:
        """Saves a checkpoint after everything that led to it, so that one that exists has its history."""
        write_atomic(self._path / STEPS, encode_lines(records))
        write_atomic(self._path / EVALUATIONS, encode_lines(evaluations))
        metadata = {"format": "openledger-checkpoint-1", "runId": self._run_id, "step": str(step)}
        if self._compute != "float32":
            metadata["compute"] = self._compute
        tensors = [(name, vector.cpu().numpy()) for name, vector in vectors.items()]
        path = self.checkpoint_path(step)
        return {"path": str(path), "hash": write_safetensors(path, tensors, metadata)}

    def load(self, step: int) -> dict:
        """The flat vectors after a step."""
        tensors, metadata = read_safetensors(self.checkpoint_path(step))
        if metadata.get("runId") != self._run_id:
            other = metadata.get("runId")
            raise ValueError(f"{self._path} holds another run ({other}). Use an empty folder for this one.")
        compute = metadata.get("compute", "float32")
        if compute != self._compute:
            raise ValueError(f"The run was begun with --compute {compute}. Go on with that.")
        return {name: torch.from_numpy(values) for name, values in tensors.items()}

    def load_latest(self):
        """Step, vectors, records and measurements of the latest checkpoint that has its history."""
        for step in reversed(self.steps()):
            vectors = self.load(step)
            records = read_lines(self._path / STEPS)
            if len(records) < step:
                continue
            evaluations = [one for one in read_lines(self._path / EVALUATIONS) if one["step"] <= step]
            return step, vectors, records[:step], evaluations
        return None

    def prune(self, keep: int, named: list) -> None:
        """Removes all checkpoints but the newest `keep` and those named."""
        steps = self.steps()
        for step in steps[: max(0, len(steps) - keep)]:
            if step not in named:
                self.checkpoint_path(step).unlink(missing_ok=True)

    def open_events(self, step: int):
        """Goes on with the log of events after `step`: what was told of later steps is about to happen again."""
        path = self._path / EVENTS
        kept = [event for event in read_lines(path) if event.get("step", 0) <= step]
        write_atomic(path, encode_lines(kept))

        def append(event: dict) -> None:
            with open(path, "a", encoding="utf-8") as file:
                file.write(f"{to_json(event)}\n")

        return append
