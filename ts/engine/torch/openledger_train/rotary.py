"""Rotary tables in double precision: in float32 the angle of a late position would be off in its fourth digit."""

import math

import torch


class Rotary(torch.nn.Module):
    """Takes the place of transformers' rotary embedding in a model of the Llama family."""

    def __init__(self, config: dict):
        super().__init__()
        rope = config.get("rope_parameters") or config.get("rope_scaling") or {}
        theta = config.get("rope_theta") or rope.get("rope_theta") or 10_000
        partial = config.get("partial_rotary_factor", rope.get("partial_rotary_factor", 1))
        kind = rope.get("rope_type", rope.get("type", "default"))
        if partial != 1 or kind not in ("default", "linear", "llama3"):
            raise ValueError(f"config.json: rotary scaling {kind!r} (share {partial}) is not supported.")
        width = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
        plain = [theta ** (-2 * i / width) for i in range(width // 2)]
        self._frequencies = [_scaled(one, kind, rope, config) for one in plain]
        self._tables = {}

    def forward(self, x, position_ids):
        """Cosines and sines `[batch, length, width]` in the type of x."""
        key = (x.device, x.dtype, position_ids.shape[-1])
        if key not in self._tables:
            frequencies = torch.tensor(self._frequencies, dtype=torch.float64)
            angles = torch.arange(position_ids.shape[-1], dtype=torch.float64)[:, None] * frequencies
            angles = torch.cat((angles, angles), dim=-1)[None]
            self._tables[key] = tuple(table.to(x.device, x.dtype) for table in (angles.cos(), angles.sin()))
        return self._tables[key]


def _scaled(frequency: float, kind: str, rope: dict, config: dict) -> float:
    """The frequency that a model with stretched positions rotates by."""
    if kind == "default":
        return frequency
    factor = rope["factor"]
    if kind == "linear":
        return frequency / factor
    low, high = rope["low_freq_factor"], rope["high_freq_factor"]
    original = rope.get("original_max_position_embeddings") or config["max_position_embeddings"]
    waves = original * frequency / (2 * math.pi)
    if waves > high:
        return frequency
    if waves < low:
        return frequency / factor
    blend = (waves - low) / (high - low)
    return (1 - blend) * (frequency / factor) + blend * frequency
