"""Carries a run out from its folder, or on from its last checkpoint: ts/engine/src/training/run.ts."""

import pathlib
import time
from dataclasses import dataclass

from .checkpoint import WorkFolder
from .evaluation import best_of, evaluate, is_stalled
from .machine import describe_machine
from .manifest import Run, read_run
from .result import write_result
from .stepper import Settings, Stepper


@dataclass(frozen=True)
class Options:
    settings: Settings = Settings()
    #: Steps between checkpoints. The last step and each new best always make one.
    checkpoint_every: int = 20
    #: How many of the newest checkpoints stay, besides the best. None: all.
    keep_checkpoints: int | None = None


class Trainer:
    """One run at work. `tell` gets each event; `is_stopped` is asked before each step."""

    def __init__(self, folder: pathlib.Path, base: pathlib.Path, options: Options, tell, is_stopped):
        self._folder, self._base, self._options = folder, base, options
        self._tell, self._is_stopped = tell, is_stopped
        self._run: Run = read_run(folder)
        self._work = WorkFolder(folder / "run", self._run.run_id, options.settings.compute)

    def train(self) -> bool:
        """Trains until the end, or until it is stopped; says whether the result is complete."""
        run, work, options = self._run, self._work, self._options
        saved = work.load_latest()
        start, vectors, self._records, self._evaluations = saved or (0, None, [], [])
        append = work.open_events(start)

        def emit(event: dict) -> None:
            append(event)
            self._tell(event)

        machine = describe_machine(options.settings.device, options.settings.compute)
        self._stepper = stepper = Stepper(run, self._base, options.settings)
        if vectors is not None:
            stepper.restore(vectors)
        emit({
            "type": "start",
            "runId": run.run_id,
            "steps": run.steps,
            "fromStep": start,
            "machine": machine,
            "data": stepper.dataset.report,
        })
        self._best = self._load_best()
        self._emit = emit
        if start == 0:
            self._measure(0)
        if not self._steps(start):
            return False
        step, vectors = self._best or (len(self._records), stepper.state.vectors())
        result = {
            "parameters": vectors["parameters"],
            "step": step,
            "steps": len(self._records),
            "evaluations": self._evaluations,
            "machine": machine,
        }
        write_result(self._folder / "result", self._base, stepper.config, run, stepper.layout, result)
        self._tell({"type": "end", "step": step, "steps": len(self._records)})
        return True

    def _steps(self, start: int) -> bool:
        """All steps after `start`; False when it was stopped."""
        run, stepper, options = self._run, self._stepper, self._options
        rules = run.manifest["evaluation"]
        began, tokens, saved = time.perf_counter(), 0, start
        ended = start == run.steps or (start > 0 and is_stalled(self._evaluations, rules["patience"]))
        step = start
        while not ended:
            if self._is_stopped():
                # A pause should not cost the steps since the last checkpoint.
                if saved < step:
                    self._work.save(step, stepper.state.vectors(), self._records, self._evaluations)
                return False
            step += 1
            result = stepper.run(step)
            self._records.append(result.record)
            tokens += result.tokens
            seconds = time.perf_counter() - began
            self._emit({
                "type": "step",
                "step": step,
                "loss": result.loss,
                "lr": result.lr,
                "gradNorm": result.grad_norm,
                "tokensPerSecond": tokens / seconds,
                "etaSeconds": seconds / (step - start) * (run.steps - step),
            })
            last = step == run.steps
            measured = last or (rules["every"] > 0 and step % rules["every"] == 0)
            is_best = self._measure(step) if measured else False
            ended = last or is_stalled(self._evaluations, rules["patience"])
            if step % options.checkpoint_every == 0 or ended or is_best:
                file = self._work.save(step, stepper.state.vectors(), self._records, self._evaluations)
                saved = step
                if options.keep_checkpoints is not None:
                    self._work.prune(options.keep_checkpoints, [self._best[0]] if self._best else [])
                self._emit({"type": "checkpoint", "step": step, **file})
        return True

    def _measure(self, step: int) -> bool:
        """Measures once per step, and says whether the weights are the best so far."""
        samples = self._stepper.dataset.validation
        if not samples or any(one["step"] == step for one in self._evaluations):
            return False
        plan = self._run.manifest["batches"]
        event = evaluate(plan, samples, step, self._stepper.measure)
        self._evaluations.append(event)
        is_best = self._keeps_best and self._best_trained() is event
        if is_best:
            vectors = self._stepper.state.vectors()
            self._best = (step, {name: vector.clone() for name, vector in vectors.items()})
        self._emit({"type": "evaluation", **event})
        return is_best

    @property
    def _keeps_best(self) -> bool:
        return self._run.manifest["evaluation"]["keep"] == "best"

    def _best_trained(self):
        """The best measurement of weights that were trained at all."""
        return best_of([one for one in self._evaluations if one["step"] > 0])

    def _load_best(self):
        """Step and vectors of the best weights of a run that goes on."""
        best = self._best_trained() if self._keeps_best else None
        return None if best is None else (best["step"], self._work.load(best["step"]))
