import type { ChannelReader, ChannelWriter } from "./channel.js";
import { type Compression, compressor, decompressor, type Transformer } from "./compression.js";
import { Corrupt, ItemError, PipewrightError } from "./errors.js";
import { type Format, ndjson } from "./formats.js";
import { type Abort, encodeHeartbeat, encodeProgress, encodeTurn, MAX_FRAME } from "./messages.js";
import type { TextEvent } from "./verifier.js";

/** Milliseconds within which an item is sent. */
const FLUSH = 2;

/** Milliseconds without a frame after which a sender sends a heartbeat. */
const HEARTBEAT = 20_000;

/** Checks a value and gives it its type, as a schema of zod does. */
export interface Validator<T> {
  parse(value: unknown): T;
}

/** Number of items that a receiver returns at once. */
const BATCH = 4096;

/** Some encoded items, a message, progress or a turn. */
export type Batch = { kind: "items"; items: unknown[] } | TextEvent;

/** Checks a value; the error of the validator becomes an `ItemError`. */
export function checked<T>(validator: Validator<T> | undefined, value: unknown): T {
  if (validator === undefined) {
    return value as T;
  }
  try {
    return validator.parse(value);
  } catch (error) {
    throw new ItemError(error instanceof Error ? error.message : String(error));
  }
}

/** Reads items. Iterating throws a `StreamError` if the stream is not complete. */
export class Receiver<T> {
  readonly #format: Format;
  readonly #decoder;
  readonly #validator: Validator<T> | undefined;
  #unpacked: Transformer | undefined;
  #found: Iterable<unknown> | AsyncIterable<unknown> = [];
  #error: ItemError | undefined;
  #compared = false;
  #over = false;
  /** Items that were decoded or rejected so far. */
  received = 0;
  /** Called for each user message. */
  onMessage: ((text: string) => void) | undefined;

  /** Receives items from a reader of bytes. */
  constructor(readonly reader: ChannelReader, format: Format = ndjson, validator?: Validator<T>) {
    this.#format = format;
    this.#decoder = format.decoder();
    this.#validator = validator;
  }

  /** The user's metadata in the header, once it has arrived. */
  get metadata(): unknown {
    return this.reader.header?.content;
  }

  /** Some encoded items, or a message; `undefined` at the end. */
  async batch(): Promise<Batch | undefined> {
    for (;;) {
      const items = await this.#take();
      if (items.length > 0) {
        return { kind: "items", items };
      }
      if (this.#over) {
        return undefined;
      }
      const event = await this.reader.next();
      if (event === undefined) {
        this.#over = true;
        this.#found = this.#rest();
      } else {
        this.#compare(event.kind === "data");
        if (event.kind !== "data") {
          return event;
        }
        this.#found = this.#unpacked === undefined ? this.#decoder.feed(event.payload) : this.#unpack(this.#unpacked.feed(event.payload));
      }
    }
  }

  /** Takes items until a batch is full. An error after them is thrown by the next call. */
  async #take(): Promise<unknown[]> {
    if (this.#error !== undefined) {
      throw new ItemError(this.#error.reason, this.received);
    }
    const items: unknown[] = [];
    try {
      if (Symbol.asyncIterator in this.#found) {
        const found = this.#found[Symbol.asyncIterator]();
        while (items.length < BATCH) {
          const next = await found.next();
          if (next.done === true) {
            break;
          }
          items.push(next.value);
        }
      } else if (Array.isArray(this.#found)) {
        const found = this.#found as unknown[];
        this.#found = [];
        return found;
      } else {
        for (const encoded of this.#found) {
          items.push(encoded);
        }
      }
    } catch (error) {
      if (!(error instanceof ItemError)) {
        throw error;
      }
      this.#error = error;
      if (items.length === 0) {
        throw this.#numbered(error, this.received);
      }
    }
    return items;
  }

  /** Decompresses payload in bounded pieces, one at a time. */
  async *#unpack(pieces: Iterable<Buffer> | AsyncIterable<Buffer>): AsyncGenerator<unknown, void, void> {
    for await (const piece of pieces) {
      yield* this.#decoder.feed(piece);
    }
  }

  async *#rest(): AsyncGenerator<unknown, void, void> {
    if (this.#unpacked !== undefined) {
      yield* this.#unpack(this.#unpacked.finish());
    }
    yield* this.#decoder.finish();
  }

  /** Decodes and checks one item of a batch. Throws `ItemError` with its number. */
  decode(encoded: unknown): T {
    const number = this.received;
    this.received += 1;
    try {
      return checked(this.#validator, this.#format.decode(encoded));
    } catch (error) {
      throw this.#numbered(error, number);
    }
  }

  #numbered(error: unknown, number: number): unknown {
    return error instanceof ItemError ? new ItemError(error.reason, number) : error;
  }

  #compare(isData: boolean): void {
    const header = this.reader.header;
    if (this.#compared || header === undefined) {
      this.#compared ||= isData;
      return;
    }
    this.#compared = true;
    // A stage of bytes forwards items of any format.
    if (header.format !== this.#format.name && header.format !== "bytes") {
      const reason = `the stream is in the format '${header.format}', not '${this.#format.name}'; set \`inputFormat\` of the stage`;
      this.reader.fail(new Corrupt(reason));
      throw new ItemError(reason);
    }
    if (header.compression !== undefined) {
      this.#unpacked = decompressor(header.compression);
    }
  }

  /** After the last item, compares their number with the end message. Throws `Corrupt`. */
  checkCount(): void {
    // The end of a stream of bytes counts no items.
    const header = this.reader.header;
    if (header === undefined || header.format === this.#format.name) {
      this.reader.checkItems(this.received);
    }
  }

  /** Yields items until the stream is complete. Leaving the loop early closes the reader. */
  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    try {
      for (let batch = await this.batch(); batch !== undefined; batch = await this.batch()) {
        if (batch.kind === "message") {
          this.onMessage?.(batch.text);
        } else if (batch.kind === "items") {
          for (const encoded of batch.items) {
            yield this.decode(encoded);
          }
        }
      }
      this.checkCount();
    } finally {
      await this.reader.close();
    }
  }
}

