"""Loads adapters that the engine writes with Python's PEFT, and compares the logits that both give.

By hand, from the repository's root, with torch, transformers, peft and safetensors installed:
python ts/engine/golden/check_adapter.py
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

HERE = pathlib.Path(__file__).parent

worst = 0.0
for name in ["llama", "biased", "qwen2", "mistral"]:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["node", HERE.parent / "test" / "write-adapter.ts", name, folder], check=True)
        # A folder of its own: transformers would load the golden adapter beside the model as well.
        base = pathlib.Path(folder) / "base"
        base.mkdir()
        for file in ["config.json", "model.safetensors"]:
            shutil.copy(HERE / name / file, base)
        model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32, attn_implementation="eager")
        model = PeftModel.from_pretrained(model, folder).double()
        ids = load_file(HERE / name / "expected.safetensors")["ids"].long()
        with torch.no_grad():
            theirs = model(input_ids=ids).logits
            without = model.base_model.disable_adapter_layers() or model(input_ids=ids).logits
        ours = load_file(pathlib.Path(folder) / "logits.safetensors")["logits"].double()
    error = ((ours - theirs).norm() / theirs.norm()).item()
    change = ((without - theirs).norm() / theirs.norm()).item()
    print(f"{name:8s} relative difference {error:.1e}, of a change by the adapter of {change:.2f}")
    worst = max(worst, error)
sys.exit(worst > 1e-5)
