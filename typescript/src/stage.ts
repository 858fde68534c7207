import type { Format } from "./formats.js";
import { lines, ndjson } from "./formats.js";
import type { Validator } from "./items.js";

/** What a stage knows about its run. */
export interface RunContext<P = unknown, S = unknown> {
  /** The id of the stage. */
  readonly stage: string;
  /** The parameters of the run, checked by `params` of the options. */
  readonly params: P;
  /** One value per run, made by `state` of the options. */
  readonly state: S;
  /** The metadata of the input's sender. */
  readonly metadata: unknown;
  /** Aborted when the run is cancelled or the output's reader leaves. */
  readonly signal: AbortSignal;
  /** Sends a user message to the output, in its place among the items. */
  sendMessage(text: string): Promise<void>;
}

/** Settings of a stage. */
export interface StageOptions<A = unknown, B = unknown, P = unknown, S = unknown> {
  /** Items that are handled at once; the order of the output is kept. Default: 1. */
  concurrency?: number;
  /** Checks each input item, as a schema of zod does. */
  input?: Validator<A>;
  /** Checks each output item. */
  output?: Validator<B>;
  /** Checks the parameters of a run. */
  params?: Validator<P>;
  /** Makes the state of a run. */
  state?: () => S;
  /** The format of the input. Default: `ndjson`. */
  inputFormat?: "ndjson" | "lines";
  /** The format of the output. Default: `ndjson`. */
  outputFormat?: "ndjson" | "lines";
  /** The JSON schema of an input item; zod has `z.toJSONSchema`. */
  inputSchema?: object;
  /** The JSON schema of an output item. */
  outputSchema?: object;
  /** The name of the input type, for people. */
  inputName?: string;
  /** The name of the output type, for people. */
  outputName?: string;
  /** The first paragraph of the documentation. */
  description?: string;
}

/** What a stage does with its streams. */
export type StageKind = "item" | "filter" | "many" | "stream" | "bytes" | "producer" | "consumer";

type Awaitable<T> = T | Promise<T>;
type Many<T> = Iterable<T> | AsyncIterable<T>;

/** A function with the facts that a worker needs. */
export interface Stage {
  readonly id: string;
  readonly kind: StageKind;
  readonly options: StageOptions;
  readonly run: (input: unknown, context: RunContext) => unknown;
}

function define(kind: StageKind, id: string, options: object, run: unknown): Stage {
  const stage = { id, kind, options: options as StageOptions, run: run as Stage["run"] };
  const concurrency = stage.options.concurrency ?? 1;
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new TypeError(`${id}: concurrency must be an integer of at least 1`);
  }
  const single = kind === "item" || kind === "filter" || kind === "many";
  if (concurrency > 1 && (!single || stage.options.state !== undefined)) {
    throw new TypeError(`${id}: concurrency needs a function of one item without state`);
  }
  return stage;
}

/**
 * Makes a stage of a function: one item in, one item out. A result of `undefined` gives no item.
 *
 * Other shapes: `stage.filter`, `stage.flatMap`, `stage.stream`, `stage.bytes`, `stage.producer`,
 * `stage.consumer`.
 */
export function stage<A, B, P = unknown, S = unknown>(
  id: string,
  options: StageOptions<A, B, P, S>,
  run: (item: A, context: RunContext<P, S>) => Awaitable<B | undefined>,
): Stage {
  return define("item", id, options, run);
}

/** Keeps the items for which the function returns true. */
stage.filter = <A, P = unknown, S = unknown>(
  id: string,
  options: StageOptions<A, A, P, S>,
  run: (item: A, context: RunContext<P, S>) => Awaitable<boolean>,
): Stage => define("filter", id, options, run);

/** One item in, any number of items out. */
stage.flatMap = <A, B, P = unknown, S = unknown>(
  id: string,
  options: StageOptions<A, B, P, S>,
  run: (item: A, context: RunContext<P, S>) => Awaitable<Many<B>>,
): Stage => define("many", id, options, run);

/** A stream of items to a stream of items. */
stage.stream = <A, B, P = unknown, S = unknown>(
  id: string,
  options: StageOptions<A, B, P, S>,
  run: (items: AsyncIterable<A>, context: RunContext<P, S>) => Many<B>,
): Stage => define("stream", id, options, run);

/** Bytes to bytes. */
stage.bytes = <P = unknown, S = unknown>(
  id: string,
  options: StageOptions<unknown, unknown, P, S>,
  run: (payload: AsyncIterable<Buffer>, context: RunContext<P, S>) => Many<Uint8Array | string>,
): Stage => define("bytes", id, options, run);

/** No input. */
stage.producer = <B, P = unknown, S = unknown>(
  id: string,
  options: StageOptions<unknown, B, P, S>,
  run: (context: RunContext<P, S>) => Many<B>,
): Stage => define("producer", id, options, (_input: unknown, context: RunContext<P, S>) => run(context));

/** No output. */
stage.consumer = <A, P = unknown, S = unknown>(
  id: string,
  options: StageOptions<A, unknown, P, S>,
  run: (items: AsyncIterable<A>, context: RunContext<P, S>) => Awaitable<unknown>,
): Stage => define("consumer", id, options, run);

/** The format of this name. */
export const formatOf = (name: "ndjson" | "lines" | undefined): Format => (name === "lines" ? lines : ndjson);

/** The metadata of the registration (`docs/protocol.md` section 10.2). */
export function metadataOf({ kind, options }: Stage): object {
  const format = (name: string | undefined) => (kind === "bytes" ? "bytes" : (name ?? "ndjson"));
  const side = (name: string | undefined, item: string | undefined) => ({ format: format(name), ...(item !== undefined && { item }) });
  return {
    pipewright: 1,
    kind: kind === "producer" || kind === "consumer" ? kind : "stage",
    ...(kind !== "producer" && { input: side(options.inputFormat, options.inputName) }),
    ...(kind !== "consumer" && { output: side(options.outputFormat, options.outputName) }),
    ...((kind === "item" || kind === "filter" || kind === "many") && { keeps_order: true }),
  };
}
