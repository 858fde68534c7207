import { randomUUID } from "node:crypto";
import { hostname } from "node:os";

import { ChannelReader, ChannelWriter } from "./channel.js";
import { type Address, Connection } from "./connection.js";
import { CallError, ConnectError } from "./errors.js";
import { describe, Execution } from "./executor.js";
import { asRef, type ChannelRef, shown } from "./refs.js";
import { metadataOf, type Stage } from "./stage.js";

/** The version of this package. */
export const VERSION = "0.1.0";

/** The address of an engine if neither an option nor `III_URL` names one. */
export const DEFAULT_URL = "ws://127.0.0.1:49134";

/** Milliseconds that a call waits for its result by default. */
const CALL_TIMEOUT = 30_000;

/** Milliseconds that running calls have when a worker closes. */
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

type Handler = (data: unknown) => unknown;

interface Open {
  resolve: (value: unknown) => void;
  reject: (error: CallError) => void;
  timer: NodeJS.Timeout | undefined;
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
  readonly #functions = new Map<string, { registration: object; handler: Handler }>();
  readonly #calls = new Map<string, Open>();
  readonly #running = new Set<Promise<void>>();
  #connection: Connection | undefined;
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
  }

  /** Connects to the engine. Throws `ConnectError` if that fails the first time. */
  async connect(): Promise<this> {
    if (this.#connection === undefined) {
      await this.#dial();
      this.#done = this.#drive();
    }
    return this;
  }

  /** Finishes the running calls, at most 30 s, and disconnects. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CLOSE_TIMEOUT);
    });
    await Promise.race([Promise.allSettled(this.#running), timeout]);
    clearTimeout(timer);
    this.#closed = true;
    this.#wakeUp?.();
    await this.#connection?.close();
    await this.#done;
    this.#failAll("this worker was closed");
  }

  /** Registers stages by their ids. */
  async register(...stages: Stage[]): Promise<void> {
    for (const stage of stages) {
      const { description, inputSchema, outputSchema } = stage.options;
      const registration = {
        type: "registerfunction",
        id: stage.id,
        description: description ?? "a stage of a pipewright pipeline",
        metadata: metadataOf(stage),
        request_format: { type: "object", ...(inputSchema && { "x-pipewright-item": inputSchema }) },
        response_format: outputSchema === undefined ? {} : { "x-pipewright-item": outputSchema },
      };
      await this.#register(stage.id, registration, (request) => {
        if (typeof request !== "object" || request === null) {
          throw new CallError("deserialization_error", `${stage.id} takes a stage request`);
        }
        return new Execution(stage, this.address, request as Record<string, unknown>).run();
      });
    }
  }

  /** Registers a function that takes one JSON value and returns one. */
  async registerFunction(id: string, handler: Handler): Promise<void> {
    await this.#register(id, { type: "registerfunction", id }, handler);
  }

  async #register(id: string, registration: object, handler: Handler): Promise<void> {
    if (this.#functions.has(id)) {
      throw new TypeError(`${id} is registered by this worker already`);
    }
    this.#functions.set(id, { registration, handler });
    if (this.#connection !== undefined) {
      await this.#send(registration);
    }
  }

  /** Waits until the engine has processed the registrations. */
  async registered(): Promise<void> {
    await this.call("engine::workers::list", {});
  }

  /** Calls a function. `timeout` is in milliseconds; `Infinity` waits while the worker is connected. */
  async call(id: string, data: unknown = null, { timeout = CALL_TIMEOUT } = {}): Promise<unknown> {
    const invocation_id = randomUUID();
    const namespace = id.startsWith("engine::") ? "default" : this.#namespace;
    const result = new Promise<unknown>((resolve, reject) => {
      const late = (): void => {
        this.#calls.delete(invocation_id);
        reject(new CallError("timeout", `${id} gave no result within ${timeout} ms; raise \`timeout\` if it needs longer`));
      };
      const timer = Number.isFinite(timeout) ? setTimeout(late, timeout) : undefined;
      this.#calls.set(invocation_id, { resolve, reject, timer });
    });
    result.catch(() => undefined);
    try {
      await this.#send({ type: "invokefunction", invocation_id, function_id: id, data, ...(namespace !== undefined && { namespace }) });
    } catch (error) {
      clearTimeout(this.#calls.get(invocation_id)?.timer);
      this.#calls.delete(invocation_id);
      throw error;
    }
    return result;
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
    this.#log(`serving ${[...this.#functions.keys()].join(", ")} at ${shown(this.address.url)}`);
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
    const connection = await Connection.open(this.address, this.address.url);
    connection.ping();
    connection.watch();
    this.#connection = connection;
    if (this.#identity !== undefined) {
      const { worker_id, reattach_token } = this.#identity;
      await this.#send({ type: "reattach", previous_worker_id: worker_id, reattach_token });
    }
    const data = {
      runtime: "node",
      version: VERSION,
      name: this.#name,
      os: `${process.platform} ${process.arch}`,
      pid: process.pid,
      namespace: this.#namespace,
      telemetry: { framework: "pipewright" },
    };
    await this.#send({
      type: "invokefunction",
      function_id: "engine::workers::register",
      data,
      action: { type: "void" },
      namespace: "default",
    });
    for (const { registration } of this.#functions.values()) {
      await this.#send(registration);
    }
  }

  async #send(message: object): Promise<void> {
    let text: string;
    try {
      text = JSON.stringify(message);
    } catch (error) {
      throw new CallError("serialization_error", `the value has no JSON form: ${(error as Error).message}`);
    }
    if (this.#connection === undefined || !(await this.#connection.send(text))) {
      throw new CallError("disconnected", "this worker is not connected to its engine; it reconnects");
    }
  }

  async #drive(): Promise<void> {
    let attempt = 0;
    while (!this.#closed) {
      const connection = this.#connection;
      for (let text = await connection?.receive(); text !== undefined; text = await connection?.receive()) {
        attempt = 0;
        this.#received(text.toString());
      }
      this.#connection = undefined;
      this.#failAll("the connection to the engine was lost");
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
          this.#connection = undefined;
          this.#log(`cannot reconnect: ${(error as Error).message}`);
        }
      }
    }
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

  #failAll(reason: string): void {
    for (const { reject, timer } of this.#calls.values()) {
      clearTimeout(timer);
      reject(new CallError("disconnected", reason));
    }
    this.#calls.clear();
  }

  #received(line: string): void {
    let message: Record<string, unknown>;
    try {
      message = JSON.parse(line) as Record<string, unknown>;
    } catch {
      this.#log("the engine sent a message that is not JSON");
      return;
    }
    switch (message["type"]) {
      case "workerregistered":
        if (typeof message["reattach_token"] === "string") {
          this.#identity = { worker_id: String(message["worker_id"]), reattach_token: message["reattach_token"] };
        }
        return;
      case "invokefunction": {
        const running: Promise<void> = this.#execute(message).finally(() => this.#running.delete(running));
        this.#running.add(running);
        return;
      }
      case "invocationresult":
        this.#answered(message);
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
          return;
        }
        this.#log(`the engine rejected ${text(message["function_id"], this.#name)}: ${text(message["reason"], text(message["code"], ""))}`);
    }
  }

  #answered(message: Record<string, unknown>): void {
    const id = String(message["invocation_id"]);
    const open = this.#calls.get(id);
    if (open === undefined) {
      return;
    }
    this.#calls.delete(id);
    clearTimeout(open.timer);
    const error = message["error"] as { code?: unknown; message?: unknown } | null | undefined;
    if (error !== undefined && error !== null) {
      open.reject(new CallError(text(error.code, "invocation_failed"), text(error.message, "")));
    } else {
      open.resolve(message["result"] ?? null);
    }
  }

  async #execute(call: Record<string, unknown>): Promise<void> {
    const function_id = String(call["function_id"]);
    const answer: Record<string, unknown> = { type: "invocationresult", function_id };
    try {
      const known = this.#functions.get(function_id);
      if (known === undefined) {
        throw new CallError("function_not_found", `this worker has no function ${function_id}`);
      }
      answer["result"] = await known.handler(call["data"]);
    } catch (error) {
      answer["error"] =
        error instanceof CallError
          ? { code: error.code, message: error.reason }
          : { code: "invocation_failed", message: describe(error) };
    }
    const invocation_id = call["invocation_id"];
    if (typeof invocation_id === "string") {
      try {
        await this.#send({ ...answer, invocation_id });
      } catch (error) {
        this.#log(`cannot answer ${function_id}: ${(error as Error).message}`);
        if (error instanceof CallError && error.code === "serialization_error") {
          const failed = { code: error.code, message: error.reason };
          await this.#send({ ...answer, result: undefined, error: failed, invocation_id }).catch(() => undefined);
        }
      }
    }
  }
}
