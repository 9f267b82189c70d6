"""Which sequences each step reads, as tensors: ts/engine/src/training/batches.ts, to the byte."""

from dataclasses import dataclass

import numpy as np

from .hashing import keccak
from .randomness import Random


@dataclass(frozen=True)
class Batch:
    """`rows × length` numbers each; padding has weight 0 and belongs to document 0."""

    #: Tokens of the samples, without padding.
    tokens: int
    ids: np.ndarray
    labels: np.ndarray
    weights: np.ndarray
    documents: np.ndarray


class Batches:
    """The batches of each step, counted from 1. Their loss is the weighted mean over all counted tokens."""

    def __init__(self, plan: dict, sequences: list):
        self._plan = plan
        self._sequences = sequences
        self._size = plan["batch"] * plan["accumulation"]
        self._per_epoch = -(-len(sequences) // self._size)
        self._epoch = None

    def of_step(self, step: int) -> list:
        batch = self._plan["batch"]
        longest = self._plan["lengths"][-1]
        chosen = self._order(step)
        total = sum(sample.weight * sample.counted(longest) for sequence in chosen for sample in sequence)
        return [fill(self._plan, chosen[i : i + batch], total) for i in range(0, len(chosen), batch)]

    def _order(self, step: int) -> list:
        epoch, place = divmod(step - 1, self._per_epoch)
        if epoch != self._epoch:
            random = Random(self._plan["seed"] + epoch)
            order = random.shuffle(list(self._sequences))
            order.sort(key=lambda sequence: length_class(self._plan, sequence))
            self._epoch, self._sorted = epoch, order
            self._places = random.shuffle(list(range(self._per_epoch)))
        start = self._places[place] * self._size
        return self._sorted[start : start + self._size]


def length_class(plan: dict, sequence: list) -> int:
    """Index of the smallest allowed length that holds the sequence; a longer one is cut to the largest."""
    lengths = plan["lengths"]
    positions = sum(sample.positions(lengths[-1]) for sample in sequence)
    return next((i for i, length in enumerate(lengths) if positions <= length), len(lengths) - 1)


def fill(plan: dict, sequences: list, total: float) -> Batch:
    """Pads sequences into one batch. Each counted token weighs `sample.weight / total`."""
    length = plan["lengths"][max(length_class(plan, sequence) for sequence in sequences)]
    shape = (plan["batch"], length)
    ids, labels = np.zeros(shape, "<i8"), np.zeros(shape, "<i8")
    weights, documents = np.zeros(shape, "<f4"), np.zeros(shape, "<i8")
    tokens = 0
    for row, sequence in enumerate(sequences):
        at = 0
        for index, sample in enumerate(sequence):
            count = sample.positions(length)
            ids[row, at : at + count] = sample.tokens[:count]
            labels[row, at : at + count] = sample.tokens[1 : count + 1]
            first = max(0, sample.answer_start - 1)
            if first < count:
                # A division of doubles, total being whole or a double; rounded to float32 when it is stored.
                weights[row, at + first : at + count] = sample.weight / total
            documents[row, at : at + count] = index + 1
            at += count
            tokens += count
    return Batch(tokens, ids, labels, weights, documents)


def hash_batches(batches: list) -> str:
    """What step records say of a step's batches."""
    return keccak(*(part for batch in batches for part in (batch.ids, batch.labels, batch.weights)))
