#!/usr/bin/env python3
"""
Checks a run in its folder with torch: executes some of its steps again from the checkpoints before them, and compares
data, losses and weights within 1e-4. For bases that are too large for `openledger run verify`; prints one JSON object
per step, and exits with 1 when one of them is wrong.
"""

import argparse
import pathlib
import sys

from openledger_train.arguments import add_compute, prepare


def main(arguments: list) -> int:
    parser = argparse.ArgumentParser(
        prog="verify.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=pathlib.Path, help="the run's folder")
    parser.add_argument("base", type=pathlib.Path, help="the base model's folder")
    parser.add_argument("--steps", type=int, default=3, help="how many steps (3)")
    parser.add_argument("--random", action="store_true", help="draw the steps instead of spreading them evenly")
    add_compute(parser)
    options = parser.parse_args(arguments)
    try:
        settings = prepare(options)
        from openledger_train.files import to_json
        from openledger_train.verifier import verify_run

        wrong = 0
        for found in verify_run(options.folder, options.base, settings, max(1, options.steps), options.random):
            print(to_json(found), flush=True)
            wrong += not found["ok"]
        return 1 if wrong else 0
    except (ValueError, FileNotFoundError) as error:
        print(f"verify.py: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
