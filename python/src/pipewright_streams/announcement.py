"""The announcement of a worker (``docs/protocol.md`` section 1.3)."""

from __future__ import annotations

import os
import platform
from typing import Any

VERSION = "0.1.0"
"""The version of this package."""


def announcement(name: str, namespace: str | None, *, replayed: bool) -> dict[str, Any]:
    """Build the announcement; ``replayed`` if every function was registered before it."""
    data: dict[str, Any] = {
        "runtime": "python",
        "version": VERSION,
        "name": name,
        "os": f"{platform.system()} {platform.machine()}",
        "pid": os.getpid(),
        "namespace": namespace,
        "telemetry": {"framework": "pipewright-streams"},
        "pipewright": 1,
    }
    if replayed:
        data["replayed"] = True
    return {
        "type": "invokefunction",
        "function_id": "engine::workers::register",
        "data": data,
        "action": {"type": "void"},
        "namespace": "default",
    }
