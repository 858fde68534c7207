"""The stages in Python: on the published SDK, and on pipewright-streams. ``stages.py sdk|own``."""

import asyncio
import json
import os
import sys
from typing import Any


def words(item: dict[str, Any]) -> dict[str, Any]:
    return {"id": item["id"], "words": len(item["text"].split())}


def serve_sdk() -> None:
    from iii import register_worker

    async def split(reader, handle) -> int:
        rest, count = b"", 0
        async for chunk in reader:
            *lines, rest = (rest + chunk).split(b"\n")
            count += len(lines)
            await handle(lines)
        return count

    async def items(data):
        """One write per item, as in a stage that handles items one by one."""
        writer = data["writerRef"]

        async def handle(lines):
            for line in lines:
                await writer.write((json.dumps(words(json.loads(line))) + "\n").encode())

        count = await split(data["readerRef"], handle)
        await writer.close_async()
        return {"items_in": count, "items_out": count}

    async def chunks(data):
        """One write per chunk, batched by hand."""
        writer = data["writerRef"]

        async def handle(lines):
            out = "".join(json.dumps(words(json.loads(line))) + "\n" for line in lines)
            await writer.write(out.encode())

        count = await split(data["readerRef"], handle)
        await writer.close_async()
        return {"items_in": count, "items_out": count}

    worker = register_worker(os.environ["III_URL"])
    worker.register_function("python::sdk_items", items)
    worker.register_function("python::sdk_chunks", chunks)
    print("ready", flush=True)
    sys.stdin.read()
    os._exit(0)


async def serve_own() -> None:
    from collections.abc import AsyncIterator
    from dataclasses import dataclass

    from pipewright_streams import Worker, stage

    @dataclass
    class Line:
        id: int
        text: str

    @dataclass
    class Words:
        id: int
        words: int

    @stage("python::own")
    def own(item: dict[str, Any]) -> dict[str, Any]:
        return words(item)

    @stage("python::own_typed")
    def own_typed(line: Line) -> Words:
        return Words(line.id, len(line.text.split()))

    @stage("python::own_stream")
    async def own_stream(items: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
        async for item in items:
            yield words(item)

    @stage("python::own_bytes")
    async def own_bytes(data: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        async for piece in data:
            yield piece

    async with Worker() as worker:
        await worker.register(own, own_typed, own_stream, own_bytes)
        await worker.registered()
        print("ready", flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    serve_sdk() if sys.argv[1] == "sdk" else asyncio.run(serve_own())
