import { isUtf8 } from "node:buffer";

import { ItemError } from "./errors.js";

/** The largest item that a receiver accepts, in bytes. */
export const MAX_ITEM = 64 * 1024 * 1024;

/** Splits payload into encoded items. */
export interface Decoder {
  /** Accepts payload; returns the encoded items that are now complete. Throws `ItemError` at a bad one. */
  feed(payload: Buffer): Iterable<unknown>;
  /** Returns the rest at the end. Throws `ItemError` for an incomplete item. */
  finish(): Iterable<unknown>;
}

/** How items become bytes (`docs/protocol.md` section 9.7). */
export interface Format {
  readonly name: string;
  readonly encoding?: string;
  decoder(): Decoder;
  /** Decodes one item. Throws `ItemError`. */
  decode(encoded: unknown): unknown;
  /** Encodes one item, completely or not at all. Throws `ItemError`. */
  encode(item: unknown): Buffer | string;
}

const LF = 0x0a;

/** The byte order mark, which a reader of JSON skips (section 9.7). In text it is part of the item. */
const BOM = "\ufeff";

/** The key that stands for a nested option (section 9.7); a writer refuses it in user data. */
const MARK = "$pipewright.some";

/** Text that requires a check of each line: CRLF, byte order marks, lines that may be blank. */
const UNUSUAL = /\r|\ufeff|(?:^|\n)(?:[ \t\n]|$)/;

class LineDecoder implements Decoder {
  #rest: Buffer[] = [];
  #size = 0;

  constructor(readonly json: boolean) {}

  feed(payload: Buffer): Iterable<string> {
    const last = payload.lastIndexOf(LF);
    if (last < 0) {
      this.#keep(payload);
      return [];
    }
    const head = payload.subarray(0, last);
    const whole = this.#size > 0 ? Buffer.concat([...this.#rest, head]) : head;
    this.#rest = [];
    this.#size = 0;
    this.#keep(payload.subarray(last + 1));
    return this.#plain(whole) ?? this.#lines(whole);
  }

  /** The lines, if none of them requires a separate check. */
  #plain(whole: Buffer): string[] | undefined {
    if (whole.length > MAX_ITEM || !isUtf8(whole)) {
      return undefined;
    }
    const text = whole.toString();
    return UNUSUAL.test(text) ? undefined : text.split("\n");
  }

  *finish(): Generator<string, void, void> {
    const rest = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#size = 0;
    if (rest.length > 0) {
      yield* this.#lines(rest);
    }
  }

  #keep(piece: Buffer): void {
    if (piece.length > 0) {
      // A copy, because a small rest would keep the whole frame in memory.
      this.#rest.push(Buffer.from(piece));
      this.#size += piece.length;
      check(this.#size);
    }
  }

  *#lines(whole: Buffer): Generator<string, void, void> {
    if (isUtf8(whole)) {
      // One conversion for many lines.
      for (const line of whole.toString().split("\n")) {
        yield* this.#line(line, whole.length > MAX_ITEM ? Buffer.byteLength(line) : 0);
      }
      return;
    }
    for (let start = 0; start <= whole.length; ) {
      const end = whole.indexOf(LF, start);
      const line = whole.subarray(start, end < 0 ? whole.length : end);
      if (!isUtf8(line)) {
        throw new ItemError(this.json ? "cannot be read as JSON: it is not UTF-8" : "the line is not UTF-8");
      }
      yield* this.#line(line.toString(), line.length);
      start = end < 0 ? whole.length + 1 : end + 1;
    }
  }

  *#line(line: string, size: number): Generator<string, void, void> {
    check(size);
    let kept = line.endsWith("\r") ? line.slice(0, -1) : line;
    if (this.json && kept.startsWith(BOM)) {
      kept = kept.slice(1);
    }
    // A blank line contains JSON white space only; the parser rejects other characters.
    if (!this.json || /[^ \t\r]/.test(kept)) {
      yield kept;
    }
  }
}

function check(size: number): void {
  if (size > MAX_ITEM) {
    throw new ItemError(`a line is over the limit of ${MAX_ITEM} bytes`);
  }
}

