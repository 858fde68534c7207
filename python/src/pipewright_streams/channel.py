"""Both ends of a channel, for bytes and messages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import google_crc32c
from websockets.exceptions import ConnectionClosed

from .connection import (
    HEARTBEAT,
    SILENCE,
    Address,
    Watchdog,
    Watched,
    dial,
    finish,
    promised_heartbeat,
)
from .errors import ConnectError, ReaderGone, StreamError, Truncated, WriteFailed
from .messages import MAX_FRAME, Abort, End, Header, Progress, Turn
from .refs import ChannelRef, channel_url
from .verifier import StreamVerifier, Verdict

READER_GONE = "channel reader went away"
"""The prefix of the engine's reason if the reader left (``docs/protocol.md`` section 4.3)."""

_LEAVE_TIMEOUT = 5.0
"""Seconds that a reader that leaves waits for the peer's close (section 4.4)."""


class ChannelReader:
    """Reads bytes and messages. Iterating yields payload; an incomplete stream raises.

    Cancelling a read loses nothing.
    """

    def __init__(self, address: Address, ref: ChannelRef, *, header_promised: bool = False) -> None:
        """Prepare the end; ``connect`` or the first read opens it."""
        if ref.direction != "read":
            raise ValueError("this ref opens the writing end of a channel")
        self._address = address
        self._ref = ref
        self._verifier = StreamVerifier(header_promised)
        self._connection: Watched | None = None
        self._watchdog: Watchdog | None = None
        self._failure: ConnectError | None = None

    @property
    def verdict(self) -> Verdict | None:
        """How the stream ended, once it has ended successfully."""
        return self._verifier.verdict

    @property
    def received_bytes(self) -> int:
        """Payload bytes that arrived."""
        return self._verifier.bytes

    async def connect(self) -> None:
        """Open the end. Raises ``ConnectError``, also when called again after a failure."""
        if self._failure is not None:
            raise self._failure
        if self._connection is not None or self._verifier.is_done:
            return
        url = channel_url(self._address.url, self._ref)
        try:
            self._connection = await dial(self._address, url, ping=False, heartbeat=HEARTBEAT)
        except ConnectError as error:
            self._failure = error
            raise
        if promised_heartbeat(self._connection) is not None:
            self._watchdog = Watchdog(self._connection, SILENCE)

    async def next_frame(self) -> bytes | str | None:
        """Return the next payload or user message; ``None`` at the end of a complete stream.

        Raises a ``StreamError`` if the stream is not complete.
        """
        while True:
            frame = await self.next_event()
            if not isinstance(frame, Turn | Progress):
                return frame

    async def next_event(self) -> bytes | str | Turn | Progress | None:
        """Like ``next_frame``, and also return progress and the turns of ordered copies."""
        await self.connect()
        verifier = self._verifier
        while not verifier.is_done:
            connection = self._connection
            assert connection is not None
            try:
                frame = await connection.recv()
            except ConnectionClosed:
                self._close_received(connection)
                break
            if isinstance(frame, bytes):
                payload = verifier.data(frame)
                if payload is not None:
                    return payload
            else:
                message = verifier.text(frame)
                if message is not None:
                    return message
        if verifier.error is not None:
            await self._leave()
            raise verifier.error
        await self._leave()
        return None

    def _close_received(self, connection: Watched) -> None:
        close = connection.protocol.close_rcvd
        if close is not None:
            # 1005 stands for a close without a code (RFC 6455 section 7.1.5).
            self._verifier.closed(None if close.code == 1005 else close.code, close.reason)
        elif self._watchdog is not None and self._watchdog.fired:
            self._verifier.lost(f"the engine was silent for {SILENCE:.0f} s")
        else:
            self._verifier.lost("the connection was lost")

    @property
    def seen_header(self) -> Header | None:
        """The header, if it has arrived."""
        return self._verifier.header

    def check_items(self, count: int) -> None:
        """Compare the number of decoded items with the end message. Raises ``Corrupt``."""
        self._verifier.items(count)
        if self._verifier.error is not None:
            raise self._verifier.error

    def fail(self, error: StreamError) -> None:
        """Reject the stream, for example because of its format."""
        self._verifier.fail(error)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield payload until the stream is complete; messages are skipped."""
        while (frame := await self.next_frame()) is not None:
            if isinstance(frame, bytes):
                yield frame

    async def read_all(self, limit: int = 1 << 30) -> bytes:
        """Read the payload of the whole stream, at most ``limit`` bytes."""
        parts = bytearray()
        async for part in self:
            parts += part
            if len(parts) > limit:
                self.fail(Truncated(f"this reader stopped at its limit of {limit} bytes"))
        return bytes(parts)

    async def close(self) -> None:
        """Leave the channel. The writer's next write fails."""
        if self._connection is None and self._failure is None and not self._verifier.is_done:
            # The engine must learn that the end will not be read, so open and close it.
            with contextlib.suppress(ConnectError):
                await self.connect()
        if not self._verifier.is_done:
            self._verifier.fail(Truncated("this reader closed its end"))
        await self._leave()

    async def _leave(self) -> None:
        connection, self._connection = self._connection, None
        watchdog, self._watchdog = self._watchdog, None
        if connection is not None:
            # The reader has nothing in flight, so a peer that does not answer is dropped.
            await finish(connection, timeout=_LEAVE_TIMEOUT)
        if watchdog is not None:
            watchdog.stop()


