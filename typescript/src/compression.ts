import { createRequire } from "node:module";
import type { Duplex } from "node:stream";
import * as zlib from "node:zlib";

import { ItemError } from "./errors.js";
import { Lz4Compressor, Lz4Decompressor } from "./lz4.js";

/** A compression of the whole payload of a stream (`docs/protocol.md` section 9.2). */
export type Compression = "zstd" | "lz4";

/** Compresses or decompresses, one piece of payload after the other. */
export interface Transformer {
  /** Accepts payload; returns output in pieces of bounded size. Throws `ItemError`. */
  feed(payload: Buffer): Iterable<Buffer> | AsyncIterable<Buffer>;
  /** Ends the stream and returns the rest. Throws `ItemError` if a compressed stream is incomplete. */
  finish(): Iterable<Buffer> | AsyncIterable<Buffer>;
}

interface Zstd {
  compress(): Duplex & { flush(done: () => void): void };
  decompress(): Duplex;
}

/** zstd of Node 22.15 and later, or else that of the package `zstd-napi`. */
function zstd(): Zstd {
  const own = zlib as unknown as Record<string, (() => Duplex & { flush(done: () => void): void }) | undefined>;
  const [compress, decompress] = [own["createZstdCompress"], own["createZstdDecompress"]];
  if (compress !== undefined && decompress !== undefined) {
    return { compress, decompress };
  }
  try {
    const napi = createRequire(import.meta.url)("zstd-napi") as Record<"CompressStream" | "DecompressStream", new () => never>;
    return { compress: () => new napi.CompressStream(), decompress: () => new napi.DecompressStream() };
  } catch {
    throw new ItemError("zstd needs Node 22.15 or later, or the package `zstd-napi`: npm install zstd-napi");
  }
}

class Piped implements Transformer {
  #error: Error | undefined;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(
    readonly stream: Duplex,
    readonly flush?: (done: () => void) => void,
  ) {
    const wake = (): void => this.#wake?.();
    stream.on("readable", wake);
    stream.on("end", () => {
      this.#ended = true;
      wake();
    });
    stream.on("error", (error) => {
      this.#error = error;
      wake();
    });
  }

  feed(payload: Buffer): AsyncIterable<Buffer> {
    return this.#during((done) => {
      this.stream.write(payload, () => {
        if (this.flush === undefined) {
          done();
        } else {
          this.flush(done);
        }
      });
    });
  }

  finish(): AsyncIterable<Buffer> {
    return this.#during(() => this.stream.end());
  }

  /** Reads while `operation` runs, because a transform that is not read stops. */
  async *#during(operation: (done: () => void) => void): AsyncGenerator<Buffer, void, void> {
    const state = { over: false };
    operation(() => {
      state.over = true;
      this.#wake?.();
    });
    for (;;) {
      if (this.#error !== undefined) {
        throw new ItemError(`cannot be decompressed: ${this.#error.message}`);
      }
      const piece = this.stream.read() as Buffer | null;
      if (piece !== null) {
        yield piece;
      } else if (state.over || this.#ended) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

function unknown(name: string): ItemError {
  return new ItemError(`the compression '${name}' is not supported here; known are zstd and lz4`);
}

/** Starts to compress. */
export function compressor(name: string): Transformer {
  switch (name) {
    case "zstd": {
      const stream = zstd().compress();
      return new Piped(stream, (done) => {
        stream.flush(done);
      });
    }
    case "lz4":
      return new Lz4Compressor();
    default:
      throw unknown(name);
  }
}

/** Starts to decompress. */
export function decompressor(name: string): Transformer {
  switch (name) {
    case "zstd":
      return new Piped(zstd().decompress());
    case "lz4":
      return new Lz4Decompressor();
    default:
      throw unknown(name);
  }
}
