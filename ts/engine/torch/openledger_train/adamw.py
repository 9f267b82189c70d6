"""AdamW as ts/engine/src/training/adamw.ts: double precision with float32 storage."""

from dataclasses import dataclass

import torch

from .layout import Layout

#: Numbers that are in double precision at a time.
PART = 1 << 22


@dataclass
class OptimizerState:
    """Flat vectors in the order of the run's layout."""

    parameters: torch.Tensor
    first_moment: torch.Tensor
    second_moment: torch.Tensor

    @staticmethod
    def start(parameters: torch.Tensor) -> "OptimizerState":
        return OptimizerState(parameters, torch.zeros_like(parameters), torch.zeros_like(parameters))

    def vectors(self) -> dict:
        """By the names that checkpoints give them."""
        return {
            "parameters": self.parameters,
            "firstMoment": self.first_moment,
            "secondMoment": self.second_moment,
        }


def adamw_update(state, gradient, settings: dict, rate: float, corrections, layout: Layout) -> float:
    """One update in place. Returns the norm of the gradient before clipping."""
    beta1, beta2, clip_norm = settings["beta1"], settings["beta2"], settings["clipNorm"]
    squares = sum(gradient[i : i + PART].double().square().sum() for i in range(0, layout.size, PART))
    norm = float(torch.sqrt(squares))
    clip = clip_norm / norm if clip_norm > 0 and norm > clip_norm else 1.0
    correction1, correction2 = (float(one) for one in corrections)
    for start, end, decays in layout.ranges(PART):
        p, m, v = (vector[start:end] for vector in (state.parameters, state.first_moment, state.second_moment))
        g = gradient[start:end].double() * clip
        # The update uses the moments before they are rounded to float32, as the engine's does.
        m64 = beta1 * m.double() + (1 - beta1) * g
        v64 = beta2 * v.double() + (1 - beta2) * g * g
        m.copy_(m64)
        v.copy_(v64)
        p64 = p.double()
        scale = torch.sqrt(v64 / correction2 + settings["epsRoot"]) + settings["epsilon"]
        decay = settings["weightDecay"] * p64 if decays else 0.0
        p.copy_(p64 - rate * (m64 / correction1 / scale + decay))
    return norm
