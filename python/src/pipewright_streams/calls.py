"""Calls in flight: a plain table without sockets or clocks."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

from .errors import CallError


class Calls:
    """The calls of a worker that have no result yet."""

    def __init__(self) -> None:
        """Start without calls."""
        self._open: dict[str, asyncio.Future[Any]] = {}

    def begin(self) -> tuple[str, asyncio.Future[Any]]:
        """Begin a call; return its id and the future of its result."""
        call_id = str(uuid.uuid4())
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._open[call_id] = future
        future.add_done_callback(lambda _future: self._open.pop(call_id, None))
        return call_id, future

    def answer(self, message: dict[str, Any]) -> None:
        """Process an ``invocationresult``; a late or unknown one is ignored."""
        future = self._open.get(str(message.get("invocation_id")))
        if future is None or future.done():
            return
        error = message.get("error")
        if isinstance(error, dict):
            code = str(error.get("code") or "invocation_failed")
            future.set_exception(CallError(code, str(error.get("message") or "")))
        else:
            future.set_result(message.get("result"))

    def fail_all(self, code: str, message: str) -> None:
        """Fail every call in flight."""
        for future in list(self._open.values()):
            if not future.done():
                future.set_exception(CallError(code, message))
