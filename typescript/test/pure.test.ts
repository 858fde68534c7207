import assert from "node:assert/strict";
import { test } from "node:test";

import { ItemError, lines, ndjson, stage } from "../src/index.js";
import { channelUrl, shown } from "../src/refs.js";
import { metadataOf } from "../src/stage.js";

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
  assert.throws(() => lines.decode(Buffer.from([0xff])), ItemError);
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
