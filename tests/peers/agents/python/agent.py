"""The peer on the Python SDK: the functions every agent has (see ../../README.md)."""

import asyncio
import hashlib
import os
import sys
import threading

import faults
from iii import InvocationError, register_worker
from iii.helpers import create_channel_async

NAME = sys.argv[1]


def serve(iii):
    """Registers the functions of this agent."""

    async def echo(data):
        return data

    async def fail(data):
        raise ValueError(data["message"])

    async def call(data):
        request = {"function_id": data["function"], "payload": data["payload"]}
        try:
            return {"ok": await iii.trigger_async({**request, "timeout_ms": 60_000})}
        except InvocationError as error:
            return {"error": {"code": error.code, "message": error.message}}

    async def create(data):
        channel = await create_channel_async(iii, data.get("buffer_size"))
        return {
            "readerRef": channel.reader_ref.model_dump(),
            "writerRef": channel.writer_ref.model_dump(),
        }

    async def nested(data):
        reader, writer = data["job"]["inputs"][0], data["job"]["output"]["deep"]["to"]
        return await relay({"readerRef": reader, "writerRef": writer})

    # Ids that the suite adds, for example one that the token does not allow.
    for function_id in sys.argv[3:]:
        iii.register_function(function_id, echo)
    functions = [echo, fail, call, create, nested, write, read, relay, hold, *faults.FUNCTIONS]
    for function in functions:
        iii.register_function(f"peer::{NAME}::{function.__name__}", function)


async def write(data):
    """Writes random bytes, a message before each of the first pieces, and closes."""
    tally = await fill(data["writerRef"], data)
    await data["writerRef"].close_async()
    return tally.report()


async def hold(data):
    """Writes like `write`, but never closes: meanwhile the caller ends this process."""
    await fill(data["writerRef"], data)
    await data["writerRef"].send_message_async("held")
    await asyncio.Event().wait()


async def fill(writer, data):
    tally, left, number = Tally(), data["bytes"], 0
    # An empty write is a frame in Python, so that an empty stream connects.
    if left == 0:
        await writer.write(b"")
    while left > 0 or number < data["messages"]:
        if number < data["messages"]:
            await writer.send_message_async(f"m{number}")
            tally.message(f"m{number}")
        piece = os.urandom(min(left, data["piece"]))
        if piece:
            await writer.write(piece)
            tally.data(piece)
        left, number = left - len(piece), number + 1
        if data["pause_ms"]:
            await asyncio.sleep(data["pause_ms"] / 1000)
    return tally


async def read(data):
    """Reads to the end, as slowly as requested."""
    tally, reader, error = Tally(), data["readerRef"], None
    reader.on_message(tally.message)
    try:
        async for chunk in reader:
            tally.data(chunk)
            if data["pause_ms"]:
                await asyncio.sleep(data["pause_ms"] / 1000)
    except Exception as failed:
        error = str(failed)
    return {**tally.report(), "error": error}


async def relay(data):
    """A stage that changes nothing: data and messages pass in order."""
    reader, writer, tally = data["readerRef"], data["writerRef"], Tally()
    messages = []
    reader.on_message(messages.append)

    async def forward():
        while messages:
            message = messages.pop(0)
            await writer.send_message_async(message)
            tally.message(message)

    async for chunk in reader:
        await forward()
        await writer.write(chunk)
        tally.data(chunk)
    await forward()
    await writer.close_async()
    return tally.report()


class Tally:
    """What passed one end: bytes, their hash, and the positions of the messages."""

    def __init__(self):
        self.hash, self.bytes, self.messages = hashlib.sha256(), 0, []

    def data(self, chunk):
        self.hash.update(chunk)
        self.bytes += len(chunk)

    def message(self, text):
        self.messages.append([self.bytes, text])

    def report(self):
        return {"bytes": self.bytes, "sha256": self.hash.hexdigest(), "messages": self.messages}


def leave_with_the_suite():
    """The suite keeps our standard input open as long as it runs."""
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=leave_with_the_suite, daemon=True).start()
    worker = register_worker(os.environ["III_URL"])
    serve(worker)
    worker.trigger({"function_id": sys.argv[2], "payload": NAME})
    threading.Event().wait()
