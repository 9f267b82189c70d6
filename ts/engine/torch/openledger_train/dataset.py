"""The rows of a run as its model reads them: split, encoded and packed as ts/engine/src/training does."""

from collections import deque
from dataclasses import dataclass

from .hashing import keccak, uint, utf8
from .manifest import Run
from .randomness import Random
from .tokenizer import Tokenizer


@dataclass(frozen=True)
class Sample:
    """Tokens whose loss counts from `answer_start` on."""

    tokens: list
    answer_start: int
    weight: int
    datanet: int

    def positions(self, longest: int) -> int:
        """Positions that it takes in a row: its last token is only ever predicted."""
        return min(longest, len(self.tokens) - 1)

    def counted(self, longest: int) -> int:
        """Tokens that have a loss."""
        return max(0, self.positions(longest) + 1 - self.answer_start)


@dataclass(frozen=True)
class Dataset:
    #: What became of the run's rows, as the `start` event tells it.
    report: dict
    #: What is trained on: lists of samples that share a row of a batch.
    sequences: list
    #: Samples that are only measured.
    validation: list


def create_dataset(run: Run, tokenizer: Tokenizer) -> Dataset:
    """Splits, encodes and packs the rows of a run."""
    data, batches = run.manifest["data"], run.manifest["batches"]
    longest = run.longest
    contributions = {one["asset"]: one for one in data["contributions"]}

    def encode(row):
        if row["asset"] not in contributions:
            raise ValueError(f"A row belongs to asset {row['asset']}, which is none of the run's contributions.")
        one = contributions[row["asset"]]
        return encode_samples(tokenizer, data["format"], row["text"], longest, one["weight"], one["datanet"])

    kept = [is_validation_row(data["validation"], row["text"]) for row in run.rows]
    rows = [row for row, measured in zip(run.rows, kept, strict=True) if not measured]
    train = [sample for row in rows for sample in encode(row)]
    validation = [sample for row, measured in zip(run.rows, kept, strict=True) if measured for sample in encode(row)]
    sequences = pack(batches["packing"], train, longest, batches["seed"])
    both = train + validation
    report = {
        "trainRows": len(rows),
        "validationRows": len(run.rows) - len(rows),
        "sequences": len(sequences),
        "tokens": sum(sample.counted(longest) for sample in train),
        "shortened": sum(len(sample.tokens) - 1 > longest for sample in both),
        "unread": sum(sample.counted(longest) == 0 for sample in both),
    }
    if report["tokens"] == 0:
        raise ValueError(f"No row has an answer that begins within {longest} tokens.")
    return Dataset(report, sequences, [sample for sample in validation if sample.counted(longest) > 0])


def is_validation_row(split: dict, text: str) -> bool:
    """Whether a row is kept for measuring: by keccak(seed4 ‖ text), whose first eight bytes are read as a number."""
    if split["perMillion"] == 0:
        return False
    digest = keccak(uint(split["seed"], 4), utf8(text))
    return int(digest[2:18], 16) % 1_000_000 < split["perMillion"]


def encode_samples(tokenizer, form: str, text: str, longest: int, weight: int, datanet: int) -> list:
    """A chat row as one sample; a text as pieces that overlap by one token."""
    end = tokenizer.end_token
    if form == "chat":
        question, _, answer = text.partition("\n")
        prompt = tokenizer.encode_question(question)
        return [Sample(prompt + tokenizer.encode(answer) + [end], len(prompt), weight, datanet)]
    tokens = tokenizer.encode(text, special_tokens=True) + [end]
    starts = range(0, len(tokens) - 1, longest)
    return [Sample(tokens[start : start + longest + 1], 1, weight, datanet) for start in starts]


def pack(packing: str, samples: list, longest: int, seed: int) -> list:
    """Packs samples into sequences: shuffled, longest first, each into the fullest sequence that has room."""
    if packing == "none":
        return [[sample] for sample in samples]
    order = Random(seed).shuffle(list(samples))
    order.sort(key=lambda sample: -sample.positions(longest))
    sequences = []
    by_room = [deque() for _ in range(longest + 1)]
    for sample in order:
        needed = sample.positions(longest)
        room = next((room for room in range(needed, longest + 1) if by_room[room]), None)
        if room is None:
            sequence, room = [], longest
            sequences.append(sequence)
        else:
            sequence = by_room[room].popleft()
        sequence.append(sample)
        by_room[room - needed].append(sequence)
    return sequences
