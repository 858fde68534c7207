import { type Compression, compressor } from "./compression.js";
import { type Format, lines, ndjson } from "./formats.js";
import type { Validator } from "./items.js";
import { msgpack } from "./msgpack.js";

/** The name of a format of items. `msgpack` needs the package `@msgpack/msgpack`. */
export type FormatName = "ndjson" | "lines" | "msgpack";

/** The context of a stage's run. */
export interface RunContext<P = unknown, S = unknown> {
  /** The id of the stage. */
  readonly stage: string;
  /** The parameters of the run, checked by `params` of the options. */
  readonly params: P;
  /** One value per run, created by `state` of the options. */
  readonly state: S;
  /** The metadata of the input's sender. */
  readonly metadata: unknown;
  /** Aborted when the run is cancelled or the output's reader leaves. */
  readonly signal: AbortSignal;
  /** Sends a user message to the output, in order with the items. */
  sendMessage(text: string): Promise<void>;
}

/** Settings of a stage. */
export interface StageOptions<A = unknown, B = unknown, P = unknown, S = unknown> {
  /** Number of items handled concurrently; the order of the output is kept. Default: 1. */
  concurrency?: number;
  /** Checks each input item, as a schema of zod does. */
  input?: Validator<A>;
  /** Checks each output item. */
  output?: Validator<B>;
  /** Checks the parameters of a run. */
  params?: Validator<P>;
  /** Creates the state of a run. */
  state?: () => S;
  /** The format of the input. Default: `ndjson`. */
  inputFormat?: FormatName;
  /** The format of the output. Default: `ndjson`. */
  outputFormat?: FormatName;
  /** Compresses the output. `zstd` needs Node 22.15 or later, or the package `zstd-napi`. */
  compression?: Compression;
  /** The JSON schema of an input item. Default: that of `input`, if its validator has one. */
  inputSchema?: object;
  /** The JSON schema of an output item. Default: that of `output`, if its validator has one. */
  outputSchema?: object;
  /** The name of the input type, for people. */
  inputName?: string;
  /** The name of the output type, for people. */
  outputName?: string;
  /** The first paragraph of the documentation. */
  description?: string;
}

/** How a stage uses its streams. */
export type StageKind = "item" | "filter" | "many" | "stream" | "bytes" | "producer" | "consumer";

type Awaitable<T> = T | Promise<T>;
type Many<T> = Iterable<T> | AsyncIterable<T>;

/** A function with the description that a worker needs. */
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
  // Reports a missing package now, not when the first run starts.
  formatOf(stage.options.inputFormat).decoder();
  formatOf(stage.options.outputFormat).decoder();
  if (stage.options.compression !== undefined) {
    compressor(stage.options.compression);
  }
  return stage;
}

interface Described {
  "~standard"?: { jsonSchema?: Record<"input" | "output", (options: { target: string }) => object> };
  toJSONSchema?: () => object;
}

/** The JSON schema of a validator, by Standard JSON Schema or zod's own method, if it has one. */
function schemaOf(validator: unknown, side: "input" | "output"): object | undefined {
  const described = validator as Described | undefined;
  try {
    const standard = described?.["~standard"]?.jsonSchema;
    return standard === undefined ? described?.toJSONSchema?.() : standard[side]({ target: "draft-2020-12" });
  } catch {
    // A validator may accept more than a schema can express, such as dates. It still checks the items.
    return undefined;
  }
}

/** The schemas that are registered: of the parameters and of the items (section 10.2). */
export function schemasOf({ options }: Stage): { request: object; response: object } {
  const params = schemaOf(options.params, "input");
  const input = options.inputSchema ?? schemaOf(options.input, "input");
  const output = options.outputSchema ?? schemaOf(options.output, "output");
  return {
    request: {
      type: "object",
      properties: params === undefined ? {} : { params },
      ...(input !== undefined && { "x-pipewright-item": input }),
    },
    response: output === undefined ? {} : { "x-pipewright-item": output },
  };
}

/**
 * Creates a stage from a function: one item in, one item out. A result of `undefined` outputs nothing.
 *
 * Other kinds: `stage.filter`, `stage.flatMap`, `stage.stream`, `stage.bytes`, `stage.producer`,
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

/** The format with this name. */
export function formatOf(name: FormatName = "ndjson"): Format {
  const format = { ndjson, lines, msgpack }[name] as Format | undefined;
  if (format === undefined) {
    throw new TypeError(`the format '${name}' is not supported here; use ndjson, lines or msgpack`);
  }
  return format;
}

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
