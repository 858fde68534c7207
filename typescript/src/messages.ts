/** Messages of the stream protocol (`docs/protocol.md` section 9). */

/** The version of the stream protocol that this package reads and writes. */
export const VERSION = 1;

/** The largest binary frame that a writer sends, in bytes (section 4.2). */
export const MAX_FRAME = 64 * 1024;

/** The code of a stage whose input was aborted (section 9.4). */
export const INPUT_FAILED = "input_failed";

/** The first frame of a stream (section 9.2). `content` is the user's metadata. */
export interface Header {
  format: string;
  encoding?: string | undefined;
  item?: string | undefined;
  schema?: unknown;
  compression?: string | undefined;
  heartbeat_ms?: number | undefined;
  content?: unknown;
}

/** The last frame of a complete stream (section 9.3). */
export interface End {
  bytes: number;
  items?: number | undefined;
  crc32c?: number | undefined;
}

/** Sent instead of the end: what failed, and what led to it (section 9.4). */
export interface Abort {
  code: string;
  message: string;
  stage?: string | undefined;
  item?: number | undefined;
  causes?: Abort[] | undefined;
}

/** How far a stage has come (section 9.5). */
export interface Progress {
  stage: string;
  items: number;
  bytes: number;
  [more: string]: unknown;
}

/** Keeps the order across copies of a stage; forwarded in its place (section 9.9). */
export interface Turn {
  turns: number;
}

/** A message of the stream protocol, by its name. */
export type Message =
  | { kind: "header"; header: Header }
  | { kind: "end"; end: End }
  | { kind: "abort"; abort: Abort }
  | { kind: "progress"; progress: Progress }
  | { kind: "turn"; turn: Turn }
  | { kind: "heartbeat" };

/** A text frame that claims to belong to the protocol and is malformed. */
export class MalformedMessage extends Error {}

const tagged = (type: string, fields: object): string =>
  JSON.stringify({ type, pipewright: VERSION, ...fields });

export const encodeHeader = (header: Header): string => tagged("metadata", header);
export const encodeAbort = (abort: Abort): string => tagged("error", abort);
export const encodeTurn = (turn: Turn): string => tagged("turn", turn);
export const encodeHeartbeat = (): string => tagged("heartbeat", {});
export const encodeEnd = (end: End): string => {
  const crc32c = end.crc32c === undefined ? undefined : end.crc32c.toString(16).padStart(8, "0");
  return tagged("end", { bytes: end.bytes, items: end.items, crc32c });
};

/** The abort that began it all. */
export const firstCause = (abort: Abort): Abort => abort.causes?.[0] ?? abort;

/** Describes the first cause, with its stage and item. */
export function describeAbort(abort: Abort): string {
  const first = firstCause(abort);
  const stage = first.stage === undefined ? [] : [`stage ${first.stage}`];
  const item = first.item === undefined ? [] : [`at item ${first.item}`];
  const place = [...stage, ...item].join(" ");
  return place === "" ? first.message : `${place}: ${first.message}`;
}

/** The abort of a stage whose input ended in `abort`. */
export function passedOn(abort: Abort, stage: string): Abort {
  const { causes = [], ...own } = abort;
  return { code: INPUT_FAILED, message: "its input was aborted", stage, causes: [...causes, own] };
}

type Fields = Record<string, unknown>;

const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function count(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw new MalformedMessage(`malformed \`${String(fields["type"])}\` message: \`${name}\` is not a count`);
  }
  return value;
}

function readEnd(fields: Fields): End {
  const bytes = count(fields, "bytes");
  if (bytes === undefined) {
    throw new MalformedMessage("malformed `end` message: `bytes` is missing");
  }
  const digits = fields["crc32c"];
  if (digits !== undefined && digits !== null && !(typeof digits === "string" && /^[0-9a-fA-F]{8}$/.test(digits))) {
    throw new MalformedMessage("malformed `end` message: `crc32c` is not 8 hexadecimal digits");
  }
  const crc32c = typeof digits === "string" ? parseInt(digits, 16) : undefined;
  return { bytes, items: count(fields, "items"), crc32c };
}

/** Reads the members of an abort leniently: unknown members are ignored. */
export function readAbort(fields: Fields): Abort {
  const text = (name: string) => (typeof fields[name] === "string" ? fields[name] : undefined);
  const item = fields["item"];
  const causes = Array.isArray(fields["causes"]) ? fields["causes"].filter(isObject) : [];
  return {
    code: text("code") ?? "",
    message: text("message") ?? "",
    stage: text("stage"),
    item: typeof item === "number" ? item : undefined,
    ...(causes.length > 0 && { causes: causes.map(readAbort) }),
  };
}

function readHeader(fields: Fields): Header {
  const { format, encoding, item, schema, compression, content } = fields;
  if (typeof format !== "string") {
    throw new MalformedMessage("malformed `metadata` message: `format` is not a string");
  }
  const text = (value: unknown) => (typeof value === "string" ? value : undefined);
  return {
    format,
    encoding: text(encoding),
    item: text(item),
    schema,
    compression: text(compression),
    heartbeat_ms: count(fields, "heartbeat_ms"),
    content,
  };
}

/**
 * Reads a text frame. `undefined` means that it is a message of the user.
 *
 * @throws MalformedMessage if the frame claims to belong to the protocol and is malformed.
 */
export function parseMessage(text: string): Message | undefined {
  if (!text.includes('"pipewright"')) {
    return undefined;
  }
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(fields) || typeof fields["type"] !== "string" || !Number.isInteger(fields["pipewright"])) {
    return undefined;
  }
  if (fields["pipewright"] !== VERSION) {
    throw new MalformedMessage(
      `the stream speaks version ${String(fields["pipewright"])} of the stream protocol, this reader ${VERSION}`,
    );
  }
  switch (fields["type"]) {
    case "metadata":
      return { kind: "header", header: readHeader(fields) };
    case "end":
      return { kind: "end", end: readEnd(fields) };
    case "error":
      return { kind: "abort", abort: readAbort(fields) };
    case "heartbeat":
      return { kind: "heartbeat" };
    case "turn":
      return { kind: "turn", turn: { turns: count(fields, "turns") ?? 0 } };
    case "progress": {
      const { stage, ...more } = fields;
      delete more["type"];
      delete more["pipewright"];
      const own = { items: count(fields, "items") ?? 0, bytes: count(fields, "bytes") ?? 0 };
      return { kind: "progress", progress: { ...more, ...own, stage: typeof stage === "string" ? stage : "" } };
    }
    default:
      return undefined;
  }
}
