import { createRequire } from "node:module";

import { ItemError } from "./errors.js";
import { type Decoder, type Format, MAX_ITEM } from "./formats.js";

type Library = Pick<typeof import("@msgpack/msgpack"), "encode" | "decode">;

let library: Library | undefined;

function load(): Library {
  try {
    library ??= createRequire(import.meta.url)("@msgpack/msgpack") as Library;
    return library;
  } catch {
    throw new ItemError("MessagePack needs a package: npm install @msgpack/msgpack");
  }
}

/** The size of the big-endian length before a record, in bytes. */
const PREFIX = 4;

/** The largest record whose length the prefix can hold, in bytes. */
const MAX_RECORD = 0xffff_ffff;

/** Splits records that are preceded by their length. The rest is at most one record. */
class RecordDecoder implements Decoder {
  #buffer = Buffer.alloc(0);
  #length = 0;

  *feed(payload: Buffer): Generator<Buffer, void, void> {
    const bytes = this.#append(payload);
    let start = 0;
    while (bytes.length - start >= PREFIX) {
      const length = bytes.readUInt32BE(start);
      if (length > MAX_ITEM) {
        // Refused by its length, before its content is stored.
        throw new ItemError(`an item of ${length} bytes is over the limit of ${MAX_ITEM} bytes`);
      }
      const content = start + PREFIX;
      if (bytes.length - content < length) {
        break;
      }
      start = content + length;
      yield bytes.subarray(content, start);
    }
    if (start > 0 || this.#length === 0) {
      // A copy, because decoded values may be views of the earlier bytes.
      this.#buffer = Buffer.from(bytes.subarray(start));
      this.#length = this.#buffer.length;
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

/** MessagePack values, each preceded by its length; needs the package `@msgpack/msgpack`. */
export const msgpack: Format = {
  name: "msgpack",
  decoder() {
    load();
    return new RecordDecoder();
  },
  decode(encoded) {
    try {
      // Throws for bytes after the value.
      return load().decode(encoded as Buffer);
    } catch (error) {
      throw new ItemError(`cannot be read as MessagePack: ${(error as Error).message}`);
    }
  },
  encode(item) {
    let packed: Uint8Array;
    try {
      packed = load().encode(item);
    } catch (error) {
      throw error instanceof ItemError ? error : new ItemError(`cannot be written as MessagePack: ${(error as Error).message}`);
    }
    if (packed.length > MAX_RECORD) {
      throw new ItemError("cannot be written as MessagePack: the item is longer than 4 GiB");
    }
    const record = Buffer.allocUnsafe(PREFIX + packed.length);
    record.writeUInt32BE(packed.length);
    record.set(packed, PREFIX);
    return record;
  },
};