class ChannelWriter:
    """Writes bytes and messages. Only ``close`` completes the stream.

    A writer that is dropped without ``close`` or ``abort`` truncates its stream, which is an error
    at the reader. Cancelling a write is safe: ``sent_bytes`` shows how much of it is in the stream.
    """

    def __init__(self, address: Address, ref: ChannelRef, header: Header | None = None) -> None:
        """Prepare the end; ``connect`` or the first write opens it."""
        if ref.direction != "write":
            raise ValueError("this ref opens the reading end of a channel")
        self._address = address
        self._ref = ref
        self.header = header or Header("bytes")
        self._connection: Watched | None = None
        self._watchdog: Watchdog | None = None
        self._bytes = 0
        self._crc = 0
        self._failure: WriteFailed | ConnectError | None = None
        self._closed = False
        self._lock = asyncio.Lock()

    @property
    def sent_bytes(self) -> int:
        """Payload bytes that were written."""
        return self._bytes

    @property
    def reader_is_gone(self) -> bool:
        """Whether the reader of this channel left before the end."""
        return isinstance(self._failure, ReaderGone)

    async def connect(self) -> None:
        """Open the end and send the header."""
        async with self._lock:
            await self._connect()

    async def _connect(self) -> Watched:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise WriteFailed("this writer is closed")
        if self._connection is not None:
            return self._connection
        url = channel_url(self._address.url, self._ref)
        try:
            connection = await dial(self._address, url, ping=True, heartbeat=HEARTBEAT)
        except ConnectError as error:
            self._failure = error
            raise
        if promised_heartbeat(connection) is not None:
            self._watchdog = Watchdog(connection, SILENCE)
        self._connection = connection
        await self._send(connection, self.header.encode())
        return connection

    async def write(self, payload: bytes | bytearray | memoryview) -> None:
        """Write payload, cut into frames of 64 KiB. Waits while the channel is full."""
        async with self._lock:
            connection = await self._connect()
            view = memoryview(payload)
            for start in range(0, len(view), MAX_FRAME):
                frame = bytes(view[start : start + MAX_FRAME])
                # Counted first: `send` passes the frame on before it waits for room, so a write
                # that is cancelled there has sent it.
                self._bytes += len(frame)
                self._crc = google_crc32c.extend(self._crc, frame)
                await self._send(connection, frame)
                # `send` does not suspend while there is room. Without this, a source that never
                # waits would keep the loop from reading the engine's close.
                await asyncio.sleep(0)

    async def send_message(self, text: str) -> None:
        """Send a user message, in order with the data around it."""
        async with self._lock:
            await self._send(await self._connect(), text)

    async def _send(self, connection: Watched, frame: bytes | str) -> None:
        try:
            await connection.send(frame)
        except ConnectionClosed:
            self._failure = self._failure or self._lost(connection)
            raise self._failure from None

    def _lost(self, connection: Watched) -> WriteFailed:
        close = connection.protocol.close_rcvd
        if close is None:
            if self._watchdog is not None and self._watchdog.fired:
                why = f"the engine was silent for {SILENCE:.0f} s"
            elif promised_heartbeat(connection) is None:
                # An iii engine drops the connection in both cases (section 4.3).
                why = "connection lost: the reader left, or the engine stopped"
            else:
                why = "connection lost"
            return WriteFailed(f"the stream was not confirmed: {why}")
        if close.reason.startswith(READER_GONE):
            return ReaderGone("the reader of the channel left before the end")
        return WriteFailed(f"the engine closed the stream with {close.code}: {close.reason}")

    async def gone(self) -> None:
        """Wait until the peer closes the connection: the reader left, or the engine is lost."""
        async with self._lock:
            connection = await self._connect()
        await connection.wait_closed()
        if not self._closed:
            self._failure = self._failure or self._lost(connection)

    async def close(self, items: int = 0) -> None:
        """Complete the stream and wait for the engine's confirmation.

        Raises ``WriteFailed`` if the engine does not confirm it. Waits as long as the engine
        gives signs of life, so a slow reader causes no loss of data.
        """
        if self._closed and self._failure is None:
            return
        async with self._lock:
            connection = await self._connect()
            end = End(self._bytes, items, self._crc)
            await self._send(connection, end.encode())
            self._closed = True
            await finish(connection)
            self._stop()
            close = connection.protocol.close_rcvd
            # A peer that closed first has not received everything; an iii engine closes a second
            # opening at once. 1005 stands for a close without a code (RFC 6455 section 7.1.5).
            closed_first = connection.protocol.close_rcvd_then_sent is not False
            if close is None or closed_first or close.code not in (1000, 1005):
                self._failure = self._lost(connection)
                raise self._failure

    async def abort(self, abort: Abort) -> None:
        """End the stream with an error that reaches its reader."""
        if self._closed or self._failure is not None:
            return
        async with self._lock:
            with contextlib.suppress(WriteFailed, ConnectError):
                connection = await self._connect()
                await self._send(connection, abort.encode())
                self._failure = WriteFailed("this writer aborted its stream")
                self._closed = True
                await finish(connection, code=1011, reason="channel writer aborted")
            self._stop()

    def drop(self) -> None:
        """Break the stream without waiting: its reader gets an error. No effect after ``close``."""
        if self._closed and self._failure is None:
            return
        if self._connection is not None:
            self._connection.transport.abort()
        self._failure = self._failure or WriteFailed("this writer broke its stream")
        self._stop()

    def _stop(self) -> None:
        if self._watchdog is not None:
            self._watchdog.stop()

    def __del__(self) -> None:
        """Break the stream, unless it was closed or aborted."""
        connection, watchdog = self._connection, self._watchdog
        if connection is None or self._closed or connection.loop.is_closed():
            return
        if watchdog is not None:
            connection.loop.call_soon_threadsafe(watchdog.stop)
        connection.loop.call_soon_threadsafe(connection.transport.abort)

    async def __aenter__(self) -> ChannelWriter:
        """Open the end."""
        await self.connect()
        return self

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        """Close the stream, or abort it if the block failed."""
        if error is None:
            await self.close()
        else:
            await self.abort(Abort("writer_failed", f"{type(error).__name__}: {error}"))
