import { CallError, PipewrightError, ReaderGone, RunFailed, StreamError } from "./errors.js";
import { abortOf, CONSEQUENCES, OUTPUT_LOST } from "./failures.js";
import { Receiver, Sender, type Validator } from "./items.js";
import { type Abort, firstCause, readAbort } from "./messages.js";
import { ChannelReader, ChannelWriter } from "./channel.js";
import { type FormatName, formatOf, type Stage } from "./stage.js";
import type { ChannelRef } from "./refs.js";
import type { Worker } from "./worker.js";

/** Milliseconds in which stages must end after one has failed, or after the output has ended. */
const GRACE = 5000;

/** Milliseconds for the abort of a source to get into its channel, which may be full. */
const ABANDON = 1000;

/** Codes of calls whose function did not start, so that waiting for more is pointless. */
const NEVER_RAN = new Set([
  "FORBIDDEN",
  "deserialization_error",
  "function_not_found",
  "payload_too_large",
  "serialization_error",
  "too_many_calls",
]);

/** The report of one stage, as its function returned it (section 10.4); empty if it failed. */
export interface StageReport {
  id: string;
  report: Record<string, unknown>;
}

/** The report of a run; complete once the run has ended. */
export interface RunReport {
  /** One report per stage, in order. */
  stages: StageReport[];
  /** Number of output items. */
  items: number;
  /** Whether every stream of the run had totals that matched. */
  verified: boolean;
}

interface Step {
  id: string;
  params: unknown;
}

/** A source and the stages after it. Nothing runs before `start`. */
export class Pipeline {
  readonly #source: Iterable<unknown> | AsyncIterable<unknown>;
  readonly #input: FormatName;
  readonly #steps: Step[];

  /** Use `pipeline` to create one. */
  constructor(source: Iterable<unknown> | AsyncIterable<unknown>, input: FormatName, steps: Step[] = []) {
    this.#source = source;
    this.#input = input;
    this.#steps = steps;
  }

