"""The control connection of a worker: JSON messages in both directions."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any

from websockets.exceptions import ConnectionClosed

from .connection import HEARTBEAT, MAX_MESSAGE, SILENCE, Address, Watched, dial, finish
from .errors import CallError

MAX_MESSAGE_HEADER = "x-pipewright-max-message"
"""States the largest message that a peer accepts (``docs/protocol.md`` section 1.5)."""

_FRAME = 1 << 20
"""Bytes per fragment of a long message (section 1.5)."""

_CLOSE_TIMEOUT = 5.0
"""Seconds that a closing worker waits for the engine's close."""

_log = logging.getLogger("pipewright_streams")


class Control:
    """One control connection."""

    def __init__(self, connection: Watched, longest: int) -> None:
        """Use ``open``."""
        self._connection = connection
        self._longest = longest

    @classmethod
    async def open(cls, address: Address) -> Control:
        """Connect. Raises ``ConnectError``."""
        headers = {MAX_MESSAGE_HEADER: str(MAX_MESSAGE)}
        connection = await dial(
            address,
            address.url,
            ping=True,
            pong_timeout=SILENCE - HEARTBEAT,
            max_queue=64,
            headers=headers,
        )
        response = connection.response
        longest = None if response is None else response.headers.get(MAX_MESSAGE_HEADER)
        known = longest is not None and longest.isdecimal()
        return cls(connection, max(4096, int(longest or 0)) if known else MAX_MESSAGE)

    async def send(self, message: dict[str, Any]) -> None:
        """Send a message. Raises ``CallError`` if it has no JSON form, is too long or is lost."""
        try:
            text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            encoded = text.encode()
        except (ValueError, TypeError, RecursionError) as error:
            raise CallError("serialization_error", f"the value has no JSON form: {error}") from None
        if len(encoded) > self._longest:
            reason = f"the message has {len(encoded)} bytes, the engine reads {self._longest}"
            raise CallError("payload_too_large", f"{reason}; send large data through a channel")
        try:
            if len(encoded) <= _FRAME:
                await self._connection.send(text)
            else:
                pieces = [text[at : at + _FRAME // 4] for at in range(0, len(text), _FRAME // 4)]
                # Shielded, because half a message would make the connection unusable.
                await asyncio.shield(asyncio.ensure_future(self._connection.send(pieces)))
        except ConnectionClosed:
            reason = "the connection to the engine was lost; the worker reconnects"
            raise CallError("disconnected", reason) from None

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        """Yield messages until the connection is lost or closed."""
        while True:
            try:
                text = await self._connection.recv()
            except ConnectionClosed:
                return
            try:
                message = json.loads(text)
            except (ValueError, RecursionError):
                _log.warning("the engine sent a message that is not JSON")
                continue
            if isinstance(message, dict):
                yield message

    async def close(self) -> None:
        """Close the connection, and drop it if the engine does not answer."""
        await finish(self._connection, timeout=_CLOSE_TIMEOUT)
