"""One execution of a pipeline."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import CallError, PipewrightError, ReaderGone, RunFailed, StreamError
from .failures import CONSEQUENCES, OUTPUT_LOST, abort_of
from .formats import format_of
from .items import Receiver, Sender
from .messages import Abort
from .shapes import ANY, shape_of
from .verifier import Verdict
from .worker import Worker

_GRACE = 5.0
"""Seconds in which stages must end after the output of a run has ended."""

_ABANDON = 1.0
"""Seconds for the abort of a source to get into its channel, which may be full."""

_NEVER_RAN = frozenset(
    {
        "FORBIDDEN",
        "deserialization_error",
        "function_not_found",
        "payload_too_large",
        "serialization_error",
        "too_many_calls",
    }
)
"""Codes of calls whose function did not start, so that waiting is pointless."""


@dataclass(frozen=True)
class Step:
    """A stage of a pipeline, by its id."""

    id: str
    params: Any = None


@dataclass
class StageReport:
    """The report of one stage, as its function returned it; empty if it failed."""

    id: str
    report: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """Return one member of the report (``docs/protocol.md`` section 10.4)."""
        return self.report[name]


@dataclass
class RunReport:
    """The report of a run. Complete once the run has ended."""

    stages: list[StageReport] = field(default_factory=list)
    items: int = 0
    verified: bool = False
    """Whether every stream of the run had totals that matched."""

    def stage(self, id: str) -> StageReport:
        """Find the first stage with this id. Raises ``KeyError``."""
        for stage in self.stages:
            if stage.id == id:
                return stage
        raise KeyError(id)


class Run:
    """One execution of a pipeline. Iterate it once for the items; ``report`` holds the counts.

    Leaving the loop early, or ``close``, ends the stages. Use the run as an async context manager
    to wait for that.
    """

    def __init__(
        self,
        worker: Worker,
        source: Iterable[Any] | AsyncIterable[Any],
        input: str,
        steps: tuple[Step, ...],
        output: str,
        item: Any,
    ) -> None:
        """Use ``Pipeline.start``."""
        self._worker = worker
        self._source = source
        self._input = format_of(input)
        self._steps = steps
        self._output = format_of(output)
        self._shape = ANY if item is None else shape_of(item)
        self._failures: list[tuple[int, Abort]] = []
        self._iterator: AsyncIterator[Any] | None = None
        self._grace = _GRACE
        self.report = RunReport([StageReport(step.id) for step in steps])

    async def collect(self) -> list[Any]:
        """Run to the end and return all items. Raises ``RunFailed``."""
        return [item async for item in self]

    def __aiter__(self) -> AsyncIterator[Any]:
        """Yield the items of the last stage. Raises ``RunFailed`` with the first cause."""
        if self._iterator is not None:
            raise RuntimeError("a run is iterated once; start another run of the pipeline")
        iterator = self._items()
        self._iterator = iterator
        return iterator

    async def close(self) -> None:
        """End the run and its stages, if it is still running."""
        iterator: Any = self._iterator
        if iterator is not None:
            await iterator.aclose()

    async def __aenter__(self) -> Run:
        """Return the run itself."""
        return self

    async def __aexit__(self, *_error: object) -> None:
        """End the run."""
        await self.close()

    async def _items(self) -> AsyncIterator[Any]:
        worker, steps = self._worker, self._steps
        edges = [await worker.create_channel() for _ in range(len(steps) + 1)]
        sender: Sender[Any] = worker.sender(edges[0][0], form=self._input)
        receiver: Receiver[Any] = worker.receiver(
            edges[-1][1], form=self._output, shape=self._shape
        )
        calls = []
        for at, step in enumerate(steps):
            request: dict[str, Any] = {
                "readerRef": edges[at][1].to_json(),
                "writerRef": edges[at + 1][0].to_json(),
            }
            if step.params is not None:
                request["params"] = step.params
            calls.append(asyncio.create_task(self._trigger(at, step, request)))
        feed = asyncio.create_task(self._feed(sender, calls[0]))
        complete = False
        try:
            async for item in self._until_failed(receiver, calls):
                self.report.items += 1
                yield item
            complete = True
        except StreamError as error:
            self._failures.append((len(steps), abort_of("the consumer", error)))
        except PipewrightError as error:
            # The consumer refused an item; failures that follow from it come later.
            self._failures.insert(0, (-2, abort_of("the consumer", error)))
        finally:
            await receiver.close()
            await _settle([feed, *calls], self._grace)
        failure = self._first_cause()
        if failure is not None:
            raise RunFailed(failure)
        if complete:
            verified = all(stage.report.get("input_verified") for stage in self.report.stages)
            self.report.verified = verified and receiver.reader.verdict is Verdict.COMPLETE

    async def _until_failed(
        self, receiver: Receiver[Any], calls: list[asyncio.Task[None]]
    ) -> AsyncIterator[Any]:
        """Yield items, and end soon after a stage failed while its output stays open."""
        failed = asyncio.ensure_future(asyncio.wait(calls, return_when=asyncio.FIRST_EXCEPTION))
        batch: asyncio.Future[Any] = failed
        try:
            while True:
                batch = asyncio.ensure_future(receiver.batch())
                if not failed.done():
                    await asyncio.wait({batch, failed}, return_when=asyncio.FIRST_COMPLETED)
                if not batch.done():
                    done, _pending = await asyncio.wait({batch}, timeout=self._grace)
                    if not done:
                        raise StreamError("the stages have ended, and the output has no end")
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

    def _first_cause(self) -> Abort | None:
        """Choose the first cause: a failure that follows from no other, else the first stage's.

        A stage that is lost ends its neighbours, whose answers may arrive before its own.
        """
        causes = [
            (place, failure.first_cause)
            for place, failure in self._failures
            if failure.code != OUTPUT_LOST or not self._was_left(place)
        ]
        own = [cause for _place, cause in causes if cause.code not in CONSEQUENCES]
        by_place = [cause for _place, cause in sorted(causes, key=lambda it: it[0])]
        return next(iter(own or by_place), None)

    def _was_left(self, place: int) -> bool:
        """Whether the reader after this part of the run left early, without a failure.

        An iii engine drops a writer whose reader left, without a close.
        """
        reader = place + 1
        if reader >= len(self._steps):
            return False
        if self.report.stages[reader].report.get("input_left"):
            return True
        lost = ((at, failure.code) for at, failure in self._failures)
        return (reader, OUTPUT_LOST) in lost and self._was_left(reader)

    async def _feed(self, sender: Sender[Any], first: asyncio.Task[None]) -> None:
        """Send the source until it ends, or the first stage stops reading."""
        pumped = asyncio.ensure_future(self._pump(sender))
        left = asyncio.ensure_future(sender.writer.gone())
        waits: set[asyncio.Future[None]] = {pumped, left, first}
        try:
            while not pumped.done():
                await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
                if sender.writer.reader_is_gone or self._has_stopped(first):
                    break
                waits = {pumped, *(it for it in waits if not it.done())}
        finally:
            for task in (pumped, left):
                task.cancel()
            await asyncio.gather(pumped, left, return_exceptions=True)
            # Without effect on a stream that has ended.
            await _abandon(sender)

    def _has_stopped(self, first: asyncio.Task[None]) -> bool:
        """Whether the first stage has ended without reading its input to the end."""
        if not first.done():
            return False
        failed = first.cancelled() or first.exception() is not None
        return failed or bool(self.report.stages[0].report.get("input_left"))

    async def _pump(self, sender: Sender[Any]) -> None:
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
            # The first stage stopped reading.
            return
        except Exception as error:
            abort = abort_of("source", error)
            self._failures.append((-1, abort))
            await sender.abort(abort)

    async def _trigger(self, at: int, step: Step, request: dict[str, Any]) -> None:
        try:
            report = await self._worker.call(step.id, request, timeout=None)
            self.report.stages[at].report = report if isinstance(report, dict) else {}
        except CallError as error:
            self._failures.append((at, _reported(step.id, error)))
            if error.code in _NEVER_RAN:
                self._grace = 0.0
            raise


def _reported(stage: str, error: CallError) -> Abort:
    """Read the abort that a failed stage returns as JSON; other errors become one."""
    with contextlib.suppress(ValueError, RecursionError, PipewrightError):
        fields = json.loads(error.message)
        if isinstance(fields, dict) and "code" in fields:
            return Abort.of(fields)
    return Abort(error.code, error.message, stage)


async def _abandon(sender: Sender[Any]) -> None:
    """End the stream of a source that is no longer read; its reader may never have opened it."""
    try:
        abort = Abort("cancelled", "the run has ended", "source")
        await asyncio.wait_for(sender.abort(abort), _ABANDON)
    except asyncio.TimeoutError:
        sender.writer.drop()


async def _settle(tasks: list[asyncio.Task[None]], grace: float) -> None:
    """Wait a moment for the parts of a run to end, then cancel the rest."""
    await asyncio.wait(tasks, timeout=grace)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
