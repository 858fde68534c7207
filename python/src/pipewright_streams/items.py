"""Both ends of a channel, for typed items."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Generic, TypeVar

from .channel import ChannelReader, ChannelWriter
from .compression import Compressor, Decompressor, compressor, decompressor
from .errors import Corrupt, ItemError, PipewrightError
from .formats import Format, Ndjson
from .messages import MAX_FRAME, Header, Heartbeat, Turn
from .shapes import ANY, Shape

T = TypeVar("T")

FLUSH = 0.002
"""Seconds within which a sent item is on its way."""

HEARTBEAT = 20.0
"""Seconds without a frame after which a sender sends a heartbeat."""


class Receiver(Generic[T]):
    """Reads items. Iterating raises a ``StreamError`` if the stream is not complete."""

    def __init__(
        self, reader: ChannelReader, form: Format | None = None, shape: Shape = ANY
    ) -> None:
        """Put items onto a reader of bytes."""
        self.reader = reader
        self._form = form or Ndjson()
        self._shape = shape
        self._decoder = self._form.decoder()
        self._unpacked: Decompressor | None = None
        self._compared = False
        self._ready: list[Any] = []
        self._over = False
        self.received = 0
        self.messages: list[str] = []

    @property
    def metadata(self) -> Any:
        """The user's metadata in the header, once it has arrived."""
        header = self.reader.seen_header
        return None if header is None else header.metadata

    async def batch(self) -> list[Any] | str | Turn | None:
        """Return the encoded items of one frame, a message, or ``None`` at the end.

        Decode an item with ``decode``. The receiver numbers items as ``decode`` is called.
        """
        while not self._over:
            event = await self.reader.next_event()
            self._compare(event)
            try:
                if event is None:
                    self._over = True
                    if self._unpacked is not None:
                        self._unpacked.finish()
                    rest = list(self._decoder.finish())
                    return rest or None
                if not isinstance(event, bytes):
                    return event
                payload = event if self._unpacked is None else self._unpacked.feed(event)
                if found := list(self._decoder.feed(payload)):
                    return found
            except ItemError as error:
                raise ItemError(error.reason, self.received) from None
        return None

    def decode(self, encoded: Any) -> T:
        """Decode one item of a batch. Raises ``ItemError`` with the number of the item."""
        number = self.received
        self.received += 1
        try:
            item: T = self._form.decode(encoded, self._shape)
        except ItemError as error:
            raise ItemError(error.reason, number) from None
        return item

    def _compare(self, event: bytes | str | Turn | None) -> None:
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
            raise ItemError(f"{reason}; set the format of the stage")
        if header.compression is not None:
            self._unpacked = decompressor(header.compression)

    def check_count(self) -> None:
        """Compare the items with the end message, after the last one. Raises ``Corrupt``."""
        header = self.reader.seen_header
        # The end of a stream of bytes counts no items.
        if header is None or header.format == self._form.name:
            self.reader.check_items(self.received)

    async def recv(self) -> T | None:
        """Return the next item; ``None`` at the end. Messages are kept in ``messages``."""
        while not self._ready:
            batch = await self.batch()
            if batch is None:
                self.check_count()
                return None
            if isinstance(batch, list):
                self._ready = batch[::-1]
            elif isinstance(batch, str):
                self.messages.append(batch)
        return self.decode(self._ready.pop())

    async def __aiter__(self) -> AsyncIterator[T]:
        """Yield items until the stream is complete."""
        while not self._over or self._ready:
            item = await self.recv()
            if item is None and self._over and not self._ready:
                return
            yield item  # type: ignore[misc]

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
        """Put items onto a writer of bytes."""
        self.writer = writer
        self._form = form or Ndjson()
        self._shape = shape
        self._buffer = bytearray()
        self._packed: Compressor | None = None if compression is None else compressor(compression)
        self._timer: asyncio.TimerHandle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._heartbeat: asyncio.TimerHandle | None = None
        self._lock = asyncio.Lock()
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
            self._timer = asyncio.get_running_loop().call_later(FLUSH, self._due)

    @property
    def is_full(self) -> bool:
        """Whether the buffer holds a frame, so that ``flush`` should be awaited."""
        return len(self._buffer) >= MAX_FRAME

    async def send(self, item: T) -> None:
        """Send an item. It is on its way within two milliseconds. Waits while there is no room."""
        self.push(item)
        if self.is_full:
            await self.flush()

    async def send_message(self, text: str) -> None:
        """Send a user message, in order with the items around it."""
        await self.flush()
        await self.writer.send_message(text)

    async def flush(self) -> None:
        """Send what is buffered."""
        async with self._lock:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
            if not self._buffer:
                return
            payload, self._buffer = self._buffer, bytearray()
            data = bytes(payload) if self._packed is None else self._packed.feed(bytes(payload))
            if data:
                await self.writer.write(data)
            self._rest()

    def _due(self) -> None:
        self._timer = None
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.get_running_loop().create_task(self._flush_quietly())

    async def _flush_quietly(self) -> None:
        # The writer keeps its failure, and the next send raises it.
        try:
            await self.flush()
        except PipewrightError:
            return

    def _rest(self) -> None:
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        loop = asyncio.get_running_loop()
        self._heartbeat = loop.call_later(HEARTBEAT / 2, self._beat)

    def _beat(self) -> None:
        self._flushing = asyncio.get_running_loop().create_task(self._send_heartbeat())
        self._rest()

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
            if self._packed is not None and (rest := self._packed.finish()):
                await self.writer.write(rest)
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
