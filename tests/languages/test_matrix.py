"""Every language writes to every language, and one side ends in every way: no loss is silent."""

import asyncio

import pytest
from engine import IS_III, Engine
from languages import LANGUAGES, End, digest, reader, writer

from pipewright_streams import Worker

pytestmark = [
    pytest.mark.parametrize("read_by", LANGUAGES),
    pytest.mark.parametrize("written_by", LANGUAGES),
]

COUNT = 20_000


async def pair(
    worker: Worker,
    engine: Engine,
    written_by: str,
    read_by: str,
    mode: str = "all",
    count: int = COUNT,
) -> tuple[End, End]:
    """Start both ends and wait until the first items have passed."""
    write, read = await worker.create_channel()
    left = await writer(written_by, engine.url, write, count)
    right = await reader(read_by, engine.url, read, mode)
    await left.started()
    await right.started()
    return left, right


async def test_complete(worker: Worker, engine: Engine, written_by: str, read_by: str) -> None:
    left, right = await pair(worker, engine, written_by, read_by)
    await left.tell("more")
    read = await right.verdict()
    assert read == {"verdict": "complete", "items": COUNT, "digest": digest(COUNT)}
    assert (await left.verdict())["verdict"] == "complete"


ERRORS = {
    "killed": {"Truncated", "status 5"},
    "exit": {"Truncated", "Aborted", "status 4", "status 5"},
    "raise": {"Aborted", "status 4"},
    "cancel": {"Aborted", "status 4"},
}


@pytest.mark.parametrize("ending", ["killed", "exit", "raise", "cancel"])
async def test_writer_that_fails_is_an_error_of_the_reader(
    worker: Worker, engine: Engine, written_by: str, read_by: str, ending: str
) -> None:
    left, right = await pair(worker, engine, written_by, read_by)
    await (left.kill() if ending == "killed" else left.tell(ending))
    read = await right.verdict()
    assert read["verdict"] in ERRORS[ending], read
    if ending != "killed":
        assert (await left.verdict())["verdict"] != "complete"


@pytest.mark.parametrize("ending", ["killed", "left"])
async def test_reader_that_goes_is_an_error_of_the_writer(
    worker: Worker, engine: Engine, written_by: str, read_by: str, ending: str
) -> None:
    mode = "leave" if ending == "left" else "slow"
    left, right = await pair(worker, engine, written_by, read_by, mode)
    if ending == "killed":
        await right.kill()
    await left.tell("more")
    written = await left.verdict()
    # An iii engine drops the writer without a close, which does not say that the reader left.
    expected = "WriteFailed" if IS_III else "ReaderGone"
    assert written["verdict"] == expected or written["verdict"].startswith("status"), written
    if ending == "left":
        assert (await right.verdict())["verdict"] in {"left", "status 141"}


async def test_slow_reader_holds_the_writer_back(
    worker: Worker, engine: Engine, written_by: str, read_by: str
) -> None:
    count = 300_000
    left, right = await pair(worker, engine, written_by, read_by, "slow", count)
    await left.tell("more")
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(asyncio.shield(left.process.wait()), 2)
    # 30 MB are in flight; a writer without backpressure has them in its memory.
    assert resident(left) < 140 << 20
    await right.tell("more")
    read = await right.verdict()
    assert (read["verdict"], read["items"]) == ("complete", count)
    assert read["digest"] == digest(count)
    assert (await left.verdict())["verdict"] == "complete"


def resident(end: End) -> int:
    with open(f"/proc/{end.process.pid}/statm") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * 4096
