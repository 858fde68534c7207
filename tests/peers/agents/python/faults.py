"""Uses of the Python SDK that look right and fail (docs/foreign-peers.md)."""

import asyncio


async def end_after_write(data):
    """`stream.end()` right after `stream.write()`: the end runs before the dial is done."""
    writer = data["writerRef"]
    writer.stream.write(b"x" * data["bytes"])
    writer.stream.end()
    await asyncio.Event().wait()


async def write_after_close(data):
    """Dials the channel a second time."""
    writer = data["writerRef"]
    await writer.write(b"first")
    await writer.close_async()
    try:
        await writer.write(b"second")
    except Exception as failed:
        return {"error": str(failed)}
    return {"error": None}


async def read_twice(data):
    """Reads to the end, and then again."""
    reader = data["readerRef"]
    first = len(await reader.read_all())
    await reader.close_async()
    try:
        second = len(await reader.read_all())
    except Exception as failed:
        return {"first": first, "error": str(failed)}
    return {"first": first, "second": second, "error": None}


async def never_write(data):
    """Closes an unused writer: nothing is sent."""
    await data["writerRef"].close_async()
    return {"error": None}


async def leave_early(data):
    """Reads a little and closes the reader."""
    reader = data["readerRef"]
    async for chunk in reader:
        await reader.close_async()
        return {"bytes": len(chunk)}


FUNCTIONS = [end_after_write, write_after_close, read_twice, never_write, leave_early]
