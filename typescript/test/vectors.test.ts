import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { Aborted, firstCause, msgpack, StreamVerifier } from "../src/index.js";

interface Vector {
  name: string;
  header_promised: boolean;
  frames: ({ text: string } | { hex: string })[];
  ending: "lost" | { close: number | null };
  verdict: string;
  payload_hex: string;
  messages: string[];
  abort_code?: string;
}

const NAMES: Record<string, string> = {
  Aborted: "aborted",
  Corrupt: "corrupt",
  NeverWritten: "never_written",
  ProtocolViolation: "protocol_error",
  Truncated: "truncated",
};

const folder = new URL("../../../docs/protocol/vectors/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".json"));

test("there are vectors", () => {
  assert.ok(files.length >= 32);
});

for (const file of files) {
  const vector = JSON.parse(readFileSync(new URL(file, folder), "utf8")) as Vector;
  test(`vector ${vector.name}`, () => {
    const verifier = new StreamVerifier(vector.header_promised);
    const payload: Buffer[] = [];
    const messages: string[] = [];
    for (const frame of vector.frames) {
      if ("hex" in frame) {
        payload.push(verifier.data(Buffer.from(frame.hex, "hex")) ?? Buffer.alloc(0));
      } else {
        const event = verifier.text(frame.text);
        if (event?.kind === "message") {
          messages.push(event.text);
        }
      }
    }
    if (vector.ending === "lost") {
      verifier.lost("lost");
    } else {
      verifier.closed(vector.ending.close ?? undefined, "");
    }
    const { error } = verifier;
    assert.equal(error === undefined ? verifier.verdict : NAMES[error.constructor.name], vector.verdict);
    assert.equal(Buffer.concat(payload).toString("hex"), vector.payload_hex);
    assert.deepEqual(messages, vector.messages);
    assert.equal(error instanceof Aborted ? firstCause(error.abort).code : undefined, vector.abort_code);
  });
}

test("the msgpack vector has its items", () => {
  const vector = JSON.parse(readFileSync(new URL("complete-msgpack.json", folder), "utf8")) as Vector;
  const payload = Buffer.from(vector.payload_hex, "hex");
  const decoder = msgpack.decoder();
  const items = [...decoder.feed(payload)].map((encoded) => msgpack.decode(encoded));
  assert.deepEqual([...decoder.finish()], []);
  assert.deepEqual(items, [{ x: 1, y: 2 }, null, "é", [true, -1]]);
  assert.deepEqual(Buffer.concat(items.map((item) => Buffer.from(msgpack.encode(item)))), payload);
});
