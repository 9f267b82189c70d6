"""The base model's folder: its hashes, its shape, and its weights as a torch module."""

import json
import pathlib

import numpy as np
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM

from .hashing import Keccak, keccak
from .quantize import round_to_blocks
from .rotary import Rotary

FAMILIES = ("llama", "mistral", "qwen2")
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
#: Bytes that are read at a time.
PART = 1 << 24


def read_config(base: pathlib.Path) -> dict:
    """`config.json`; what would change the computation and is not supported is refused by name."""
    config = json.loads((base / "config.json").read_text("utf-8"))
    _require(config, "model_type", FAMILIES)
    _require(config, "hidden_act", (None, "silu"))
    if config.get("quantization_config"):
        raise ValueError("config.json: quantization_config is not supported. Load the unquantised weights.")
    return config


def max_positions(config: dict) -> int:
    """Positions that may be read. Within a sliding window attention sees everything, so it only limits the length."""
    windowed = (
        config["model_type"] == "mistral"
        or (config["model_type"] == "qwen2" and config.get("use_sliding_window") is True)
        or "sliding_attention" in (config.get("layer_types") or [])
    )
    window = config.get("sliding_window") if windowed else None
    return min(config["max_position_embeddings"], window or config["max_position_embeddings"])


def weight_files(base: pathlib.Path) -> list:
    """The files that hold the weights, in the order of their names."""
    if (base / WEIGHTS).exists():
        return [base / WEIGHTS]
    names = set(json.loads((base / INDEX).read_text("utf-8"))["weight_map"].values())
    return [base / name for name in sorted(names)]


def check_hashes(base: pathlib.Path, named: dict) -> None:
    """Refuses a base other than the one that the manifest names."""
    hashes = []
    for path in weight_files(base):
        state = Keccak()
        with open(path, "rb") as file:
            while part := file.read(PART):
                state.update(part)
        hashes.append(state.hex())
    weights = hashes[0] if len(hashes) == 1 else keccak(b"\x3a", *(bytes.fromhex(one[2:]) for one in hashes))
    tokenizer = keccak((base / "tokenizer.json").read_bytes())
    if weights != named["weightsHash"] or tokenizer != named["tokenizerHash"]:
        raise ValueError("The manifest was made for another base model. Load the model with its weightsHash.")


def load_model(base: pathlib.Path, config: dict, dtype: torch.dtype, device: str, quantized: bool):
    """The model with frozen weights, without dropout, and with rotary angles in double precision."""
    several = device == "cuda" and torch.cuda.device_count() > 1
    model, info = AutoModelForCausalLM.from_pretrained(
        base,
        dtype=dtype,
        attn_implementation="sdpa",
        attention_dropout=0.0,
        local_files_only=True,
        use_safetensors=True,
        output_loading_info=True,
        # Accelerate spreads the layers over several devices; one needs no help.
        **({"device_map": "auto"} if several else {}),
    )
    strange = [key for key in info["unexpected_keys"] if not key.endswith("rotary_emb.inv_freq")]
    wrong = sorted([*info["missing_keys"], *strange, *map(str, info["mismatched_keys"])])
    if wrong:
        raise ValueError(f"The weights and config.json are not of one model: {', '.join(wrong[:5])}.")
    model.requires_grad_(False)
    model.config.use_cache = False
    if quantized:
        _quantize(base, model)
    model.model.rotary_emb = Rotary(config)
    return model if several else model.to(device)


def _quantize(base: pathlib.Path, model) -> None:
    """Replaces linear weights by the numbers that their four bits stand for, read from the files as float32."""
    parameters = dict(model.named_parameters())
    for path in weight_files(base):
        with safe_open(path, "pt") as file:
            for name in file.keys():
                if name.endswith("_proj.weight"):
                    weight = file.get_tensor(name).float().numpy()
                    parameters[name].copy_(torch.from_numpy(round_to_blocks(np.ascontiguousarray(weight))))


def _require(config: dict, field: str, allowed: tuple) -> None:
    if config.get(field) not in allowed:
        names = ", ".join(str(one) for one in allowed if one is not None)
        raise ValueError(f"config.json: {field} {config.get(field)!r} is not supported. Use a model with {names}.")
