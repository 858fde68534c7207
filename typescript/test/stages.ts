/** Stages that the tests serve from a separate process. */
import { setTimeout as sleep } from "node:timers/promises";

import { z } from "zod";

import { stage, Worker } from "../src/index.js";

const number = { input: z.number(), inputName: "number", outputName: "number" };

const double = stage("ts::double", number, (n: number) => n * 2);
const slow = stage("ts::slow", { ...number, concurrency: 8 }, async (n: number) => {
  await sleep(7 - (n % 8));
  return n;
});
const odd = stage.filter("ts::odd", number, (n: number) => n % 2 === 1);
const twice = stage.flatMap("ts::twice", number, (n: number) => [n, n]);
const record = stage("ts::record", { ...number, output: z.object({ n: z.number() }) }, (n: number) => ({ n }));
const Total = z.object({ n: z.number(), more: z.string().optional() });
const named = stage("ts::named", { ...number, output: z.object({ n: z.string() }) }, (n: number) => ({ n: String(n) }));
const total = stage("ts::total", { input: Total, output: z.number() }, ({ n }) => n);
const sums = stage.stream("ts::sums", number, async function* (numbers: AsyncIterable<number>) {
  let total = 0;
  for await (const n of numbers) {
    total += n;
    yield total;
  }
});
const fails = stage("ts::fails", number, (n: number) => {
  if (n === 3) {
    throw new RangeError("three");
  }
  return n;
});
const first = stage.stream("ts::first", number, async function* (numbers: AsyncIterable<number>) {
  for await (const n of numbers) {
    yield n;
    if (n === 2) {
      return;
    }
  }
});
const upper = stage("ts::upper", { inputFormat: "lines", outputFormat: "lines" }, (line: string) => line.toUpperCase());
const copy = stage.bytes("ts::copy", {}, async function* (payload) {
  for await (const piece of payload) {
    yield piece;
  }
});
const count = stage(
  "ts::count",
  { ...number, params: z.object({ n: z.number() }), state: () => ({ seen: 0 }) },
  async (n: number, run) => {
    run.state.seen += 1;
    if (run.state.seen === 1) {
      await run.sendMessage(`first is ${n}`);
    }
    return run.state.seen + run.params.n;
  },
);
const exits = stage.stream("ts::exits", number, async function* (numbers: AsyncIterable<number>) {
  for await (const n of numbers) {
    yield n;
    if (n === 100) {
      await sleep(50);
      process.exit(9);
    }
  }
});

await new Worker({ url: process.argv[2] ?? "" }).serve(double, slow, odd, twice, record, named, total, sums, fails, first, upper, copy, count, exits);
