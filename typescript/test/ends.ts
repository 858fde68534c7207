/** One end of a channel: `ends.js write|read URL REF MODE`; the ref is JSON. For `tests/languages`. */
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";

import { type ChannelRef, PipewrightError, Receiver, Sender, Worker } from "../src/index.js";

const FIRST = 1000;

const say = (fields: object): void => {
  console.log(JSON.stringify(fields));
};

const item = (n: number): object => ({ n, pad: "x".repeat(90) });

async function command(): Promise<string> {
  for await (const line of createInterface(process.stdin)) {
    return line;
  }
  return "";
}

async function write(worker: Worker, ref: ChannelRef, count: number): Promise<void> {
  const sender = new Sender<object>(worker.writer(ref));
  try {
    for (let n = 0; n < FIRST; n += 1) {
      await sender.send(item(n));
    }
    await sender.flush();
    say({ started: true });
    const wanted = await command();
    if (wanted === "raise") {
      throw new RangeError("a mistake of the writer");
    } else if (wanted === "exit") {
      process.exit(0);
    } else if (wanted === "cancel") {
      await sender.abort({ code: "cancelled", message: "the writer was cancelled" });
      say({ verdict: "cancelled" });
      return;
    }
    for (let n = FIRST; n < count; n += 1) {
      await sender.send(item(n));
    }
    await sender.close();
    say({ verdict: "complete", items: sender.sent });
  } catch (error) {
    if (error instanceof RangeError) {
      await sender.abort({ code: "writer_failed", message: error.message });
      say({ verdict: "raised" });
    } else if (error instanceof PipewrightError) {
      say({ verdict: error.name, message: error.message });
    } else {
      throw error;
    }
  }
}

async function read(worker: Worker, ref: ChannelRef, mode: string): Promise<void> {
  const receiver = new Receiver<{ n: number }>(worker.reader(ref));
  const digest = createHash("sha256");
  let items = 0;
  try {
    for await (const { n } of receiver) {
      items += 1;
      digest.update(`${n}\n`);
      if (items === 1) {
        say({ started: true });
        if (mode === "slow") {
          await command();
        }
      }
      if (items === 10 && mode === "leave") {
        await receiver.reader.close();
        say({ verdict: "left" });
        return;
      }
    }
    say({ verdict: receiver.reader.verdict, items, digest: digest.digest("hex") });
  } catch (error) {
    if (!(error instanceof PipewrightError)) {
      throw error;
    }
    say({ verdict: error.name, message: error.message, items });
  }
}

const [role, url, ref, mode] = process.argv.slice(2) as [string, string, string, string];
const worker = await new Worker({ url }).connect();
const parsed = JSON.parse(ref) as ChannelRef;
await (role === "write" ? write(worker, parsed, Number(mode)) : read(worker, parsed, mode));
await worker.close();
process.exit(0);