  /** Appends the stage with this id, on whichever worker registered it. */
  then(stage: string | Stage, params?: unknown): Pipeline {
    const id = typeof stage === "string" ? stage : stage.id;
    return new Pipeline(this.#source, this.#input, [...this.#steps, { id, params }]);
  }

  /** Starts a run. `item` checks each output item. */
  start<T = unknown>(worker: Worker, { output = "ndjson", item }: { output?: FormatName; item?: Validator<T> } = {}): Run<T> {
    if (this.#steps.length === 0) {
      throw new TypeError("a pipeline needs at least one stage; append it with `then`");
    }
    return new Run<T>(worker, this.#source, this.#input, this.#steps, output, item);
  }
}

/** Starts a pipeline. `input` is the format that the first stage reads. */
export function pipeline(
  source: Iterable<unknown> | AsyncIterable<unknown>,
  { input = "ndjson" }: { input?: FormatName } = {},
): Pipeline {
  return new Pipeline(source, input);
}

/**
 * One execution of a pipeline. Iterate it once for the items; `report` holds the counts. Leaving the
 * loop early ends the stages.
 */
export class Run<T> {
  readonly report: RunReport;
  readonly #failures: { place: number; abort: Abort }[] = [];
  #iterated = false;
  #grace = GRACE;

  /** Use `Pipeline.start`. */
  constructor(
    private readonly worker: Worker,
    private readonly source: Iterable<unknown> | AsyncIterable<unknown>,
    private readonly input: FormatName,
    private readonly steps: Step[],
    private readonly output: FormatName,
    private readonly item: Validator<T> | undefined,
  ) {
    this.report = { stages: steps.map(({ id }) => ({ id, report: {} })), items: 0, verified: false };
  }

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
    if (this.#iterated) {
      throw new TypeError("a run is iterated once; start another run of the pipeline");
    }
    this.#iterated = true;
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
    const over = new AbortController();
    const calls = steps.map((step, at) => {
      const request = { readerRef: edges[at]?.reader, writerRef: edges[at + 1]?.writer, params: step.params };
      return this.#trigger(at, step, request, over.signal);
    });
    const parts = [this.#feed(sender, over.signal, calls[0]), ...calls];
    const items = this.#received(receiver, calls);
    let complete = false;
    try {
      for await (const item of items) {
        this.report.items += 1;
        yield item;
      }
      complete = true;
    } catch (error) {
      if (!(error instanceof PipewrightError)) {
        throw error;
      }
      const abort = abortOf("the consumer", error);
      if (error instanceof StreamError) {
        this.#failures.push({ place: steps.length, abort });
      } else {
        // The consumer refused an item; failures that follow from it come later.
        this.#failures.unshift({ place: -2, abort });
      }
    } finally {
      await reader.close();
      await settled(parts, this.#grace);
      over.abort();
      await Promise.allSettled(parts);
    }
    const cause = this.#firstCause();
    if (cause !== undefined) {
      throw new RunFailed(cause);
    }
    const verified = this.report.stages.every(({ report }) => report["input_verified"] === true);
    this.report.verified = complete && verified && reader.verdict === "complete";
  }

  /** Yields items, and ends soon after a stage failed while its output stays open. */
  async *#received(receiver: Receiver<T>, calls: Promise<void>[]): AsyncGenerator<T, void, void> {
    let [failed, wake] = [false, (): void => undefined];
    for (const call of calls) {
      call.catch(() => {
        setTimeout(() => {
          failed = true;
          wake();
        }, this.#grace).unref();
      });
    }
    for (;;) {
      const next = receiver.batch().then(
        (batch) => ({ batch }),
        (error: unknown) => ({ error }),
      );
      // Not `Promise.race` with a promise of the whole run, which would keep a reaction for each batch.
      const found = await new Promise<Awaited<typeof next> | undefined>((resolve) => {
        wake = () => {
          resolve(undefined);
        };
        void next.then(resolve);
        if (failed) {
          setTimeout(wake, this.#grace).unref();
        }
      });
      if (found === undefined) {
        throw new StreamError("the stages have ended, and the output has no end");
      } else if ("error" in found) {
        throw found.error;
      } else if (found.batch === undefined) {
        receiver.checkCount();
        return;
      } else if (found.batch.kind === "items") {
        for (const encoded of found.batch.items) {
          yield receiver.decode(encoded);
        }
      }
    }
  }

  /**
   * The first cause: a failure that follows from no other, or else that of the first stage. A stage
   * that is lost ends its neighbours, whose answers may arrive before its own.
   */
  #firstCause(): Abort | undefined {
    const real = this.#failures.filter(({ place, abort }) => abort.code !== OUTPUT_LOST || !this.#wasLeft(place));
    const causes = real.map(({ place, abort }) => ({ place, abort: firstCause(abort) }));
    const own = causes.find(({ abort }) => !CONSEQUENCES.has(abort.code));
    return (own ?? causes.sort((one, other) => one.place - other.place)[0])?.abort;
  }

  /**
   * Whether the reader after this part of the run left early, without a failure. An iii engine drops a
   * writer whose reader left, without a close.
   */
  #wasLeft(place: number): boolean {
    const reader = place + 1;
    if (reader >= this.steps.length) {
      return false;
    }
    const lost = this.#failures.some((failure) => failure.place === reader && failure.abort.code === OUTPUT_LOST);
    return this.#hasLeft(reader) || (lost && this.#wasLeft(reader));
  }

  #hasLeft(at: number): boolean {
    return this.report.stages[at]?.report["input_left"] === true;
  }

  /** Sends the source until it ends, the first stage stops reading, or the run is over. */
  async #feed(sender: Sender<unknown>, over: AbortSignal, first: Promise<void> | undefined): Promise<void> {
    const state = { stopped: false, dropped: false };
    const isStopped = (): boolean => state.stopped;
    let wake: () => void = () => undefined;
    let timer: NodeJS.Timeout | undefined;
    const stop = (): void => {
      if (state.stopped) {
        return;
      }
      state.stopped = true;
      wake();
      timer = setTimeout(() => {
        state.dropped = true;
        sender.writer.drop();
      }, ABANDON);
    };
    over.addEventListener("abort", stop);
    void sender.writer.gone().then(stop, stop);
    void first?.then(() => { if (this.#hasLeft(0)) { stop(); } }, stop);
    const iterator = iteratorOf(this.source);
    try {
      await sender.connect();
      while (!isStopped()) {
        const next = iterator.next();
        // Not `Promise.race` with a promise of the whole run, which would keep a reaction for each item.
        const result = await new Promise<IteratorResult<unknown> | undefined>((resolve, reject) => {
          wake = () => {
            resolve(undefined);
          };
          Promise.resolve(next).then(resolve, reject);
        });
        if (result === undefined || isStopped()) {
          break;
        }
        if (result.done === true) {
          await sender.close();
          return;
        }
        await sender.send(result.value);
      }
      // Not awaited: a source that waits for something may never get to its end.
      void Promise.resolve(iterator.return?.()).catch(() => undefined);
      // Without effect if the reader left.
      await sender.abort({ code: "cancelled", message: "the run has ended", stage: "source" });
    } catch (error) {
      // The first stage stopped reading.
      if (!(error instanceof ReaderGone)) {
        const abort = abortOf("source", error);
        if (!over.aborted && !state.dropped) {
          this.#failures.push({ place: -1, abort });
        }
        await sender.abort(abort);
      }
    } finally {
      state.stopped = true;
      clearTimeout(timer);
    }
  }

  async #trigger(at: number, { id }: Step, request: object, signal: AbortSignal): Promise<void> {
    try {
      const report = await this.worker.call(id, request, { timeout: Infinity, signal });
      const entry = this.report.stages[at];
      if (entry !== undefined) {
        entry.report = (report ?? {}) as Record<string, unknown>;
      }
    } catch (error) {
      if (error instanceof CallError && !signal.aborted) {
        this.#failures.push({ place: at, abort: reported(id, error) });
        if (NEVER_RAN.has(error.code)) {
          this.#grace = 0;
        }
      }
      throw error;
    }
  }
}

function iteratorOf(source: Iterable<unknown> | AsyncIterable<unknown>): Iterator<unknown> | AsyncIterator<unknown> {
  return Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
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

/** Waits a moment for the parts of a run to end. */
async function settled(parts: Promise<void>[], grace: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, grace);
  });
  await Promise.race([Promise.allSettled(parts), timeout]);
  clearTimeout(timer);
}
