"""The context of a stage's run."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


class StageContext:
    """The context of one run, passed to a stage with a parameter named ``context``."""

    def __init__(self, stage: str, send: Callable[[str], Awaitable[None]] | None) -> None:
        """Build the context of a stage; ``send`` writes a message to the output."""
        self.stage = stage
        self.metadata: Any = None
        self._send = send
        self._cancelled = asyncio.Event()

    @property
    def is_cancelled(self) -> bool:
        """Whether the run is cancelled."""
        return self._cancelled.is_set()

    async def cancelled(self) -> None:
        """Wait until the run is cancelled."""
        await self._cancelled.wait()

    def cancel(self) -> None:
        """Mark the run as cancelled; called by the worker."""
        self._cancelled.set()

    async def send_message(self, text: str) -> None:
        """Send a user message to the output, in order with the items."""
        if self._send is None:
            raise RuntimeError("a consumer has no output to send messages to")
        await self._send(text)
