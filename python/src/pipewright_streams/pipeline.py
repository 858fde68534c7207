"""Pipelines over stages of any worker."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from dataclasses import dataclass
from typing import Any

from .run import Run, RunReport, StageReport, Step
from .stage import Stage
from .worker import Worker

Source = Iterable[Any] | AsyncIterable[Any]

__all__ = ["Pipeline", "Run", "RunReport", "StageReport", "pipeline"]


@dataclass(frozen=True)
class Pipeline:
    """A source and the stages after it. Nothing runs before ``start``."""

    source: Source
    input: str = "ndjson"
    steps: tuple[Step, ...] = ()

    def then(self, stage: str | Stage, *, params: Any = None) -> Pipeline:
        """Append the stage with this id, on whichever worker registered it."""
        id = stage.id if isinstance(stage, Stage) else stage
        return Pipeline(self.source, self.input, (*self.steps, Step(id, params)))

    def start(self, worker: Worker, *, output: str = "ndjson", item: Any = None) -> Run:
        """Start a run. ``output`` is the format of the last stage, ``item`` its item type."""
        if not self.steps:
            raise ValueError("a pipeline needs at least one stage; append it with `then`")
        return Run(worker, self.source, self.input, self.steps, output, item)


def pipeline(source: Source, *, input: str = "ndjson") -> Pipeline:
    """Start a pipeline. ``input`` is the format that the first stage reads."""
    return Pipeline(source, input)
