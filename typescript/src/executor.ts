import { ChannelReader, ChannelWriter } from "./channel.js";
import type { Address } from "./connection.js";
import { CallError, PipewrightError, WriteFailed } from "./errors.js";
import { abortOf, RunLost, Stopped, UserError } from "./failures.js";
import { Incoming } from "./incoming.js";
import { checked, Receiver, Sender } from "./items.js";
import { bounded, encodeProgress } from "./messages.js";
import { Ordered } from "./ordered.js";
import { asRef, type ChannelRef } from "./refs.js";
import { formatOf, type RunContext, type Stage } from "./stage.js";

/** Milliseconds between progress messages, unless the run sets them (section 10.1). */
const PROGRESS = 1000;

function findRef(request: Record<string, unknown>, ...names: string[]): ChannelRef | undefined {
  for (const name of names) {
    if (request[name] !== undefined && request[name] !== null) {
      const ref = asRef(request[name]);
      if (ref === undefined) {
        throw new CallError("deserialization_error", `\`${name}\` is not a channel ref`);
      }
      return ref;
    }
  }
  return undefined;
}

/** One run of one stage. */
export class Execution {
  readonly #stage: Stage;
  readonly #reader: ChannelReader | undefined;
  readonly #writer: ChannelWriter | undefined;
  readonly #cancel: ChannelReader | undefined;
  readonly #receiver: Receiver<unknown> | undefined;
  readonly #sender: Sender<unknown> | undefined;
  readonly #stop = new AbortController();
  readonly #context: RunContext;
  readonly #progress: number;
  #cancelled: (() => void) | undefined;
  readonly #started = performance.now();

  /** Reads the request (`docs/protocol.md` section 10.1). Throws `CallError`. */
  constructor(stage: Stage, address: Address, request: Record<string, unknown>) {
    const { kind, options } = stage;
    this.#stage = stage;
    const read = findRef(request, "readerRef", "reader_ref", "reader");
    const write = findRef(request, "writerRef", "writer_ref", "writer");
    const cancel = asRef(request["cancelRef"]);
    if (kind !== "producer" && read === undefined) {
      throw new CallError("deserialization_error", `${stage.id} needs a \`readerRef\``);
    }
    if (kind !== "consumer" && write === undefined) {
      throw new CallError("deserialization_error", `${stage.id} needs a \`writerRef\``);
    }
    this.#reader = read && new ChannelReader(address, read);
    this.#writer = write && new ChannelWriter(address, write);
    this.#cancel = cancel && new ChannelReader(address, cancel);
    if (kind !== "bytes") {
      this.#receiver = this.#reader && new Receiver(this.#reader, formatOf(options.inputFormat), options.input);
      const { outputFormat, output, outputName, compression } = options;
      const settings = { format: formatOf(outputFormat), validator: output, item: outputName, compression };
      this.#sender = this.#writer && new Sender(this.#writer, settings);
    }
    const interval = request["progressMs"];
    this.#progress = typeof interval === "number" && interval >= 1 ? interval : PROGRESS;
    this.#context = this.#makeContext(request["params"]);
  }

