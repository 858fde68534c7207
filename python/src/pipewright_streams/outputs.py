"""What a user's function returns, and what a stage of bytes reads."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from typing import Any

from .channel import ChannelReader, ChannelWriter
from .errors import PipewrightError
from .failures import UserError
from .messages import Progress, Turn


@contextlib.asynccontextmanager
async def closing(outputs: Any) -> AsyncIterator[None]:
    """Close a generator of the user at the end, so that its ``finally`` runs when a stage stops."""
    try:
        yield
    finally:
        if hasattr(outputs, "aclose"):
            await outputs.aclose()


def iterated(result: Any, number: int | None) -> Iterable[Any]:
    """Yield what a function returned for the item ``number``; mark its errors."""
    try:
        yield from result
    except PipewrightError:
        raise
    except Exception as error:
        raise UserError(error, number) from error


async def guarded(outputs: Any, number: int | None) -> AsyncIterator[Any]:
    """Like ``iterated``, for an async iterator."""
    try:
        async with closing(outputs):
            async for output in outputs:
                yield output
    except PipewrightError:
        raise
    except Exception as error:
        raise UserError(error, number) from error


async def payload_of(reader: ChannelReader, writer: ChannelWriter) -> AsyncIterator[bytes]:
    """Yield the payload of a stage of bytes, and forward its messages."""
    while (event := await reader.next_event()) is not None:
        match event:
            case bytes():
                yield event
            case str():
                await writer.send_message(event)
            case Progress():
                await writer.send_message(event.encode())
            case Turn():
                # Only a stage that declares that it keeps the order receives turns.
                continue
