"""Formats: how items become bytes (``docs/protocol.md`` section 9.7)."""

from __future__ import annotations

import importlib
import json
import json.encoder
import re
from collections.abc import Callable, Iterable
from typing import Any, NoReturn, Protocol

from .errors import ItemError
from .shapes import Shape

MAX_ITEM = 64 * 1024 * 1024
"""The largest item that a receiver accepts by default, in bytes."""


class Decoder(Protocol):
    """Splits payload into items. Numbering is the caller's."""

    def feed(self, payload: bytes) -> Iterable[Any]:
        """Accept payload; return the encoded items that are now complete."""

    def finish(self) -> Iterable[Any]:
        """Return the rest at the end; raise ``ItemError`` for an incomplete item."""


class Format(Protocol):
    """A format by its name on the wire."""

    name: str
    encoding: str | None

    def decoder(self) -> Decoder:
        """Start to decode a stream."""

    def decode(self, encoded: Any, shape: Shape) -> Any:
        """Decode one item. Raises ``ItemError``."""

    def encode(self, item: Any, shape: Shape) -> bytes:
        """Encode one item, completely or not at all. Raises ``ItemError``."""


_MARK = "$pipewright.some"
"""The key that stands for a nested option (section 9.7); a writer refuses it in user data."""


class _LineDecoder:
    def __init__(self, limit: int, json_lines: bool) -> None:
        self._rest = bytearray()
        self._limit = limit
        self._json_lines = json_lines

    def feed(self, payload: bytes) -> Iterable[str]:
        head, newline, tail = payload.rpartition(b"\n")
        if not newline:
            self._rest += payload
        else:
            whole = bytes(self._rest) + head if self._rest else head
            self._rest = bytearray(tail)
            yield from self._lines(whole)
        if len(self._rest) > self._limit:
            raise ItemError(f"a line is over the limit of {self._limit} bytes")

    def finish(self) -> Iterable[str]:
        rest, self._rest = bytes(self._rest), bytearray()
        if rest:
            yield from self._lines(rest)

    def _lines(self, whole: bytes) -> Iterable[str]:
        try:
            text = whole.decode()
        except UnicodeDecodeError:
            for line in whole.split(b"\n"):
                yield from self._kept([_text(line, self._json_lines)])
            return
        lines = text.split("\n")
        plain = len(whole) <= self._limit and not _UNUSUAL.search(text)
        if plain and (not self._json_lines or "" not in lines):
            yield from lines
        else:
            yield from self._kept(lines)

    def _kept(self, lines: list[str]) -> Iterable[str]:
        for line in lines:
            kept = line[:-1] if line.endswith("\r") else line
            # In text, a byte order mark is part of the item (section 9.7).
            if self._json_lines and kept.startswith("\ufeff"):
                kept = kept[1:]
            if len(kept) > self._limit // 4 and len(kept.encode()) > self._limit:
                raise ItemError(f"a line is over the limit of {self._limit} bytes")
            # A blank line contains JSON white space only; the parser rejects other characters.
            if not self._json_lines or kept.strip(" \t\r"):
                yield kept


_UNUSUAL = re.compile("\r|\ufeff|(?:^|\n)[ \t]")
"""Text that requires a check of each line: CRLF, byte order marks, possibly blank lines."""


def _text(line: bytes, json_lines: bool) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError as error:
        what = "cannot be read as JSON" if json_lines else "the line is not UTF-8"
        raise ItemError(f"{what}: {error}") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_mark(value: Any) -> None:
    if isinstance(value, dict):
        if _MARK in value:
            raise ItemError(f"an object cannot have the key {_MARK!r}, which marks nested options")
        for member in value.values():
            _refuse_mark(member)
    elif isinstance(value, list | tuple):
        for element in value:
            _refuse_mark(element)


# `json.loads` accepts NaN and infinities, and guesses encodings other than UTF-8.
_JSON = json.JSONDecoder(parse_constant=_refuse_constant)
_TO_JSON = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def _encode_function() -> Callable[[Any], str]:
    """Build the encoder of CPython once; ``JSONEncoder.encode`` builds one per value."""
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return _TO_JSON.encode
    text = json.encoder.encode_basestring
    encode = make(None, _TO_JSON.default, text, None, ":", ",", False, False, False)
    return lambda value: "".join(encode(value, 0))


_encode_json = _encode_function()


_scan: Callable[[str, int], tuple[Any, int]] = getattr(_JSON, "scan_once")  # noqa: B009


