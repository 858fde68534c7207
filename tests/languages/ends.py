"""One end of a channel: ``ends.py write|read URL REF MODE``; the ref is JSON."""

import asyncio
import json
import os
import sys
from hashlib import sha256
from typing import Any

from pipewright_streams import ChannelRef, PipewrightError, Worker
from pipewright_streams.items import Sender
from pipewright_streams.messages import Abort

FIRST = 1000


def say(**fields: Any) -> None:
    print(json.dumps(fields), flush=True)


def item(number: int) -> dict[str, Any]:
    return {"n": number, "pad": "x" * 90}


async def command() -> str:
    return (await asyncio.to_thread(sys.stdin.readline)).strip()


async def send(sender: Sender[Any], count: int) -> None:
    for number in range(FIRST):
        await sender.send(item(number))
    await sender.flush()
    say(started=True)
    match await command():
        case "raise":
            raise ValueError("a mistake of the writer")
        case "exit":
            os._exit(0)
        case "cancel":
            asyncio.current_task().cancel()  # type: ignore[union-attr]
            await asyncio.sleep(60)
    for number in range(FIRST, count):
        await sender.send(item(number))
    await sender.close()


async def write(worker: Worker, ref: ChannelRef, count: int) -> None:
    sender = worker.sender(ref)
    task = asyncio.ensure_future(send(sender, count))
    try:
        await task
        say(verdict="complete", items=sender.sent)
    except asyncio.CancelledError:
        await sender.abort(Abort("cancelled", "the writer was cancelled"))
        say(verdict="cancelled")
    except PipewrightError as error:
        say(verdict=type(error).__name__, message=str(error))
    except ValueError as error:
        await sender.abort(Abort("writer_failed", str(error)))
        say(verdict="raised")


async def read(worker: Worker, ref: ChannelRef, mode: str) -> None:
    receiver, digest, count = worker.receiver(ref), sha256(), 0
    try:
        async for value in receiver:
            count += 1
            digest.update(b"%d\n" % value["n"])
            if count == 1:
                say(started=True)
                if mode == "slow":
                    await command()
            if count == 10 and mode == "leave":
                await receiver.close()
                say(verdict="left")
                return
        verdict = receiver.reader.verdict
        say(verdict=verdict and verdict.value, items=count, digest=digest.hexdigest())
    except PipewrightError as error:
        say(verdict=type(error).__name__, message=str(error), items=count)


async def main() -> None:
    role, url, text, mode = sys.argv[1:]
    ref = ChannelRef.of(json.loads(text))
    assert ref is not None
    async with Worker(url) as worker:
        await (write(worker, ref, int(mode)) if role == "write" else read(worker, ref, mode))


asyncio.run(main())
