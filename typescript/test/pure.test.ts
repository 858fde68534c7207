import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { z } from "zod";

import { compressor, decompressor } from "../src/compression.js";
import { ItemError, lines, msgpack, ndjson, stage } from "../src/index.js";
import { bounded, MalformedMessage, parseMessage } from "../src/messages.js";
import { channelUrl, shown } from "../src/refs.js";
import { metadataOf, schemasOf } from "../src/stage.js";

test("what JSON cannot carry is an error", () => {
  for (const value of [NaN, Infinity, "\ud800", undefined, () => 1, 1n, new Map(), { a: [NaN] }, [undefined], Symbol("s")]) {
    assert.throws(() => ndjson.encode(value), ItemError, typeof value);
  }
  assert.equal(ndjson.encode({ a: undefined, b: 1 }).toString(), '{"b":1}\n');
});

test("decoders do not depend on frames", () => {
  const payload = Buffer.from('{"n":1}\r\n\n{"n":2}\n"é"\n[3]');
  for (let size = 1; size <= payload.length; size += 1) {
    const decoder = ndjson.decoder();
    const items: unknown[] = [];
    for (let at = 0; at < payload.length; at += size) {
      items.push(...decoder.feed(payload.subarray(at, at + size)));
    }
    items.push(...decoder.finish());
    assert.deepEqual(items.map((item) => ndjson.decode(item)), [{ n: 1 }, { n: 2 }, "é", [3]]);
  }
});

test("a line cannot contain a line feed", () => {
  assert.throws(() => lines.encode("a\nb"), ItemError);
  assert.throws(() => [...lines.decoder().feed(Buffer.from([0xff, 0x0a]))], ItemError);
});

test("a stage describes itself", () => {
  const described = stage("t::f", { inputName: "Line", concurrency: 2 }, (line: string) => line);
  assert.deepEqual(metadataOf(described), {
    pipewright: 1,
    kind: "stage",
    input: { format: "ndjson", item: "Line" },
    output: { format: "ndjson" },
    keeps_order: true,
  });
  assert.throws(() => stage("t::g", { concurrency: 2, state: () => 1 }, (n: number) => n), TypeError);
});

test("URLs keep the query and hide the key", () => {
  const ref = { channel_id: "a/b", access_key: "k&1", direction: "read" } as const;
  assert.equal(channelUrl("ws://host:1/base/?token=x", ref), "ws://host:1/base/ws/channels/a%2Fb?token=x&key=k%261&dir=read");
  assert.equal(shown("wss://user:secret@host:1/p?key=k"), "wss://host:1/p");
});

test("items before a bad one are delivered", () => {
  const decoder = ndjson.decoder();
  const found: unknown[] = [];
  assert.throws(() => {
    for (const line of decoder.feed(Buffer.from([0x31, 0x0a, 0x22, 0xff, 0x22, 0x0a, 0x33, 0x0a]))) {
      found.push(ndjson.decode(line));
    }
  }, ItemError);
  assert.deepEqual(found, [1]);
});

test("byte order marks are skipped where the protocol says", () => {
  const json = [...ndjson.decoder().feed(Buffer.from("\ufeff1\n\ufeff2\n"))];
  assert.deepEqual(json.map((line) => ndjson.decode(line)), [1, 2]);
  const texts = ["\ufeffa", "\ufeffb"];
  assert.deepEqual([...lines.decoder().feed(Buffer.from("\ufeffa\n\ufeffb\n"))], texts);
  assert.equal(texts.map((text) => lines.encode(text).toString()).join(""), "\ufeffa\n\ufeffb\n");
});

test("the mark of nested options is refused", () => {
  assert.throws(() => ndjson.encode({ a: [{ "$pipewright.some": 1 }] }), ItemError);
});

test("msgpack does not depend on frames", () => {
  const items = [1, -1, 300, 2 ** 40, 1.5, null, true, "text", "x".repeat(300), [1, [2]], { a: { b: [] } }, new Uint8Array(70_000)];
  const payload = Buffer.concat(items.map((item) => Buffer.from(msgpack.encode(item))));
  for (const size of [1, 2, 3, 7, 1000, payload.length]) {
    const decoder = msgpack.decoder();
    const found: unknown[] = [];
    for (let at = 0; at < payload.length; at += size) {
      // Decoded at once: encoded items are views.
      for (const encoded of decoder.feed(payload.subarray(at, at + size))) {
        found.push(msgpack.decode(encoded));
      }
    }
    assert.deepEqual([...decoder.finish()], []);
    assert.deepEqual(found.map((it) => (it instanceof Uint8Array ? it.length : it)), items.map((it) => (it instanceof Uint8Array ? it.length : it)));
  }
});

// The bytes of the Rust crate, from the example of `MessagePack` in `src/codec/messagepack.rs`.
const RUST_POINT = Buffer.from("0000000782a17801a17902", "hex");

test("msgpack has the bytes of Rust", () => {
  assert.deepEqual(msgpack.encode({ x: 1, y: 2 }), RUST_POINT);
  const [record] = msgpack.decoder().feed(RUST_POINT);
  assert.deepEqual(msgpack.decode(record), { x: 1, y: 2 });
});

