import asyncio

import pytest

from engine import Engine
from pipewright_streams import (
    Abort,
    Aborted,
    ChannelRef,
    ConnectError,
    ReaderGone,
    StreamError,
    Truncated,
    Verdict,
    Worker,
    WriteFailed,
)


async def test_bytes_and_messages_arrive_verified(worker: Worker) -> None:
    write, read = await worker.create_channel()
    payload = bytes(range(256)) * 4096

    async def send() -> None:
        async with worker.writer(write) as writer:
            await writer.write(payload)
            await writer.send_message("between")
            await writer.write(b"end")

    async def receive() -> tuple[bytes, list[str], Verdict | None]:
        reader, got, messages = worker.reader(read), b"", []
        while (frame := await reader.next_frame()) is not None:
            if isinstance(frame, str):
                assert got == payload
                messages.append(frame)
            else:
                got += frame
        return got, messages, reader.verdict

    (got, messages, verdict), _ = await asyncio.gather(receive(), send())
    assert got == payload + b"end"
    assert messages == ["between"]
    assert verdict is Verdict.COMPLETE


async def test_abort_reaches_the_reader(worker: Worker) -> None:
    write, read = await worker.create_channel()
    writer = worker.writer(write)
    await writer.write(b"some")
    await writer.abort(Abort("bad", "no number", "parse", 3))
    reader = worker.reader(read)
    with pytest.raises(Aborted) as error:
        await reader.read_all()
    assert error.value.abort.first_cause == Abort("bad", "no number", "parse", 3)
    with pytest.raises(Aborted):
        await reader.next_frame()


async def test_killed_engine_is_no_end(worker: Worker, engine: Engine) -> None:
    write, read = await worker.create_channel()
    writer, reader = worker.writer(write), worker.reader(read)
    await writer.write(b"half")
    assert await reader.next_frame() == b"half"
    engine.process.kill()
    with pytest.raises(Truncated):
        await reader.next_frame()
    with pytest.raises(WriteFailed):
        await writer.close()


async def test_reader_that_leaves_stops_the_writer(worker: Worker) -> None:
    write, read = await worker.create_channel()
    writer, reader = worker.writer(write), worker.reader(read)
    await writer.write(b"first")
    await reader.next_frame()
    await reader.close()
    await asyncio.wait_for(writer.gone(), 20)
    assert writer.reader_is_gone
    with pytest.raises(ReaderGone):
        await writer.write(b"more")


async def test_reader_closed_before_use_stops_the_writer(worker: Worker) -> None:
    write, read = await worker.create_channel()
    await worker.reader(read).close()
    writer = worker.writer(write)
    with pytest.raises(ReaderGone):
        await writer.connect()
        await asyncio.wait_for(writer.gone(), 20)
        await writer.write(b"x")


async def test_cancelled_read_loses_nothing(worker: Worker) -> None:
    write, read = await worker.create_channel()
    reader = worker.reader(read)
    await reader.connect()
    for _ in range(3):
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(reader.next_frame(), 0.01)
    async with worker.writer(write) as writer:
        await writer.write(b"whole")
    assert await reader.read_all() == b"whole"


async def test_second_opening_is_an_error_without_the_key(worker: Worker) -> None:
    _write, read = await worker.create_channel()
    await worker.reader(read).connect()
    with pytest.raises(ConnectError) as error:
        await worker.reader(read).connect()
    assert read.access_key not in str(error.value)
    assert read.access_key not in repr(read)
    forged = ChannelRef(read.channel_id, "wrong", "read")
    with pytest.raises(ConnectError):
        await worker.reader(forged).next_frame()


async def test_closed_reader_gives_an_error_not_an_end(worker: Worker) -> None:
    _write, read = await worker.create_channel()
    reader = worker.reader(read)
    await reader.close()
    with pytest.raises(StreamError):
        await reader.next_frame()
