"""Both ends of a channel, for typed items."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

from .channel import ChannelReader, ChannelWriter
from .compression import Compressor, Decompressor, compressor, decompressor
from .errors import Corrupt, ItemError, PipewrightError
from .formats import Format, Ndjson
from .messages import MAX_FRAME, Header, Heartbeat, Progress, Turn
from .shapes import ANY, Shape

T = TypeVar("T")

_BATCH = 4096
"""Number of items returned at once."""

_MESSAGES = 1024
"""Number of messages that a receiver without ``on_message`` keeps."""

FLUSH = 0.002
"""Seconds within which an item is sent."""

HEARTBEAT = 20.0
"""Seconds without a frame after which a sender sends a heartbeat."""


class Receiver(Generic[T]):
    """Reads items. Iterating raises a ``StreamError`` if the stream is not complete."""

    def __init__(
        self, reader: ChannelReader, form: Format | None = None, shape: Shape = ANY
    ) -> None:
        """Receive items from a reader of bytes."""
        self.reader = reader
        self._form = form or Ndjson()
        self._shape = shape
        self._decoder = self._form.decoder()
        self._unpacked: Decompressor | None = None
        self._compared = False
        self._found: Iterator[Any] = iter(())
        self._error: ItemError | None = None
        self._ready: list[Any] = []
        self._over = False
        self.received = 0
        self.messages: deque[str] = deque(maxlen=_MESSAGES)
        self.on_message: Callable[[str], None] | None = None

    @property
    def metadata(self) -> Any:
        """The user's metadata in the header, once it has arrived."""
        header = self.reader.seen_header
        return None if header is None else header.metadata

    async def batch(self) -> list[Any] | str | Turn | Progress | None:
        """Return some encoded items, a message, or ``None`` at the end.

        Decode an item with ``decode``. The receiver numbers items as ``decode`` is called.
        Cancelling this loses nothing.
        """
        while True:
            if found := self._take():
                return found
            if self._over:
                return None
            event = await self.reader.next_event()
            if isinstance(event, bytes | None):
                self._compare(event)
                self._found = self._decoded(event)
            else:
                self._compare(event)
                return event

    def _take(self) -> list[Any]:
        """Take items until a batch is full. An error after them is raised by the next call."""
        if self._error is not None:
            raise ItemError(self._error.reason, self.received)
        found: list[Any] = []
        try:
            # Keeps the items before an error.
            found.extend(islice(self._found, _BATCH))
        except ItemError as error:
            self._error = error
            if not found:
                raise ItemError(error.reason, self.received) from None
        return found

    def _decoded(self, event: bytes | None) -> Iterator[Any]:
        """Yield encoded items; payload is decompressed in bounded pieces, one at a time."""
        if event is None:
            self._over = True
            if self._unpacked is not None:
                self._unpacked.finish()
            yield from self._decoder.finish()
        elif self._unpacked is None:
            yield from self._decoder.feed(event)
        else:
            for piece in self._unpacked.feed(event):
                yield from self._decoder.feed(piece)

    def decode(self, encoded: Any) -> T:
        """Decode one item of a batch. Raises ``ItemError`` with the number of the item."""
        number = self.received
        self.received += 1
        try:
            item: T = self._form.decode(encoded, self._shape)
        except ItemError as error:
            raise ItemError(error.reason, number) from None
        return item

    def _compare(self, event: bytes | str | Turn | Progress | None) -> None:
        if self._compared or event is None:
            return
        header = self.reader.seen_header
        if header is None:
            self._compared = isinstance(event, bytes)
            return
        self._compared = True
        # A stage of bytes forwards items of any format.
        if header.format not in (self._form.name, "bytes"):
            reason = f"the stream is in the format {header.format!r}, not {self._form.name!r}"
            self.reader.fail(Corrupt(reason))
            raise ItemError(f"{reason}; set `input` of the stage, or `form` of the receiver")
        if header.compression is not None:
            self._unpacked = decompressor(header.compression)

    def check_count(self) -> None:
        """Compare the number of items with the end message. Raises ``Corrupt``."""
        header = self.reader.seen_header
        # The end of a stream of bytes counts no items.
        if header is None or header.format == self._form.name:
            self.reader.check_items(self.received)

    async def recv(self) -> T | None:
        """Return the next item; ``None`` at the end, and for an item that is null.

        Use iteration if items can be null. Messages go to ``on_message``; without it the last 1,024
        are kept in ``messages``.
        """
        while not self._ready:
            batch = await self.batch()
            if batch is None:
                self.check_count()
                return None
            if isinstance(batch, list):
                self._ready = batch[::-1]
            elif isinstance(batch, str):
                self._noted(batch)
        return self.decode(self._ready.pop())

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield items until the stream is complete."""
        while self._ready:
            yield self.decode(self._ready.pop())
        while (batch := await self.batch()) is not None:
            if isinstance(batch, list):
                # Kept in the receiver, so that leaving the loop loses no item.
                self._ready = batch[::-1]
                while self._ready:
                    yield self.decode(self._ready.pop())
            elif isinstance(batch, str):
                self._noted(batch)
        self.check_count()

    def _noted(self, message: str) -> None:
        """Pass a message to ``on_message``, or keep the last ones."""
        if self.on_message is not None:
            self.on_message(message)
        else:
            self.messages.append(message)

    async def close(self) -> None:
        """Leave the channel: the sender's next send fails."""
        await self.reader.close()


