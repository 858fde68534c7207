"""The test vectors of ``docs/protocol.md``."""

import json
from pathlib import Path
from typing import Any

import pytest

from pipewright_streams import (
    Aborted,
    Corrupt,
    NeverWritten,
    ProtocolViolation,
    StreamVerifier,
    Truncated,
    Verdict,
)
from pipewright_streams.formats import Msgpack
from pipewright_streams.shapes import ANY

FOLDER = Path(__file__).parents[2] / "docs/protocol/vectors"
VECTORS = sorted(FOLDER.glob("*.json"))
ERRORS = {
    Aborted: "aborted",
    Corrupt: "corrupt",
    NeverWritten: "never_written",
    ProtocolViolation: "protocol_error",
    Truncated: "truncated",
}


def test_there_are_vectors() -> None:
    assert len(VECTORS) >= 32


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_vector(path: Path) -> None:
    vector: dict[str, Any] = json.loads(path.read_text())
    verifier = StreamVerifier(vector["header_promised"])
    payload, messages = b"", []
    for frame in vector["frames"]:
        if "hex" in frame:
            payload += verifier.data(bytes.fromhex(frame["hex"])) or b""
        else:
            message = verifier.text(frame["text"])
            if isinstance(message, str):
                messages.append(message)
    if vector["ending"] == "lost":
        verifier.lost("lost")
    else:
        verifier.closed(vector["ending"]["close"], "")
    if verifier.error is None:
        assert verifier.verdict is not None
        verdict = "complete" if verifier.verdict is Verdict.COMPLETE else "unverified"
    else:
        verdict = ERRORS[type(verifier.error)]
    assert verdict == vector["verdict"]
    assert payload.hex() == vector["payload_hex"]
    assert messages == vector["messages"]
    abort = verifier.error.abort if isinstance(verifier.error, Aborted) else None
    assert (abort and abort.first_cause.code) == vector.get("abort_code")


def test_msgpack_vector_has_its_items() -> None:
    vector: dict[str, Any] = json.loads((FOLDER / "complete-msgpack.json").read_text())
    form, payload = Msgpack(), bytes.fromhex(vector["payload_hex"])
    decoder = form.decoder()
    items = [form.decode(encoded, ANY) for encoded in decoder.feed(payload)]
    assert not list(decoder.finish())
    assert items == [{"x": 1, "y": 2}, None, "é", [True, -1]]
    assert b"".join(form.encode(item, ANY) for item in items) == payload
