import asyncio
import os
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipewright_streams import Worker

PROGRAM = os.environ.get(
    "PIPEWRIGHT_PROGRAM", str(Path(__file__).parents[2] / "target/debug/pipewright")
)


@dataclass
class Engine:
    url: str
    process: asyncio.subprocess.Process

    async def program(self, *arguments: str, stdin: bytes = b"") -> tuple[int, bytes, str]:
        """Run the program at this engine; return status, standard output and standard error."""
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *arguments,
            env={**os.environ, "PIPEWRIGHT_ENGINE_URL": self.url},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, error = await asyncio.wait_for(process.communicate(stdin), 60)
        assert process.returncode is not None
        return process.returncode, out, error.decode()


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    with tempfile.TemporaryDirectory() as folder:
        ready = Path(folder) / "ready"
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            "engine",
            "--listen",
            "127.0.0.1:0",
            "--ready-file",
            str(ready),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert process.stdout is not None
        line = await asyncio.wait_for(process.stdout.readline(), 30)
        url = line.decode().split()[-1]
        assert url.startswith("ws://"), line
        yield Engine(url, process)
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
async def worker(engine: Engine) -> AsyncIterator[Worker]:
    async with Worker(engine.url) as worker:
        yield worker
