import { ChannelReader, ChannelWriter } from "./channel.js";
import type { Address } from "./connection.js";
import { Aborted, CallError, ConnectError, ItemError, PipewrightError, StreamError, WriteFailed } from "./errors.js";
import { checked, Receiver, Sender } from "./items.js";
import { type Abort, passedOn } from "./messages.js";
import { asRef, type ChannelRef } from "./refs.js";
import { formatOf, type RunContext, type Stage } from "./stage.js";

/** Lines of the stack that an abort contains. */
const TAIL = 3;

/** An error of the user's function, with the number of its item. */
class UserError extends Error {
  constructor(
    override readonly cause: unknown,
    readonly item: number | undefined,
  ) {
    super(describe(cause));
  }
}

/** Thrown within a stage whose run was cancelled or whose output's reader left. */
class Stopped extends Error {}

/** The run that holds a stage is lost; it was not cancelled. */
class RunLost extends Error {}

/** Describes an error by type, message and the tail of its stack. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const stack = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const places = stack.slice(0, TAIL).map((line) => line.trim().replace(/\(?(?:file:\/\/)?[^()\s]*\//, "("));
  return `${error.name}: ${error.message}${places.length > 0 ? ` (${places.join(" < ")})` : ""}`;
}

/** The abort of a stage that failed. */
export function abortOf(stage: string, error: unknown): Abort {
  if (error instanceof UserError) {
    return { code: "stage_failed", message: error.message, stage, item: error.item };
  }
  if (error instanceof Aborted) {
    return passedOn(error.abort, stage);
  }
  const codes: [abstract: abstract new (...parameters: never[]) => Error, code: string][] = [
    [ItemError, "bad_input"],
    [StreamError, "input_truncated"],
    [WriteFailed, "output_lost"],
    [RunLost, "stage_lost"],
    [ConnectError, "connect_failed"],
    [Stopped, "cancelled"],
  ];
  const code = codes.find(([kind]) => error instanceof kind)?.[1];
  const item = error instanceof ItemError ? error.number : undefined;
  const message = code === undefined ? describe(error) : (error as Error).message;
  return { code: code ?? "stage_failed", message, stage, item };
}

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
      const { outputFormat, output, outputName } = options;
      this.#sender = this.#writer && new Sender(this.#writer, { format: formatOf(outputFormat), validator: output, item: outputName });
    }
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
        // The reader wanted no more: the stage ends early, which is not a failure.
        await this.#leave();
        return this.#report();
      }
      const abort = abortOf(this.#stage.id, error);
      await (this.#sender?.abort(abort) ?? this.#writer?.abort(abort));
      await this.#leave();
      throw new CallError(abort.code, JSON.stringify(abort));
    }
    await this.#cancel?.close();
    return this.#report();
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
      const stop = (reason: string) => () => {
        this.#stop.abort();
        reject(new Stopped(reason));
      };
      this.#writer?.gone().then(stop("the output of the stage was closed"), () => undefined);
      const lost = (error: unknown): void => {
        this.#stop.abort();
        reject(new RunLost(`the run is lost: ${(error as Error).message}`));
      };
      this.#held()?.then(stop("the run was cancelled"), lost);
    });
    stopped.catch(() => undefined);
    await Promise.race([this.#body(), stopped]);
  }

  /** Ends when the run cancels the stage (`docs/protocol.md` section 10.1). */
  #held(): Promise<void> | undefined {
    const channel = this.#cancel;
    const watch = async (): Promise<void> => {
      while ((await channel?.next()) !== undefined) {
        // Text frames are notes for a reading end; this one reads until its input ends.
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
        for await (const output of this.#guarded(this.#call(kind === "stream" ? this.#incoming() : undefined))) {
          this.#check();
          await this.#sender?.send(output);
        }
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

  async *#incoming(): AsyncGenerator<unknown, void, void> {
    const receiver = this.#receiver;
    for (let batch = await receiver?.batch(); batch !== undefined; batch = await receiver?.batch()) {
      if (batch.kind === "items") {
        for (const encoded of batch.items) {
          yield receiver?.decode(encoded);
        }
      } else {
        await this.#passOn(batch);
      }
    }
    receiver?.checkCount();
  }

  async *#payload(): AsyncGenerator<Buffer, void, void> {
    const reader = this.#reader;
    for (let event = await reader?.next(); event !== undefined; event = await reader?.next()) {
      if (event.kind === "data") {
        yield event.payload;
      } else if (event.kind === "message") {
        await this.#writer?.sendMessage(event.text);
      }
    }
  }

  async #passOn(batch: { kind: "message"; text: string } | { kind: "turn"; turn: { turns: number } }): Promise<void> {
    await (batch.kind === "turn" ? this.#sender?.sendTurn(batch.turn) : this.#sender?.sendMessage(batch.text));
  }

  async #sequential(): Promise<void> {
    const receiver = this.#receiver;
    for (let batch = await receiver?.batch(); batch !== undefined; batch = await receiver?.batch()) {
      if (batch.kind !== "items") {
        await this.#passOn(batch);
        continue;
      }
      for (const encoded of batch.items) {
        const item = receiver?.decode(encoded);
        const result = this.#call(item);
        await this.#give(item, result instanceof Promise ? await this.#user(() => result) : result, this.#number());
      }
      this.#check();
    }
    receiver?.checkCount();
  }

  async #concurrent(limit: number): Promise<void> {
    const receiver = this.#receiver;
    const running: (() => Promise<void>)[] = [];
    for (let batch = await receiver?.batch(); batch !== undefined; batch = await receiver?.batch()) {
      const entries = batch.kind === "items" ? batch.items : [batch];
      for (const entry of entries) {
        if (batch.kind !== "items") {
          const message = batch;
          running.push(() => this.#passOn(message));
        } else {
          const item = receiver?.decode(entry);
          const number = this.#number();
          const result = this.#user(() => this.#stage.run(item, this.#context), number);
          result.catch(() => undefined);
          running.push(async () => this.#give(item, await result, number));
        }
        if (running.length >= limit) {
          await running.shift()?.();
        }
      }
      this.#check();
    }
    for (const give of running) {
      await give();
    }
    receiver?.checkCount();
  }

  async #give(item: unknown, result: unknown, number: number | undefined): Promise<void> {
    const sender = this.#sender;
    switch (this.#stage.kind) {
      case "filter":
        if (result === true) {
          await sender?.send(item);
        }
        return;
      case "many":
        for await (const output of this.#guarded(result, number)) {
          await sender?.send(output);
        }
        return;
      default:
        if (result !== undefined) {
          await sender?.send(result);
        }
    }
  }
}
