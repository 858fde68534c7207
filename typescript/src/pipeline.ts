import { CallError, PipewrightError, ReaderGone, RunFailed, StreamError } from "./errors.js";
import { abortOf } from "./executor.js";
import { Receiver, Sender, type Validator } from "./items.js";
import { type Abort, firstCause, INPUT_FAILED, readAbort } from "./messages.js";
import { ChannelReader, ChannelWriter } from "./channel.js";
import { formatOf } from "./stage.js";
import type { ChannelRef } from "./refs.js";
import type { Worker } from "./worker.js";

/** Milliseconds that the stages have to end after one has failed, or after the output has ended. */
const GRACE = 5000;

/** What went through each stage, as the stages reported it. */
export interface RunReport {
  stages: Record<string, Record<string, unknown>>;
  items: number;
  verified: boolean;
}

interface Step {
  id: string;
  params: unknown;
}

type FormatName = "ndjson" | "lines";

/** A source and the stages behind it. Nothing runs before `start`. */
export class Pipeline {
  readonly #source: Iterable<unknown> | AsyncIterable<unknown>;
  readonly #input: FormatName;
  readonly #steps: Step[];

  /** Use `pipeline` to make one. */
  constructor(source: Iterable<unknown> | AsyncIterable<unknown>, input: FormatName, steps: Step[] = []) {
    this.#source = source;
    this.#input = input;
    this.#steps = steps;
  }

  /** Appends the stage with this id, on whichever worker registered it. */
  then(id: string, params?: unknown): Pipeline {
    return new Pipeline(this.#source, this.#input, [...this.#steps, { id, params }]);
  }

  /** Starts a run. `item` checks each item that comes out. */
  start<T = unknown>(worker: Worker, { output = "ndjson", item }: { output?: FormatName; item?: Validator<T> } = {}): Run<T> {
    if (this.#steps.length === 0) {
      throw new TypeError("a pipeline needs at least one stage; append it with `then`");
    }
    return new Run<T>(worker, this.#source, this.#input, this.#steps, output, item);
  }
}

/** Begins a pipeline. `input` is the format that the first stage reads. */
export function pipeline(
  source: Iterable<unknown> | AsyncIterable<unknown>,
  { input = "ndjson" }: { input?: FormatName } = {},
): Pipeline {
  return new Pipeline(source, input);
}

/** One execution of a pipeline. Iterate it for the items; `report` holds the counts. */
export class Run<T> {
  readonly report: RunReport = { stages: {}, items: 0, verified: false };
  readonly #failures: Abort[] = [];
  #over = false;

  /** Use `Pipeline.start`. */
  constructor(
    private readonly worker: Worker,
    private readonly source: Iterable<unknown> | AsyncIterable<unknown>,
    private readonly input: FormatName,
    private readonly steps: Step[],
    private readonly output: FormatName,
    private readonly item: Validator<T> | undefined,
  ) {}

  /** Runs to the end and returns all items. Throws `RunFailed`. */
  async collect(): Promise<T[]> {
    const items: T[] = [];
    for await (const item of this) {
      items.push(item);
    }
    return items;
  }

  /** Yields the items of the last stage. Throws `RunFailed` with the first cause. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    const { worker, steps } = this;
    const edges: { writer: ChannelRef; reader: ChannelRef }[] = [];
    for (let at = 0; at <= steps.length; at += 1) {
      edges.push(await worker.createChannel());
    }
    const [first, last] = [edges[0], edges.at(-1)];
    if (first === undefined || last === undefined) {
      return;
    }
    const sender = new Sender<unknown>(new ChannelWriter(worker.address, first.writer), { format: formatOf(this.input) });
    const reader = new ChannelReader(worker.address, last.reader);
    const receiver = new Receiver<T>(reader, formatOf(this.output), this.item);
    const calls = steps.map((step, at) => {
      const request = { readerRef: edges[at]?.reader, writerRef: edges[at + 1]?.writer, params: step.params };
      return this.#trigger(step, request);
    });
    const parts = [this.#feed(sender), ...calls];
    const failed = new Promise<void>((resolve) => {
      for (const call of calls) {
        call.catch(() => setTimeout(resolve, GRACE).unref());
      }
    });
    let complete = false;
    try {
      for (;;) {
        const next = receiver.batch();
        next.catch(() => undefined);
        const batch = await Promise.race([next, failed.then(() => "failed" as const)]);
        if (batch === "failed") {
          break;
        }
        if (batch === undefined) {
          receiver.checkCount();
          complete = true;
          break;
        }
        if (batch.kind === "items") {
          for (const encoded of batch.items) {
            this.report.items += 1;
            yield receiver.decode(encoded);
          }
        }
      }
    } catch (error) {
      if (!(error instanceof PipewrightError)) {
        throw error;
      }
      const abort = abortOf("the consumer", error);
      if (error instanceof StreamError) {
        this.#failures.push(abort);
      } else {
        this.#failures.unshift(abort);
      }
    } finally {
      this.#over = true;
      await reader.close();
      await settled(parts);
    }
    const cause = this.#firstCause();
    if (cause !== undefined) {
      throw new RunFailed(cause);
    }
    const reports = Object.values(this.report.stages);
    this.report.verified = complete && reports.every((report) => report["input_verified"] === true);
  }

  #firstCause(): Abort | undefined {
    const causes = this.#failures.map(firstCause);
    return causes.find((cause) => cause.code !== INPUT_FAILED) ?? causes[0];
  }

  async #feed(sender: Sender<unknown>): Promise<void> {
    try {
      await sender.connect();
      for await (const item of this.source) {
        await sender.send(item);
        if (this.#over) {
          await sender.abort({ code: "cancelled", message: "the run has ended", stage: "source" });
          return;
        }
      }
      await sender.close();
    } catch (error) {
      // The first stage wanted no more.
      if (!(error instanceof ReaderGone)) {
        const abort = abortOf("source", error);
        this.#failures.push(abort);
        await sender.abort(abort);
      }
    }
  }

  async #trigger(step: Step, request: object): Promise<void> {
    try {
      const report = await this.worker.call(step.id, request, { timeout: Infinity });
      this.report.stages[step.id] = (report ?? {}) as Record<string, unknown>;
    } catch (error) {
      if (error instanceof CallError) {
        this.#failures.push(reported(step.id, error));
      }
      throw error;
    }
  }
}

/** The abort that a failed stage returns as JSON; other errors become one. */
function reported(stage: string, error: CallError): Abort {
  try {
    const fields = JSON.parse(error.reason) as Record<string, unknown> | null;
    if (typeof fields === "object" && fields !== null && "code" in fields) {
      return readAbort(fields);
    }
  } catch {
    // Not an abort: the message is for people.
  }
  return { code: error.code, message: error.reason, stage };
}

/** Gives the parts of a run a moment to end. */
async function settled(parts: Promise<void>[]): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, GRACE);
  });
  await Promise.race([Promise.allSettled(parts), timeout]);
  clearTimeout(timer);
}
