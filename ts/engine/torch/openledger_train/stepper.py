"""Carries out the steps of a run, one at a time: ts/engine/src/training/stepper.ts with torch."""

import contextlib
import math
import pathlib
import struct
from dataclasses import dataclass

import torch
from peft import LoraConfig, get_peft_model
from torch.nn import functional

from .adamw import OptimizerState, adamw_update
from .base import check_hashes, load_model, max_positions, read_config
from .batches import Batch, Batches, hash_batches
from .dataset import create_dataset
from .hashing import hash_floats
from .layout import full_layout, initial_adapter, lora_layout
from .manifest import Run
from .tokenizer import Tokenizer

COMPUTE = {"float32": torch.float32, "bfloat16": torch.bfloat16}


@dataclass(frozen=True)
class Settings:
    """How this program computes; none of it is in the manifest."""

    device: str = "cpu"
    #: `bfloat16`: frozen weights and products in sixteen bits. What is trained stays in float32.
    compute: str = "float32"
    #: Computes the forward pass twice instead of keeping all of it.
    gradient_checkpointing: bool = False


@dataclass(frozen=True)
class StepResult:
    record: dict
    loss: float
    lr: float
    grad_norm: float
    tokens: int


class Stepper:
    """Steps must be run in order, from the beginning or from a state that was saved."""

    def __init__(self, run: Run, base: pathlib.Path, settings: Settings):
        self._run, self._settings = run, settings
        self.config = read_config(base)
        if run.longest > max_positions(self.config):
            most = max_positions(self.config)
            raise ValueError(f"Rows of {run.longest} tokens are too long: this model reads {most}.")
        check_hashes(base, run.manifest["base"])
        self.dataset = create_dataset(run, Tokenizer(base))
        self._batches = Batches(run.manifest["batches"], self.dataset.sequences)
        self._load(base)
        # A whole model's vectors are four times its size, so they stay in main memory.
        self._home = settings.device if run.lora else "cpu"
        self._gradient = torch.zeros(self.layout.size, device=self._home)
        if run.lora:
            first = torch.from_numpy(initial_adapter(self.layout, run.lora)).to(self._home)
        else:
            first = self.layout.read(torch.empty(self.layout.size))
        self.state = OptimizerState.start(first)
        self.layout.write(first)

    def _load(self, base: pathlib.Path) -> None:
        run, settings = self._run, self._settings
        quantized = run.manifest["base"]["quantization"] == "q4"
        dtype = COMPUTE[settings.compute] if run.lora else torch.float32
        self._causal = load_model(base, self.config, dtype, settings.device, quantized)
        layers = self.config["num_hidden_layers"]
        if run.lora:
            lora = run.lora
            peft = LoraConfig(
                r=lora["rank"],
                lora_alpha=lora["alpha"],
                use_rslora=lora["rankStabilised"],
                target_modules=list(lora["targets"]),
                lora_dropout=0.0,
                bias="none",
                task_type="CAUSAL_LM",
            )
            # PEFT keeps the matrices in float32 beside weights of sixteen bits.
            model = get_peft_model(self._causal, peft)
            self.layout = lora_layout(model, layers, lora["targets"])
        else:
            self._causal.requires_grad_(True)
            self.layout = full_layout(self._causal, layers)
        if settings.gradient_checkpointing:
            self._causal.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
            self._causal.train()

    def restore(self, vectors: dict) -> None:
        """Goes on from a saved state."""
        self.state = OptimizerState(*(vectors[name].to(self._home) for name in self.state.vectors()))
        if any(vector.numel() != self.layout.size for vector in self.state.vectors().values()):
            raise ValueError("The checkpoint does not fit the run's parameters.")
        self.layout.write(self.state.parameters)

    def run(self, step: int) -> StepResult:
        """Carries out a step, counted from 1."""
        batches = self._batches.of_step(step)
        for slot in self.layout.slots:
            slot.parameter.grad = None
        loss = 0.0
        for batch in batches:
            part = self._loss(batch)
            part.backward()
            loss += part.item()
        if not math.isfinite(loss):
            raise ValueError(f"The loss of step {step} is {loss}. Lower the learning rate.")
        rate = float(self._run.learning_rates[step - 1])
        corrections = self._run.bias_corrections[step - 1]
        gradient = self.layout.read_gradients(self._gradient)
        optimizer = self._run.manifest["optimizer"]
        norm = adamw_update(self.state, gradient, optimizer, rate, corrections, self.layout)
        self.layout.write(self.state.parameters)
        record = {
            "step": step,
            "batchHash": hash_batches(batches),
            "lossBits": struct.unpack(">I", struct.pack(">f", loss))[0],
            "weightsHash": hash_floats(self.state.parameters.cpu().numpy()),
        }
        return StepResult(record, loss, rate, norm, sum(batch.tokens for batch in batches))

    def measure(self, batch: Batch) -> float:
        """The summed, weighted loss of a batch, without a gradient."""
        with torch.no_grad():
            return self._loss(batch).item()

    def _loss(self, batch: Batch) -> torch.Tensor:
        device = self._causal.get_input_embeddings().weight.device
        ids = torch.from_numpy(batch.ids).to(device)
        with self._autocast():
            mask = self._mask(batch, device)
            hidden = self._causal.model(input_ids=ids, attention_mask=mask, use_cache=False).last_hidden_state
            # Logits of what is counted only: with a large vocabulary they are most of the memory.
            counted = torch.from_numpy(batch.weights != 0).to(hidden.device)
            logits = self._causal.lm_head(hidden[counted]).float()
        labels = torch.from_numpy(batch.labels).to(logits.device)[counted.to(logits.device)]
        weights = torch.from_numpy(batch.weights).to(logits.device)[counted.to(logits.device)]
        return (functional.cross_entropy(logits, labels, reduction="none") * weights).sum()

    def _mask(self, batch: Batch, device):
        """Nothing but the order, or attention within a document only."""
        if self._run.manifest["batches"]["packing"] != "documents":
            return None
        documents = torch.from_numpy(batch.documents).to(device)
        length = documents.shape[1]
        earlier = torch.ones(length, length, dtype=torch.bool, device=device).tril()
        seen = (documents[:, :, None] == documents[:, None, :]) & earlier
        dtype = COMPUTE[self._settings.compute]
        mask = torch.zeros(seen.shape, dtype=dtype, device=device).masked_fill(~seen, torch.finfo(dtype).min)
        return mask[:, None]

    def _autocast(self):
        """A whole model is trained in float32, so its products are rounded where they are made."""
        if self._run.lora or self._settings.compute == "float32":
            return contextlib.nullcontext()
        return torch.autocast(self._settings.device, COMPUTE[self._settings.compute])
