"""A worker: registers stages and functions, calls functions, creates channels."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
import json
import logging
import os
import platform
import random
import signal
import ssl
import uuid
from collections.abc import Callable
from typing import Any

from websockets.exceptions import ConnectionClosed

from .calls import Calls
from .channel import ChannelReader, ChannelWriter
from .connection import Address, Watched, dial
from .errors import CallError, CallTimeout, ConnectError
from .executor import Execution
from .failures import describe
from .items import Receiver, Sender
from .refs import ChannelRef, shown
from .stage import Stage, define

VERSION = "0.1.0"
"""The version of this package."""

DEFAULT_URL = "ws://127.0.0.1:49134"
"""The address of an engine if neither an argument nor ``III_URL`` names one."""

CALL_TIMEOUT = 30.0
"""Seconds that a call waits for its result by default."""

MAX_MESSAGE_HEADER = "x-pipewright-max-message"
"""Announces the largest message that this worker reads (``docs/protocol.md`` section 1.5)."""

_FRAME = 1 << 20
"""Bytes of a fragment of a long message (section 1.5)."""

_log = logging.getLogger("pipewright_streams")


class Worker:
    """A process connected to an engine. Use it as an async context manager, or call ``serve``."""

    def __init__(
        self,
        url: str | None = None,
        *,
        token: str | None = None,
        tls: ssl.SSLContext | None = None,
        name: str | None = None,
        namespace: str | None = None,
    ) -> None:
        """Prepare a worker. ``III_URL``, ``III_TOKEN`` and ``III_NAMESPACE`` are defaults."""
        env = os.environ
        self._address = Address(
            url or env.get("III_URL") or DEFAULT_URL,
            token or env.get("III_TOKEN") or None,
            tls,
            str(uuid.uuid4()),
        )
        own_name = f"{platform.node()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._name = name or env.get("III_WORKER_NAME") or own_name
        self._namespace = namespace or env.get("III_NAMESPACE") or None
        self._functions: dict[str, tuple[dict[str, Any], Callable[[Any], Any]]] = {}
        self._calls = Calls()
        self._connection: Watched | None = None
        self._connected = asyncio.Event()
        self._driver: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()
        self._identity: tuple[str, str] | None = None
        self._fatal: ConnectError | None = None
        self._sending = asyncio.Lock()

    @property
    def address(self) -> Address:
        """Where this worker's engine listens."""
        return self._address

    async def connect(self) -> Worker:
        """Connect to the engine. Raises ``ConnectError`` if that fails the first time."""
        if self._driver is None:
            await self._dial()
            self._driver = asyncio.create_task(self._drive())
        return self

    async def close(self) -> None:
        """Finish the running calls, at most 30 s, and disconnect."""
        if self._running:
            await asyncio.wait(self._running, timeout=CALL_TIMEOUT)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._driver is not None:
            self._driver.cancel()
            await asyncio.gather(self._driver, return_exceptions=True)
            self._driver = None
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
        self._calls.fail_all("disconnected", "this worker was closed")

    async def __aenter__(self) -> Worker:
        """Connect."""
        return await self.connect()

    async def __aexit__(self, *_error: object) -> None:
        """Finish running calls and disconnect."""
        await self.close()

    # Functions

    async def register(self, *stages: Stage | Callable[..., Any]) -> None:
        """Register stages by their ids. A plain function becomes a stage first."""
        for given in stages:
            stage = given if isinstance(given, Stage) else define(given)

            async def run(request: Any, stage: Stage = stage) -> Any:
                if not isinstance(request, dict):
                    raise CallError("deserialization_error", f"{stage.id} takes a stage request")
                return await Execution(stage, self._address, request).run()

            registration = {
                "type": "registerfunction",
                "id": stage.id,
                "description": stage.description or "a stage of a pipewright pipeline",
                "metadata": stage.metadata(),
                "request_format": stage.request_schema(),
                "response_format": stage.response_schema(),
            }
            await self._register(stage.id, registration, run)

    async def register_function(self, id: str, function: Callable[[Any], Any]) -> None:
        """Register a function that takes one JSON value and returns one."""
        await self._register(id, {"type": "registerfunction", "id": id}, function)

    async def _register(
        self, id: str, registration: dict[str, Any], run: Callable[[Any], Any]
    ) -> None:
        if id in self._functions:
            raise ValueError(f"{id} is registered by this worker already")
        self._functions[id] = (registration, run)
        if self._connection is not None:
            await self._send(registration)

    async def registered(self) -> None:
        """Wait until the engine has processed the registrations."""
        await self.call("engine::workers::list", {})

    async def call(self, id: str, data: Any = None, *, timeout: float | None = CALL_TIMEOUT) -> Any:
        """Call a function and return its result. Raises ``CallError``.

        ``timeout`` is in seconds; ``None`` waits for as long as the worker is connected.
        """
        call_id, result = self._calls.begin()
        message: dict[str, Any] = {
            "type": "invokefunction",
            "invocation_id": call_id,
            "function_id": id,
            "data": data,
        }
        if id.startswith("engine::"):
            message["namespace"] = "default"
        elif self._namespace:
            message["namespace"] = self._namespace
        try:
            await self._send(message)
            return await asyncio.wait_for(result, timeout)
        except TimeoutError:
            reason = f"{id} gave no result within {timeout} s; raise `timeout` if it needs longer"
            raise CallTimeout("timeout", reason) from None
        finally:
            result.cancel()

    # Channels

    async def create_channel(self, buffer_size: int | None = None) -> tuple[ChannelRef, ChannelRef]:
        """Create a channel; return the refs of its writer and its reader."""
        created = await self.call("engine::channels::create", {"buffer_size": buffer_size})
        writer, reader = ChannelRef.of(created.get("writer")), ChannelRef.of(created.get("reader"))
        if writer is None or reader is None:
            raise CallError("deserialization_error", "the engine's answer has no channel refs")
        return writer, reader

    def reader(self, ref: ChannelRef) -> ChannelReader:
        """Prepare the reading end of a channel of bytes."""
        return ChannelReader(self._address, ref)

    def writer(self, ref: ChannelRef) -> ChannelWriter:
        """Prepare the writing end of a channel of bytes."""
        return ChannelWriter(self._address, ref)

    def receiver(self, ref: ChannelRef, **settings: Any) -> Receiver[Any]:
        """Prepare the reading end of a channel of items."""
        return Receiver(self.reader(ref), **settings)

    def sender(self, ref: ChannelRef, **settings: Any) -> Sender[Any]:
        """Prepare the writing end of a channel of items."""
        return Sender(self.writer(ref), **settings)

    # Serving

    def serve(self, *stages: Stage | Callable[..., Any]) -> None:
        """Register the stages and serve until interrupted; blocks."""
        asyncio.run(self.serve_async(*stages))

    async def serve_async(self, *stages: Stage | Callable[..., Any]) -> None:
        """Register the stages and serve until SIGINT or SIGTERM."""
        async with self:
            await self.register(*stages)
            await self.registered()
            names = ", ".join(self._functions)
            _log.info("serving %s at %s", names, shown(self._address.url))
            stop = asyncio.Event()
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                with contextlib.suppress(NotImplementedError):
                    loop.add_signal_handler(number, stop.set)
            assert self._driver is not None
            stopped = asyncio.create_task(stop.wait())
            await asyncio.wait({stopped, self._driver}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            if self._fatal is not None:
                raise self._fatal

    # The control connection

    async def _dial(self) -> None:
        headers = {MAX_MESSAGE_HEADER: str(64 << 20)}
        connection = await dial(
            self._address, self._address.url, ping=True, max_queue=64, headers=headers
        )
        self._connection = connection
        if self._identity is not None:
            worker_id, token = self._identity
            fields = {"previous_worker_id": worker_id, "reattach_token": token}
            await self._send({"type": "reattach", **fields})
        announcement = {
            "runtime": "python",
            "version": VERSION,
            "name": self._name,
            "os": f"{platform.system()} {platform.machine()}",
            "pid": os.getpid(),
            "namespace": self._namespace,
            "telemetry": {"framework": "pipewright-streams"},
        }
        await self._send(
            {
                "type": "invokefunction",
                "function_id": "engine::workers::register",
                "data": announcement,
                "action": {"type": "void"},
                "namespace": "default",
            }
        )
        for registration, _run in self._functions.values():
            await self._send(registration)
        self._connected.set()

    async def _send(self, message: dict[str, Any]) -> None:
        try:
            text = json.dumps(message, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            encoded = text.encode()
        except (ValueError, TypeError) as error:
            raise CallError("serialization_error", f"the value has no JSON form: {error}") from None
        connection = self._connection
        if connection is None:
            raise CallError("disconnected", "this worker is not connected to its engine")
        try:
            async with self._sending:
                if len(encoded) <= _FRAME:
                    await connection.send(text)
                else:
                    pieces = range(0, len(text), _FRAME // 4)
                    await connection.send(text[at : at + _FRAME // 4] for at in pieces)
        except ConnectionClosed:
            reason = "the connection to the engine was lost; the worker reconnects"
            raise CallError("disconnected", reason) from None

    async def _drive(self) -> None:
        attempt = 0
        while True:
            assert self._connection is not None
            try:
                async for text in self._connection:
                    attempt = 0
                    self._received(text)
                    if self._fatal is not None:
                        return
            except ConnectionClosed:
                pass
            self._connection = None
            self._connected.clear()
            self._calls.fail_all("disconnected", "the connection to the engine was lost")
            _log.warning("lost the connection to %s; reconnecting", shown(self._address.url))
            while self._connection is None:
                # Doubles from 1 s to 30 s, with a jitter of 30 % (``docs/protocol.md`` section 6).
                delay = min(30.0, 2.0**attempt) * random.uniform(0.7, 1.3)
                await asyncio.sleep(delay if attempt else delay / 4)
                attempt += 1
                try:
                    await self._dial()
                except (ConnectError, CallError) as error:
                    self._connection = None
                    _log.warning("cannot reconnect: %s", error)

    def _received(self, text: str | bytes) -> None:
        try:
            message = json.loads(text)
        except (ValueError, RecursionError):
            _log.warning("the engine sent a message that is not JSON")
            return
        if not isinstance(message, dict):
            return
        match message.get("type"):
            case "workerregistered":
                token = message.get("reattach_token")
                if token:
                    self._identity = (str(message.get("worker_id")), str(token))
            case "invokefunction":
                task = asyncio.create_task(self._execute(message))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            case "invocationresult":
                self._calls.answer(message)
            case "ping":
                task = asyncio.create_task(self._send_quietly({"type": "pong"}))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            case "registrationrejected":
                self._rejected(message)

    def _rejected(self, message: dict[str, Any]) -> None:
        code, function_id = message.get("code"), message.get("function_id")
        if code == "WORKER_NAMESPACE_CONFLICT":
            self._fatal = ConnectError(f"another worker is named {self._name!r}; choose a `name`")
        reason, owner = message.get("reason"), message.get("owner_worker_id")
        if function_id is not None and reason is None:
            _log.warning("%s waits: the worker %s has it", function_id, owner)
        else:
            _log.error("the engine rejected %s: %s", function_id or self._name, reason or code)

    async def _execute(self, call: dict[str, Any]) -> None:
        function_id, call_id = str(call.get("function_id")), call.get("invocation_id")
        answer: dict[str, Any] = {"type": "invocationresult", "function_id": function_id}
        known = self._functions.get(function_id)
        try:
            if known is None:
                raise CallError("function_not_found", f"this worker has no function {function_id}")
            result = known[1](call.get("data"))
            if inspect.isawaitable(result):
                result = await result
            answer["result"] = result
        except CallError as error:
            answer["error"] = {"code": error.code, "message": error.message}
        except asyncio.CancelledError:
            answer["error"] = {"code": "invocation_stopped", "message": "the worker was closed"}
        except Exception as error:
            answer["error"] = {"code": "invocation_failed", "message": describe(error)}
        if call_id is not None:
            await self._send_quietly({**answer, "invocation_id": call_id})

    async def _send_quietly(self, message: dict[str, Any]) -> None:
        try:
            await self._send(message)
        except CallError as error:
            _log.warning("cannot answer %s: %s", message.get("function_id", "a ping"), error)
            if error.code == "serialization_error":
                code = {"code": error.code, "message": error.message}
                failed = {key: message[key] for key in message if key != "result"}
                with contextlib.suppress(CallError):
                    await self._send({**failed, "error": code})
