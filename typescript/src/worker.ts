import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

import { ChannelReader, ChannelWriter } from "./channel.js";
import { announcement } from "./announcement.js";
import { Calls } from "./calls.js";
import type { Address } from "./connection.js";
import { Control, type Message } from "./control.js";
import { CallError, ConnectError } from "./errors.js";
import { Execution } from "./executor.js";
import { Functions, type Handler } from "./functions.js";
import { asRef, type ChannelRef, shown } from "./refs.js";
import { RegistrationRetry } from "./registrationRetry.js";
import { metadataOf, schemasOf, type Stage } from "./stage.js";

/** The address of an engine if neither an option nor `III_URL` names one. */
export const DEFAULT_URL = "ws://127.0.0.1:49134";

/** Milliseconds that a call waits for its result by default. */
const CALL_TIMEOUT = 30_000;

/** The id under which the answer to a ping is awaited; no call has this id. */
const PONG = "pong";

/** The id under which the answer to a drain is awaited; no call has this id. */
const DRAINED = "drained";

/** Milliseconds that running calls have to finish when a worker closes. */
const CLOSE_TIMEOUT = 30_000;

/** Options of a worker. */
export interface WorkerOptions {
  /** The engine. Default: `III_URL`, else `ws://127.0.0.1:49134`. */
  url?: string;
  /** The bearer token. Default: `III_TOKEN`. */
  token?: string;
  /** Certificates for `wss://`. */
  tls?: Address["tls"];
  /** Default: `III_WORKER_NAME`, else host, process and a random part. */
  name?: string;
  /** Default: `III_NAMESPACE`. */
  namespace?: string;
  /** Where the worker reports reconnects and rejections. Default: `console.error`. */
  log?: (line: string) => void;
}

/** Settings of a call. */
export interface CallOptions {
  /** In milliseconds. Default: 30 s. */
  timeout?: number;
  /** Ends the call; the executor is notified. */
  signal?: AbortSignal;
}

const env = (name: string): string | undefined => {
  const value = process.env[name]?.trim();
  return value === "" ? undefined : value;
};

const text = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);

/** A process connected to an engine: registers stages and functions, calls functions, creates channels. */
export class Worker {
  readonly address: Address;
  readonly #name: string;
  readonly #namespace: string | undefined;
  readonly #log: (line: string) => void;
  readonly #functions: Functions;
  readonly #calls = new Calls();
  readonly #rejections = new Map<string, string>();
  #extensions = false;
  #control: Control | undefined;
  readonly #retry: RegistrationRetry;
  #identity: { worker_id: string; reattach_token: string } | undefined;
  #closed = false;
  #wakeUp: (() => void) | undefined;
  #fatal: ConnectError | undefined;
  #done: Promise<void> = Promise.resolve();

