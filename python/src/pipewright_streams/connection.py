"""One WebSocket connection of a channel end or of a worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from dataclasses import dataclass
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI

from .errors import ConnectError
from .refs import shown

HEARTBEAT_HEADER = "x-pipewright-heartbeat"
"""Requests heartbeats on a channel connection (``docs/protocol.md`` section 4.9)."""

OWNER_HEADER = "x-pipewright-owner"
"""Identifies the worker that a connection belongs to (section 1.1)."""

HEARTBEAT = 20.0
"""Seconds between heartbeats."""

SILENCE = 60.0
"""Seconds without a byte after which a connection counts as lost."""

CONNECT_TIMEOUT = 10.0
"""Seconds from the start of a connection to the end of its handshake."""

MAX_MESSAGE = 64 * 1024 * 1024
"""The largest message that is read, in bytes (section 1.5)."""

_quiet = logging.getLogger("pipewright_streams.websockets")
# The library logs request lines at DEBUG, and a request line contains the access key.
_quiet.setLevel(logging.CRITICAL)
_quiet.propagate = False


@dataclass(frozen=True)
class Address:
    """Where an engine listens, and how to connect to it."""

    url: str
    token: str | None = None
    tls: ssl.SSLContext | None = None
    owner: str | None = None

    def __repr__(self) -> str:
        """Describe the address without secrets."""
        return f"Address({shown(self.url)!r})"


_HINTS = {
    401: "the engine wants a token; set `token` or III_TOKEN",
    403: "the token is not accepted",
    404: "no such channel, or its key is wrong; a channel that ended or expired is gone, too",
    409: "this end of the channel was opened before, and opens only once",
}
"""The meaning of an engine's HTTP status (section 4.1)."""


class _Connect(connect):
    """Follows no redirects, because the headers contain the token."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Refuse every redirect."""
        return exc


class Watched(ClientConnection):
    """A connection that records when it last received a byte."""

    last_received: float = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Start the clock."""
        self.last_received = asyncio.get_running_loop().time()
        super().connection_made(transport)

    def data_received(self, data: bytes) -> None:
        """Record the time: pongs and parts of a frame are signs of life, too."""
        self.last_received = asyncio.get_running_loop().time()
        super().data_received(data)


async def dial(
    address: Address,
    url: str,
    *,
    ping: bool,
    pong_timeout: float | None = None,
    heartbeat: float | None = None,
    max_queue: int = 16,
    headers: dict[str, str] | None = None,
) -> Watched:
    """Open a WebSocket connection. Raises ``ConnectError``, whose text has no secrets.

    ``pong_timeout`` is in seconds; by default, unanswered pings do not end the connection.
    """
    sent = dict(headers or {})
    if address.token:
        sent["Authorization"] = f"Bearer {address.token}"
    if address.owner:
        sent[OWNER_HEADER] = address.owner
    if heartbeat is not None:
        sent[HEARTBEAT_HEADER] = str(max(1, int(heartbeat * 1000)))
    options: dict[str, Any] = {"ssl": address.tls} if address.tls else {}
    where = shown(url)
    try:
        connection = await _Connect(
            url,
            additional_headers=sent,
            compression=None,
            proxy=None,
            open_timeout=CONNECT_TIMEOUT,
            # A reader sends no pings (section 8.2). An iii engine answers no pings of a writer
            # whose channel is full; `Watchdog` detects the silence of an engine that answers.
            ping_interval=HEARTBEAT if ping else None,
            ping_timeout=pong_timeout,
            close_timeout=None,
            max_size=MAX_MESSAGE,
            max_queue=max_queue,
            write_limit=256 * 1024,
            logger=_quiet,
            create_connection=Watched,
            **options,
        )
    except TimeoutError:
        raise ConnectError(f"{where} did not answer within {CONNECT_TIMEOUT:.0f} s") from None
    except InvalidURI:
        raise ConnectError(f"{where} is not a WebSocket address; use ws:// or wss://") from None
    except InvalidStatus as error:
        status = error.response.status_code
        hint = f": {_HINTS[status]}" if status in _HINTS else ""
        raise ConnectError(f"{where} refused the connection with HTTP {status}{hint}") from None
    except InvalidHandshake as error:
        raise ConnectError(f"{where} refused the connection: {error}") from None
    except (OSError, ConnectionClosed) as error:
        raise ConnectError(f"cannot connect to {where}: {error}") from None
    assert isinstance(connection, Watched)
    _keep_alive(connection)
    return connection


def _keep_alive(connection: Watched) -> None:
    """Let the operating system detect a dead connection to an engine without heartbeats."""
    stream = connection.transport.get_extra_info("socket")
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", HEARTBEAT), ("TCP_KEEPINTVL", HEARTBEAT / 2)):
        if hasattr(socket, name):
            stream.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), int(value))


def promised_heartbeat(connection: Watched) -> float | None:
    """Read the interval in seconds that the engine promised, if it knows the header."""
    response = connection.response
    value = None if response is None else response.headers.get(HEARTBEAT_HEADER)
    try:
        return int(value) / 1000 if value else None
    except ValueError:
        return None


class Watchdog:
    """Drops a connection that has been silent for too long, so that no wait is endless."""

    def __init__(self, connection: Watched, silence: float) -> None:
        """Watch from now on; ``silence`` is in seconds."""
        self._connection = connection
        self._silence = silence
        self._timer: asyncio.TimerHandle | None = None
        self.fired = False
        self._arm()

    def _arm(self) -> None:
        loop = asyncio.get_running_loop()
        deadline = self._connection.last_received + self._silence
        self._timer = loop.call_at(deadline, self._check)

    def _check(self) -> None:
        loop = asyncio.get_running_loop()
        if loop.time() - self._connection.last_received < self._silence:
            self._arm()
            return
        self.fired = True
        self._connection.transport.abort()

    def stop(self) -> None:
        """Stop watching."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def finish(
    connection: Watched, code: int = 1000, reason: str = "", timeout: float | None = None
) -> None:
    """Close a connection and wait for the peer's close, for ``timeout`` seconds if given."""
    # Without promised heartbeats, a silent engine may be waiting for a slow reader.
    promised = promised_heartbeat(connection) is not None
    watchdog = Watchdog(connection, SILENCE) if promised else None
    # Unread frames would keep the peer's close from being read.
    drain = asyncio.ensure_future(_drain(connection))
    try:
        await asyncio.wait_for(connection.close(code, reason), timeout)
    except asyncio.TimeoutError:
        connection.transport.abort()
    finally:
        if watchdog is not None:
            watchdog.stop()
        drain.cancel()
        await asyncio.gather(drain, return_exceptions=True)


async def _drain(connection: Watched) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await connection.recv()
