"""The seeded random numbers of ts/engine/src/numeric/random.ts (mulberry32)."""

import numpy as np

STEP = 0x6D2B79F5


class Random:
    """A seeded stream from integer arithmetic only. The state is a counter, so many numbers are drawn at once."""

    def __init__(self, seed: int):
        self._state = seed & 0xFFFFFFFF

    def next(self, count: int) -> np.ndarray:
        """The next `count` whole numbers in [0, 2^32), as uint32."""
        counter = np.arange(1, count + 1, dtype=np.uint32) * np.uint32(STEP) + np.uint32(self._state)
        self._state = (self._state + count * STEP) & 0xFFFFFFFF
        t = (counter ^ (counter >> np.uint32(15))) * (counter | np.uint32(1))
        t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
        return t ^ (t >> np.uint32(14))

    def uniform(self, count: int) -> np.ndarray:
        """The next `count` numbers in [0, 1), as float64."""
        return self.next(count) / 4294967296.0

    def shuffle(self, items: list) -> list:
        """Shuffles in place (Fisher and Yates)."""
        draws = self.uniform(max(0, len(items) - 1))
        for i, draw in zip(range(len(items) - 1, 0, -1), draws, strict=True):
            j = int(draw * (i + 1))
            items[i], items[j] = items[j], items[i]
        return items
