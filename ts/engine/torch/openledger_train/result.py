"""A run's `result/`: PEFT's or Hugging Face's layout with a model card, as ts/engine/src/training writes them."""

import json
import pathlib

from .files import write_atomic
from .layout import Layout
from .machine import describe_packages
from .manifest import Run
from .safetensors_file import write_safetensors


def write_result(
    folder: pathlib.Path, base: pathlib.Path, config: dict, run: Run, layout: Layout, result: dict
) -> None:
    """Writes the weights of `result["parameters"]`, with their configuration and where they come from."""
    folder.mkdir(parents=True, exist_ok=True)
    flat = result["parameters"].cpu()
    if run.lora:
        tensors = [(f"base_model.model.{slot.name}.weight", slot.place(flat).numpy()) for slot in layout.slots]
        name, json_name, described = "adapter_model.safetensors", "adapter_config.json", _adapter_config(run.lora)
    else:
        tensors = [(slot.name, slot.place(flat).numpy()) for slot in layout.slots]
        name, json_name, described = "model.safetensors", "config.json", _model_config(base, config)
    write_safetensors(folder / name, tensors, {"format": "pt"})
    write_atomic(folder / json_name, f"{json.dumps(described, indent=2, ensure_ascii=False)}\n".encode())
    write_atomic(folder / "README.md", model_card(run, result).encode())


def _adapter_config(lora: dict) -> dict:
    return {
        "base_model_name_or_path": None,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
        "init_lora_weights": True,
        "lora_alpha": lora["alpha"],
        "lora_dropout": 0,
        "modules_to_save": None,
        "peft_type": "LORA",
        "r": lora["rank"],
        "target_modules": lora["targets"],
        "task_type": "CAUSAL_LM",
        "use_dora": False,
        "use_rslora": lora["rankStabilised"],
    }


def _model_config(base: pathlib.Path, config: dict) -> dict:
    """The base's own, in float32, with the tokens that its generation settings say end an answer."""
    path = base / "generation_config.json"
    generation = json.loads(path.read_text("utf-8")) if path.exists() else {}
    ends = dict.fromkeys([*_listed(config.get("eos_token_id")), *_listed(generation.get("eos_token_id"))])
    described = {key: value for key, value in config.items() if key not in ("dtype", "_name_or_path")}
    described["torch_dtype"] = "float32"
    if ends:
        described["eos_token_id"] = list(ends) if len(ends) > 1 else next(iter(ends))
    return described


def _listed(value) -> list:
    return value if isinstance(value, list) else [] if value is None else [value]


def model_card(run: Run, result: dict) -> str:
    """Where the result comes from, how it can be checked, and what was measured."""
    manifest, machine = run.manifest, result["machine"]
    data = manifest["data"]
    return "\n".join([
        "---",
        "library_name: peft" if run.lora else "library_name: transformers",
        "---",
        "",
        f"# Run {run.run_id}",
        "",
        f"- Base weights: `{manifest['base']['weightsHash']}`",
        f"- Data: {data['rowCount']} rows of {len(data['contributions'])} contributions, format {data['format']}",
        f"- Trained: {_trained(run.lora)}",
        f"- Steps: {result['steps']} of at most {run.steps}; these are the weights after step {result['step']}",
        f"- Arithmetic: native, on {machine['model']} ({machine['class']}): bits differ between kinds of CPU, so a "
        f"step can be checked within a tolerance and no dispute be decided bit by bit. {describe_packages()}",
        "",
        *_measurements(result["evaluations"], result["step"]),
    ])


def _trained(lora) -> str:
    if lora is None:
        return "all weights"
    scaling = ", rank-stabilised" if lora["rankStabilised"] else ""
    return f"LoRA of rank {lora['rank']}, alpha {lora['alpha']}{scaling}, on {', '.join(lora['targets'])}"


def _measurements(evaluations: list, step: int) -> list:
    before = next((one for one in evaluations if one["step"] == 0), None)
    after = next((one for one in evaluations if one["step"] == step), evaluations[-1] if evaluations else None)
    if before is None or after is None:
        return []
    values = {one["datanet"]: f"{one['perplexity']:.2f}" for one in after["datanets"]}
    return [
        "Perplexity on rows that were kept out of training:",
        "",
        "| datanet | tokens | before | after |",
        "|---|---|---|---|",
        *(
            f"| {one['datanet']} | {one['tokens']} | {one['perplexity']:.2f} | {values.get(one['datanet'], '–')} |"
            for one in before["datanets"]
        ),
        f"| all | | {before['perplexity']:.2f} | {after['perplexity']:.2f} |",
        "",
    ]
