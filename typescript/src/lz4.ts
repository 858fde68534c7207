import { createRequire } from "node:module";

import type { Transformer } from "./compression.js";
import { ItemError } from "./errors.js";

/** The functions of `lz4-napi` for one block. The size of its content is in front, in 4 bytes. */
interface Blocks {
  compressSync(data: Buffer): Buffer;
  uncompressSync(block: Buffer, dictionary?: Buffer): Buffer;
}

/** The beginning of a frame: independent blocks of at most 64 KiB, no checksums of its own. */
const FRAME = Buffer.from("04224d18604082", "hex");

/** The end of a frame: a block without bytes. */
const END = Buffer.alloc(4);

/** The content of a block that is written. */
const BLOCK = 64 * 1024;

/** How far a block refers back to the blocks before it. */
const WINDOW = 64 * 1024;

// The bits of a descriptor (LZ4 Frame Format 1.6.4).
const MAGIC = 0x184d2204;
const VERSION = 0x40;
const VERSION_BITS = 0xc0;
const INDEPENDENT = 0x20;
const BLOCK_CHECKSUMS = 0x10;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const DICTIONARY = 0x01;
const UNCOMPRESSED = 0x8000_0000;

function load(): Blocks {
  try {
    return createRequire(import.meta.url)("lz4-napi") as Blocks;
  } catch {
    throw new ItemError("lz4 needs the package `lz4-napi`: npm install lz4-napi");
  }
}

function damaged(reason: string): ItemError {
  return new ItemError(`cannot be decompressed: ${reason}`);
}

/** Compresses to one LZ4 frame. Each piece of payload ends a block. */
export class Lz4Compressor implements Transformer {
  readonly #blocks = load();
  #begun = false;

  /** Compresses payload. */
  *feed(payload: Buffer): Generator<Buffer, void, void> {
    yield* this.#begin();
    for (let at = 0; at < payload.length; at += BLOCK) {
      const content = payload.subarray(at, at + BLOCK);
      const block = this.#blocks.compressSync(content).subarray(4);
      const size = Buffer.alloc(4);
      if (block.length < content.length) {
        size.writeUInt32LE(block.length);
        yield Buffer.concat([size, block]);
      } else {
        size.writeUInt32LE(content.length + UNCOMPRESSED);
        yield Buffer.concat([size, content]);
      }
    }
  }

  /** Ends the frame. */
  *finish(): Generator<Buffer, void, void> {
    yield* this.#begin();
    yield END;
  }

  *#begin(): Generator<Buffer, void, void> {
    if (!this.#begun) {
      this.#begun = true;
      yield FRAME;
    }
  }
}

/** What the header of a frame says. */
interface Descriptor {
  maxBlock: number;
  blockChecksum: number;
  contentChecksum: number;
  independent: boolean;
}

/**
 * Decompresses one LZ4 frame, one block after the other, so that its memory is bounded. The checksums
 * of the frame are not compared: the end of the stream has one of all its bytes.
 */
export class Lz4Decompressor implements Transformer {
  readonly #blocks = load();
  #held: Buffer = Buffer.alloc(0);
  #descriptor: Descriptor | undefined;
  #window: Buffer = Buffer.alloc(0);
  #ended = false;

  /** Gives the content of every block that is complete. */
  *feed(payload: Buffer): Generator<Buffer, void, void> {
    this.#held = this.#held.length === 0 ? payload : Buffer.concat([this.#held, payload]);
    if (this.#descriptor === undefined) {
      this.#descriptor = this.#header();
      if (this.#descriptor === undefined) {
        return;
      }
    }
    for (let part = this.#part(this.#descriptor); part !== undefined; part = this.#part(this.#descriptor)) {
      if (part.length > 0) {
        yield part;
      }
    }
    if (this.#ended && this.#held.length > 0) {
      throw damaged("there is data after the compressed stream");
    }
  }

  /** Throws if the frame was not whole. */
  finish(): Buffer[] {
    if (!this.#ended) {
      throw damaged("the compressed stream ends too early");
    }
    return [];
  }

  #take(size: number): Buffer {
    const taken = this.#held.subarray(0, size);
    this.#held = this.#held.subarray(size);
    return taken;
  }

  /** Reads the header of the frame, once all of it has arrived. */
  #header(): Descriptor | undefined {
    if (this.#held.length < 6) {
      return undefined;
    }
    const [flags, sizes] = [this.#held.readUInt8(4), this.#held.readUInt8(5)];
    if (this.#held.readUInt32LE(0) !== MAGIC || (flags & VERSION_BITS) !== VERSION) {
      throw damaged("not an LZ4 frame");
    }
    if ((flags & DICTIONARY) !== 0) {
      throw damaged("the LZ4 frame needs a dictionary");
    }
    const kind = (sizes >> 4) & 7;
    if (kind < 4) {
      throw damaged("an LZ4 frame has blocks of no known length");
    }
    const length = 7 + ((flags & CONTENT_SIZE) === 0 ? 0 : 8);
    if (this.#held.length < length) {
      return undefined;
    }
    this.#take(length);
    return {
      maxBlock: 1 << (2 * kind + 8),
      blockChecksum: (flags & BLOCK_CHECKSUMS) === 0 ? 0 : 4,
      contentChecksum: (flags & CONTENT_CHECKSUM) === 0 ? 0 : 4,
      independent: (flags & INDEPENDENT) !== 0,
    };
  }

  /** The content of the next block; `undefined` until it is complete, and after the frame. */
  #part({ maxBlock, blockChecksum, contentChecksum, independent }: Descriptor): Buffer | undefined {
    if (this.#ended || this.#held.length < 4) {
      return undefined;
    }
    const word = this.#held.readUInt32LE(0);
    if (word === 0) {
      if (this.#held.length >= 4 + contentChecksum) {
        this.#take(4 + contentChecksum);
        this.#ended = true;
      }
      return undefined;
    }
    const size = word % UNCOMPRESSED;
    if (size > maxBlock) {
      throw damaged("an LZ4 block is longer than its frame allows");
    }
    if (this.#held.length < 4 + size + blockChecksum) {
      return undefined;
    }
    const block = this.#take(4 + size + blockChecksum).subarray(4, 4 + size);
    const content = word >= UNCOMPRESSED ? block : this.#content(block, maxBlock);
    if (!independent) {
      // A copy, so that the window does not keep the payload that it came from.
      this.#window = Buffer.concat([this.#window, content.subarray(-WINDOW)]).subarray(-WINDOW);
    }
    return content;
  }

  #content(block: Buffer, maxBlock: number): Buffer {
    const sized = Buffer.allocUnsafe(4 + block.length);
    sized.writeUInt32LE(maxBlock);
    sized.set(block, 4);
    try {
      return this.#window.length === 0
        ? this.#blocks.uncompressSync(sized)
        : this.#blocks.uncompressSync(sized, this.#window);
    } catch (error) {
      throw damaged((error as Error).message);
    }
  }
}
