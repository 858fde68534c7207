"""Items per second through one stage: the packages compared with the published SDKs.

``bench.py [--items N] [--rounds N] [--gigabytes N]``; started by ``run``.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

ROWS = [
    ("python", "own", "sdk_items"),
    ("python", "own", "sdk_chunks"),
    ("python", "own_typed", "sdk_items"),
    ("python", "own_stream", "sdk_items"),
    ("typescript", "own", "sdk_items"),
    ("typescript", "own", "sdk_chunks"),
    ("typescript", "own_stream", "sdk_items"),
]
DRAINED: list[asyncio.Task[bytes]] = []
PROGRAM = os.environ["PIPEWRIGHT_PROGRAM"]


async def start(*command: str) -> tuple[asyncio.subprocess.Process, str]:
    """Start a process and return its line with an address, or the line `ready`."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=pipe)
    assert process.stdout is not None and process.stderr is not None
    # The log output of the SDKs would fill the pipes.
    DRAINED.append(asyncio.create_task(process.stderr.read()))
    while line := await asyncio.wait_for(process.stdout.readline(), 30):
        text = line.decode().strip()
        if text == "ready" or "ws://" in text and "[OTel]" not in text:
            DRAINED.append(asyncio.create_task(process.stdout.read()))
            return process, text
    raise SystemExit(f"{command} ended early")


async def run_items(stage: str, source: Path, sink: Path) -> float:
    """Run the file through the stage; return the seconds."""
    begin = time.monotonic()
    command = [PROGRAM, "run", "-q", "--format", "ndjson", "-i", str(source), "-o", str(sink), stage]
    process = await asyncio.create_subprocess_exec(*command)
    status = await process.wait()
    seconds = time.monotonic() - begin
    if status != 0:
        raise SystemExit(f"{stage} failed with {status}")
    return seconds


async def compare(items: int, rounds: int, folder: Path, pids: dict[str, int]) -> None:
    source, sink = folder / "items.ndjson", folder / "out.ndjson"
    with source.open("w") as file:
        for number in range(items):
            file.write('{"id":%d,"text":"a short line with %d words or so"}\n' % (number, number % 10))
    wall: dict[str, list[float]] = {}
    busy: dict[str, list[float]] = {}
    stages = [f"{language}::{name}" for language, *names in ROWS for name in names]
    for _round in range(rounds):
        for stage in dict.fromkeys(stages):
            pid = pids[stage.split("_")[0]]
            before = processor_time(pid)
            wall.setdefault(stage, []).append(items / await run_items(stage, source, sink))
            busy.setdefault(stage, []).append(items / (processor_time(pid) - before))
    for title, rates in [("items/s", wall), ("items/s of processor time of the stage", busy)]:
        print(f"\n| stage | {title} | peer | the same | ratio: min | median | max |")
        print("|---|---|---|---|---|---|---|")
        for language, own, peer in ROWS:
            ours, theirs = rates[f"{language}::{own}"], rates[f"{language}::{peer}"]
            ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
            cells = [f"{it:.2f}" for it in (ratios[0], statistics.median(ratios), ratios[-1])]
            speeds = [f"{statistics.median(it):.0f}" for it in (ours, theirs)]
            print("|", " | ".join([f"{language} {own}", speeds[0], peer, speeds[1], *cells]), "|")


def processor_time(pid: int) -> float:
    """Seconds of processor time of a process; a ratio of them does not depend on other load."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


async def memory(stage: str, pid: int, gigabytes: float) -> None:
    """Send zeros through a stage of bytes and print its memory by quarter."""
    pipe = asyncio.subprocess.PIPE
    run = await asyncio.create_subprocess_exec(PROGRAM, "run", "-q", stage, stdin=pipe, stdout=pipe)
    assert run.stdin is not None and run.stdout is not None
    piece, total = bytes(1 << 20), int(gigabytes * 1024)
    quarters: list[float] = []

    async def drain() -> int:
        size = 0
        while part := await run.stdout.read(1 << 20):  # type: ignore[union-attr]
            size += len(part)
        return size

    drained = asyncio.create_task(drain())
    peak = 0.0
    for megabyte in range(total):
        run.stdin.write(piece)
        await run.stdin.drain()
        if megabyte % 16 == 0:
            peak = max(peak, resident(pid))
        if (megabyte + 1) % (total // 4) == 0:
            quarters.append(peak)
            peak = 0.0
    run.stdin.close()
    size, status = await drained, await run.wait()
    assert (size, status) == (total << 20, 0), (size, status)
    cells = ", ".join(f"{it:.1f}" for it in quarters)
    print(f"{stage}: {gigabytes} GiB, peak resident memory by quarter in MiB: {cells}")


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--gigabytes", type=float, default=0)
    arguments = parser.parse_args()
    here, folder = Path(__file__).parent, Path(os.environ["BENCH_FOLDER"])
    engine, line = await start(PROGRAM, "engine", "--listen", "127.0.0.1:0")
    os.environ["III_URL"] = line.split()[-1]
    servers = [engine]
    try:
        for command in [
            [sys.executable, str(here / "stages.py"), "own"],
            [os.environ["SDK_PYTHON"], str(here / "stages.py"), "sdk"],
            ["node", str(here / "own.mjs"), os.environ["PACKAGE"]],
            ["node", os.environ["SDK_NODE"]],
        ]:
            server, _ready = await start(*command)
            servers.append(server)
        await asyncio.sleep(1)  # The SDKs do not report when their functions are registered.
        if arguments.rounds:
            names = ["python::own", "python::sdk", "typescript::own", "typescript::sdk"]
            pids = {name: it.pid for name, it in zip(names, servers[1:], strict=True)}
            await compare(arguments.items, arguments.rounds, folder, pids)
        if arguments.gigabytes:
            await memory("python::own_bytes", servers[1].pid, arguments.gigabytes)
            await memory("typescript::own_bytes", servers[3].pid, arguments.gigabytes)
    finally:
        for server in servers[::-1]:
            server.kill()
            await server.wait()


if __name__ == "__main__":
    asyncio.run(main())
