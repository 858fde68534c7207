import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipewright_streams import Worker

PROGRAM = os.environ.get(
    "PIPEWRIGHT_PROGRAM", str(Path(__file__).parents[2] / "target/debug/pipewright")
)

ENGINE_PROGRAM = os.environ.get("PIPEWRIGHT_ENGINE_PROGRAM", PROGRAM)
"""Starts the engine of the tests: the program, or ``iii_engine`` of ``tests/languages``."""

IS_III = ENGINE_PROGRAM != PROGRAM
"""Whether the engine behaves as an iii engine does."""


@dataclass
class Engine:
    url: str
    process: asyncio.subprocess.Process

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def restart(self) -> None:
        """Kill this engine and start another at the same address."""
        await self.kill()
        self.process, _url = await _start(self.url.removeprefix("ws://").rstrip("/"))

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


async def _start(listen: str) -> tuple[asyncio.subprocess.Process, str]:
    process = await asyncio.create_subprocess_exec(
        ENGINE_PROGRAM,
        "engine",
        "--listen",
        listen,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), 30)
    url = line.decode().split()[-1]
    assert url.startswith("ws://"), line
    return process, url


@pytest.fixture
async def engine() -> AsyncIterator[Engine]:
    process, url = await _start("127.0.0.1:0")
    engine = Engine(url, process)
    yield engine
    await engine.kill()


@pytest.fixture
async def worker(engine: Engine) -> AsyncIterator[Worker]:
    async with Worker(engine.url) as worker:
        yield worker
