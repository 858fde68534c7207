import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, test } from "node:test";
import type { ChildProcess } from "node:child_process";

import { pipeline, RunFailed, Worker } from "../src/index.js";
import { Engine, IS_III, serveStages } from "./engine.js";

let engine: Engine;
let stages: ChildProcess;
let worker: Worker;

before(async () => {
  engine = await Engine.start();
  stages = await serveStages(engine.url);
  worker = await new Worker({ url: engine.url }).connect();
});

after(async () => {
  await worker.close();
  if (stages.exitCode === null) {
    const exited = once(stages, "exit");
    stages.kill();
    await exited;
  }
  await engine.stop();
});

function range(count: number): number[] {
  return [...Array(count).keys()];
}

function start(items: Iterable<unknown> | AsyncIterable<unknown>, ...ids: string[]) {
  return ids.reduce((steps, id) => steps.then(id), pipeline(items)).start(worker);
}

const shapes: [string[], unknown[]][] = [
  [["ts::double"], [0, 2, 4, 6]],
  [["ts::odd"], [1, 3]],
  [["ts::twice"], [0, 0, 1, 1, 2, 2, 3, 3]],
  [["ts::sums"], [0, 1, 3, 6]],
  [["ts::record"], range(4).map((n) => ({ n }))],
  [["ts::first"], [0, 1, 2]],
  [["ts::copy"], [0, 1, 2, 3]],
  [["ts::double", "ts::sums", "ts::odd"], []],
];
for (const [ids, expected] of shapes) {
  test(`shape ${ids.join(" ")}`, async () => {
    assert.deepEqual(await start(range(4), ...ids).collect(), expected);
  });
}

test("a concurrent stage keeps the order", async () => {
  assert.deepEqual(await start(range(500), "ts::slow").collect(), range(500));
});

test("the report is verified and counts", async () => {
  const run = start(range(1000), "ts::double");
  assert.equal((await run.collect()).length, 1000);
  assert.ok(run.report.verified);
  const [stage] = run.report.stages;
  assert.deepEqual([stage?.id, stage?.report["items_in"], stage?.report["items_out"]], ["ts::double", 1000, 1000]);
});

test("an exception is the first cause, with stage and item", async () => {
  await assert.rejects(start(range(100), "ts::fails", "ts::sums", "ts::double").collect(), (error: RunFailed) => {
    assert.equal(error.firstCause.stage, "ts::fails");
    assert.equal(error.firstCause.item, 3);
    assert.match(error.firstCause.message, /RangeError: three/);
    assert.match(error.firstCause.message, /stages\.js/);
    return true;
  });
});

test("a bad item names its number", async () => {
  await assert.rejects(start([1, 2, "three"], "ts::double").collect(), (error: RunFailed) => {
    assert.equal(error.firstCause.item, 2);
    return true;
  });
});

test("an early exit ends an endless source", async () => {
  function* endless() {
    for (let n = 0; ; n += 1) {
      yield n;
    }
  }
  assert.deepEqual(await start(endless(), "ts::double", "ts::first").collect(), [0, 2]);
});

test("an endless source of an unknown stage ends", { timeout: 20_000 }, async () => {
  function* endless() {
    for (;;) {
      yield "x".repeat(10_000);
    }
  }
  await assert.rejects(start(endless(), "ts::absent").collect(), (error: RunFailed) => error.firstCause.code === "function_not_found");
});

test("a waiting source ends with a failed stage", { timeout: 10_000 }, async () => {
  await assert.rejects(start(waiting(10), "ts::odd", "ts::fails").collect(), (error: RunFailed) => {
    assert.deepEqual([error.firstCause.stage, error.firstCause.item], ["ts::fails", 1]);
    return true;
  });
});

test("an unknown stage fails the run", async () => {
  await assert.rejects(start(range(3), "ts::absent").collect(), (error: RunFailed) => {
    assert.equal(error.firstCause.code, "function_not_found");
    return true;
  });
});

