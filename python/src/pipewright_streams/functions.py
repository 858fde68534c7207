"""The functions of a worker, and the calls that the engine forwards to them."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any

from .errors import CallError
from .failures import describe

MAX_RUNNING_CALLS = 10_000
"""Maximum number of running calls; further ones are refused with ``too_many_calls``."""

Function = Callable[[Any], Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Functions:
    """Registrations by id, and the running calls. Does no I/O."""

    def __init__(self, send: Send) -> None:
        """Answer calls with ``send``."""
        self._send = send
        self._functions: dict[str, tuple[dict[str, Any], Function]] = {}
        self._running: dict[object, asyncio.Task[None]] = {}

    def __iter__(self) -> Any:
        """Iterate over the ids."""
        return iter(self._functions)

    @property
    def registrations(self) -> list[dict[str, Any]]:
        """The messages that register every function."""
        return [registration for registration, _function in self._functions.values()]

    def registration(self, id: str) -> dict[str, Any]:
        """Return the message that registers a function of this worker."""
        return self._functions[id][0]

    def add(self, id: str, registration: dict[str, Any], function: Function) -> None:
        """Add a function. Raises ``ValueError`` for an id that exists."""
        if id in self._functions:
            raise ValueError(f"{id} is registered by this worker already")
        self._functions[id] = (registration, function)

    def start(self, call: dict[str, Any]) -> None:
        """Run a call in the background and answer it."""
        key = call.get("invocation_id") or object()
        if len(self._running) >= MAX_RUNNING_CALLS:
            reason = f"this worker runs {MAX_RUNNING_CALLS} calls already"
            task = asyncio.create_task(self._answer(call, error=_error("too_many_calls", reason)))
        else:
            task = asyncio.create_task(self._execute(call))
        self._running[key] = task
        task.add_done_callback(lambda _task: self._running.pop(key, None))

    def cancel(self, call_id: object) -> None:
        """Cancel a call whose caller no longer waits; an unknown one is ignored."""
        task = self._running.get(call_id)
        if task is not None:
            task.cancel("the caller no longer waits")

    async def finish(self, timeout: float) -> None:
        """Wait for the running calls, and cancel those that take longer; in seconds."""
        if self._running:
            await asyncio.wait(list(self._running.values()), timeout=timeout)
        left = list(self._running.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _execute(self, call: dict[str, Any]) -> None:
        id = str(call.get("function_id"))
        known = self._functions.get(id)
        try:
            if known is None:
                raise CallError("function_not_found", f"this worker has no function {id}")
            result = known[1](call.get("data"))
            if inspect.isawaitable(result):
                milliseconds = call.get("timeout_ms")
                timeout = milliseconds / 1000 if isinstance(milliseconds, int) else None
                result = await asyncio.wait_for(result, timeout)
        except CallError as error:
            await self._answer(call, error=_error(error.code, error.message))
        except asyncio.CancelledError:
            await self._answer(call, error=_error("invocation_stopped", "the call was cancelled"))
        except asyncio.TimeoutError:
            await self._answer(call, error=_error("timeout", "the caller no longer waits"))
        except Exception as error:
            await self._answer(call, error=_error("invocation_failed", describe(error)))
        else:
            await self._answer(call, result=result)

    async def _answer(self, call: dict[str, Any], **outcome: Any) -> None:
        call_id = call.get("invocation_id")
        if call_id is not None:
            function_id = str(call.get("function_id"))
            answer = {"type": "invocationresult", "function_id": function_id, **outcome}
            await self._send({**answer, "invocation_id": call_id})


def _error(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message}
