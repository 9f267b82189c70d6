"""Measuring rows that are never trained on, as ts/engine/src/training/evaluation.ts."""

import dataclasses
import math

from .batches import fill


def evaluate(plan: dict, samples: list, step: int, loss_of) -> dict:
    """Measures samples, datanet by datanet. `loss_of` gives the summed, weighted loss of a batch."""
    longest = plan["lengths"][-1]
    datanets, all_loss, all_tokens = [], 0.0, 0
    for datanet in sorted({sample.datanet for sample in samples}):
        own = [sample for sample in samples if sample.datanet == datanet]
        loss = sum(loss_of(batch) for batch in _batches(plan, own))
        tokens = sum(sample.counted(longest) for sample in own)
        datanets.append({"datanet": datanet, "tokens": tokens, **_mean(loss, tokens)})
        all_loss += loss
        all_tokens += tokens
    return {"step": step, **_mean(all_loss, all_tokens), "datanets": datanets}


def best_of(evaluations: list):
    """The lowest loss of some measurements; the earliest when several share it."""
    return min(evaluations, key=lambda one: one["loss"], default=None)


def is_stalled(evaluations: list, patience: int) -> bool:
    """Whether the last `patience` measurements brought no new best."""
    best = best_of(evaluations)
    return patience > 0 and best is not None and len(evaluations) - 1 - evaluations.index(best) >= patience


def _mean(loss: float, tokens: int) -> dict:
    return {"loss": loss / tokens, "perplexity": math.exp(loss / tokens)}


def _batches(plan: dict, samples: list) -> list:
    """One sample per row, short ones together; each counted token weighs 1, whatever its contribution."""
    longest, size = plan["lengths"][-1], plan["batch"]
    order = sorted(samples, key=lambda sample: sample.positions(longest))
    rows = [[dataclasses.replace(sample, weight=1)] for sample in order]
    return [fill(plan, rows[i : i + size], 1) for i in range(0, len(rows), size)]
