"""Errors. None of them contains an access key or a token."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .messages import Abort


class PipewrightError(Exception):
    """The base class of all errors of this package."""


class ConnectError(PipewrightError):
    """A connection could not be opened."""


class StreamError(PipewrightError):
    """A stream was not read to its end. Reading again raises the same error."""


class Aborted(StreamError):
    """The writer failed and sent the reason (``docs/protocol.md`` section 9.4)."""

    def __init__(self, abort: Abort) -> None:
        """Wrap the abort that arrived."""
        super().__init__(f"the stream was aborted by its writer: {abort}")
        self.abort = abort


class Truncated(StreamError):
    """The stream ended before everything had arrived."""


class Corrupt(StreamError):
    """The bytes that arrived are not the bytes that were sent."""


class ProtocolViolation(StreamError):
    """The peer violated the stream protocol."""


class NeverWritten(StreamError):
    """A writer with the stream protocol was expected, but nothing arrived before the close."""


class WriteFailed(PipewrightError):
    """A stream was not confirmed by the engine."""


class ReaderGone(WriteFailed):
    """The reader of the channel left. A stage treats this as the end of its work."""


class ItemError(PipewrightError):
    """An item cannot be decoded, checked or encoded."""

    def __init__(self, reason: str, number: int | None = None) -> None:
        """Keep the reason, and the number of the item from 0 if it is known."""
        place = "" if number is None else f"item {number}: "
        super().__init__(place + reason)
        self.reason = reason
        self.number = number


class CallError(PipewrightError):
    """A call of a function failed."""

    def __init__(self, code: str, message: str) -> None:
        """Keep the code, a stable word, and the message."""
        super().__init__(f"{message} ({code})")
        self.code = code
        self.message = message


class CallTimeout(CallError):
    """A call had no result in time."""


class RunFailed(PipewrightError):
    """A pipeline failed. ``first_cause`` is the abort that caused it."""

    def __init__(self, first_cause: Abort) -> None:
        """Wrap the first cause."""
        super().__init__(str(first_cause))
        self.first_cause = first_cause
