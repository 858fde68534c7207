import { createRequire } from "node:module";

import { ItemError } from "./errors.js";
import { type Decoder, type Format, MAX_ITEM } from "./formats.js";

type Library = Pick<typeof import("@msgpack/msgpack"), "encode" | "decodeMulti">;

let library: Library | undefined;

function load(): Library {
  try {
    library ??= createRequire(import.meta.url)("@msgpack/msgpack") as Library;
    return library;
  } catch {
    throw new ItemError("MessagePack needs a package: npm install @msgpack/msgpack");
  }
}

/** Finds the ends of values in bytes that arrive in pieces. */
class Scanner {
  /** Where the next head is expected. */
  at = 0;
  /** Number of values missing until the outermost one is complete. */
  #open = 1;

  /** Advances over complete heads and their bytes; returns whether the outermost value is complete. */
  advance(bytes: Buffer): boolean {
    while (this.#open > 0) {
      const head = bytes[this.at];
      const step = head === undefined ? undefined : Scanner.#step(bytes, this.at + 1, head);
      if (step === undefined || this.at + 1 + step.size > bytes.length) {
        return false;
      }
      this.at += 1 + step.size;
      this.#open += step.values - 1;
    }
    this.#open = 1;
    return true;
  }

  /** Bytes after a head, and number of values in it; `undefined` if its length is incomplete. */
  static #step(bytes: Buffer, at: number, head: number): { size: number; values: number } | undefined {
    if (head <= 0x7f || head >= 0xe0 || (head >= 0xc0 && head <= 0xc3)) {
      return { size: 0, values: 0 };
    } else if (head <= 0x9f) {
      return { size: 0, values: (head & 0x0f) * (head <= 0x8f ? 2 : 1) };
    } else if (head <= 0xbf) {
      return { size: head & 0x1f, values: 0 };
    } else if (head >= 0xca && head <= 0xd3) {
      return { size: [4, 8, 1, 2, 4, 8, 1, 2, 4, 8][head - 0xca] ?? 0, values: 0 };
    } else if (head >= 0xd4 && head <= 0xd8) {
      return { size: 1 + (1 << (head - 0xd4)), values: 0 };
    }
    // The other types start with a length of 1, 2 or 4 bytes: bin, ext, str, array, map.
    const first = head <= 0xc6 ? 0xc4 : head <= 0xc9 ? 0xc7 : 0xd9;
    const width = head >= 0xdc ? (head % 2 === 0 ? 2 : 4) : 1 << (head - first);
    if (at + width > bytes.length) {
      return undefined;
    }
    const length = bytes.readUIntBE(at, width);
    if (head >= 0xdc) {
      return { size: width, values: head >= 0xde ? 2 * length : length };
    }
    return { size: width + length + (first === 0xc7 ? 1 : 0), values: 0 };
  }
}

class MsgpackDecoder implements Decoder {
  #buffer = Buffer.alloc(0);
  #length = 0;
  #scanner = new Scanner();

  *feed(payload: Buffer): Generator<Buffer, void, void> {
    const bytes = this.#append(payload);
    const scanner = this.#scanner;
    let start = 0;
    while (scanner.advance(bytes)) {
      yield bytes.subarray(start, scanner.at);
      start = scanner.at;
    }
    const rest = bytes.subarray(start);
    if (rest.length > MAX_ITEM) {
      throw new ItemError(`an item is over the limit of ${MAX_ITEM} bytes`);
    }
    if (start > 0 || this.#length === 0) {
      // A copy, because decoded values may be views of the earlier bytes.
      this.#buffer = Buffer.from(rest);
      this.#length = rest.length;
      scanner.at -= start;
    }
  }

  finish(): Buffer[] {
    if (this.#length > 0) {
      throw new ItemError("the stream ends in the middle of an item");
    }
    return [];
  }

  /** Appends payload to the rest; the buffer doubles, so a large item is not copied often. */
  #append(payload: Buffer): Buffer {
    if (this.#length === 0) {
      return payload;
    }
    const length = this.#length + payload.length;
    if (length > this.#buffer.length) {
      const larger = Buffer.allocUnsafe(2 * length);
      this.#buffer.copy(larger, 0, 0, this.#length);
      this.#buffer = larger;
    }
    payload.copy(this.#buffer, this.#length);
    this.#length = length;
    return this.#buffer.subarray(0, length);
  }
}

/** MessagePack values; needs the package `@msgpack/msgpack`. */
export const msgpack: Format = {
  name: "msgpack",
  decoder() {
    load();
    return new MsgpackDecoder();
  },
  decode(encoded) {
    try {
      const [value] = load().decodeMulti(encoded);
      return value;
    } catch (error) {
      throw new ItemError(`cannot be read as MessagePack: ${(error as Error).message}`);
    }
  },
  encode(item) {
    try {
      return Buffer.from(load().encode(item));
    } catch (error) {
      throw error instanceof ItemError ? error : new ItemError(`cannot be written as MessagePack: ${(error as Error).message}`);
    }
  },
};
