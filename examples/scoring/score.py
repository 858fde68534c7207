"""A stage that scores reviews: where a real one would load a model, this one has a few weights."""

import math
import os
import re
import sys
from pathlib import Path

from iii import register_worker

sys.path.append(str(Path(__file__).parent.parent / "polyglot"))
from pipewright_stage import checked  # noqa: E402: the helper is beside the other example

WEIGHTS = {"great": 2.1, "love": 1.8, "fast": 1.2, "ok": 0.1, "slow": -1.4, "broken": -2.6}
BIAS = 0.2


def score(text, weights):
    words = re.findall(r"\w+", text.lower())
    return 1 / (1 + math.exp(-(BIAS + sum(weights.get(word, 0.0) for word in words))))


@checked("model::score")
async def scores(reviews, output, params):
    """Loads once a run, then goes item by item; `params` has weights of the caller's own."""
    weights = WEIGHTS | ((params or {}).get("weights") or {})
    async for review in reviews:
        await output.send({"id": review["id"], "score": round(score(review["text"], weights), 3)})


if __name__ == "__main__":
    iii = register_worker(os.environ["III_URL"])
    iii.register_function("model::score", scores)
    iii.trigger({"function_id": "scoring::ready", "payload": {}})
    sys.stdin.read()  # The example holds the other end as long as it runs.
    os._exit(0)
