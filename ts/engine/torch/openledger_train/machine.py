"""What a run was computed on, in the words of ts/engine/src/training/machine.ts."""

import pathlib
import platform
import re

import torch
import transformers

INSTRUCTIONS = ("amx_int8", "avx512_bf16", "avx512_vnni", "avx512f", "avx_vnni", "avx2", "fma", "avx")
ARCHITECTURES = {"x86_64": "x64", "amd64": "x64", "aarch64": "arm64"}


def describe_machine(device: str, compute: str) -> dict:
    """Model and class. The class begins with the device and torch, and names a compute type other than float32."""
    path = pathlib.Path("/proc/cpuinfo")
    text = path.read_text("utf-8", "replace") if path.exists() else ""
    found = re.search(r"^(?:flags|Features)\s*:(.*)$", text, re.MULTILINE)
    flags = set(found[1].split()) if found else set()
    machine = platform.machine().lower()
    words = [
        *([] if device == "cpu" else [device]),
        f"torch-{torch.__version__}",
        *([] if compute == "float32" else [compute]),
        ARCHITECTURES.get(machine, machine),
        *(one for one in INSTRUCTIONS if one in flags),
    ]
    name = re.search(r"^model name\s*:(.*)$", text, re.MULTILINE)
    model = name[1].strip() if name else "unknown"
    if device == "cuda":
        count = torch.cuda.device_count()
        model = torch.cuda.get_device_name(0) + (f" × {count}" if count > 1 else "")
    return {"model": model, "class": " ".join(words)}


def describe_packages() -> str:
    """What takes the place of the manifest's runtime here."""
    return f"torch@{torch.__version__} transformers@{transformers.__version__}"
