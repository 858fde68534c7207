import { ItemError } from "./errors.js";

/** The largest item that a receiver accepts, in bytes. */
export const MAX_ITEM = 64 * 1024 * 1024;

/** Splits payload into encoded items. */
export interface Decoder {
  /** Takes payload; returns the encoded items that are now whole. Throws `ItemError`. */
  feed(payload: Buffer): unknown[];
  /** What is left at the end. Throws `ItemError` for half an item. */
  finish(): unknown[];
}

/** How items become bytes (`docs/protocol.md` section 9.7). */
export interface Format {
  readonly name: string;
  readonly encoding?: string;
  decoder(): Decoder;
  /** Decodes one item. Throws `ItemError`. */
  decode(encoded: unknown): unknown;
  /** Encodes one item, whole or not at all. Throws `ItemError`. */
  encode(item: unknown): Buffer;
}

const LF = 0x0a;
const CR = 0x0d;

class LineDecoder implements Decoder {
  #rest: Buffer[] = [];
  #size = 0;

  constructor(readonly skipBlank: boolean) {}

  feed(payload: Buffer): Buffer[] {
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
    const lines: Buffer[] = [];
    let start = 0;
    for (let end = whole.indexOf(LF); end >= 0; end = whole.indexOf(LF, start)) {
      this.#line(whole.subarray(start, end), lines);
      start = end + 1;
    }
    this.#line(whole.subarray(start), lines);
    return lines;
  }

  finish(): Buffer[] {
    const rest = Buffer.concat(this.#rest);
    this.#rest = [];
    this.#size = 0;
    const lines: Buffer[] = [];
    if (rest.length > 0) {
      this.#line(rest, lines);
    }
    return lines;
  }

  #keep(piece: Buffer): void {
    if (piece.length > 0) {
      this.#rest.push(piece);
      this.#size += piece.length;
      this.#check(this.#size);
    }
  }

  #line(line: Buffer, lines: Buffer[]): void {
    const kept = line.at(-1) === CR ? line.subarray(0, -1) : line;
    this.#check(kept.length);
    if (!this.skipBlank || kept.some((byte) => byte !== 0x20 && byte !== 0x09)) {
      lines.push(kept);
    }
  }

  #check(size: number): void {
    if (size > MAX_ITEM) {
      throw new ItemError(`a line is over the limit of ${MAX_ITEM} bytes`);
    }
  }
}

/** Throws for what JSON cannot carry: `JSON.stringify` would change it without a word. */
function checkJson(value: unknown, path: string): void {
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
        value.forEach((element, at) => {
          checkJson(element, `${path}[${at}]`);
        });
      } else {
        if (value instanceof Map || value instanceof Set || ArrayBuffer.isView(value)) {
          throw new ItemError(`${path || "the item"}: a ${value.constructor.name} has no JSON form`);
        }
        for (const [key, member] of Object.entries(value)) {
          // An absent member and an undefined one are the same in JSON.
          if (member !== undefined) {
            checkJson(member, path === "" ? key : `${path}.${key}`);
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
      return JSON.parse((encoded as Buffer).toString()) as unknown;
    } catch (error) {
      throw new ItemError(`cannot be read as JSON: ${(error as Error).message}`);
    }
  },
  encode(item) {
    checkJson(item, "");
    return Buffer.from(`${JSON.stringify(item)}\n`);
  },
};

/** One line of text per item. */
export const lines: Format = {
  name: "lines",
  encoding: "utf-8",
  decoder: () => new LineDecoder(false),
  decode(encoded) {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(encoded as Buffer);
    } catch {
      throw new ItemError("the line is not UTF-8");
    }
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
    return Buffer.from(item.endsWith("\r") ? `${item}\r\n` : `${item}\n`);
  },
};