class Ndjson:
    """One JSON value per line; the default."""

    name = "ndjson"
    encoding: str | None = "utf-8"

    def decoder(self) -> Decoder:
        """Start to decode a stream."""
        return _LineDecoder(MAX_ITEM, json_lines=True)

    def decode(self, encoded: Any, shape: Shape) -> Any:
        """Decode one line."""
        try:
            try:
                value, end = _scan(encoded, 0)
            except StopIteration:
                # Leading white space, or invalid JSON.
                value, end = _JSON.decode(encoded), len(encoded)
            if end != len(encoded):
                value = _JSON.decode(encoded)
        except (ValueError, RecursionError) as error:
            raise ItemError(f"cannot be read as JSON: {error}") from None
        return shape.decode(value)

    def encode(self, item: Any, shape: Shape) -> bytes:
        """Encode one line. NaN, infinities and lone surrogates have no JSON form."""
        try:
            plain = shape.encode(item)
            text = _encode_json(plain)
            if _MARK in text:
                _refuse_mark(plain)
            return text.encode() + b"\n"
        except (ValueError, TypeError, RecursionError) as error:
            raise ItemError(f"cannot be written as JSON: {error}") from None


class Lines:
    """One line of text per item."""

    name = "lines"
    encoding: str | None = "utf-8"

    def decoder(self) -> Decoder:
        """Start to decode a stream."""
        return _LineDecoder(MAX_ITEM, json_lines=False)

    def decode(self, encoded: Any, shape: Shape) -> Any:
        """Check one line."""
        return shape.decode(encoded, "")

    def encode(self, item: Any, shape: Shape) -> bytes:
        """Encode one line. A line cannot contain a line feed."""
        if not isinstance(item, str):
            raise ItemError(f"expected a str, got {type(item).__name__}")
        if "\n" in item:
            raise ItemError("a line cannot contain a line feed; use the format ndjson")
        try:
            end = b"\r\n" if item.endswith("\r") else b"\n"
            return item.encode() + end
        except UnicodeEncodeError as error:
            raise ItemError(f"the text has no UTF-8 form: {error}") from None


_PREFIX = 4
"""The size of the big-endian length before a record, in bytes."""

_MAX_RECORD = 0xFFFF_FFFF
"""The largest record whose length the prefix can hold, in bytes."""


class _RecordDecoder:
    """Splits records that are preceded by their length. The rest is at most one record."""

    def __init__(self, limit: int) -> None:
        self._rest = bytearray()
        self._limit = limit

    def feed(self, payload: bytes) -> Iterable[bytes]:
        self._rest += payload
        start = 0
        try:
            while len(self._rest) - start >= _PREFIX:
                content = start + _PREFIX
                length = int.from_bytes(self._rest[start:content], "big")
                if length > self._limit:
                    # Refused by its length, before its content is stored.
                    reason = f"an item of {length} bytes is over the limit of {self._limit} bytes"
                    raise ItemError(reason)
                if len(self._rest) - content < length:
                    return
                start = content + length
                yield bytes(self._rest[content:start])
        finally:
            del self._rest[:start]

    def finish(self) -> Iterable[bytes]:
        if self._rest:
            raise ItemError("the stream ends in the middle of an item")
        return ()


class Msgpack:
    """MessagePack values, each preceded by its length; needs the extra ``msgpack``."""

    name = "msgpack"
    encoding: str | None = None

    def decoder(self) -> Decoder:
        """Start to decode a stream."""
        return _RecordDecoder(MAX_ITEM)

    def decode(self, encoded: Any, shape: Shape) -> Any:
        """Decode one record, which contains exactly one value."""
        msgpack = importlib.import_module("msgpack")
        try:
            value = msgpack.unpackb(encoded, raw=False, strict_map_key=False)
        except msgpack.ExtraData as error:
            read = len(encoded) - len(error.extra)
            reason = f"the item ends after {read} of the {len(encoded)} bytes of its record"
            raise ItemError(f"cannot be read as MessagePack: {reason}") from None
        except Exception as error:
            # A format error of the library has no text.
            reason = str(error) or type(error).__name__
            raise ItemError(f"cannot be read as MessagePack: {reason}") from None
        return shape.decode(value, "")

    def encode(self, item: Any, shape: Shape) -> bytes:
        """Encode one record."""
        msgpack = importlib.import_module("msgpack")
        try:
            packed: bytes = msgpack.packb(shape.encode(item), use_bin_type=True)
        except (ValueError, TypeError, OverflowError) as error:
            raise ItemError(f"cannot be written as MessagePack: {error}") from None
        if len(packed) > _MAX_RECORD:
            raise ItemError("cannot be written as MessagePack: the item is longer than 4 GiB")
        return len(packed).to_bytes(_PREFIX, "big") + packed


_FORMATS: dict[str, type[Format]] = {"ndjson": Ndjson, "lines": Lines, "msgpack": Msgpack}


def format_of(name: str) -> Format:
    """Find a format by its name. Raises ``ValueError`` for unknown names."""
    if name not in _FORMATS:
        known = ", ".join(_FORMATS)
        raise ValueError(f"the format {name!r} is not supported here; use one of {known}")
    return _FORMATS[name]()