class Sender(Generic[T]):
    """Writes items, batched into frames. Only ``close`` completes the stream."""

    def __init__(
        self,
        writer: ChannelWriter,
        form: Format | None = None,
        shape: Shape = ANY,
        *,
        item: str | None = None,
        metadata: Any = None,
        compression: str | None = None,
    ) -> None:
        """Send items to a writer of bytes."""
        self.writer = writer
        self._form = form or Ndjson()
        self._shape = shape
        self._buffer = bytearray()
        self._packed: Compressor | None = None if compression is None else compressor(compression)
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._heartbeat: asyncio.TimerHandle | None = None
        self._lock = asyncio.Lock()
        self._outgoing = b""
        self.sent = 0
        writer.header = Header(
            self._form.name,
            self._form.encoding,
            item,
            None,
            compression,
            int(HEARTBEAT * 1000),
            metadata,
        )

    async def connect(self) -> None:
        """Open the end and send the header."""
        await self.writer.connect()
        self._rest()

    def push(self, item: T) -> None:
        """Encode an item into the buffer. Call ``room`` before the next one.

        Raises ``ItemError`` with the number of the item; nothing of it is sent then.
        """
        try:
            encoded = self._form.encode(item, self._shape)
        except ItemError as error:
            raise ItemError(error.reason, self.sent) from None
        self._buffer += encoded
        self.sent += 1
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH, _due, weakref.ref(self))

    @property
    def is_full(self) -> bool:
        """Whether the buffer holds a frame, so that ``flush`` should be awaited."""
        return len(self._buffer) >= MAX_FRAME

    async def send(self, item: T) -> None:
        """Send an item within two milliseconds. Waits while there is no room."""
        self.push(item)
        if self.is_full:
            await self.flush()

    async def send_message(self, text: str) -> None:
        """Send a user message, in order with the items around it."""
        await self.flush()
        await self.writer.send_message(text)

    async def flush(self) -> None:
        """Send the buffer. The next flush sends what a cancelled one left."""
        async with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            await self._write_out()
            if not self._buffer:
                return
            payload, self._buffer = bytes(self._buffer), bytearray()
            self._outgoing = payload if self._packed is None else self._packed.feed(payload)
            await self._write_out()
            self._rest()

    async def _write_out(self) -> None:
        before = self.writer.sent_bytes
        try:
            if self._outgoing:
                await self.writer.write(self._outgoing)
        finally:
            self._outgoing = self._outgoing[self.writer.sent_bytes - before :]

    async def _flush_quietly(self) -> None:
        # The writer stores its failure, and the next send raises it.
        with contextlib.suppress(PipewrightError):
            await self.flush()

    def _rest(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        loop = asyncio.get_running_loop()
        self._heartbeat = loop.call_later(HEARTBEAT / 2, _beat, weakref.ref(self))

    async def _send_heartbeat(self) -> None:
        try:
            await self.writer.send_message(Heartbeat().encode())
        except PipewrightError:
            self._stop()

    def _stop(self) -> None:
        for timer in (self._timer, self._heartbeat):
            if timer is not None:
                timer.cancel()
        self._timer = self._heartbeat = None

    async def close(self) -> None:
        """Complete the stream and wait for the engine's confirmation."""
        try:
            await self.flush()
            if self._packed is not None:
                self._outgoing, self._packed = self._packed.finish(), None
                await self._write_out()
            await self.writer.close(self.sent)
        finally:
            self._stop()

    async def abort(self, abort: Any) -> None:
        """End the stream with an error that reaches its reader; buffered items come first."""
        try:
            await self._flush_quietly()
            await self.writer.abort(abort)
        finally:
            self._stop()


# The timers do not keep the sender alive, so that dropping it ends its stream.


def _due(reference: weakref.ref[Sender[Any]]) -> None:
    sender = reference()
    if sender is not None:
        sender._timer = None
        if sender._flushing is None or sender._flushing.done():
            sender._flushing = asyncio.ensure_future(sender._flush_quietly())


def _beat(reference: weakref.ref[Sender[Any]]) -> None:
    sender = reference()
    if sender is not None:
        sender._flushing = asyncio.ensure_future(sender._send_heartbeat())
        sender._rest()
