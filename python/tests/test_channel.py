import asyncio
import gc

import pytest

from engine import IS_III, Engine
from pipewright_streams import (
    Abort,
    Aborted,
    CallError,
    ChannelRef,
    ChannelWriter,
    ConnectError,
    ReaderGone,
    Receiver,
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
    if not IS_III:
        await asyncio.wait_for(writer.gone(), 20)
        assert writer.reader_is_gone
    with pytest.raises(STOPPED):
        await asyncio.wait_for(_write_on(writer), 20)


# An iii engine notices at a frame that the reader has left, and drops the writer without a close.
STOPPED = WriteFailed if IS_III else ReaderGone


async def _write_on(writer: ChannelWriter) -> None:
    while True:
        await writer.write(b"more")


async def test_reader_closed_before_use_stops_the_writer(worker: Worker) -> None:
    write, read = await worker.create_channel()
    await worker.reader(read).close()
    with pytest.raises(STOPPED):
        await asyncio.wait_for(_write_on(worker.writer(write)), 20)


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
    assert read.access_key not in repr(read)
    if IS_III:
        # It accepts the opening and closes it: never a verified stream.
        second = worker.reader(read)
        assert await second.read_all() == b""
        assert second.verdict is Verdict.UNVERIFIED
    else:
        with pytest.raises(ConnectError) as error:
            await worker.reader(read).connect()
        assert read.access_key not in str(error.value)
    forged = ChannelRef(read.channel_id, "wrong", "read")
    with pytest.raises(ConnectError):
        await worker.reader(forged).next_frame()


async def test_second_writer_never_completes(worker: Worker) -> None:
    write, _read = await worker.create_channel()
    await worker.writer(write).connect()
    second = worker.writer(write)
    with pytest.raises((ConnectError, WriteFailed)):
        await asyncio.wait_for(second.gone(), 20)
        await second.close()


async def test_dropped_writer_is_an_error_of_its_reader(worker: Worker) -> None:
    write, read = await worker.create_channel()
    writer, reader = worker.writer(write), worker.reader(read)
    await writer.write(b"some")
    writer.drop()
    with pytest.raises(Truncated):
        await asyncio.wait_for(reader.read_all(), 20)
    with pytest.raises(WriteFailed):
        await writer.close()


async def test_closed_reader_gives_an_error_not_an_end(worker: Worker) -> None:
    _write, read = await worker.create_channel()
    reader = worker.reader(read)
    await reader.close()
    with pytest.raises(StreamError):
        await reader.next_frame()


async def test_null_without_a_line_end_is_an_item(worker: Worker) -> None:
    write, read = await worker.create_channel()
    async with worker.writer(write) as writer:
        await writer.write(b"1\nnull")
    assert [item async for item in worker.receiver(read)] == [1, None]


async def test_cancelled_send_loses_nothing(worker: Worker) -> None:
    write, read = await worker.create_channel(1)
    sender, receiver = worker.sender(write), worker.receiver(read)
    await sender.connect()
    text, cancelled = "x" * 60_000, 0
    while cancelled < 3:
        try:
            await asyncio.wait_for(sender.send(text), 0.2)
        except asyncio.TimeoutError:
            cancelled += 1
    count = asyncio.create_task(_count(receiver))
    await sender.close()
    assert await count == sender.sent


async def _count(receiver: Receiver[str]) -> int:
    return len([item async for item in receiver])


async def test_dropped_sender_cuts_its_stream_short(worker: Worker) -> None:
    write, read = await worker.create_channel()
    sender = worker.sender(write)
    await sender.send(1)
    await sender.flush()
    del sender
    gc.collect()
    with pytest.raises(Truncated):
        await asyncio.wait_for(_count(worker.receiver(read)), 20)


async def test_cancelled_call_reaches_its_function(worker: Worker) -> None:
    began, ended, released = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def wait(_data: object) -> None:
        began.set()
        try:
            await released.wait()
        finally:
            ended.set()

    await worker.register_function("py::wait", wait)
    await worker.registered()
    call = asyncio.create_task(worker.call("py::wait"))
    await asyncio.wait_for(began.wait(), 20)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    if IS_III:
        # It forwards no cancellation: the function runs to its end.
        assert not ended.is_set()
        released.set()
    await asyncio.wait_for(ended.wait(), 20)


async def test_rejected_registration_is_an_error(worker: Worker) -> None:
    await worker.register_function("engine::mine", lambda data: data)
    with pytest.raises(CallError) as error:
        await worker.registered()
    assert "engine::mine (RESERVED)" in str(error.value)


async def test_functions_are_registered_again_at_a_new_engine(engine: Engine) -> None:
    async with Worker(engine.url) as worker:
        await worker.register_function("py::echo", lambda data: data)
        await worker.registered()
        assert await worker.call("py::echo", [1]) == [1]
        await engine.restart()
        await asyncio.wait_for(_until_echoed(worker), 30)


async def test_refused_function_is_served_when_its_owner_leaves(engine: Engine) -> None:
    async with Worker(engine.url) as caller, Worker(engine.url) as second:
        async with Worker(engine.url) as first:
            await first.register_function("py::echo", lambda _data: "first")
            await first.registered()
            await second.register_function("py::echo", lambda data: data)
            await second.registered()
            assert await caller.call("py::echo", [2]) == "first"
        await asyncio.wait_for(_until_echoed(caller), 30)


async def test_closing_worker_answers_calls_that_were_sent(engine: Engine) -> None:
    async with Worker(engine.url) as caller:
        worker = await Worker(engine.url).connect()
        await worker.register_function("py::echo", lambda data: data)
        await worker.registered()
        calls = [asyncio.create_task(caller.call("py::echo", n)) for n in range(500)]
        await asyncio.sleep(0)
        await worker.close()
        results = await asyncio.gather(*calls, return_exceptions=True)
        # Later calls are refused by the engine; no call is lost with the worker.
        codes = {it.code for it in results if isinstance(it, CallError)}
        assert codes <= {"function_not_found"}, codes
        assert all(isinstance(it, CallError) or it == n for n, it in enumerate(results))


async def _until_echoed(worker: Worker) -> None:
    while True:
        try:
            assert await worker.call("py::echo", [2]) == [2]
            return
        except CallError as error:
            assert error.code in ("disconnected", "function_not_found")
            await asyncio.sleep(0.05)
