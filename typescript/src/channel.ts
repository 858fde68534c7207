import { crc32c } from "@node-rs/crc32";

import { type Address, Connection, type Ended } from "./connection.js";
import { ConnectError, PipewrightError, ReaderGone, type StreamError, Truncated, WriteFailed } from "./errors.js";
import { type Abort, encodeAbort, encodeEnd, encodeHeader, type Header, MAX_FRAME } from "./messages.js";
import { type ChannelRef, channelUrl } from "./refs.js";
import { StreamVerifier, type TextEvent, type Verdict } from "./verifier.js";

/** The prefix of the engine's reason if the reader left (`docs/protocol.md` section 4.3). */
const READER_GONE = "channel reader went away";

/** Milliseconds that a reader that leaves waits for the peer's close (section 4.4). */
const LEAVE_TIMEOUT = 5000;

/** What a reader delivers. */
export type ReadEvent = { kind: "data"; payload: Buffer } | TextEvent;

/** Breaks the streams of writers that were dropped without `close` or `abort`. */
const dropped = new FinalizationRegistry((connection: Connection) => {
  connection.terminate();
});

/** Reads bytes and messages. Iterating yields payload; an incomplete stream throws. */
export class ChannelReader {
  readonly #address: Address;
  readonly #ref: ChannelRef;
  readonly #verifier: StreamVerifier;
  #connection: Promise<Connection> | undefined;
  #left = false;

  /** Prepares the end; `connect` or the first read opens it. */
  constructor(address: Address, ref: ChannelRef, { headerPromised = false } = {}) {
    if (ref.direction !== "read") {
      throw new TypeError("this ref opens the writing end of a channel");
    }
    this.#address = address;
    this.#ref = ref;
    this.#verifier = new StreamVerifier(headerPromised);
  }

  /** How the stream ended, once it has ended successfully. */
  get verdict(): Verdict | undefined {
    return this.#verifier.verdict;
  }

  /** The header, if it has arrived. */
  get header(): Header | undefined {
    return this.#verifier.header;
  }

  /** Payload bytes that arrived. */
  get receivedBytes(): number {
    return this.#verifier.bytes;
  }

  /** Opens the end. Throws the same `ConnectError` again after a failure. */
  async connect(): Promise<void> {
    if (!this.#verifier.isDone) {
      await this.#open();
    }
  }

  #open(): Promise<Connection> {
    this.#connection ??= Connection.open(this.#address, channelUrl(this.#address.url, this.#ref), {
      heartbeat: true,
    }).then((connection) => {
      if (connection.heartbeats) {
        connection.watch();
      }
      return connection;
    });
    return this.#connection;
  }

  /** The next event; `undefined` at the end of a complete stream. Throws a `StreamError` otherwise. */
  async next(): Promise<ReadEvent | undefined> {
    const verifier = this.#verifier;
    while (!verifier.isDone) {
      const connection = await this.#open();
      const frame = await connection.receive();
      if (frame === undefined) {
        endedWith(verifier, await connection.ended);
      } else if (typeof frame === "string") {
        const event = verifier.text(frame);
        if (event !== undefined) {
          return event;
        }
      } else {
        const payload = verifier.data(frame);
        if (payload !== undefined) {
          return { kind: "data", payload };
        }
      }
    }
    await this.#leave();
    if (verifier.error !== undefined) {
      throw verifier.error;
    }
    return undefined;
  }

  /** Yields payload until the stream is complete; messages are skipped. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, void> {
    try {
      for (let event = await this.next(); event !== undefined; event = await this.next()) {
        if (event.kind === "data") {
          yield event.payload;
        }
      }
    } finally {
      await this.close();
    }
  }

  /** Reads the payload of the whole stream, at most `limit` bytes. */
  async readAll(limit = 1 << 30): Promise<Buffer> {
    const parts: Buffer[] = [];
    let size = 0;
    for await (const part of this) {
      parts.push(part);
      size += part.length;
      if (size > limit) {
        throw new Truncated(`this reader stopped at its limit of ${limit} bytes`);
      }
    }
    return Buffer.concat(parts);
  }

  /** Compares the number of decoded items with the end message. Throws `Corrupt`. */
  checkItems(count: number): void {
    this.#verifier.items(count);
    if (this.#verifier.error !== undefined) {
      throw this.#verifier.error;
    }
  }

  /** Rejects the stream, for example because of its format. */
  fail(error: StreamError): void {
    this.#verifier.fail(error);
  }

  /** Leaves the channel. The writer's next write fails. */
  async close(): Promise<void> {
    if (!this.#verifier.isDone) {
      // The engine must learn that the end will not be read, so open and close it.
      await this.#open().catch(() => undefined);
      this.#verifier.fail(new Truncated("this reader closed its end"));
    }
    await this.#leave();
  }

  async #leave(): Promise<void> {
    if (!this.#left) {
      this.#left = true;
      await this.#connection?.then((connection) => connection.close(1000, "", LEAVE_TIMEOUT)).catch(() => undefined);
    }
  }
}

function endedWith(verifier: StreamVerifier, ended: Ended): void {
  if (ended.silent) {
    verifier.lost("the engine was silent for too long");
  } else if (ended.code === 1006) {
    verifier.lost("the connection was lost");
  } else {
    // 1005 stands for a close without a code (RFC 6455 section 7.1.5).
    verifier.closed(ended.code === 1005 ? undefined : ended.code, ended.reason);
  }
}

/**
 * Writes bytes and messages. Only `close` completes the stream.
 *
 * A writer that is garbage-collected without `close` or `abort` truncates its stream, which is
 * an error at the reader. `await using` aborts a writer that was not closed.
 */
