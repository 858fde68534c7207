import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Aborted, CallError, type ChannelWriter, ConnectError, ReaderGone, StreamError, Truncated, Worker, WriteFailed } from "../src/index.js";
import { Engine, IS_III } from "./engine.js";

// An iii engine notices at a frame that the reader has left, and drops the writer without a close.
const STOPPED = IS_III ? WriteFailed : ReaderGone;

async function writeOn(writer: ChannelWriter): Promise<never> {
  for (;;) {
    await writer.write("more");
  }
}

let engine: Engine;
let worker: Worker;

beforeEach(async () => {
  engine = await Engine.start();
  worker = await new Worker({ url: engine.url, log: () => undefined }).connect();
});

afterEach(async () => {
  await worker.close();
  await engine.stop();
});

test("bytes and messages arrive verified", async () => {
  const refs = await worker.createChannel();
  const payload = Buffer.alloc(1 << 20, "0123456789");
  const send = async () => {
    const writer = worker.writer(refs.writer);
    await writer.write(payload);
    await writer.sendMessage("between");
    await writer.write("end");
    await writer.close();
  };
  const receive = async () => {
    const reader = worker.reader(refs.reader);
    const [parts, messages]: [Buffer[], string[]] = [[], []];
    for (let event = await reader.next(); event !== undefined; event = await reader.next()) {
      if (event.kind === "data") {
        parts.push(event.payload);
      } else if (event.kind === "message") {
        assert.equal(Buffer.concat(parts).length, payload.length);
        messages.push(event.text);
      }
    }
    assert.equal(reader.verdict, "complete");
    assert.deepEqual(messages, ["between"]);
    assert.ok(Buffer.concat(parts).equals(Buffer.concat([payload, Buffer.from("end")])));
  };
  await Promise.all([send(), receive()]);
});

test("an abort reaches the reader, and stays", async () => {
  const refs = await worker.createChannel();
  const writer = worker.writer(refs.writer);
  await writer.write("some");
  await writer.abort({ code: "bad", message: "no number", stage: "parse", item: 3 });
  const reader = worker.reader(refs.reader);
  await assert.rejects(reader.readAll(), (error: Aborted) => error.abort.item === 3);
  await assert.rejects(reader.next(), Aborted);
});

test("a killed engine is no end", async () => {
  const refs = await worker.createChannel();
  const [writer, reader] = [worker.writer(refs.writer), worker.reader(refs.reader)];
  await writer.write("half");
  assert.equal((await reader.next())?.kind, "data");
  await engine.stop();
  await assert.rejects(reader.next(), Truncated);
  await assert.rejects(writer.close(), WriteFailed);
});

test("a reader that leaves stops the writer", async () => {
  const refs = await worker.createChannel();
  const [writer, reader] = [worker.writer(refs.writer), worker.reader(refs.reader)];
  await writer.write("first");
  await reader.next();
  await reader.close();
  if (!IS_III) {
    await writer.gone();
    assert.ok(writer.readerIsGone);
  }
  await assert.rejects(writeOn(writer), STOPPED);
  await assert.rejects(reader.next(), StreamError);
});

test("a second writer never completes", async () => {
  const refs = await worker.createChannel();
  await worker.writer(refs.writer).connect();
  const second = worker.writer(refs.writer);
  const use = async () => {
    await second.gone();
    await second.close();
  };
  await assert.rejects(use(), (error: Error) => error instanceof ConnectError || error instanceof WriteFailed);
});

test("a dropped writer is an error of its reader", async () => {
  const refs = await worker.createChannel();
  const [writer, reader] = [worker.writer(refs.writer), worker.reader(refs.reader)];
  await writer.write("some");
  writer.drop();
  await assert.rejects(reader.readAll(), Truncated);
  await assert.rejects(writer.close(), WriteFailed);
});

async function untilEchoed(caller: Worker): Promise<void> {
  for (;;) {
    try {
      assert.equal(await caller.call("ts::echo", 2), 2);
      return;
    } catch (error) {
      assert.ok(error instanceof CallError && ["disconnected", "function_not_found"].includes(error.code), String(error));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

test("a refused function is served when its owner leaves", { timeout: 30_000 }, async () => {
  const [first, second] = await Promise.all([1, 2].map(() => new Worker({ url: engine.url, log: () => undefined }).connect()));
  assert.ok(first !== undefined && second !== undefined);
  await first.registerFunction("ts::echo", () => "first");
  await first.registered();
  await second.registerFunction("ts::echo", (data) => data);
  await second.registered();
  assert.equal(await worker.call("ts::echo", 2), "first");
  await first.close();
  await untilEchoed(worker);
  await second.close();
});

test("a closing worker answers calls that were sent", async () => {
  const server = await new Worker({ url: engine.url, log: () => undefined }).connect();
  await server.registerFunction("ts::echo", (data) => data);
  await server.registered();
  const calls = [...Array(500).keys()].map((n) => worker.call("ts::echo", n));
  await Promise.all([server.close(), Promise.allSettled(calls)]);
  for (const [n, call] of calls.entries()) {
    const result = await call.catch((error: unknown) => error);
    // Later calls are refused by the engine; no call is lost with the worker.
    assert.ok(result === n || (result instanceof CallError && result.code === "function_not_found"), String(result));
  }
});

test("a second opening is an error without the key", async () => {
  const { reader } = await worker.createChannel();
  await worker.reader(reader).connect();
  if (IS_III) {
    // It accepts the opening and closes it: never a verified stream.
    const second = worker.reader(reader);
    assert.equal((await second.readAll()).length, 0);
    assert.equal(second.verdict, "unverified");
    return;
  }
  await assert.rejects(worker.reader(reader).connect(), (error: ConnectError) => {
    assert.ok(!error.message.includes(reader.access_key));
    return error instanceof ConnectError;
  });
});
