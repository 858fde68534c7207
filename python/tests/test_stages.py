import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from engine import IS_III, Engine
from pipewright_streams import RunFailed, Worker, pipeline, stage

STAGES = Path(__file__).parent / "stages.py"


@pytest.fixture
async def served(engine: Engine) -> AsyncIterator[Worker]:
    """A worker, and the stages in a separate process."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pipewright_streams",
        "serve",
        str(STAGES),
        "--url",
        engine.url,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stderr is not None
    line = await asyncio.wait_for(process.stderr.readline(), 30)
    assert line.startswith(b"serving"), line + await process.stderr.read()
    async with Worker(engine.url) as worker:
        yield worker
    if process.returncode is None:
        process.terminate()
    await process.wait()


async def collect(worker: Worker, items: range, *ids: str) -> list[int]:
    steps = pipeline(items)
    for id in ids:
        steps = steps.then(id)
    return await asyncio.wait_for(steps.start(worker).collect(), 60)


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["py::double"], [0, 2, 4, 6]),
        (["py::odd"], [1, 3]),
        (["py::twice"], [0, 0, 1, 1, 2, 2, 3, 3]),
        (["py::sums"], [0, 1, 3, 6]),
        (["py::record"], [{"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}]),
        (["py::first"], [0, 1, 2]),
        (["py::double", "py::sums", "py::odd"], []),
        (["py::copy"], [0, 1, 2, 3]),
    ],
)
async def test_shapes(served: Worker, ids: list[str], expected: list[object]) -> None:
    assert await collect(served, range(4), *ids) == expected


async def test_concurrent_stage_keeps_order(served: Worker) -> None:
    assert await collect(served, range(500), "py::slow") == list(range(500))


async def test_report_is_verified_and_counts(served: Worker) -> None:
    run = pipeline(range(1000)).then("py::double").start(served)
    assert len(await run.collect()) == 1000
    assert run.report.verified
    report = run.report.stage("py::double")
    assert (report["items_in"], report["items_out"]) == (1000, 1000)


async def test_exception_is_the_first_cause_with_item(served: Worker) -> None:
    with pytest.raises(RunFailed) as error:
        await collect(served, range(100), "py::fails", "py::sums", "py::double")
    cause = error.value.first_cause
    assert (cause.stage, cause.item) == ("py::fails", 3)
    assert "ValueError: three" in cause.message
    assert "stages.py" in cause.message


async def test_bad_item_names_its_number(served: Worker) -> None:
    run = pipeline([1, 2, "three"]).then("py::double").start(served)
    with pytest.raises(RunFailed) as error:
        await asyncio.wait_for(run.collect(), 30)
    assert error.value.first_cause.item == 2


async def test_killed_worker_is_an_error(served: Worker) -> None:
    with pytest.raises(RunFailed):
        await collect(served, range(100_000), "py::exits")


async def test_early_exit_ends_an_endless_source(served: Worker) -> None:
    async def endless() -> AsyncIterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    run = pipeline(endless()).then("py::double").then("py::first").start(served)
    assert await asyncio.wait_for(run.collect(), 30) == [0, 2]


async def test_unknown_stage_fails_the_run(served: Worker) -> None:
    with pytest.raises(RunFailed) as error:
        await collect(served, range(3), "py::absent")
    assert error.value.first_cause.code == "function_not_found"


async def test_params_state_and_messages(served: Worker, engine: Engine) -> None:
    run = pipeline([5, 6, 7]).then("py::count", params={"n": 10}).start(served)
    assert await run.collect() == [11, 12, 13]
    failing = pipeline([5]).then("py::count", params={"n": "x"}).start(served)
    with pytest.raises(RunFailed) as error:
        await asyncio.wait_for(failing.collect(), 30)
    assert "params" in error.value.first_cause.message


async def test_program_runs_python_stages(served: Worker, engine: Engine) -> None:
    lines = b"".join(b"line %d\n" % n for n in range(10_000))
    status, out, error = await engine.program("run", "--format", "lines", "py::upper", stdin=lines)
    assert (status, out) == (0, lines.upper()), error
    assert "verified" in error or "complete" in error
    status, out, _ = await engine.program("run", "py::copy", stdin=lines)
    assert (status, out) == (0, lines)
    status, out, error = await engine.program("stages", "--output", "json")
    assert status == 0
    assert '"py::upper"' in out.decode()
    status, _, error = await engine.program(
        "run", "--format", "ndjson", "py::fails", stdin=b"1\n2\n3\n"
    )
    assert status == 4
    assert "py::fails at item 2" in error


@pytest.mark.parametrize(
    ("ids", "reason"),
    [
        (["py::double", "py::sums"], None),
        (["py::record", "py::total"], None),
        (["py::double", "py::total"], "the item is integer, and object is expected"),
        (["py::record", "py::double"], "the item is object, and integer is expected"),
        (["py::named", "py::total"], "`n` of the item is string, and integer is expected"),
    ],
)
async def test_program_compares_item_types(
    served: Worker, engine: Engine, tmp_path: Path, ids: list[str], reason: str | None
) -> None:
    file = tmp_path / "pipeline.toml"
    file.write_text("".join(f'[[steps]]\nstage = "{id}"\n' for id in ids))
    status, _, error = await engine.program("check", "--online", str(file))
    if reason is None:
        assert status == 0, error
    else:
        assert status == 2
        assert f"`{ids[1]}` cannot read the items of `{ids[0]}`: {reason}" in error


async def test_leaving_a_run_ends_a_source_that_waits(served: Worker) -> None:
    async def waiting() -> AsyncIterator[int]:
        for number in range(3):
            yield number
        await asyncio.Event().wait()

    begin = asyncio.get_running_loop().time()
    async with pipeline(waiting()).then("py::double").start(served) as run:
        async for item in run:
            if item == 2:
                break
    assert asyncio.get_running_loop().time() - begin < 4
    early = pipeline(waiting()).then("py::first").start(served)
    assert await asyncio.wait_for(early.collect(), 4) == [0, 1, 2]


async def test_cancelled_run_ends_its_stages(served: Worker) -> None:
    ended = asyncio.Event()

    @stage("here::copy")
    async def copy(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
        try:
            async for number in numbers:
                yield number
        finally:
            ended.set()

    async def endless() -> AsyncIterator[int]:
        number = 0
        while True:
            yield number
            number += 1

    async def consume() -> None:
        run = pipeline(endless()).then("py::double").then("here::copy").start(served)
        async for _item in run:
            began.set()

    await served.register(copy)
    await served.registered()
    began = asyncio.Event()
    task = asyncio.create_task(consume())
    await asyncio.wait_for(began.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 20)
    await asyncio.wait_for(ended.wait(), 20)
    while not IS_III and (await served.call("engine::channels::list", {}))["channels"]:  # noqa: ASYNC110
        await asyncio.sleep(0.05)


async def test_endless_source_of_an_unknown_stage_ends(served: Worker) -> None:
    def endless() -> Iterator[str]:
        while True:
            yield "x" * 10_000

    with pytest.raises(RunFailed) as error:
        await asyncio.wait_for(pipeline(endless()).then("py::absent").start(served).collect(), 20)
    assert error.value.first_cause.code == "function_not_found"


async def test_endless_source_ends_with_a_failed_stage(served: Worker) -> None:
    async def endless() -> AsyncIterator[int]:
        for number in range(10):
            yield number
        await asyncio.Event().wait()

    begin = asyncio.get_running_loop().time()
    with pytest.raises(RunFailed) as error:
        run = pipeline(endless()).then("py::odd").then("py::fails").start(served)
        await asyncio.wait_for(run.collect(), 20)
    assert (error.value.first_cause.stage, error.value.first_cause.item) == ("py::fails", 1)
    assert asyncio.get_running_loop().time() - begin < 10


async def test_stage_twice_in_a_run_has_two_reports(served: Worker) -> None:
    run = pipeline([1, 2]).then("py::double").then("py::double").start(served)
    assert await run.collect() == [4, 8]
    assert [stage.report["items_in"] for stage in run.report.stages] == [2, 2]
    assert run.report.verified


async def test_killed_stage_is_the_first_cause(served: Worker) -> None:
    # The neighbours have to outlive the process of the killed stage.
    @stage("here::double")
    async def double(number: int) -> int:
        return number * 2

    await served.register(double)
    await served.registered()
    with pytest.raises(RunFailed) as error:
        await collect(served, range(100_000), "here::double", "py::exits", "here::double")
    assert error.value.first_cause.stage == "py::exits"
