"""The report of a stage: the result of its function (``docs/protocol.md`` section 10.4)."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from .channel import ChannelReader, ChannelWriter
from .verifier import Verdict


@dataclass
class Report:
    """Counts of one run of a stage."""

    items_in: int = 0
    items_out: int = 0
    items_skipped: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    input_verified: bool | None = None
    _started: float = field(default_factory=time.monotonic, repr=False)

    def finish(self, reader: ChannelReader | None, writer: ChannelWriter | None) -> dict[str, Any]:
        """Build the JSON of the report."""
        if reader is not None:
            self.bytes_in = reader.received_bytes
            if reader.verdict is not None:
                self.input_verified = reader.verdict is Verdict.COMPLETE
        if writer is not None:
            self.bytes_out = writer.sent_bytes
        report: dict[str, Any] = {
            "items_in": self.items_in,
            "items_out": self.items_out,
            "items_skipped": self.items_skipped,
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "elapsed_us": int((time.monotonic() - self._started) * 1e6),
        }
        if reader is not None and reader.verdict is None:
            report["input_left"] = True
        if self.input_verified is not None:
            report["input_verified"] = self.input_verified
        return report