  /** Prepares a worker; `connect` or `serve` connects it. */
  constructor({ url, token, tls, name, namespace, log }: WorkerOptions = {}) {
    this.address = {
      url: url ?? env("III_URL") ?? DEFAULT_URL,
      token: token ?? env("III_TOKEN"),
      owner: randomUUID(),
      tls,
    };
    this.#name = name ?? env("III_WORKER_NAME") ?? `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
    this.#namespace = namespace ?? env("III_NAMESPACE");
    this.#log = log ?? ((line) => { console.error(line); });
    this.#functions = new Functions((message) => this.#send(message), this.#log);
    this.#retry = new RegistrationRetry(
      (id) => this.#send(this.#functions.registration(id)),
      () => this.#barrier(CALL_TIMEOUT),
      this.#log,
    );
  }

  /** Connects to the engine. Throws `ConnectError` if that fails the first time. */
  async connect(): Promise<this> {
    if (this.#control === undefined) {
      await this.#dial();
      this.#done = this.#drive();
    }
    return this;
  }

  /** Accepts no more calls, finishes the running ones within 30 s, and disconnects. */
  async close(): Promise<void> {
    this.#retry.stop();
    const deadline = performance.now() + CLOSE_TIMEOUT;
    await this.#drain().catch(() => undefined);
    await this.#functions.finish(Math.max(0, deadline - performance.now()));
    this.#closed = true;
    this.#wakeUp?.();
    await this.#control?.close();
    await this.#done;
    this.#calls.failAll("disconnected", "this worker was closed");
  }

  async #drain(): Promise<void> {
    const { ids } = this.#functions;
    if (ids.length === 0 || this.#control === undefined) {
      return;
    }
    for (const id of ids) {
      await this.#send({ type: "unregisterfunction", id });
    }
    // Calls that the engine forwarded before this still arrive; they are served.
    if (this.#extensions) {
      const drained = this.#calls.begin(DRAINED, CLOSE_TIMEOUT, "the engine did not answer");
      await this.#send({ type: "drain" });
      await drained;
    } else {
      await this.#barrier(CLOSE_TIMEOUT);
    }
  }

  /** Closes the worker at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Registers stages by their ids. */
  async register(...stages: Stage[]): Promise<void> {
    for (const stage of stages) {
      const { request: request_format, response: response_format } = schemasOf(stage);
      const registration = {
        type: "registerfunction",
        id: stage.id,
        description: stage.options.description ?? "a stage of a pipewright pipeline",
        metadata: metadataOf(stage),
        request_format,
        response_format,
      };
      await this.#register(stage.id, registration, (request, signal) => {
        if (typeof request !== "object" || request === null) {
          throw new CallError("deserialization_error", `${stage.id} takes a stage request`);
        }
        const execution = new Execution(stage, this.address, request as Record<string, unknown>);
        signal.addEventListener("abort", () => {
          execution.cancel();
        });
        return execution.run();
      });
    }
  }

  /**
   * Registers a function that takes one JSON value and returns one. The signal is aborted when the
   * caller no longer waits.
   */
  async registerFunction(id: string, handler: Handler): Promise<void> {
    await this.#register(id, { type: "registerfunction", id }, handler);
  }

  async #register(id: string, registration: Record<string, unknown>, handler: Handler): Promise<void> {
    this.#functions.add(id, registration, handler);
    if (this.#control !== undefined) {
      await this.#send(registration);
    }
  }

  /**
   * Waits until the engine has processed the registrations. Throws `CallError` with the engine's reason
   * if it rejected one. A function that another worker has is not rejected: it waits.
   */
  async registered({ timeout = CALL_TIMEOUT } = {}): Promise<void> {
    await this.#barrier(timeout);
    if (this.#rejections.size > 0) {
      const rejected = [...this.#rejections].map(([id, why]) => `${id} (${why})`);
      throw new CallError("registration_rejected", `the engine rejected ${rejected.join(", ")}`);
    }
  }

  /** Waits until the engine has processed every earlier message, which it answers in order. */
  async #barrier(timeout: number): Promise<void> {
    const pong = this.#calls.begin(PONG, timeout, `the engine did not answer within ${timeout} ms`);
    await this.#send({ type: "ping" });
    await pong;
  }

  /**
   * Calls a function. `timeout` is in milliseconds; `Infinity` waits while the worker is connected. The
   * executor is notified when the call times out or `signal` is aborted.
   */
  async call(id: string, data: unknown = null, { timeout = CALL_TIMEOUT, signal }: CallOptions = {}): Promise<unknown> {
    const invocation_id = randomUUID();
    const namespace = id.startsWith("engine::") ? "default" : this.#namespace;
    const late = `${id} gave no result within ${timeout} ms; raise \`timeout\` if it needs longer`;
    const result = this.#calls.begin(invocation_id, timeout, late);
    const cancel = (): void => {
      this.#calls.fail(invocation_id, "cancelled", `the call of ${id} was cancelled`);
    };
    signal?.addEventListener("abort", cancel);
    try {
      const timeout_ms = Number.isFinite(timeout) ? Math.max(1, Math.round(timeout)) : undefined;
      await this.#send({ type: "invokefunction", invocation_id, function_id: id, data, timeout_ms, namespace });
      if (signal?.aborted === true) {
        cancel();
      }
      return await result;
    } catch (error) {
      if (error instanceof CallError && (error.code === "cancelled" || error.code === "timeout") && this.#extensions) {
        await this.#send({ type: "cancelinvocation", invocation_id }).catch(() => undefined);
      }
      throw error;
    } finally {
      signal?.removeEventListener("abort", cancel);
      this.#calls.forget(invocation_id);
    }
  }

  /** Creates a channel; returns the refs of its ends. */
  async createChannel(bufferSize: number | null = null): Promise<{ writer: ChannelRef; reader: ChannelRef }> {
    const created = (await this.call("engine::channels::create", { buffer_size: bufferSize })) as Record<string, unknown> | null;
    const [writer, reader] = [asRef(created?.["writer"]), asRef(created?.["reader"])];
    if (writer === undefined || reader === undefined) {
      throw new CallError("deserialization_error", "the engine's answer has no channel refs");
    }
    return { writer, reader };
  }

  /** Prepares the reading end of a channel of bytes. */
  reader(ref: ChannelRef): ChannelReader {
    return new ChannelReader(this.address, ref);
  }

  /** Prepares the writing end of a channel of bytes. */
  writer(ref: ChannelRef): ChannelWriter {
    return new ChannelWriter(this.address, ref);
  }

  /** Registers the stages and serves until SIGINT or SIGTERM. */
  async serve(...stages: Stage[]): Promise<void> {
    await this.connect();
    await this.register(...stages);
    await this.registered();
    this.#log(`serving ${this.#functions.ids.join(", ")} at ${shown(this.address.url)}`);
    const interrupted = new Promise<void>((resolve) => {
      process.once("SIGINT", resolve);
      process.once("SIGTERM", resolve);
    });
    await Promise.race([interrupted, this.#done]);
    await this.close();
    if (this.#fatal !== undefined) {
      throw this.#fatal;
    }
  }

  async #dial(): Promise<void> {
    this.#control = await Control.open(this.address, this.#log);
    this.#rejections.clear();
    if (this.#identity !== undefined) {
      const { worker_id, reattach_token } = this.#identity;
      await this.#send({ type: "reattach", previous_worker_id: worker_id, reattach_token });
    }
    // Before the announcement, which says that all functions are registered (section 2.5).
    const { registrations } = this.#functions;
    for (const registration of registrations) {
      await this.#send(registration);
    }
    await this.#send(announcement(this.#name, this.#namespace, registrations.length > 0));
  }

  async #send(message: Message): Promise<void> {
    if (this.#control === undefined) {
      throw new CallError("disconnected", "this worker is not connected to its engine");
    }
    await this.#control.send(message);
  }

  async #drive(): Promise<void> {
    let attempt = 0;
    while (!this.#closed) {
      for await (const message of this.#control ?? []) {
        attempt = 0;
        this.#received(message);
      }
      this.#control = undefined;
      this.#retry.stop();
      this.#calls.failAll("disconnected", "the connection to the engine was lost");
      if (this.#isOver()) {
        return;
      }
      this.#log(`lost the connection to ${shown(this.address.url)}; reconnecting`);
      for (;;) {
        // Doubles from 1 s to 30 s, with a jitter of 30 % (`docs/protocol.md` section 6).
        const delay = Math.min(30_000, 1000 * 2 ** attempt) * (0.7 + 0.6 * Math.random());
        await this.#pause(attempt === 0 ? delay / 4 : delay);
        if (this.#isOver()) {
          return;
        }
        attempt += 1;
        try {
          await this.#dial();
          break;
        } catch (error) {
          this.#log(`cannot reconnect: ${(error as Error).message}`);
          await this.#abandon();
        }
      }
    }
  }

  /** Closes a connection on which the worker could not register. */
  async #abandon(): Promise<void> {
    const control = this.#control;
    this.#control = undefined;
    await control?.close();
  }

  #isOver(): boolean {
    return this.#closed || this.#fatal !== undefined;
  }

  async #pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #received(message: Message): void {
    switch (message["type"]) {
      case "workerregistered":
        this.#extensions = message["pipewright"] === 1;
        if (typeof message["reattach_token"] === "string") {
          this.#identity = { worker_id: String(message["worker_id"]), reattach_token: message["reattach_token"] };
        }
        return;
      case "invokefunction":
        this.#functions.start(message);
        return;
      case "cancelinvocation":
        this.#functions.cancel(message["invocation_id"]);
        return;
      case "pong":
        this.#calls.resolve(PONG, undefined);
        return;
      case "drained":
        this.#calls.resolve(DRAINED, undefined);
        return;
      case "invocationresult":
        this.#calls.answer(message);
        return;
      case "ping":
        this.#send({ type: "pong" }).catch(() => undefined);
        return;
      case "registrationrejected":
        if (message["code"] === "WORKER_NAMESPACE_CONFLICT") {
          this.#fatal = new ConnectError(`another worker is named '${this.#name}'; choose a \`name\``);
        }
        if (typeof message["function_id"] === "string" && message["reason"] === undefined) {
          this.#log(`${message["function_id"]} waits: the worker ${text(message["owner_worker_id"], "of another process")} has it`);
          if (!this.#extensions) {
            this.#retry.refused(message["function_id"]);
          }
          return;
        }
        this.#rejections.set(text(message["function_id"], this.#name), text(message["reason"], text(message["code"], "")));
        this.#log(`the engine rejected ${text(message["function_id"], this.#name)}: ${text(message["reason"], text(message["code"], ""))}`);
    }
  }
}
