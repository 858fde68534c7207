"""Registers functions again that another worker has (``docs/protocol.md`` section 1.3)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from .errors import CallError, CallTimeout

FIRST = 1.0
"""Seconds from a refusal to the first attempt; each further wait is twice as long."""

LONGEST = 10.0
"""The longest wait in seconds."""

_log = logging.getLogger("pipewright_streams")


class RegistrationRetry:
    """Functions that an engine refused because another worker has them.

    An engine without the extensions does not report when that worker leaves.
    """

    def __init__(
        self, register: Callable[[str], Awaitable[None]], barrier: Callable[[], Awaitable[None]]
    ) -> None:
        """Register an id with ``register``; ``barrier`` waits until the engine has answered."""
        self._register = register
        self._barrier = barrier
        self._refused: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def refused(self, id: str) -> None:
        """Record a refusal, and try again later."""
        self._refused.add(id)
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """Forget the refusals: the connection is lost, or the worker closes."""
        self._refused.clear()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        wait = FIRST
        while self._refused:
            await asyncio.sleep(wait)
            wait = min(2 * wait, LONGEST)
            offered, self._refused = self._refused, set()
            try:
                for id in offered:
                    await self._register(id)
                await self._barrier()
            except CallTimeout:
                self._refused |= offered
            except CallError as error:
                # The next connection registers every function.
                _log.warning("cannot register %s again: %s", ", ".join(offered), error)
                break
            for id in offered - self._refused:
                _log.info("%s is served by this worker now", id)
        self._task = None
