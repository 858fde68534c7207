"""Ends of channels as processes, one class per language."""

import asyncio
import hashlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from engine import PROGRAM

from pipewright_streams import ChannelRef

HERE = Path(__file__).parent
LANGUAGES = ["rust", "python", "typescript"]
FIRST = 1000


def line(number: int) -> bytes:
    return json.dumps({"n": number, "pad": "x" * 90}, separators=(",", ":")).encode() + b"\n"


def digest(count: int) -> str:
    return hashlib.sha256(b"".join(b"%d\n" % number for number in range(count))).hexdigest()


class End:
    """One end, whatever its language."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        assert process.stdin is not None and process.stdout is not None
        self.stdin, self.stdout = process.stdin, process.stdout
        self.early = b""

    @classmethod
    async def start(cls, *command: str, **env: str) -> Any:
        process = await asyncio.create_subprocess_exec(
            *command,
            env={**os.environ, **env},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 20,
        )
        return cls(process)

    async def started(self) -> None:
        found = await asyncio.wait_for(self.stdout.readline(), 60)
        if "verdict" in json.loads(found):
            # The other end left at its first item, before this one had sent its first batch.
            self.early = found
            return
        assert json.loads(found) == {"started": True}, found

    async def tell(self, command: str) -> None:
        self.stdin.write(command.encode() + b"\n")
        await self.stdin.drain()

    async def kill(self) -> None:
        self.process.kill()
        await self.process.wait()

    async def verdict(self) -> dict[str, Any]:
        """The last line of the process, or its status if it printed nothing."""
        rest = await asyncio.wait_for(self.stdout.read(), 60)
        status = await asyncio.wait_for(self.process.wait(), 60)
        said = (self.early + rest).splitlines()
        return json.loads(said[-1]) if said else {"verdict": f"status {status}"}


class RustWriter(End):
    """The program, fed through a pipe."""

    async def started(self) -> None:
        self.stdin.write(b"".join(line(number) for number in range(FIRST)))
        await self.stdin.drain()

    async def tell(self, command: str) -> None:
        match command:
            case "more":
                self._feeding = asyncio.create_task(self._feed())
            case "raise":
                self.stdin.write(b"no JSON\n")
            case "exit" | "cancel":
                number = signal.SIGTERM if command == "exit" else signal.SIGINT
                self.process.send_signal(number)

    async def _feed(self) -> None:
        try:
            for start in range(FIRST, self.count, 1000):
                for number in range(start, min(self.count, start + 1000)):
                    self.stdin.write(line(number))
                await self.stdin.drain()
            self.stdin.close()
        except (BrokenPipeError, ConnectionResetError):
            return

    count = 0

    async def verdict(self) -> dict[str, Any]:
        status = await asyncio.wait_for(self.process.wait(), 60)
        return {"verdict": "complete" if status == 0 else f"status {status}"}


class RustReader(End):
    """The program, whose output is read here."""

    mode = ""

    async def started(self) -> None:
        self.seen = [await asyncio.wait_for(self.stdout.readline(), 60)]
        assert self.seen[0], "no first item"
        if self.mode == "leave":
            # Its end of the pipe; the next write of the program fails.
            self.stdout._transport.close()  # type: ignore[attr-defined]

    async def tell(self, command: str) -> None:
        assert command == "more"

    async def verdict(self) -> dict[str, Any]:
        rest = b"" if self.mode == "leave" else await asyncio.wait_for(self.stdout.read(), 60)
        status = await asyncio.wait_for(self.process.wait(), 60)
        if status != 0:
            return {"verdict": f"status {status}"}
        lines = (b"".join(self.seen) + rest).splitlines()
        numbers = b"".join(b"%d\n" % json.loads(it)["n"] for it in lines)
        found = hashlib.sha256(numbers).hexdigest()
        return {"verdict": "complete", "items": len(lines), "digest": found}


def ends(language: str, role: str, url: str, ref: ChannelRef, mode: str) -> list[str]:
    script = {
        "python": [sys.executable, str(HERE / "ends.py")],
        "typescript": ["node", str(HERE.parents[1] / "typescript/dist/test/ends.js")],
    }[language]
    return [*script, role, url, json.dumps(ref.to_json()), mode]


async def writer(language: str, url: str, ref: ChannelRef, count: int) -> End:
    if language != "rust":
        return await End.start(*ends(language, "write", url, ref, str(count)))
    text = json.dumps(ref.to_json())
    program = [PROGRAM, "channel", "write", "--format", "ndjson", "--url", url, text]
    made = await RustWriter.start(*program)
    made.count = count
    return made


async def reader(language: str, url: str, ref: ChannelRef, mode: str) -> End:
    if language != "rust":
        return await End.start(*ends(language, "read", url, ref, mode))
    made = await RustReader.start(
        PROGRAM, "channel", "read", "--url", url, json.dumps(ref.to_json())
    )
    made.mode = mode
    return made
