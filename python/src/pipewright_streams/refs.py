"""Channel refs (``docs/protocol.md`` sections 3 to 5)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import quote, urlsplit, urlunsplit

from .errors import CallError


@dataclass(frozen=True)
class ChannelRef:
    """The right to open one end of a channel, once. ``repr`` hides the key."""

    channel_id: str
    access_key: str = field(repr=False)
    direction: Literal["read", "write"]

    def to_json(self) -> dict[str, str]:
        """Build the JSON object that travels in payloads."""
        return {
            "channel_id": self.channel_id,
            "access_key": self.access_key,
            "direction": self.direction,
        }

    @classmethod
    def of(cls, value: Any) -> ChannelRef | None:
        """Read a ref from a JSON value; ``None`` if the value is not a ref."""
        if isinstance(value, ChannelRef):
            return value
        if not isinstance(value, dict):
            return None
        channel_id, key = value.get("channel_id"), value.get("access_key")
        direction = value.get("direction")
        if not isinstance(channel_id, str) or not isinstance(key, str):
            return None
        if direction not in ("read", "write"):
            return None
        return cls(channel_id, key, direction)


def channel_url(address: str, ref: ChannelRef) -> str:
    """Build the URL that opens an end; it contains the key, so never log it (section 4.1)."""
    parts = urlsplit(address)
    path = f"{parts.path.rstrip('/')}/ws/channels/{quote(ref.channel_id, safe='')}"
    own = f"key={quote(ref.access_key, safe='')}&dir={ref.direction}"
    query = f"{parts.query}&{own}" if parts.query else own
    return urlunsplit((parts.scheme, parts.netloc, path, query, ""))


def shown(address: str) -> str:
    """Describe an address without user, password and query."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{host}{port}{parts.path}"


def find_ref(request: dict[str, Any], *names: str) -> ChannelRef | None:
    """Find a ref in a request under one of its names. Raises ``CallError`` if it is malformed."""
    for name in names:
        if name in request and request[name] is not None:
            ref = ChannelRef.of(request[name])
            if ref is None:
                raise CallError("deserialization_error", f"`{name}` is not a channel ref")
            return ref
    return None