/** Whether JSON can represent a value unchanged. Members that are `undefined` count as absent. */
function isJson(value: unknown): boolean {
  switch (typeof value) {
    case "string":
      return value.isWellFormed();
    case "number":
      return Number.isFinite(value);
    case "boolean":
      return true;
    case "object": {
      if (value === null || typeof (value as { toJSON?: unknown }).toJSON === "function") {
        return true;
      }
      if (Array.isArray(value)) {
        // Not `every`, which skips holes.
        for (const element of value as unknown[]) {
          if (!isJson(element)) {
            return false;
          }
        }
        return true;
      }
      if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) {
        return false;
      }
      for (const key of Object.keys(value)) {
        const member = (value as Record<string, unknown>)[key];
        if (key === MARK || !key.isWellFormed() || (member !== undefined && !isJson(member))) {
          return false;
        }
      }
      return true;
    }
    default:
      return false;
  }
}

/** Throws for values that JSON cannot represent: `JSON.stringify` would silently change them. */
export function checkJson(value: unknown, path: string): void {
  if (!isJson(value)) {
    explain(value, path);
  }
}

/** Throws at the part that JSON cannot represent. */
function explain(value: unknown, path: string): void {
  switch (typeof value) {
    case "number":
      if (!Number.isFinite(value)) {
        throw new ItemError(`${path || "the item"}: ${value} has no JSON form`);
      }
      return;
    case "string":
      if (!value.isWellFormed()) {
        throw new ItemError(`${path || "the item"}: the text has a lone surrogate`);
      }
      return;
    case "boolean":
      return;
    case "object":
      if (value === null || typeof (value as { toJSON?: unknown }).toJSON === "function") {
        return;
      }
      if (Array.isArray(value)) {
        for (const [at, element] of (value as unknown[]).entries()) {
          explain(element, `${path}[${at}]`);
        }
      } else {
        if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) {
          throw new ItemError(`${path || "the item"}: a ${value.constructor.name} has no JSON form`);
        }
        for (const [key, member] of Object.entries(value)) {
          if (key === MARK) {
            throw new ItemError(`an object cannot have the key '${MARK}', which marks nested options`);
          }
          if (!key.isWellFormed()) {
            throw new ItemError(`${path || "the item"}: a key has a lone surrogate`);
          }
          // In JSON, an absent member and an undefined one are equal.
          if (member !== undefined) {
            explain(member, path === "" ? key : `${path}.${key}`);
          }
        }
      }
      return;
    default:
      throw new ItemError(`${path || "the item"}: a ${typeof value} has no JSON form`);
  }
}

/** One JSON value per line; the default. Integers above 2^53 lose digits. */
export const ndjson: Format = {
  name: "ndjson",
  encoding: "utf-8",
  decoder: () => new LineDecoder(true),
  decode(encoded) {
    try {
      return JSON.parse(encoded as string) as unknown;
    } catch (error) {
      throw new ItemError(`cannot be read as JSON: ${(error as Error).message}`);
    }
  },
  encode(item) {
    checkJson(item, "");
    // `toJSON` of the value may return `undefined`, which is not text.
    const text = JSON.stringify(item) as string | undefined;
    if (text === undefined) {
      throw new ItemError(`the item: a ${typeof item} has no JSON form`);
    }
    return `${text}\n`;
  },
};

/** One line of text per item. */
export const lines: Format = {
  name: "lines",
  encoding: "utf-8",
  decoder: () => new LineDecoder(false),
  decode(encoded) {
    return encoded;
  },
  encode(item) {
    if (typeof item !== "string") {
      throw new ItemError(`expected a string, got ${typeof item}`);
    }
    if (item.includes("\n")) {
      throw new ItemError("a line cannot contain a line feed; use the format ndjson");
    }
    if (!item.isWellFormed()) {
      throw new ItemError("the text has a lone surrogate");
    }
    return item.endsWith("\r") ? `${item}\r\n` : `${item}\n`;
  },
};
