/** Messages of the stream protocol (`docs/protocol.md` section 9). */

/** The version of the stream protocol that this package reads and writes. */
export const VERSION = 1;

/** The largest binary frame that a writer sends, in bytes (section 4.2). */
export const MAX_FRAME = 64 * 1024;

/** The code of a stage whose input was aborted (section 9.4). */
export const INPUT_FAILED = "input_failed";

/** Maximum bytes of a text in an abort; longer ones are truncated (section 9.4). */
const MAX_ABORT_TEXT = 16 * 1024;

/** Maximum number of causes in an abort, first cause first (section 9.4). */
const MAX_CAUSES = 16;

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

/** Sent instead of the end: the failure and its causes (section 9.4). */
export interface Abort {
  code: string;
  message: string;
  stage?: string | undefined;
  item?: number | undefined;
  causes?: Abort[] | undefined;
}

/** The progress of a stage (section 9.5). */
export interface Progress {
  stage: string;
  items: number;
  bytes: number;
  [more: string]: unknown;
}

/** Keeps the order across copies of a stage; forwarded in its position (section 9.9). */
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
export const encodeAbort = (abort: Abort): string => tagged("error", bounded(abort));
export const encodeTurn = (turn: Turn): string => tagged("turn", turn);
export const encodeProgress = (progress: Progress): string => tagged("progress", progress);
export const encodeHeartbeat = (): string => tagged("heartbeat", {});
export const encodeEnd = (end: End): string => {
  const crc32c = end.crc32c === undefined ? undefined : end.crc32c.toString(16).padStart(8, "0");
  return tagged("end", { bytes: end.bytes, items: end.items, crc32c });
};

function cut(text: string): string {
  const bytes = Buffer.from(text.toWellFormed());
  if (bytes.length <= MAX_ABORT_TEXT) {
    return bytes.toString();
  }
  // A character that would be split is omitted.
  const kept = bytes.subarray(0, MAX_ABORT_TEXT).toString().replace(/\ufffd+$/, "");
  return `${kept}.. (cut, ${bytes.length} bytes)`;
}

/** The abort with texts and causes within their limits; causes are flat. */
export function bounded({ code, message, stage, item, causes = [] }: Abort): Abort {
  const flat = causes.slice(0, MAX_CAUSES).map((cause) => bounded({ ...cause, causes: [] }));
  return {
    code: cut(code),
    message: cut(message),
    stage: stage === undefined ? undefined : cut(stage),
    item,
    ...(flat.length > 0 && { causes: flat }),
  };
}

/** The first cause. */
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

function malformed(fields: Fields, why: string): MalformedMessage {
  const kind = typeof fields["type"] === "string" ? fields["type"] : "error";
  return new MalformedMessage(`malformed \`${kind}\` message: ${why}`);
}

function count(fields: Fields, name: string): number | undefined {
  const value = fields[name];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0) {
    throw malformed(fields, `\`${name}\` is not a count`);
  }
  return value;
}

function text(fields: Fields, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === null) {
    return undefined;
  }
  if (typeof value !== "string") {
    throw malformed(fields, `\`${name}\` is not a string`);
  }
  return value;
}

function readEnd(fields: Fields): End {
  const bytes = count(fields, "bytes");
  if (bytes === undefined) {
    throw malformed(fields, "`bytes` is missing");
  }
  const digits = text(fields, "crc32c");
  if (digits !== undefined && !/^[0-9a-fA-F]{8}$/.test(digits)) {
    throw malformed(fields, "`crc32c` is not 8 hexadecimal digits");
  }
  return { bytes, items: count(fields, "items"), crc32c: digits === undefined ? undefined : parseInt(digits, 16) };
}

/** Reads the members of an abort. Causes of causes are omitted, because the list is flat by the protocol. */
export function readAbort(fields: Fields, isCause = false): Abort {
  const causes = fields["causes"] ?? [];
  if (!Array.isArray(causes) || !causes.every(isObject)) {
    throw malformed(fields, "`causes` is not a list of aborts");
  }
  return {
    code: text(fields, "code") ?? "",
    message: text(fields, "message") ?? "",
    stage: text(fields, "stage"),
    item: count(fields, "item"),
    ...(causes.length > 0 && !isCause && { causes: causes.map((cause) => readAbort(cause, true)) }),
  };
}

function readHeader(fields: Fields): Header {
  const format = text(fields, "format");
  if (format === undefined) {
    throw malformed(fields, "`format` is missing");
  }
  return {
    format,
    encoding: text(fields, "encoding"),
    item: text(fields, "item"),
    schema: fields["schema"],
    compression: text(fields, "compression"),
    heartbeat_ms: count(fields, "heartbeat_ms"),
    content: fields["content"],
  };
}

function readTurn(fields: Fields): Turn {
  const turns = count(fields, "turns");
  if (turns === undefined) {
    throw malformed(fields, "`turns` is missing");
  }
  return { turns };
}

const isVersion = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 0;

/**
 * Reads a text frame. `undefined` means that it is a message of the user.
 *
 * @throws MalformedMessage if the frame claims to belong to the protocol and is malformed.
 */
export function parseMessage(frame: string): Message | undefined {
  if (!frame.includes('"pipewright"')) {
    return undefined;
  }
  let fields: unknown;
  try {
    fields = JSON.parse(frame);
  } catch {
    return undefined;
  }
  if (!isObject(fields) || typeof fields["type"] !== "string" || !isVersion(fields["pipewright"])) {
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
      return { kind: "turn", turn: readTurn(fields) };
    case "progress": {
      const more = { ...fields };
      delete more["type"];
      delete more["pipewright"];
      const own = { items: count(fields, "items") ?? 0, bytes: count(fields, "bytes") ?? 0 };
      return { kind: "progress", progress: { ...more, ...own, stage: text(fields, "stage") ?? "" } };
    }
    default:
      return undefined;
  }
}