export class ChannelWriter {
  readonly #address: Address;
  readonly #ref: ChannelRef;
  #connection: Promise<Connection> | undefined;
  #open: Connection | undefined;
  #bytes = 0;
  #crc = 0;
  #failure: PipewrightError | undefined;
  #closed = false;
  #queue: Promise<unknown> = Promise.resolve();
  header: Header;

  /** Prepares the end; `connect` or the first write opens it. */
  constructor(address: Address, ref: ChannelRef, header: Header = { format: "bytes" }) {
    if (ref.direction !== "write") {
      throw new TypeError("this ref opens the reading end of a channel");
    }
    this.#address = address;
    this.#ref = ref;
    this.header = header;
  }

  /** Payload bytes that were written. */
  get sentBytes(): number {
    return this.#bytes;
  }

  /** Whether the reader of this channel left before the end. */
  get readerIsGone(): boolean {
    return this.#failure instanceof ReaderGone;
  }

  /** Opens the end and sends the header. */
  connect(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#connected();
    });
  }

  async #connected(): Promise<Connection> {
    if (this.#failure !== undefined) {
      throw this.#failure;
    }
    if (this.#closed) {
      throw new WriteFailed("this writer is closed");
    }
    this.#connection ??= this.#dial();
    return this.#connection;
  }

  async #dial(): Promise<Connection> {
    try {
      const url = channelUrl(this.#address.url, this.#ref);
      const connection = await Connection.open(this.#address, url, { heartbeat: true });
      connection.ping();
      // An iii engine answers no pings of a writer whose channel is full.
      if (connection.heartbeats) {
        connection.watch();
      }
      this.#open = connection;
      dropped.register(this, connection, this);
      await this.#send(connection, encodeHeader(this.header));
      return connection;
    } catch (error) {
      this.#failure = error as ConnectError;
      throw error;
    }
  }

  /** Writes payload, cut into frames of 64 KiB. Waits while the channel is full. */
  write(payload: Uint8Array | string): Promise<void> {
    return this.#inTurn(async () => {
      const connection = await this.#connected();
      const bytes = typeof payload === "string" ? Buffer.from(payload) : Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength);
      for (let at = 0; at < bytes.length; at += MAX_FRAME) {
        const frame = bytes.subarray(at, at + MAX_FRAME);
        await this.#send(connection, frame);
        this.#bytes += frame.length;
        this.#crc = crc32c(frame, this.#crc);
        // A source that never waits would keep the engine's close from being read.
        await new Promise((resolve) => setImmediate(resolve));
      }
    });
  }

  /** Sends a user message, in order with the data around it. */
  sendMessage(text: string): Promise<void> {
    return this.#inTurn(async () => {
      await this.#send(await this.#connected(), text);
    });
  }

  async #send(connection: Connection, frame: Buffer | string): Promise<void> {
    if (!(await connection.send(frame))) {
      this.#failure ??= lost(connection, await connection.ended);
      throw this.#failure;
    }
  }

  /** Waits until the peer ends the connection: the reader left, or the engine is lost. */
  async gone(): Promise<void> {
    await this.connect();
    const connection = this.#open;
    const ended = await connection?.ended;
    if (connection !== undefined && ended !== undefined && !this.#closed) {
      this.#failure ??= lost(connection, ended);
    }
  }

  /** Completes the stream and waits for the engine's confirmation. Throws `WriteFailed` without it. */
  close(items = 0): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed && this.#failure === undefined) {
        return;
      }
      const connection = await this.#connected();
      await this.#send(connection, encodeEnd({ bytes: this.#bytes, items, crc32c: this.#crc }));
      this.#closed = true;
      dropped.unregister(this);
      const ended = await connection.close();
      // A peer that closed first has not received everything; an iii engine closes a second opening
      // at once.
      if (ended.early || (ended.code !== 1000 && ended.code !== 1005)) {
        this.#failure = lost(connection, ended);
        throw this.#failure;
      }
    });
  }

  /** Ends the stream with an error that reaches its reader. */
  abort(abort: Abort): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#closed || this.#failure !== undefined) {
        return;
      }
      try {
        const connection = await this.#connected();
        await this.#send(connection, encodeAbort(abort));
        this.#closed = true;
        dropped.unregister(this);
        this.#failure = new WriteFailed("this writer aborted its stream");
        await connection.close(1011, "channel writer aborted");
      } catch (error) {
        if (!(error instanceof PipewrightError)) {
          throw error;
        }
      }
    });
  }

  /** Breaks the stream without waiting: its reader gets an error. No effect after `close`. */
  drop(): void {
    if (!this.#closed || this.#failure !== undefined) {
      this.#failure ??= new WriteFailed("this writer broke its stream");
      this.#open?.terminate();
    }
  }

  /** Aborts the stream, unless it was closed. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.abort({ code: "writer_dropped", message: "the writer was dropped before it was closed, so the stream is incomplete" });
  }

  /** Runs operations one after another, so that frames are never interleaved. */
  #inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#queue.then(operation);
    this.#queue = result.catch(() => undefined);
    return result;
  }
}

function lost(connection: Connection, ended: Ended): WriteFailed {
  if (ended.reason.startsWith(READER_GONE)) {
    return new ReaderGone("the reader of the channel left before the end");
  }
  if (ended.silent) {
    return new WriteFailed("the stream was not confirmed: the engine was silent for too long");
  }
  if (ended.code !== 1006) {
    return new WriteFailed(`the stream was not confirmed: closed with code ${ended.code}: ${ended.reason}`);
  }
  // An iii engine drops the connection in both cases (section 4.3).
  const why = connection.heartbeats ? "" : ": the reader left, or the engine stopped";
  return new WriteFailed(`the stream was not confirmed: the connection was lost${why}`);
}
