"""Decides how a stream ended: the verdict table of ``docs/protocol.md`` section 9.6.

The verifier is synchronous and does no I/O.

| state | header | data | end | abort | clean close | other close, loss |
|---|---|---|---|---|---|---|
| ``START`` | ``MARKED`` | ``FOREIGN`` | totals | aborted | unverified | truncated |
| ``FOREIGN`` | violation | - | totals | aborted | unverified | truncated |
| ``MARKED`` | violation | - | totals | aborted | truncated | truncated |
| ``ENDED`` | violation | violation | violation | violation | complete | complete |

A clean close in ``START`` is "never written" if a header was promised.
"""

from __future__ import annotations

from enum import Enum

import google_crc32c

from . import messages
from .errors import (
    Aborted,
    Corrupt,
    NeverWritten,
    ProtocolViolation,
    StreamError,
    Truncated,
)
from .messages import Abort, End, Header, Heartbeat, Progress, Turn


class Verdict(Enum):
    """How a successful stream ended."""

    COMPLETE = "complete"
    UNVERIFIED = "unverified"


class _State(Enum):
    START = 0
    FOREIGN = 1
    MARKED = 2
    ENDED = 3
    DONE = 4


class StreamVerifier:
    """Follows one stream from its first frame to its verdict."""

    def __init__(self, header_promised: bool = False) -> None:
        """Expect a header if the writer is known to use the stream protocol."""
        self._state = _State.START
        self._promised = header_promised
        self.header: Header | None = None
        self.bytes = 0
        self.crc32c = 0
        self.end_items: int | None = None
        self.verdict: Verdict | None = None
        self.error: StreamError | None = None

    @property
    def is_done(self) -> bool:
        """Whether there is a verdict or an error."""
        return self._state is _State.DONE

    @property
    def has_ended(self) -> bool:
        """Whether an end arrived that matches the data."""
        return self._state is _State.ENDED

    @property
    def is_at_start(self) -> bool:
        """Whether it is still unknown if the stream has a header."""
        return self._state is _State.START

    def data(self, payload: bytes) -> bytes | None:
        """Process a binary frame; return the payload to deliver, if any."""
        if self._state is _State.DONE:
            return None
        if self._state is _State.ENDED:
            self.fail(ProtocolViolation("data after the end message"))
            return None
        if self._state is _State.START:
            self._state = _State.FOREIGN
        self.bytes += len(payload)
        self.crc32c = google_crc32c.extend(self.crc32c, payload)
        return payload or None

    def text(self, text: str) -> str | Progress | Turn | None:
        """Process a text frame; return its meaning for the reader, if any."""
        if self._state is _State.DONE:
            return None
        try:
            message = messages.parse(text)
        except ProtocolViolation as error:
            self.fail(error)
            return None
        match message:
            case None:
                if self._state is _State.ENDED:
                    self.fail(ProtocolViolation("a message after the end message"))
                    return None
                return text
            case Progress():
                return message
            case Heartbeat():
                return None
            case _ if self._state is _State.ENDED:
                self.fail(ProtocolViolation("a message after the end message"))
            case Turn():
                return message
            case Header() if self._state is _State.START:
                self.header = message
                self._state = _State.MARKED
            case Header():
                self.fail(ProtocolViolation("a header that is not the first frame"))
            case End():
                self._end(message)
            case Abort():
                self.fail(Aborted(message))
        return None

    def _end(self, end: End) -> None:
        if end.bytes > self.bytes:
            sent = f"the writer sent {end.bytes} bytes"
            self.fail(Truncated(f"the stream was cut short after {self.bytes} bytes: {sent}"))
        elif end.bytes < self.bytes:
            self.fail(
                Corrupt(f"{self.bytes} bytes arrived, but the writer sent {end.bytes}"),
            )
        elif end.crc32c is not None and end.crc32c != self.crc32c:
            self.fail(Corrupt("the checksum does not match the bytes that were written"))
        else:
            self.end_items = end.items
            self._state = _State.ENDED

    def items(self, count: int) -> None:
        """Compare the number of decoded items with the end message, if that counts items."""
        if self.end_items is not None and self.end_items != count:
            self.fail(Corrupt(f"{count} items arrived, but the writer sent {self.end_items}"))

    def closed(self, code: int | None, reason: str) -> None:
        """Process the close of the peer; ``None`` is a close without a code."""
        described = "closed without a code" if code is None else f"closed with code {code}"
        described += f": {reason}" if reason else ""
        if self._state is _State.DONE:
            return
        if self._state is _State.ENDED:
            self._finish(Verdict.COMPLETE)
        elif self._state is _State.MARKED:
            self._truncated(f"{described}, without an end message")
        elif code not in (None, 1000):
            self._truncated(described)
        elif self._state is _State.START and self._promised:
            self.fail(NeverWritten("nothing was written to the channel before it was closed"))
        else:
            self._finish(Verdict.UNVERIFIED)

    def lost(self, reason: str) -> None:
        """Process the loss of the connection without a close."""
        if self._state is _State.ENDED:
            self._finish(Verdict.COMPLETE)
        elif self._state is not _State.DONE:
            self._truncated(reason)

    def fail(self, error: StreamError) -> None:
        """End the stream with an error, unless it has failed before."""
        if self.error is None:
            self.error = error
            self.verdict = None
            self._state = _State.DONE

    def _truncated(self, reason: str) -> None:
        self.fail(Truncated(f"the stream was cut short after {self.bytes} bytes: {reason}"))

    def _finish(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self._state = _State.DONE
