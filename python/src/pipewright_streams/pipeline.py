"""Pipelines over stages of any worker, iterated as an async iterator."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import CallError, PipewrightError, ReaderGone, RunFailed, StreamError
from .failures import abort_of
from .formats import format_of
from .items import Receiver, Sender
from .messages import INPUT_FAILED, Abort
from .shapes import ANY, shape_of
from .worker import Worker

Source = Iterable[Any] | AsyncIterable[Any]

_GRACE = 5.0
"""Seconds that the stages have to end after the output of a run has ended."""


@dataclass(frozen=True)
class _Step:
    id: str
    params: Any = None


@dataclass
class RunReport:
    """What went through each stage, in order: the reports that the stages returned."""

    stages: dict[str, dict[str, Any]] = field(default_factory=dict)
    items: int = 0
    verified: bool = False


class Pipeline:
    """A source and the stages behind it. Nothing runs before ``start``."""

    def __init__(self, source: Source, *, input: str, steps: tuple[_Step, ...] = ()) -> None:
        """Use ``pipeline`` to make one."""
        self._source = source
        self._input = input
        self._steps = steps

    def then(self, id: str, *, params: Any = None) -> Pipeline:
        """Append the stage with this id, on whichever worker registered it."""
        return Pipeline(self._source, input=self._input, steps=(*self._steps, _Step(id, params)))

    def start(self, worker: Worker, *, output: str = "ndjson", item: Any = None) -> Run:
        """Start a run. ``output`` is the format of the last stage, ``item`` its item type."""
        if not self._steps:
            raise ValueError("a pipeline needs at least one stage; append it with `then`")
        return Run(worker, self._source, self._input, self._steps, output, item)


def pipeline(source: Source, *, input: str = "ndjson") -> Pipeline:
    """Begin a pipeline. ``input`` is the format that the first stage reads."""
    return Pipeline(source, input=input)


class Run:
    """One execution of a pipeline. Iterate it for the items; ``report`` holds the counts."""

    def __init__(
        self,
        worker: Worker,
        source: Source,
        input: str,
        steps: tuple[_Step, ...],
        output: str,
        item: Any,
    ) -> None:
        """Use ``Pipeline.start``."""
        self._worker = worker
        self._source = source
        self._input = input
        self._steps = steps
        self._output = output
        self._shape = ANY if item is None else shape_of(item)
        self._failures: list[Abort] = []
        self.report = RunReport()

    async def collect(self) -> list[Any]:
        """Run to the end and return all items. Raises ``RunFailed``."""
        return [item async for item in self]

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Yield the items of the last stage. Raises ``RunFailed`` with the first cause."""
        worker, steps = self._worker, self._steps
        edges = [await worker.create_channel() for _ in range(len(steps) + 1)]
        sender: Sender[Any] = worker.sender(edges[0][0], form=format_of(self._input))
        receiver: Receiver[Any] = worker.receiver(
            edges[-1][1], form=format_of(self._output), shape=self._shape
        )
        tasks = [asyncio.create_task(self._feed(sender))]
        for at, step in enumerate(steps):
            request: dict[str, Any] = {
                "readerRef": edges[at][1].to_json(),
                "writerRef": edges[at + 1][0].to_json(),
            }
            if step.params is not None:
                request["params"] = step.params
            tasks.append(asyncio.create_task(self._trigger(step, request)))
        complete = False
        try:
            async for item in _until_failed(receiver, tasks):
                self.report.items += 1
                yield item
            complete = True
        except StreamError as error:
            self._failures.append(abort_of("the consumer", error))
        except PipewrightError as error:
            self._failures.insert(0, abort_of("the consumer", error))
        finally:
            await receiver.close()
            await _settle(tasks)
        failure = self._first_cause()
        if failure is not None:
            raise RunFailed(failure)
        if complete:
            reports = self.report.stages.values()
            self.report.verified = all(report.get("input_verified") for report in reports)

    def _first_cause(self) -> Abort | None:
        causes = [failure.first_cause for failure in self._failures]
        own = [cause for cause in causes if cause.code != INPUT_FAILED]
        return next(iter(own or causes), None)

    async def _feed(self, sender: Sender[Any]) -> None:
        try:
            await sender.connect()
            if isinstance(self._source, AsyncIterable):
                async for item in self._source:
                    await sender.send(item)
            else:
                for item in self._source:
                    await sender.send(item)
            await sender.close()
        except ReaderGone:
            # The first stage wanted no more.
            return
        except asyncio.CancelledError:
            await asyncio.shield(
                sender.abort(Abort("cancelled", "the run was cancelled", "source"))
            )
            raise
        except Exception as error:
            abort = abort_of("source", error)
            self._failures.append(abort)
            await sender.abort(abort)

    async def _trigger(self, step: _Step, request: dict[str, Any]) -> None:
        try:
            report = await self._worker.call(step.id, request, timeout=None)
            self.report.stages[step.id] = report if isinstance(report, dict) else {}
        except CallError as error:
            self._failures.append(_reported(step.id, error))
            raise


def _reported(stage: str, error: CallError) -> Abort:
    """Read the abort that a failed stage returns as JSON; other errors become one."""
    with contextlib.suppress(ValueError):
        fields = json.loads(error.message)
        if isinstance(fields, dict) and "code" in fields:
            return Abort.of(fields)
    return Abort(error.code, error.message, stage)


async def _until_failed(
    receiver: Receiver[Any], tasks: list[asyncio.Task[None]]
) -> AsyncIterator[Any]:
    """Yield items, and end soon after a stage failed while its output stays open."""
    failed = asyncio.ensure_future(asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION))
    batch: asyncio.Future[Any] = failed
    try:
        while True:
            batch = asyncio.ensure_future(receiver.batch())
            await asyncio.wait({batch, failed}, return_when=asyncio.FIRST_COMPLETED)
            if not batch.done():
                done, _pending = await asyncio.wait({batch}, timeout=_GRACE)
                if not done:
                    return
            found = batch.result()
            if found is None:
                receiver.check_count()
                return
            if isinstance(found, list):
                for encoded in found:
                    yield receiver.decode(encoded)
    finally:
        for task in (batch, failed):
            task.cancel()
        await asyncio.gather(batch, failed, return_exceptions=True)


async def _settle(tasks: list[asyncio.Task[None]]) -> None:
    """Give the parts of a run a moment to end, then cancel what is left."""
    await asyncio.wait(tasks, timeout=_GRACE)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