  #makeContext(given: unknown): RunContext {
    const { options, id } = this.#stage;
    let params: unknown;
    try {
      params = checked(options.params, given);
    } catch (error) {
      throw new CallError("deserialization_error", `params: ${(error as Error).message}`);
    }
    const receiver = this.#receiver;
    const send = (text: string): Promise<void> => {
      const target = this.#sender ?? this.#writer;
      return target === undefined ? Promise.reject(new TypeError("a consumer has no output")) : target.sendMessage(text);
    };
    return {
      stage: id,
      params,
      state: options.state?.(),
      get metadata() {
        return receiver?.metadata;
      },
      signal: this.#stop.signal,
      sendMessage: send,
    };
  }

  /** Stops the stage, because its caller no longer waits. */
  cancel(): void {
    this.#cancelled?.();
  }

  /** Runs the stage to its end and returns its report. Throws `CallError` with the abort as JSON. */
  async run(): Promise<object> {
    try {
      await Promise.all([this.#reader?.connect(), this.#sender?.connect() ?? this.#writer?.connect()]);
      await this.#supervised();
      if (this.#reader?.verdict === undefined) {
        await this.#reader?.close();
      }
      await (this.#sender?.close() ?? this.#writer?.close());
    } catch (error) {
      if (this.#writer?.readerIsGone === true) {
        // The reader left: the stage ends early, which is not a failure.
        await this.#leave();
        return this.#report();
      }
      const abort = abortOf(this.#stage.id, error);
      await (this.#sender?.abort(abort) ?? this.#writer?.abort(abort));
      await this.#leave();
      throw new CallError(abort.code, JSON.stringify(bounded(abort)));
    }
    await this.#cancel?.close();
    return { ...this.#report(), ...(this.#writer !== undefined && { output_closed: true }) };
  }

  #report(): object {
    const verdict = this.#reader?.verdict;
    return {
      items_in: this.#receiver?.received ?? 0,
      items_out: this.#sender?.sent ?? 0,
      bytes_in: this.#reader?.receivedBytes ?? 0,
      bytes_out: this.#writer?.sentBytes ?? 0,
      elapsed_us: Math.round((performance.now() - this.#started) * 1000),
      ...(this.#reader !== undefined && verdict === undefined && { input_left: true }),
      ...(verdict !== undefined && { input_verified: verdict === "complete" }),
    };
  }

  async #leave(): Promise<void> {
    this.#stop.abort();
    await Promise.all([this.#reader?.close(), this.#cancel?.close()]);
  }

  /** Runs the body until it ends, its output's reader leaves, or the run is cancelled. */
  async #supervised(): Promise<void> {
    const stopped = new Promise<never>((_resolve, reject) => {
      // Rejected first, so that the reason precedes what the user's function does about the signal.
      const stop = (error: Error): void => {
        reject(error);
        this.#stop.abort();
      };
      this.#cancelled = () => { stop(new Stopped("the caller no longer waits")); };
      const closed = (): void => { stop(new WriteFailed("the output of the stage was closed")); };
      this.#writer?.gone().then(closed, () => undefined);
      this.#held()?.then(
        () => { stop(new Stopped("the run was cancelled")); },
        (error: unknown) => { stop(new RunLost(`the run is lost: ${(error as Error).message}`)); },
      );
    });
    stopped.catch(() => undefined);
    let telling = false;
    const ticker = setInterval(() => {
      const [items, bytes] = [this.#sender?.sent ?? 0, this.#writer?.sentBytes ?? 0];
      const progress = { stage: this.#stage.id, items, bytes };
      // One at a time, so that progress messages do not pile up for a slow reader.
      if (!telling && this.#writer !== undefined) {
        telling = true;
        this.#writer.sendMessage(encodeProgress(progress)).then(
          () => {
            telling = false;
          },
          () => undefined,
        );
      }
    }, this.#progress);
    try {
      await Promise.race([this.#body(), stopped]);
    } finally {
      clearInterval(ticker);
    }
  }

  /** Ends when the run cancels the stage (`docs/protocol.md` section 10.1). */
  #held(): Promise<void> | undefined {
    const channel = this.#cancel;
    const watch = async (): Promise<void> => {
      while ((await channel?.next()) !== undefined) {
        // Text frames are for a reading end that waits; this one reads until its input ends.
      }
    };
    return channel && watch();
  }

  async #body(): Promise<void> {
    const { kind, options } = this.#stage;
    switch (kind) {
      case "item":
      case "filter":
      case "many":
        await ((options.concurrency ?? 1) > 1 ? this.#concurrent(options.concurrency ?? 1) : this.#sequential());
        return;
      case "consumer":
        await this.#user(() => this.#stage.run(this.#incoming(), this.#context));
        return;
      case "bytes": {
        const outputs = this.#guarded(this.#call(this.#payload())) as AsyncIterable<Uint8Array | string>;
        for await (const payload of outputs) {
          this.#check();
          await this.#writer?.write(payload);
        }
        return;
      }
      case "stream":
      case "producer":
        await this.#emit(this.#call(kind === "stream" ? this.#incoming() : undefined));
    }
  }

  async #emit(outputs: unknown): Promise<void> {
    const sender = this.#sender;
    try {
      for await (const output of outputs as AsyncIterable<unknown>) {
        sender?.push(output);
        if (sender?.isFull === true) {
          await sender.flush();
        }
        this.#check();
      }
    } catch (error) {
      throw this.#user_error(error, this.#number());
    }
  }

  #check(): void {
    if (this.#stop.signal.aborted) {
      throw new Stopped("the run was stopped");
    }
  }

  #number(): number | undefined {
    const received = this.#receiver?.received ?? 0;
    return received > 0 ? received - 1 : undefined;
  }

  #call(input: unknown): unknown {
    try {
      return this.#stage.run(input, this.#context);
    } catch (error) {
      throw this.#user_error(error, this.#number());
    }
  }

  async #user(call: () => unknown, number?: number): Promise<unknown> {
    try {
      return await call();
    } catch (error) {
      throw this.#user_error(error, number ?? this.#number());
    }
  }

  async #awaited(result: Promise<unknown>): Promise<unknown> {
    try {
      return await result;
    } catch (error) {
      throw this.#user_error(error, this.#number());
    }
  }

  #user_error(error: unknown, number: number | undefined): unknown {
    return error instanceof PipewrightError || error instanceof Stopped ? error : new UserError(error, number);
  }

  async *#guarded(outputs: unknown, number?: number): AsyncGenerator<unknown, void, void> {
    try {
      yield* outputs as AsyncIterable<unknown>;
    } catch (error) {
      throw this.#user_error(error, number ?? this.#number());
    }
  }

  #incoming(): Incoming {
    const receiver = this.#receiver;
    if (receiver === undefined) {
      throw new TypeError("a producer has no input");
    }
    return new Incoming(receiver, async (batch) => this.#sender?.forward(batch));
  }

  async *#payload(): AsyncGenerator<Buffer, void, void> {
    const reader = this.#reader;
    for (let event = await reader?.next(); event !== undefined; event = await reader?.next()) {
      if (event.kind === "data") {
        yield event.payload;
      } else if (event.kind !== "turn") {
        // Only a stage that declares that it keeps the order receives turns.
        await this.#writer?.sendMessage(event.kind === "message" ? event.text : encodeProgress(event.progress));
      }
    }
  }

  async #sequential(): Promise<void> {
    const receiver = this.#receiver;
    for (let batch = await receiver?.batch(); batch !== undefined; batch = await receiver?.batch()) {
      if (batch.kind !== "items") {
        await this.#sender?.forward(batch);
        continue;
      }
      for (const encoded of batch.items) {
        const item = receiver?.decode(encoded);
        let result = this.#call(item);
        if (result instanceof Promise) {
          result = await this.#awaited(result as Promise<unknown>);
        }
        if (this.#stage.kind === "many") {
          await this.#give(item, result, this.#number());
        } else {
          this.#push(item, result);
          if (this.#sender?.isFull === true) {
            await this.#sender.flush();
          }
        }
      }
      this.#check();
    }
    receiver?.checkCount();
  }

  /** Handles up to `limit` items concurrently; outputs are sent in order, each as soon as possible. */
  async #concurrent(limit: number): Promise<void> {
    const receiver = this.#receiver;
    const ordered = new Ordered(limit);
    try {
      for (let batch = await receiver?.batch(); batch !== undefined; batch = await receiver?.batch()) {
        if (batch.kind !== "items") {
          const event = batch;
          await ordered.add(Promise.resolve(async () => this.#sender?.forward(event)));
          continue;
        }
        for (const encoded of batch.items) {
          const item = receiver?.decode(encoded);
          const number = this.#number();
          const result = this.#user(() => this.#stage.run(item, this.#context), number);
          await ordered.add(result.then((output) => () => this.#give(item, output, number)));
        }
        this.#check();
      }
    } finally {
      ordered.end();
    }
    await ordered.done();
    receiver?.checkCount();
  }

  async #give(item: unknown, result: unknown, number: number | undefined): Promise<void> {
    const sender = this.#sender;
    switch (this.#stage.kind) {
      case "many":
        for await (const output of this.#guarded(result, number)) {
          await sender?.send(output);
        }
        return;
      default:
        this.#push(item, result);
        if (sender?.isFull === true) {
          await sender.flush();
        }
    }
  }

  /** Sends what a function of one item returned. */
  #push(item: unknown, result: unknown): void {
    if (this.#stage.kind === "filter") {
      if (result === true) {
        this.#sender?.push(item);
      }
    } else if (result !== undefined) {
      this.#sender?.push(result);
    }
  }
}
