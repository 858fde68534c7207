"""A stage that scores reviews. A real one would load a model; this one has a few weights."""

import asyncio
import math
import re
import sys
from dataclasses import dataclass, field

from pipewright_streams import Worker, stage

WEIGHTS = {"great": 2.1, "love": 1.8, "fast": 1.2, "ok": 0.1, "slow": -1.4, "broken": -2.6}
BIAS = 0.2


@dataclass
class Review:
    id: int
    text: str


@dataclass
class Score:
    id: int
    score: float


@dataclass
class Params:
    """Additional weights of the caller."""

    weights: dict[str, float] = field(default_factory=dict)


@stage("model::score")
def score(review: Review, params: Params | None) -> Score:
    weights = WEIGHTS | (params.weights if params else {})
    words = re.findall(r"\w+", review.text.lower())
    total = BIAS + sum(weights.get(word, 0.0) for word in words)
    return Score(review.id, round(1 / (1 + math.exp(-total)), 3))


async def main() -> None:
    async with Worker() as worker:
        await worker.register(score)
        await worker.registered()
        await worker.call("scoring::ready", {})
        # The example keeps our standard input open as long as it runs.
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
