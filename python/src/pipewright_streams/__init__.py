"""Stages, channels and pipelines of pipewright in Python.

A stage is a function with ``@stage``. A ``Worker`` serves stages to pipelines in any language.
Every stream ends in exactly one verdict: complete, or an error.
"""

from .channel import ChannelReader, ChannelWriter
from .connection import Address
from .context import StageContext
from .errors import (
    Aborted,
    CallError,
    CallTimeout,
    ConnectError,
    Corrupt,
    ItemError,
    NeverWritten,
    PipewrightError,
    ProtocolViolation,
    ReaderGone,
    RunFailed,
    StreamError,
    Truncated,
    WriteFailed,
)
from .items import Receiver, Sender
from .messages import Abort, Header, Progress
from .pipeline import Pipeline, pipeline
from .refs import ChannelRef
from .run import Run, RunReport, StageReport
from .stage import Stage, StageDefinitionError, StageKind, stage
from .verifier import StreamVerifier, Verdict
from .worker import Worker

__all__ = [
    "Abort",
    "Aborted",
    "Address",
    "CallError",
    "CallTimeout",
    "ChannelReader",
    "ChannelRef",
    "ChannelWriter",
    "ConnectError",
    "Corrupt",
    "Header",
    "ItemError",
    "NeverWritten",
    "Pipeline",
    "PipewrightError",
    "Progress",
    "ProtocolViolation",
    "ReaderGone",
    "Receiver",
    "Run",
    "RunFailed",
    "RunReport",
    "Sender",
    "Stage",
    "StageContext",
    "StageDefinitionError",
    "StageKind",
    "StageReport",
    "StreamError",
    "StreamVerifier",
    "Truncated",
    "Verdict",
    "Worker",
    "WriteFailed",
    "pipeline",
    "stage",
]
