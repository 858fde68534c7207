"""Runs one stage between its two ends."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

from .channel import ChannelReader, ChannelWriter
from .connection import Address
from .context import StageContext
from .errors import (
    CallError,
    ItemError,
    PipewrightError,
    ReaderGone,
)
from .failures import RunLost, StageFailed, UserError, abort_of
from .formats import format_of
from .items import Receiver, Sender
from .messages import Abort, Header, Progress, Turn
from .outputs import closing, guarded, iterated, payload_of
from .refs import ChannelRef, find_ref
from .report import Report
from .stage import Stage, StageKind


class Execution:
    """One run of one stage."""

    def __init__(self, stage: Stage, address: Address, request: dict[str, Any]) -> None:
        """Read the request (``docs/protocol.md`` section 10.1). Raises ``CallError``."""
        self._stage = stage
        self._report = Report()
        read = find_ref(request, "readerRef", "reader_ref", "reader")
        write = find_ref(request, "writerRef", "writer_ref", "writer")
        self._reader = None if read is None else ChannelReader(address, read)
        self._writer = None if write is None else ChannelWriter(address, write)
        cancel = ChannelRef.of(request.get("cancelRef"))
        self._cancel = None if cancel is None else ChannelReader(address, cancel)
        if stage.kind is not StageKind.PRODUCER and self._reader is None:
            raise CallError("deserialization_error", f"{stage.id} needs a `readerRef`")
        if stage.kind is not StageKind.CONSUMER and self._writer is None:
            raise CallError("deserialization_error", f"{stage.id} needs a `writerRef`")
        self._lost: PipewrightError | None = None
        self._receiver: Receiver[Any] | None = None
        self._sender: Sender[Any] | None = None
        if stage.kind is StageKind.BYTES:
            if self._writer is not None:
                self._writer.header = Header("bytes")
        else:
            if self._reader is not None and stage.input is not None:
                self._receiver = Receiver(self._reader, format_of(stage.input_format), stage.input)
            if self._writer is not None and stage.output is not None:
                self._sender = Sender(
                    self._writer,
                    format_of(stage.output_format),
                    stage.output,
                    item=stage.output.name,
                    compression=stage.compression,
                )
        self._context = StageContext(stage.id, None if self._writer is None else self._message)
        self._arguments = self._named_arguments(request.get("params"))
        interval = request.get("progressMs")
        self._progress_interval = interval / 1000 if isinstance(interval, int) and interval else 1.0

    def _named_arguments(self, params: Any) -> dict[str, Any]:
        stage, arguments = self._stage, {}
        if "params" in stage.named:
            try:
                arguments["params"] = (
                    params if stage.params is None else stage.params.decode(params, "params")
                )
            except ItemError as error:
                raise CallError("deserialization_error", error.reason) from None
        if "state" in stage.named:
            arguments["state"] = {} if stage.state is None else stage.state()
        if "context" in stage.named:
            arguments["context"] = self._context
        return arguments

    async def run(self) -> dict[str, Any]:
        """Run the stage to its end and return its report. Raises ``StageFailed``."""
        try:
            ends: list[Coroutine[Any, Any, None]] = []
            if self._reader is not None:
                ends.append(self._reader.connect())
            if self._sender is not None:
                ends.append(self._sender.connect())
            elif self._writer is not None:
                ends.append(self._writer.connect())
            await asyncio.gather(*ends)
            await self._supervised()
            await self._close()
        except BaseException as error:
            if self._writer is not None and self._writer.reader_is_gone:
                # The reader left: the stage ends early, which is not a failure.
                await self._leave()
                return self._finish()
            abort = abort_of(self._stage.id, error)
            await asyncio.shield(self._abort(abort))
            if isinstance(error, asyncio.CancelledError) and not self._context.is_cancelled:
                raise
            raise StageFailed(abort.code, json.dumps(abort.fields(), ensure_ascii=False)) from error
        if self._cancel is not None:
            await self._cancel.close()
        report = self._finish()
        if self._writer is not None:
            report["output_closed"] = True
        return report

    def _finish(self) -> dict[str, Any]:
        report = self._report
        if self._receiver is not None:
            report.items_in = self._receiver.received
        if self._sender is not None:
            report.items_out = self._sender.sent
        return report.finish(self._reader, self._writer)

    async def _supervised(self) -> None:
        """Run the body until it ends, its output's reader leaves, or the run is cancelled."""
        body = asyncio.ensure_future(self._body())
        watchers: set[asyncio.Future[Any]] = set()
        if self._writer is not None:
            watchers.add(asyncio.ensure_future(self._writer.gone()))
        if self._cancel is not None:
            watchers.add(asyncio.ensure_future(self._held(self._cancel)))
        ticker = asyncio.ensure_future(self._tell_progress())
        try:
            await asyncio.wait({body, *watchers}, return_when=asyncio.FIRST_COMPLETED)
            if not body.done():
                body.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await body
                if self._lost is not None:
                    raise RunLost(f"the run is lost: {self._lost}")
                if self._context.is_cancelled:
                    raise asyncio.CancelledError
                raise ReaderGone("the output of the stage was closed")
            body.result()
        finally:
            for task in (body, ticker, *watchers):
                task.cancel()
            await asyncio.gather(body, ticker, *watchers, return_exceptions=True)

    async def _tell_progress(self) -> None:
        """Send progress messages until the stage ends (``docs/protocol.md`` section 9.5)."""
        writer = self._writer
        while writer is not None:
            await asyncio.sleep(self._progress_interval)
            items = 0 if self._sender is None else self._sender.sent
            await writer.send_message(Progress(self._stage.id, items, writer.sent_bytes).encode())

    async def _held(self, channel: ChannelReader) -> None:
        """Watch the channel that the run holds (``docs/protocol.md`` section 10.1)."""
        try:
            while await channel.next_frame() is not None:
                # Text frames are for a reading end that waits; this one reads until its input ends.
                continue
        except PipewrightError as error:
            self._lost = error
        self._context.cancel()

    async def _body(self) -> None:
        match self._stage.kind:
            case StageKind.ITEM | StageKind.FILTER:
                if self._stage.concurrency > 1:
                    await self._concurrent_items()
                else:
                    await self._items()
            case StageKind.STREAM:
                await self._emit(self._call(self._incoming()))
            case StageKind.PRODUCER:
                await self._emit(self._call())
            case StageKind.CONSUMER:
                await self._user(self._call(self._incoming()))
            case StageKind.BYTES:
                await self._bytes()

    def _call(self, *items: Any) -> Any:
        try:
            return self._stage.function(*items, **self._arguments)
        except Exception as error:
            raise UserError(error, self._number()) from error

    def _number(self) -> int | None:
        received = 0 if self._receiver is None else self._receiver.received
        return received - 1 if received else None

    async def _user(self, result: Any) -> Any:
        if not inspect.isawaitable(result):
            return result
        try:
            return await result
        except (PipewrightError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise UserError(error, self._number()) from error

    async def _incoming(self) -> AsyncIterator[Any]:
        receiver = self._received()
        while (batch := await receiver.batch()) is not None:
            if isinstance(batch, list):
                for encoded in batch:
                    yield receiver.decode(encoded)
            else:
                await self._pass_on(batch)
        receiver.check_count()

    def _received(self) -> Receiver[Any]:
        assert self._receiver is not None
        self._context.metadata = self._receiver.metadata
        return self._receiver

    async def _pass_on(self, message: str | Turn | Progress) -> None:
        if self._sender is not None:
            text = message if isinstance(message, str) else message.encode()
            await self._sender.send_message(text)

    async def _message(self, text: str) -> None:
        if self._sender is not None:
            await self._sender.send_message(text)
        elif self._writer is not None:
            await self._writer.send_message(text)

    async def _items(self) -> None:
        receiver, sender, stage = self._received(), self._sender, self._stage
        assert sender is not None
        function, arguments, is_async = (
            stage.function,
            self._arguments,
            inspect.iscoroutinefunction(stage.function),
        )
        # The most common kind, one item for one, without unnecessary calls.
        is_plain = stage.kind is StageKind.ITEM and not stage.many and not stage.optional
        while (batch := await receiver.batch()) is not None:
            if not isinstance(batch, list):
                await self._pass_on(batch)
                continue
            self._context.metadata = receiver.metadata
            for encoded in batch:
                item = receiver.decode(encoded)
                try:
                    result = function(item, **arguments)
                except Exception as error:
                    raise UserError(error, self._number()) from error
                if is_async:
                    result = await self._user(result)
                if is_plain:
                    sender.push(result)
                    if sender.is_full:
                        await sender.flush()
                else:
                    await self._give(item, result, self._number())
        receiver.check_count()

    async def _give(self, item: Any, result: Any, number: int | None) -> None:
        sender, stage = self._sender, self._stage
        assert sender is not None
        if stage.kind is StageKind.FILTER:
            outputs: Iterable[Any] = (item,) if result else ()
        elif result is None and stage.optional:
            outputs = ()
        elif stage.many and hasattr(result, "__aiter__"):
            found = guarded(result, number)
            async with closing(found):
                async for output in found:
                    await sender.send(output)
            return
        else:
            outputs = iterated(result, number) if stage.many else (result,)
        for output in outputs:
            sender.push(output)
            if sender.is_full:
                await sender.flush()

    async def _concurrent_items(self) -> None:
        receiver, stage = self._received(), self._stage
        running: asyncio.Queue[Any] = asyncio.Queue(stage.concurrency - 1)

        async def collect() -> None:
            while (entry := await running.get()) is not None:
                if isinstance(entry, str | Turn | Progress):
                    await self._pass_on(entry)
                    continue
                item, number, task = entry
                await self._give(item, await task, number)

        collector = asyncio.ensure_future(collect())
        tasks: set[asyncio.Future[Any]] = set()

        async def hand_over(entry: Any) -> None:
            # The collector may fail while this waits for a free slot.
            putting = asyncio.ensure_future(running.put(entry))
            await asyncio.wait({putting, collector}, return_when=asyncio.FIRST_COMPLETED)
            if collector.done():
                putting.cancel()
                collector.result()

        try:
            while (batch := await receiver.batch()) is not None:
                entries = batch if isinstance(batch, list) else [batch]
                for entry in entries:
                    if not isinstance(batch, list):
                        await hand_over(entry)
                        continue
                    item = receiver.decode(entry)
                    task = asyncio.ensure_future(self._one(item, receiver.received - 1))
                    tasks.add(task)
                    task.add_done_callback(tasks.discard)
                    await hand_over((item, receiver.received - 1, task))
            await hand_over(None)
            await collector
        finally:
            for pending in (collector, *tasks):
                pending.cancel()
            await asyncio.gather(collector, *tasks, return_exceptions=True)
        receiver.check_count()

    async def _one(self, item: Any, number: int) -> Any:
        function: Callable[..., Any] = self._stage.function
        try:
            if inspect.iscoroutinefunction(function):
                return await function(item, **self._arguments)
            # A plain function of a concurrent stage may block, so it runs on a thread.
            return await asyncio.to_thread(function, item, **self._arguments)
        except (PipewrightError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise UserError(error, number) from error

    async def _emit(self, outputs: Any) -> None:
        sender = self._sender
        assert sender is not None
        try:
            async with closing(outputs):
                async for output in outputs:
                    sender.push(output)
                    if sender.is_full:
                        await sender.flush()
        except PipewrightError:
            raise
        except Exception as error:
            raise UserError(error, self._number()) from error

    async def _bytes(self) -> None:
        reader, writer = self._reader, self._writer
        assert reader is not None and writer is not None
        outputs = guarded(self._call(payload_of(reader, writer)), None)
        async with closing(outputs):
            async for payload in outputs:
                await writer.write(payload)

    async def _close(self) -> None:
        if self._reader is not None and self._reader.verdict is None:
            await self._reader.close()
        if self._sender is not None:
            await self._sender.close()
        elif self._writer is not None:
            await self._writer.close()

    async def _abort(self, abort: Abort) -> None:
        if self._sender is not None:
            await self._sender.abort(abort)
        elif self._writer is not None:
            await self._writer.abort(abort)
        await self._leave()

    async def _leave(self) -> None:
        for reader in (self._reader, self._cancel):
            if reader is not None:
                await reader.close()
