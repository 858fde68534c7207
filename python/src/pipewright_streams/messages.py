"""Messages of the stream protocol (``docs/protocol.md`` section 9)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from .errors import ProtocolViolation

VERSION = 1
"""The version of the stream protocol that this package reads and writes."""

MAX_FRAME = 64 * 1024
"""The largest binary frame that a writer sends, in bytes (section 4.2)."""

INPUT_FAILED = "input_failed"
"""The code of a stage whose input was aborted (section 9.4)."""


MAX_ABORT_TEXT = 16 * 1024
"""Maximum bytes of a text in an abort; longer ones are truncated (section 9.4)."""

MAX_CAUSES = 16
"""Maximum number of causes in an abort, first cause first (section 9.4)."""


def _encode(kind: str, fields: dict[str, Any]) -> str:
    present = {name: value for name, value in fields.items() if value is not None}
    message = {"type": kind, "pipewright": VERSION, **present}
    return json.dumps(message, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class Header:
    """The first frame of a stream (section 9.2)."""

    format: str
    encoding: str | None = None
    item: str | None = None
    schema: Any = None
    compression: str | None = None
    heartbeat_ms: int | None = None
    metadata: Any = None

    def encode(self) -> str:
        """Encode the header as a text frame."""
        return _encode(
            "metadata",
            {
                "format": self.format,
                "encoding": self.encoding,
                "item": self.item,
                "schema": self.schema,
                "compression": self.compression,
                "heartbeat_ms": self.heartbeat_ms,
                "content": self.metadata,
            },
        )


@dataclass(frozen=True)
class End:
    """The last frame of a complete stream (section 9.3)."""

    bytes: int
    items: int | None = None
    crc32c: int | None = None

    def encode(self) -> str:
        """Encode the end as a text frame."""
        crc = None if self.crc32c is None else f"{self.crc32c:08x}"
        return _encode("end", {"bytes": self.bytes, "items": self.items, "crc32c": crc})


@dataclass(frozen=True)
class Abort:
    """Sent instead of the end: the failure and its causes (section 9.4)."""

    code: str
    message: str
    stage: str | None = None
    item: int | None = None
    causes: tuple[Abort, ...] = ()

    @property
    def first_cause(self) -> Abort:
        """The first cause."""
        return self.causes[0] if self.causes else self

    def passed_on_by(self, stage: str) -> Abort:
        """Build the abort of a stage whose input ended in this one."""
        own = replace(self, causes=())
        return Abort(INPUT_FAILED, "its input was aborted", stage, causes=(*self.causes, own))

    def fields(self) -> dict[str, Any]:
        """Build the JSON members of this abort. Long texts are truncated, causes are flat."""
        fields: dict[str, Any] = {"code": _cut(self.code), "message": _cut(self.message)}
        if self.stage is not None:
            fields["stage"] = _cut(self.stage)
        if self.item is not None:
            fields["item"] = self.item
        if self.causes:
            flat = (replace(cause, causes=()) for cause in self.causes[:MAX_CAUSES])
            fields["causes"] = [cause.fields() for cause in flat]
        return fields

    def encode(self) -> str:
        """Encode the abort as a text frame."""
        return _encode("error", self.fields())

    @classmethod
    def of(cls, fields: dict[str, Any], *, nested: bool = False) -> Abort:
        """Read the members of an abort. Raises ``ProtocolViolation`` if one has a wrong type.

        Causes of causes are omitted, because the list is flat by the protocol.
        """
        causes = fields.get("causes", [])
        if not isinstance(causes, list) or not all(isinstance(it, dict) for it in causes):
            raise ProtocolViolation("malformed `error` message: `causes` is not a list of aborts")
        return cls(
            _text(fields, "code") or "",
            _text(fields, "message") or "",
            _text(fields, "stage"),
            _count(fields, "item"),
            () if nested else tuple(cls.of(cause, nested=True) for cause in causes),
        )

    def __str__(self) -> str:
        """Describe the first cause, with its stage and item."""
        first = self.first_cause
        place = [] if first.stage is None else [f"stage {first.stage}"]
        place += [] if first.item is None else [f"at item {first.item}"]
        return f"{' '.join(place)}: {first.message}" if place else first.message


@dataclass(frozen=True)
class Progress:
    """The progress of a stage (section 9.5)."""

    stage: str = ""
    items: int = 0
    bytes: int = 0
    more: dict[str, Any] = field(default_factory=dict)

    def encode(self) -> str:
        """Encode the progress as a text frame."""
        own = {"stage": self.stage, "items": self.items, "bytes": self.bytes}
        return _encode("progress", {**self.more, **own})


@dataclass(frozen=True)
class Heartbeat:
    """The writer is alive and has nothing to send (section 9.5)."""

    def encode(self) -> str:
        """Encode the heartbeat as a text frame."""
        return _encode("heartbeat", {})


@dataclass(frozen=True)
class Turn:
    """Keeps the order across copies of a stage; forwarded in its position (section 9.9)."""

    turns: int

    def encode(self) -> str:
        """Encode the turn as a text frame."""
        return _encode("turn", {"turns": self.turns})


Message: TypeAlias = Header | End | Abort | Progress | Heartbeat | Turn


def _malformed(fields: dict[str, Any], why: str) -> ProtocolViolation:
    return ProtocolViolation(f"malformed `{fields.get('type', 'error')}` message: {why}")


def _count(fields: dict[str, Any], name: str, required: bool = False) -> int | None:
    value = fields.get(name)
    if value is None and not required:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise _malformed(fields, f"`{name}` is not a count")
    return value


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise _malformed(fields, f"`{name}` is not a string")
    return value


def _cut(text: str) -> str:
    """Truncate a text to its limit; a lone surrogate becomes ``?``."""
    encoded = text.encode(errors="replace")
    if len(encoded) <= MAX_ABORT_TEXT:
        return encoded.decode()
    kept = encoded[:MAX_ABORT_TEXT].decode(errors="ignore")
    return f"{kept}.. (cut, {len(encoded)} bytes)"


def _end(fields: dict[str, Any]) -> End:
    digits = _text(fields, "crc32c")
    if digits is not None and not re.fullmatch("[0-9a-fA-F]{8}", digits):
        raise _malformed(fields, "`crc32c` is not 8 hexadecimal digits")
    crc = None if digits is None else int(digits, 16)
    return End(_count(fields, "bytes", required=True) or 0, _count(fields, "items"), crc)


def _header(fields: dict[str, Any]) -> Header:
    format = _text(fields, "format")
    if format is None:
        raise _malformed(fields, "`format` is missing")
    return Header(
        format,
        _text(fields, "encoding"),
        _text(fields, "item"),
        fields.get("schema"),
        _text(fields, "compression"),
        _count(fields, "heartbeat_ms"),
        fields.get("content"),
    )


def parse(text: str) -> Message | None:
    """Read a text frame. ``None`` means that it is a message of the user.

    Raises ``ProtocolViolation`` if the frame claims to belong to the protocol and is malformed.
    """
    if '"pipewright"' not in text:
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        return None
    version = fields.get("pipewright")
    if not isinstance(version, int) or isinstance(version, bool) or version < 0:
        return None
    if version != VERSION:
        raise ProtocolViolation(
            f"the stream speaks version {version} of the stream protocol, this reader {VERSION}"
        )
    match fields["type"]:
        case "metadata":
            return _header(fields)
        case "end":
            return _end(fields)
        case "error":
            return Abort.of(fields)
        case "turn":
            return Turn(_count(fields, "turns", required=True) or 0)
        case "heartbeat":
            return Heartbeat()
        case "progress":
            known = {"type", "pipewright", "stage", "items", "bytes"}
            more = {name: value for name, value in fields.items() if name not in known}
            items, size = _count(fields, "items") or 0, _count(fields, "bytes") or 0
            return Progress(_text(fields, "stage") or "", items, size, more)
        case _:
            return None
