"""Arguments that train.py and verify.py share. Loads no library before it must: `--help` should not take seconds."""

import argparse
import os


def count(text: str) -> int:
    """A whole number of at least 1."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def add_compute(parser: argparse.ArgumentParser) -> None:
    """How to compute; none of it is in a manifest."""
    parser.add_argument("--threads", type=count, help="threads per operator")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="cuda: all GPUs that are visible")
    parser.add_argument(
        "--compute",
        choices=["float32", "bfloat16"],
        default="float32",
        help="bfloat16: frozen weights and products in sixteen bits, what is trained in float32. Half the memory, and "
        "beyond the tolerance of a check in float32; events, checkpoints and model card name it",
    )
    parser.add_argument(
        "--gradient-checkpointing", action="store_true", help="less memory: the forward pass is computed twice"
    )


def prepare(options: argparse.Namespace):
    """Loads torch with what decides a run's bits pinned, and returns the settings."""
    # cuBLAS repeats its bits only with a workspace of this kind; it must be chosen before CUDA starts.
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    import torch
    import transformers

    from .stepper import Settings

    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    torch.use_deterministic_algorithms(True, warn_only=True)
    if options.threads is not None:
        torch.set_num_threads(options.threads)
    if options.device == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            "The device cuda cannot be used: torch sees no GPU. Leave --device out to use the processor."
        )
    return Settings(options.device, options.compute, options.gradient_checkpointing)