test("parameters and state", async () => {
  const run = pipeline([5, 6, 7]).then("ts::count", { n: 10 }).start(worker);
  assert.deepEqual(await run.collect(), [11, 12, 13]);
  await assert.rejects(pipeline([5]).then("ts::count", { n: "x" }).start(worker).collect(), /params/);
});

test("the program runs stages in TypeScript", async () => {
  const text = range(10_000)
    .map((n) => `line ${n}\n`)
    .join("");
  const upper = await engine.program(["run", "--format", "lines", "ts::upper"], text);
  assert.equal(upper.status, 0, upper.error);
  assert.equal(upper.out, text.toUpperCase());
  const copy = await engine.program(["run", "ts::copy"], text);
  assert.equal(copy.out, text);
  const failed = await engine.program(["run", "--format", "ndjson", "ts::fails"], "1\n2\n3\n");
  assert.equal(failed.status, 4);
  assert.match(failed.error, /ts::fails at item 2/);
});

const pairs: [string, string, RegExp | undefined][] = [
  ["ts::double", "ts::sums", undefined],
  ["ts::record", "ts::total", undefined],
  ["ts::total", "ts::total", /`ts::total`.*`ts::total`: the item is number, and object is expected/],
  ["ts::record", "ts::double", /`ts::double`.*`ts::record`: the item is object, and number is expected/],
  ["ts::named", "ts::total", /`ts::total`.*`ts::named`: `n` of the item is string, and number is expected/],
];
for (const [writer, reader, reason] of pairs) {
  test(`the program compares the types of ${writer} and ${reader}`, async () => {
    const file = `[[steps]]\nstage = "${writer}"\n[[steps]]\nstage = "${reader}"\n`;
    const { status, error } = await engine.program(["check", "--online", "-"], file);
    assert.equal(status, reason === undefined ? 0 : 2, error);
    assert.match(error, reason ?? /valid/);
  });
}

async function* waiting(count = 3) {
  yield* range(count);
  await new Promise(() => undefined);
}

test("leaving a run ends a source that waits", { timeout: 10_000 }, async () => {
  const begin = performance.now();
  for await (const item of start(waiting(), "ts::double")) {
    if (item === 2) {
      break;
    }
  }
  assert.deepEqual(await start(waiting(), "ts::first").collect(), [0, 1, 2]);
  assert.ok(performance.now() - begin < 8000);
});

test("a concurrent stage gives each output at once", { timeout: 10_000 }, async () => {
  for await (const item of start(waiting(), "ts::slow")) {
    if (item === 2) {
      return;
    }
  }
});

test("a stage that is twice in a run has two reports", async () => {
  const run = start([1, 2], "ts::double", "ts::double");
  assert.deepEqual(await run.collect(), [4, 8]);
  assert.deepEqual(run.report.stages.map(({ report }) => report["items_in"]), [2, 2]);
});

test("a cancelled call reaches its function", { timeout: 10_000 }, async () => {
  let [began, release]: (() => void)[] = [() => undefined, () => undefined];
  const released = new Promise<void>((resolve) => (release = resolve));
  const running = new Promise<void>((resolve) => (began = resolve));
  const ended = new Promise<void>((resolve) => {
    void worker.registerFunction("ts::wait", async (_data, signal) => {
      signal.addEventListener("abort", () => { resolve(); });
      began?.();
      await Promise.race([ended, released]);
    });
  });
  await worker.registered();
  const cancel = new AbortController();
  const call = worker.call("ts::wait", null, { signal: cancel.signal });
  await running;
  cancel.abort();
  await assert.rejects(call, /cancelled/);
  if (IS_III) {
    // It forwards no cancellation: the function runs to its end.
    release?.();
    return;
  }
  await ended;
});

// Last, because the stages are gone afterwards.
test("a killed worker is an error", async () => {
  await assert.rejects(start(range(100_000), "ts::exits").collect(), RunFailed);
});
