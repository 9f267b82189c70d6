#!/usr/bin/env python3
"""
Trains an OpenLedger run with torch, from the folder that `openledger run start` writes.

Reads manifest.json, rows.jsonl and a base model of the Llama family in Hugging Face layout. Prints one JSON object
per line (start, step, evaluation, checkpoint, and end when result/ is complete); keeps checkpoints and logs in run/.
Started again after any end, it goes on from the last checkpoint. On SIGTERM it saves its state at the next step and
exits with 0, without an end. Data, batches, first weights and optimiser are the engine's own, so `openledger run
verify` can check it, and verify.py where the base is too large for that.

  openledger run start --profile native --data rows.txt --engine "subprocess:python ts/engine/torch/train.py"
"""

import argparse
import pathlib
import signal
import sys

from openledger_train.arguments import add_compute, count, prepare


def parse(arguments: list) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="train.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path, help="the run's folder")
    parser.add_argument("base", type=pathlib.Path, help="the base model's folder")
    parser.add_argument("--checkpoint-every", type=count, default=20, help="steps between checkpoints (20)")
    parser.add_argument("--keep-checkpoints", type=count, help="how many of the newest checkpoints stay (all)")
    add_compute(parser)
    return parser.parse_args(arguments)


def main(arguments: list) -> int:
    """Runs until the end or until it is told to stop."""
    options = parse(arguments)
    stopped = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.append(True))
    try:
        settings = prepare(options)
        from openledger_train.files import to_json
        from openledger_train.trainer import Options, Trainer

        def tell(event: dict) -> None:
            print(to_json(event), flush=True)

        chosen = Options(settings, options.checkpoint_every, options.keep_checkpoints)
        Trainer(options.folder, options.base, chosen, tell, lambda: bool(stopped)).train()
    except (ValueError, FileNotFoundError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
