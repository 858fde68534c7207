import type { Message } from "./control.js";
import { CallError } from "./errors.js";
import { describe } from "./failures.js";

/** Maximum number of running calls; further ones are refused with `too_many_calls`. */
const MAX_RUNNING_CALLS = 10_000;

/** A function of a worker: takes a JSON value and returns one. */
export type Handler = (data: unknown, signal: AbortSignal) => unknown;

/** The functions of a worker, and its running calls. Does no I/O. */
export class Functions {
  readonly #functions = new Map<string, { registration: Message; handler: Handler }>();
  readonly #running = new Map<unknown, { stop: AbortController; done: Promise<void> }>();

  /** Answers calls with `send`. */
  constructor(
    readonly send: (message: Message) => Promise<void>,
    readonly log: (line: string) => void,
  ) {}

  /** The ids of the functions. */
  get ids(): string[] {
    return [...this.#functions.keys()];
  }

  /** The messages that register every function. */
  get registrations(): Message[] {
    return [...this.#functions.values()].map(({ registration }) => registration);
  }

  /** The message that registers a function of this worker. */
  registration(id: string): Message {
    return this.#functions.get(id)?.registration ?? {};
  }

  /** Adds a function. Throws `TypeError` for an id that exists. */
  add(id: string, registration: Message, handler: Handler): void {
    if (this.#functions.has(id)) {
      throw new TypeError(`${id} is registered by this worker already`);
    }
    this.#functions.set(id, { registration, handler });
  }

  /** Cancels a call whose caller no longer waits; an unknown one is ignored. */
  cancel(id: unknown): void {
    this.#running.get(id)?.stop.abort();
  }

  /** Waits for the running calls, and stops those that take longer; in milliseconds. */
  async finish(timeout: number): Promise<void> {
    const timer = setTimeout(() => {
      for (const { stop } of this.#running.values()) {
        stop.abort();
      }
    }, timeout);
    await Promise.allSettled([...this.#running.values()].map(({ done }) => done));
    clearTimeout(timer);
  }

  /** Runs a call in the background and answers it. */
  start(call: Message): void {
    const key = call["invocation_id"] ?? Symbol("a void call");
    const stop = new AbortController();
    const timeout = call["timeout_ms"];
    const timer =
      typeof timeout === "number"
        ? setTimeout(() => {
            stop.abort();
          }, timeout).unref()
        : undefined;
    const done = this.#execute(call, stop.signal).finally(() => {
      clearTimeout(timer);
      this.#running.delete(key);
    });
    this.#running.set(key, { stop, done });
  }

  async #execute(call: Message, signal: AbortSignal): Promise<void> {
    const function_id = String(call["function_id"]);
    const answer: Message = { type: "invocationresult", function_id };
    try {
      const known = this.#functions.get(function_id);
      if (known === undefined) {
        throw new CallError("function_not_found", `this worker has no function ${function_id}`);
      } else if (this.#running.size >= MAX_RUNNING_CALLS) {
        throw new CallError("too_many_calls", `this worker runs ${MAX_RUNNING_CALLS} calls already`);
      }
      answer["result"] = await known.handler(call["data"], signal);
    } catch (error) {
      answer["error"] = asBody(error);
    }
    const invocation_id = call["invocation_id"];
    if (typeof invocation_id === "string") {
      await this.#answer({ ...answer, invocation_id }).catch((error: unknown) => {
        this.log(`cannot answer ${function_id}: ${(error as Error).message}`);
      });
    }
  }

  async #answer(answer: Message): Promise<void> {
    try {
      await this.send(answer);
    } catch (error) {
      if (!(error instanceof CallError) || error.code === "disconnected") {
        throw error;
      }
      // The result cannot be sent, so the caller gets the reason.
      await this.send({ ...answer, result: undefined, error: asBody(error) });
    }
  }
}

function asBody(error: unknown): { code: string; message: string } {
  return error instanceof CallError
    ? { code: error.code, message: error.reason }
    : { code: "invocation_failed", message: describe(error) };
}