/** Settings of a sender. */
export interface SenderOptions<T> {
  format?: Format | undefined;
  validator?: Validator<T> | undefined;
  item?: string | undefined;
  metadata?: unknown;
  compression?: Compression | undefined;
}

/** Writes items, batched into frames. Only `close` completes the stream. */
export class Sender<T> {
  readonly #format: Format;
  readonly #validator: Validator<T> | undefined;
  readonly #packed: Transformer | undefined;
  #buffer: Buffer[] = [];
  /** Encoded items of a text format; converted together when they are sent. */
  #text = "";
  #size = 0;
  #flushed: Promise<void> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  /** Number of items sent so far. */
  sent = 0;

  /** Sends items to a writer of bytes. */
  constructor(readonly writer: ChannelWriter, { format = ndjson, validator, item, metadata, compression }: SenderOptions<T> = {}) {
    this.#packed = compression && compressor(compression);
    this.#format = format;
    this.#validator = validator;
    writer.header = {
      format: format.name,
      encoding: format.encoding,
      item,
      compression,
      heartbeat_ms: HEARTBEAT,
      content: metadata,
    };
  }

  /** Opens the end and sends the header. */
  async connect(): Promise<void> {
    await this.writer.connect();
    this.#rest();
  }

  /** Encodes an item into the buffer; await `flush` when `isFull`. Nothing is sent if it throws. */
  push(item: T): void {
    let encoded: Buffer | string;
    try {
      encoded = this.#format.encode(checked(this.#validator, item));
    } catch (error) {
      throw error instanceof ItemError ? new ItemError(error.reason, this.sent) : error;
    }
    if (typeof encoded === "string") {
      this.#text += encoded;
    } else {
      this.#buffer.push(encoded);
    }
    this.#size += encoded.length;
    this.sent += 1;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // The writer stores its failure, and the next send throws it.
      this.flush().catch(() => undefined);
    }, FLUSH);
  }

  /** Whether the buffer holds a frame. */
  get isFull(): boolean {
    return this.#size >= MAX_FRAME;
  }

  /** Sends an item within two milliseconds. Waits while there is no room. */
  async send(item: T): Promise<void> {
    this.push(item);
    if (this.isFull) {
      await this.flush();
    }
  }

  /** Sends a user message, in order with the items around it. */
  async sendMessage(text: string): Promise<void> {
    await this.flush();
    await this.writer.sendMessage(text);
  }

  /** Forwards a message, progress or a turn of ordered copies in its position. */
  async forward(event: TextEvent): Promise<void> {
    switch (event.kind) {
      case "message":
        return this.sendMessage(event.text);
      case "progress":
        return this.sendMessage(encodeProgress(event.progress));
      case "turn":
        return this.sendMessage(encodeTurn(event.turn));
    }
  }

  /** Sends what is buffered. */
  flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // One after the other, so that compressed pieces keep their order.
    const result = this.#flushed.then(() => this.#flush());
    this.#flushed = result.catch(() => undefined);
    return result;
  }

  async #flush(): Promise<void> {
    if (this.#size === 0) {
      return;
    }
    const payload = this.#text === "" ? Buffer.concat(this.#buffer) : Buffer.from(this.#text);
    this.#buffer = [];
    this.#text = "";
    this.#size = 0;
    this.#rest();
    await this.#write(this.#packed?.feed(payload) ?? [payload]);
  }

  async #write(pieces: Iterable<Buffer> | AsyncIterable<Buffer>): Promise<void> {
    for await (const piece of pieces) {
      await this.writer.write(piece);
    }
  }

  #rest(): void {
    clearTimeout(this.#heartbeat);
    // The timer does not keep the sender alive, so that dropping the sender ends its stream.
    const reference = new WeakRef(this);
    this.#heartbeat = setTimeout(() => {
      const sender = reference.deref();
      if (sender !== undefined) {
        sender.#beat();
      }
    }, HEARTBEAT / 2).unref();
  }

  #beat(): void {
    this.writer.sendMessage(encodeHeartbeat()).then(
      () => {
        this.#rest();
      },
      () => undefined,
    );
  }

  #stop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#heartbeat);
  }

  /** Completes the stream and waits for the engine's confirmation. */
  async close(): Promise<void> {
    try {
      await this.flush();
      this.#stop();
      await this.#write(this.#packed?.finish() ?? []);
      await this.writer.close(this.sent);
    } finally {
      this.#stop();
    }
  }

  /** Ends the stream with an error that reaches its reader; buffered items come first. */
  async abort(abort: Abort): Promise<void> {
    try {
      await this.flush();
    } catch (error) {
      if (!(error instanceof PipewrightError)) {
        throw error;
      }
    } finally {
      this.#stop();
      await this.writer.abort(abort);
    }
  }
}
