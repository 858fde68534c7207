"""Compression of the whole payload of a stream (``docs/protocol.md`` section 9.2)."""

from __future__ import annotations

import importlib
from typing import Any, Protocol

from .errors import ItemError

PIECE = 1 << 20
"""Compressed bytes that are decompressed at once, which bounds the output of one step."""


class Decompressor(Protocol):
    """Turns the payload of frames into the bytes that were compressed."""

    def feed(self, payload: bytes) -> bytes:
        """Decompress payload."""

    def finish(self) -> None:
        """Check that the compressed frame was complete."""


class Compressor(Protocol):
    """The inverse of ``Decompressor``."""

    def feed(self, payload: bytes) -> bytes:
        """Compress payload; the output may come later."""

    def finish(self) -> bytes:
        """End the compressed frame."""


class _Zstd:
    def __init__(self) -> None:
        self._state = importlib.import_module("zstandard").ZstdDecompressor().decompressobj()

    def feed(self, payload: bytes) -> bytes:
        out: bytes = self._state.decompress(payload)
        return out

    def finish(self) -> None:
        if not self._state.eof:
            raise ItemError("the compressed stream ends too early")


class _ZstdCompressor:
    def __init__(self) -> None:
        self._state = importlib.import_module("zstandard").ZstdCompressor().compressobj()

    def feed(self, payload: bytes) -> bytes:
        out: bytes = self._state.compress(payload)
        return out

    def finish(self) -> bytes:
        out: bytes = self._state.flush()
        return out


class _Lz4:
    def __init__(self) -> None:
        self._state = importlib.import_module("lz4.frame").LZ4FrameDecompressor()

    def feed(self, payload: bytes) -> bytes:
        out: bytes = self._state.decompress(payload)
        return out

    def finish(self) -> None:
        if not self._state.eof:
            raise ItemError("the compressed stream ends too early")


class _Lz4Compressor:
    def __init__(self) -> None:
        self._state = importlib.import_module("lz4.frame").LZ4FrameCompressor()
        self._begun = False

    def feed(self, payload: bytes) -> bytes:
        head = b"" if self._begun else self._state.begin()
        self._begun = True
        out: bytes = head + self._state.compress(payload)
        return out

    def finish(self) -> bytes:
        head = b"" if self._begun else self._state.begin()
        out: bytes = head + self._state.flush()
        return out


_KNOWN: dict[str, tuple[Any, Any]] = {
    "zstd": (_Zstd, _ZstdCompressor),
    "lz4": (_Lz4, _Lz4Compressor),
}


def _find(name: str) -> tuple[Any, Any]:
    if name not in _KNOWN:
        raise ItemError(f"the compression {name!r} is not supported; known are {', '.join(_KNOWN)}")
    return _KNOWN[name]


def decompressor(name: str) -> Decompressor:
    """Start to decompress. Raises ``ItemError`` if the algorithm or its package is missing."""
    try:
        made: Decompressor = _find(name)[0]()
    except ImportError:
        raise ItemError(f"the stream is compressed; install pipewright-streams[{name}]") from None
    return made


def compressor(name: str) -> Compressor:
    """Start to compress. Raises ``ItemError`` if the algorithm or its package is missing."""
    try:
        made: Compressor = _find(name)[1]()
    except ImportError:
        raise ItemError(f"to compress by {name}, install pipewright-streams[{name}]") from None
    return made
