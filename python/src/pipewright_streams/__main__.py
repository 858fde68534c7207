"""Serve the stages of a module: ``python -m pipewright_streams serve module``."""

from __future__ import annotations

import argparse
import importlib
import logging
import sys
from pathlib import Path

from .errors import PipewrightError
from .stage import Stage
from .worker import DEFAULT_URL, Worker


def main() -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="pipewright-streams", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve every @stage of a module")
    serve.add_argument("module", help="an importable module, or the path of a .py file")
    serve.add_argument("--url", help=f"the engine; default: III_URL, else {DEFAULT_URL}")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        path = Path(arguments.module)
        if path.suffix == ".py":
            sys.path.insert(0, str(path.parent.resolve()))
            module = importlib.import_module(path.stem)
        else:
            sys.path.insert(0, str(Path.cwd()))
            module = importlib.import_module(arguments.module)
    except ImportError as error:
        print(f"error: cannot import {arguments.module}: {error}", file=sys.stderr)
        return 2
    stages = [value for value in vars(module).values() if isinstance(value, Stage)]
    if not stages:
        print(f"error: {arguments.module} has no @stage", file=sys.stderr)
        return 2
    try:
        Worker(arguments.url).serve(*stages)
    except PipewrightError as error:
        print(f"error: {error}", file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main())