test("a cut msgpack record is an error", () => {
  for (let cut = 1; cut < RUST_POINT.length; cut += 1) {
    const decoder = msgpack.decoder();
    assert.equal([...decoder.feed(Buffer.concat([RUST_POINT, RUST_POINT.subarray(0, cut)]))].length, 1);
    assert.throws(() => [...decoder.finish()], /ends in the middle of an item/);
  }
});

test("a msgpack length over the limit is refused at once", () => {
  // Exactly the limit is accepted.
  assert.deepEqual([...msgpack.decoder().feed(Buffer.from("04000000", "hex"))], []);
  const found = msgpack.decoder().feed(Buffer.concat([RUST_POINT, Buffer.from("04000001", "hex")]))[Symbol.iterator]();
  assert.deepEqual(found.next().value, RUST_POINT.subarray(4));
  assert.throws(() => found.next(), /67108865 bytes is over the limit of 67108864 bytes/);
});

test("a bad msgpack record is skipped", () => {
  for (const content of ["", "0102", "c1", "9201", "819001"]) {
    const bytes = Buffer.from(content, "hex");
    const [bad, good] = msgpack.decoder().feed(Buffer.concat([Buffer.from([0, 0, 0, bytes.length]), bytes, RUST_POINT]));
    assert.throws(() => msgpack.decode(bad), /cannot be read as MessagePack: ./, content);
    assert.deepEqual(msgpack.decode(good), { x: 1, y: 2 });
  }
});

async function gathered(pieces: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const piece of pieces) {
    all.push(piece);
  }
  return Buffer.concat(all);
}

for (const name of ["zstd", "lz4"]) {
  test(`${name}: compressed payload can be read up to each flush`, async () => {
    const [packed, unpacked] = [compressor(name), decompressor(name)];
    for (const text of ["first", "second".repeat(100_000), randomBytes(100_000).toString("latin1"), "first"]) {
      const compressed = await gathered(packed.feed(Buffer.from(text)));
      assert.equal((await gathered(unpacked.feed(compressed))).toString(), text);
    }
    await gathered(unpacked.feed(await gathered(packed.finish())));
    assert.equal((await gathered(unpacked.finish())).length, 0);
  });

  test(`${name}: a damaged or cut compressed stream is an error`, async () => {
    await assert.rejects(gathered(decompressor(name).feed(Buffer.from(`no ${name} at all`))), ItemError);
    const packed = compressor(name);
    const compressed = await gathered(packed.feed(Buffer.from("text".repeat(1000))));
    const cut = decompressor(name);
    await gathered(cut.feed(compressed.subarray(0, compressed.length - 3)));
    await assert.rejects(async () => gathered(cut.finish()), ItemError);
  });

  test(`${name}: payload is decompressed byte by byte`, async () => {
    const [packed, unpacked] = [compressor(name), decompressor(name)];
    const text = "one piece and another piece ".repeat(50);
    const compressed = Buffer.concat([await gathered(packed.feed(Buffer.from(text))), await gathered(packed.finish())]);
    const pieces = [];
    for (const byte of compressed) {
      pieces.push(await gathered(unpacked.feed(Buffer.from([byte]))));
    }
    pieces.push(await gathered(unpacked.finish()));
    assert.equal(Buffer.concat(pieces).toString(), text);
  });
}

test("an unknown compression is refused with the known ones", () => {
  assert.throws(() => compressor("gzip"), /zstd and lz4/);
});

test("data after an lz4 frame is an error", async () => {
  const packed = compressor("lz4");
  const frame = Buffer.concat([await gathered(packed.finish()), Buffer.from("x")]);
  await assert.rejects(gathered(decompressor("lz4").feed(frame)), /data after/);
});

test("schemas of zod are registered", () => {
  const Line = z.object({ text: z.string() });
  const { request, response } = schemasOf(stage("t::h", { input: Line, output: z.number(), params: z.object({ n: z.number() }) }, () => 1));
  assert.deepEqual((request as Record<string, { required: string[] }>)["x-pipewright-item"]?.required, ["text"]);
  assert.equal((response as Record<string, { type: string }>)["x-pipewright-item"]?.type, "number");
  assert.match(JSON.stringify(request), /"params":\{.*"n"/);
});

test("malformed messages are violations", () => {
  for (const fields of [
    { type: "metadata", format: 1 },
    { type: "metadata", format: "ndjson", compression: [] },
    { type: "error", item: -1 },
    { type: "error", causes: "none" },
    { type: "turn" },
    { type: "end", bytes: 1.5 },
    { type: "end", bytes: 1, crc32c: "+1234567" },
  ]) {
    assert.throws(() => parseMessage(JSON.stringify({ pipewright: 1, ...fields })), MalformedMessage);
  }
});

test("aborts are bounded and flat", () => {
  const cause = { code: "c", message: "m", causes: [{ code: "deep", message: "" }] };
  const abort = bounded({ code: "x", message: "é".repeat(20_000), causes: Array<typeof cause>(40).fill(cause) });
  assert.ok(Buffer.byteLength(abort.message) < 17_000);
  assert.match(abort.message, /é\.\. \(cut, 40000 bytes\)$/);
  assert.equal(abort.causes?.length, 16);
  assert.equal(abort.causes[0]?.causes, undefined);
});
