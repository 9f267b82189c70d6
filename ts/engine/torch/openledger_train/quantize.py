"""Four-bit blocks, as ts/engine/src/llama/quantize.ts makes them."""

import numpy as np

BLOCK_SIZE = 32


def round_to_blocks(weight: np.ndarray) -> np.ndarray:
    """
    The float32 numbers that a linear weight `[out, in]` becomes in four bits: blocks of 32 inputs of one output, whose
    number with the largest magnitude (the first of several) becomes −8.
    """
    outputs, inputs = weight.shape
    padded = np.zeros((outputs, -(-inputs // BLOCK_SIZE) * BLOCK_SIZE), np.float32)
    padded[:, :inputs] = weight
    blocks = padded.reshape(outputs, -1, BLOCK_SIZE)
    place = np.abs(blocks).argmax(axis=2, keepdims=True)
    scale = np.take_along_axis(blocks, place, axis=2) / np.float32(-8)
    # Rounds halves up, as JavaScript does. A block of zeros has the scale 0.
    with np.errstate(divide="ignore", invalid="ignore"):
        code = np.floor(blocks.astype(np.float64) / scale + 0.5)
    code = np.where(scale == 0, 0, np.clip(code, -8, 7))
    return (scale * code.astype(np.float32)).reshape(outputs, -1)[:, :inputs]
