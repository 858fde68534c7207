"""A worker: registers stages and functions, calls functions, creates channels."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import platform
import random
import signal
import ssl
import uuid
from collections.abc import Callable
from typing import Any

from .announcement import announcement
from .calls import Calls
from .channel import ChannelReader, ChannelWriter
from .connection import Address
from .control import Control
from .errors import CallError, CallTimeout, ConnectError
from .executor import Execution
from .functions import Functions
from .items import Receiver, Sender
from .refs import ChannelRef, shown
from .registration_retry import RegistrationRetry
from .stage import Stage, define

DEFAULT_URL = "ws://127.0.0.1:49134"
"""The address of an engine if neither an argument nor ``III_URL`` names one."""

CALL_TIMEOUT = 30.0
"""Seconds that a call waits for its result by default."""

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
        self._functions = Functions(self._send_quietly)
        self._calls = Calls()
        self._control: Control | None = None
        self._driver: asyncio.Task[None] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._pongs: list[asyncio.Future[None]] = []
        self._drained = asyncio.Event()
        self._retry = RegistrationRetry(self._register_again, self._barrier)
        self._rejected: dict[str, str] = {}
        self._has_extensions = False
        self._identity: tuple[str, str] | None = None
        self._fatal: ConnectError | None = None

    @property
    def address(self) -> Address:
        """Where this worker's engine listens."""
        return self._address

    async def connect(self) -> Worker:
        """Connect to the engine. Raises ``ConnectError`` if that fails the first time."""
        if self._driver is None:
            try:
                await self._dial()
            except CallError as error:
                raise ConnectError(error.message) from None
            self._driver = asyncio.create_task(self._drive())
        return self

    async def close(self) -> None:
        """Accept no more calls, finish the running ones within 30 s, and disconnect."""
        self._retry.stop()
        deadline = asyncio.get_running_loop().time() + CALL_TIMEOUT
        if self._driver is not None and self._control is not None:
            with contextlib.suppress(CallError):
                await self._drain()
        await self._functions.finish(deadline - asyncio.get_running_loop().time())
        if self._driver is not None:
            self._driver.cancel()
            await asyncio.gather(self._driver, return_exceptions=True)
            self._driver = None
        if self._control is not None:
            await self._control.close()
            self._control = None
        self._disconnected("this worker was closed")

    async def _drain(self) -> None:
        ids = list(self._functions)
        for id in ids:
            await self._send({"type": "unregisterfunction", "id": id})
        if not ids:
            return
        # Calls that the engine forwarded before this still arrive; they are served.
        if self._has_extensions:
            self._drained.clear()
            await self._send({"type": "drain"})
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._drained.wait(), CALL_TIMEOUT)
        else:
            await self._barrier()

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
        self._functions.add(id, registration, run)
        if self._control is not None:
            await self._send(registration)

    async def _register_again(self, id: str) -> None:
        await self._send(self._functions.registration(id))

    async def registered(self, *, timeout: float = CALL_TIMEOUT) -> None:
        """Wait until the engine has processed the registrations; ``timeout`` is in seconds.

        Raises ``CallError`` with the engine's reason if it rejected one. A function that another
        worker has is not rejected: it waits, which is logged.
        """
        await self._barrier(timeout)
        if self._rejected:
            rejected = ", ".join(f"{id} ({why})" for id, why in self._rejected.items())
            raise CallError("registration_rejected", f"the engine rejected {rejected}")

    async def _barrier(self, timeout: float = CALL_TIMEOUT) -> None:
        """Wait until the engine has processed every earlier message. Raises ``CallError``."""
        pong: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pongs.append(pong)
        try:
            await self._send({"type": "ping"})
            await asyncio.wait_for(pong, timeout)
        except asyncio.TimeoutError:
            reason = f"the engine did not answer within {timeout:.0f} s"
            raise CallTimeout("timeout", reason) from None

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
        if timeout is not None:
            message["timeout_ms"] = max(1, int(timeout * 1000))
        if id.startswith("engine::"):
            message["namespace"] = "default"
        elif self._namespace:
            message["namespace"] = self._namespace
        try:
            await self._send(message)
            # Shielded, so that only a call that is still open is cancelled below.
            return await asyncio.wait_for(asyncio.shield(result), timeout)
        except asyncio.TimeoutError:
            reason = f"{id} gave no result within {timeout} s; raise `timeout` if it needs longer"
            raise CallTimeout("timeout", reason) from None
        finally:
            if result.cancel() and self._has_extensions:
                # Notifies the executor that the caller no longer waits (section 2.6).
                self._spawn({"type": "cancelinvocation", "invocation_id": call_id})

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
        """Register the stages and serve until interrupted; blocks.

        Logs to standard error, unless the program has configured logging.
        """
        if not _log.hasHandlers():
            logging.basicConfig(format="%(message)s")
            _log.setLevel(logging.INFO)
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
        self._control = await Control.open(self._address)
        self._rejected.clear()
        if self._identity is not None:
            worker_id, token = self._identity
            fields = {"previous_worker_id": worker_id, "reattach_token": token}
            await self._send({"type": "reattach", **fields})
        # Before the announcement, which says that all functions are registered (section 2.5).
        registrations = self._functions.registrations
        for registration in registrations:
            await self._send(registration)
        replayed = bool(registrations)
        await self._send(announcement(self._name, self._namespace, replayed=replayed))

    async def _send(self, message: dict[str, Any]) -> None:
        control = self._control
        if control is None:
            raise CallError("disconnected", "this worker is not connected to its engine")
        await control.send(message)

    def _spawn(self, message: dict[str, Any]) -> None:
        task = asyncio.create_task(self._send_quietly(message))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _disconnected(self, reason: str) -> None:
        self._retry.stop()
        self._drained.set()
        self._calls.fail_all("disconnected", reason)
        pongs, self._pongs = self._pongs, []
        for pong in pongs:
            if not pong.done():
                pong.set_exception(CallError("disconnected", reason))

    async def _drive(self) -> None:
        attempt = 0
        while True:
            assert self._control is not None
            async for message in self._control:
                attempt = 0
                self._received(message)
                if self._fatal is not None:
                    return
            self._control = None
            self._disconnected("the connection to the engine was lost")
            _log.warning("lost the connection to %s; reconnecting", shown(self._address.url))
            while self._control is None:
                # Doubles from 1 s to 30 s, with a jitter of 30 % (``docs/protocol.md`` section 6).
                delay = min(30.0, 2.0**attempt) * random.uniform(0.7, 1.3)
                await asyncio.sleep(delay if attempt else delay / 4)
                attempt += 1
                try:
                    await self._dial()
                except (ConnectError, CallError) as error:
                    _log.warning("cannot reconnect: %s", error)
                    if self._control is not None:
                        await self._control.close()
                        self._control = None

    def _received(self, message: dict[str, Any]) -> None:
        match message.get("type"):
            case "workerregistered":
                self._has_extensions = message.get("pipewright") == 1
                token = message.get("reattach_token")
                if token:
                    self._identity = (str(message.get("worker_id")), str(token))
            case "invokefunction":
                self._functions.start(message)
            case "cancelinvocation":
                self._functions.cancel(message.get("invocation_id"))
            case "invocationresult":
                self._calls.answer(message)
            case "ping":
                self._spawn({"type": "pong"})
            case "pong" if self._pongs:
                pong = self._pongs.pop(0)
                if not pong.done():
                    pong.set_result(None)
            case "drained":
                self._drained.set()
            case "functionactive":
                _log.info("%s is served by this worker now", message.get("function_id"))
            case "registrationrejected":
                self._reject(message)

    def _reject(self, message: dict[str, Any]) -> None:
        code, function_id = message.get("code"), message.get("function_id")
        if code == "WORKER_NAMESPACE_CONFLICT":
            self._fatal = ConnectError(f"another worker is named {self._name!r}; choose a `name`")
        reason, owner = message.get("reason"), message.get("owner_worker_id")
        if function_id is not None and reason is None:
            _log.warning("%s waits: the worker %s has it", function_id, owner)
            if not self._has_extensions:
                self._retry.refused(str(function_id))
        else:
            self._rejected[str(function_id or self._name)] = str(reason or code)
            _log.error("the engine rejected %s: %s", function_id or self._name, reason or code)

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
