"""The failure of a stage: the abort for its output and its caller."""

from __future__ import annotations

import asyncio
import traceback

from .errors import (
    Aborted,
    CallError,
    ConnectError,
    ItemError,
    PipewrightError,
    StreamError,
    WriteFailed,
)
from .messages import Abort

FAILED = "stage_failed"
"""The code of a stage whose function raised."""

OUTPUT_LOST = "output_lost"
"""The code of a stage whose output was lost; its reader may have left."""

CANCELLED = "cancelled"
"""The code of a stage whose run was cancelled."""

CONSEQUENCES = frozenset(
    {
        "input_failed",
        "input_truncated",
        OUTPUT_LOST,
        "output_left_open",
        "writer_dropped",
        "stage_lost",
        CANCELLED,
    }
)
"""Codes of failures that mostly follow from the failure of another part of the run."""

_TAIL = 3
"""Frames of the traceback that an abort contains."""


class StageFailed(CallError):
    """A stage failed; the message is the abort as JSON, as the caller expects it."""


class RunLost(PipewrightError):
    """The connection to the run of a stage was lost; the run was not cancelled."""


class UserError(Exception):
    """Marks an exception of the user's function, with the number of its item."""

    def __init__(self, error: BaseException, item: int | None) -> None:
        """Wrap the exception."""
        super().__init__(str(error))
        self.error = error
        self.item = item


def describe(error: BaseException) -> str:
    """Describe an exception by type, message and the tail of its traceback."""
    text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    frames = traceback.extract_tb(error.__traceback__)[-_TAIL:]
    places = [
        f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno} in {frame.name}" for frame in frames
    ]
    return f"{text} ({' > '.join(places)})" if places else text


def abort_of(stage: str, error: BaseException) -> Abort:
    """Build the abort of a stage that failed."""
    match error:
        case UserError():
            return Abort(FAILED, describe(error.error), stage, error.item)
        case Aborted():
            return error.abort.passed_on_by(stage)
        case ItemError():
            return Abort("bad_input", str(error), stage, error.number)
        case StreamError():
            return Abort("input_truncated", str(error), stage)
        case RunLost():
            return Abort("stage_lost", str(error), stage)
        case WriteFailed():
            return Abort(OUTPUT_LOST, str(error), stage)
        case ConnectError():
            return Abort("connect_failed", str(error), stage)
        case asyncio.CancelledError():
            return Abort(CANCELLED, "the run was cancelled", stage)
        case _:
            return Abort(FAILED, describe(error), stage)
