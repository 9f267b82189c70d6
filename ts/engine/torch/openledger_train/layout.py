"""Where each trained tensor lies in a run's flat vectors: the order of ts/engine/src/llama/parameters.ts."""

from dataclasses import dataclass

import numpy as np
import torch

from .manifest import LINEARS
from .randomness import Random


@dataclass(frozen=True)
class Slot:
    """One tensor. Matrices of linear layers are `[in, out]` in flat vectors, and `[out, in]` in torch."""

    name: str
    parameter: torch.nn.Parameter
    transposed: bool
    offset: int

    @property
    def size(self) -> int:
        return self.parameter.numel()

    def place(self, flat: torch.Tensor) -> torch.Tensor:
        """Its part of a flat vector, in the shape of the parameter."""
        part = flat[self.offset : self.offset + self.size]
        shape = self.parameter.shape
        return part.view(shape[1], shape[0]).t() if self.transposed else part.view(shape)


class Layout:
    """All trained tensors of a model, in the order of the flat vectors."""

    def __init__(self, named: list):
        self.slots, offset = [], 0
        for name, parameter in named:
            linear = name.endswith(("_proj.weight", ".lora_A", ".lora_B"))
            self.slots.append(Slot(name, parameter, linear, offset))
            offset += parameter.numel()
        self.size = offset

    def read(self, flat: torch.Tensor) -> torch.Tensor:
        """Copies the parameters into a flat vector."""
        for slot in self.slots:
            slot.place(flat).copy_(slot.parameter.detach())
        return flat

    def read_gradients(self, flat: torch.Tensor) -> torch.Tensor:
        for slot in self.slots:
            gradient = slot.parameter.grad
            if gradient is None:
                slot.place(flat).zero_()
            else:
                slot.place(flat).copy_(gradient)
        return flat

    def write(self, flat: torch.Tensor) -> None:
        """Copies a flat vector into the parameters."""
        with torch.no_grad():
            for slot in self.slots:
                slot.parameter.copy_(slot.place(flat))

    def ranges(self, limit: int):
        """Parts of the flat vectors of at most `limit` numbers, each with whether decay applies: it is for matrices."""
        for slot in self.slots:
            end = slot.offset + slot.size
            for start in range(slot.offset, end, limit):
                yield start, min(end, start + limit), slot.parameter.dim() > 1


def lora_layout(model, layers: int, targets: list) -> Layout:
    """Per layer and target, A `[in, rank]`, then B `[rank, out]`. `model` is PEFT's."""
    parameters = dict(model.named_parameters())
    names = [f"{_linear(layer, one)}.lora_{part}" for layer in range(layers) for one in targets for part in "AB"]
    return Layout([(name, parameters[f"base_model.model.{name}.default.weight"]) for name in names])


def full_layout(model, layers: int) -> Layout:
    """Every weight of a model; a head that reuses the embeddings has none of its own."""
    parameters = dict(model.named_parameters())
    names = ["model.embed_tokens.weight"]
    for layer in range(layers):
        names += [f"model.layers.{layer}.{norm}.weight" for norm in ("input_layernorm", "post_attention_layernorm")]
        names += [f"{_linear(layer, one)}.{part}" for one in LINEARS for part in ("weight", "bias")]
    names += ["model.norm.weight", "lm_head.weight"]
    layout = Layout([(name, parameters[name]) for name in names if name in parameters])
    missing = set(parameters) - {slot.name for slot in layout.slots}
    if missing:
        raise ValueError(f"The model has weights that are unknown here: {', '.join(sorted(missing)[:3])}.")
    return layout


def initial_adapter(layout: Layout, lora: dict) -> np.ndarray:
    """A uniform in ±initScale/√in, B zero: the same numbers as the engine's."""
    flat = np.zeros(layout.size, np.float32)
    random = Random(lora["seed"])
    for slot in layout.slots:
        if slot.name.endswith(".lora_A"):
            bound = lora["initScale"] / np.sqrt(slot.parameter.shape[1])
            flat[slot.offset : slot.offset + slot.size] = bound * (2 * random.uniform(slot.size) - 1)
    return flat


def _linear(layer: int, linear: str) -> str:
    block = "mlp" if linear in ("gate_proj", "up_proj", "down_proj") else "self_attn"
    return f"model.layers.{layer}.{block}.{linear}"
