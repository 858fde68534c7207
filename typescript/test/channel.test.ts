import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import { Aborted, ConnectError, ReaderGone, StreamError, Truncated, Worker, WriteFailed } from "../src/index.js";
import { Engine } from "./engine.js";

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
  await writer.gone();
  assert.ok(writer.readerIsGone);
  await assert.rejects(writer.write("more"), ReaderGone);
  await assert.rejects(reader.next(), StreamError);
});

test("a second opening is an error without the key", async () => {
  const { reader } = await worker.createChannel();
  await worker.reader(reader).connect();
  await assert.rejects(worker.reader(reader).connect(), (error: ConnectError) => {
    assert.ok(!error.message.includes(reader.access_key));
    return error instanceof ConnectError;
  });
});
