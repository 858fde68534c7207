import type { ChannelReader, ChannelWriter } from "./channel.js";
import { Corrupt, ItemError, PipewrightError } from "./errors.js";
import { type Format, ndjson } from "./formats.js";
import { type Abort, encodeHeartbeat, encodeTurn, MAX_FRAME, type Turn } from "./messages.js";

/** Milliseconds within which a sent item is on its way. */
const FLUSH = 2;

/** Milliseconds without a frame after which a sender sends a heartbeat. */
const HEARTBEAT = 20_000;

/** Checks a value and gives it its type, as a schema of zod does. */
export interface Validator<T> {
  parse(value: unknown): T;
}

/** Items of one frame, a message or a turn. */
export type Batch = { kind: "items"; items: unknown[] } | { kind: "message"; text: string } | { kind: "turn"; turn: Turn };

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
  #compared = false;
  #over = false;
  /** Items that were decoded or rejected so far. */
  received = 0;
  /** Called for each user message. */
  onMessage: ((text: string) => void) | undefined;

  /** Puts items onto a reader of bytes. */
  constructor(readonly reader: ChannelReader, format: Format = ndjson, validator?: Validator<T>) {
    this.#format = format;
    this.#decoder = format.decoder();
    this.#validator = validator;
  }

  /** The user's metadata in the header, once it has arrived. */
  get metadata(): unknown {
    return this.reader.header?.content;
  }

  /** The encoded items of one frame, or a message; `undefined` at the end. */
  async batch(): Promise<Batch | undefined> {
    while (!this.#over) {
      const event = await this.reader.next();
      try {
        if (event === undefined) {
          this.#over = true;
          const items = this.#decoder.finish();
          return items.length > 0 ? { kind: "items", items } : undefined;
        }
        this.#compare(event.kind === "data");
        if (event.kind !== "data") {
          return event;
        }
        const items = this.#decoder.feed(event.payload);
        if (items.length > 0) {
          return { kind: "items", items };
        }
      } catch (error) {
        throw this.#numbered(error, this.received);
      }
    }
    return undefined;
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
    const differs = header.format !== this.#format.name && header.format !== "bytes";
    if (differs || header.compression !== undefined) {
      const found = differs ? `in the format '${header.format}'` : `compressed by ${header.compression ?? ""}`;
      const reason = `the stream is ${found}, but this receiver reads plain '${this.#format.name}'`;
      this.reader.fail(new Corrupt(reason));
      throw new ItemError(reason);
    }
  }

  /** Compares the number of items with the end message, after the last one. Throws `Corrupt`. */
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
}

/** Writes items, batched into frames. Only `close` completes the stream. */
export class Sender<T> {
  readonly #format: Format;
  readonly #validator: Validator<T> | undefined;
  #buffer: Buffer[] = [];
  #size = 0;
  #timer: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  /** Items that were sent so far. */
  sent = 0;

  /** Puts items onto a writer of bytes. */
  constructor(readonly writer: ChannelWriter, { format = ndjson, validator, item, metadata }: SenderOptions<T> = {}) {
    this.#format = format;
    this.#validator = validator;
    writer.header = {
      format: format.name,
      encoding: format.encoding,
      item,
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
    let encoded: Buffer;
    try {
      encoded = this.#format.encode(checked(this.#validator, item));
    } catch (error) {
      throw error instanceof ItemError ? new ItemError(error.reason, this.sent) : error;
    }
    this.#buffer.push(encoded);
    this.#size += encoded.length;
    this.sent += 1;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      // The writer keeps its failure, and the next send throws it.
      this.flush().catch(() => undefined);
    }, FLUSH);
  }

  /** Whether the buffer holds a frame. */
  get isFull(): boolean {
    return this.#size >= MAX_FRAME;
  }

  /** Sends an item; it is on its way within two milliseconds. Waits while there is no room. */
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

  /** Forwards a turn of ordered copies in its place. */
  async sendTurn(turn: Turn): Promise<void> {
    await this.sendMessage(encodeTurn(turn));
  }

  /** Sends what is buffered. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#size > 0) {
      const payload = this.#buffer.length === 1 ? this.#buffer[0] : Buffer.concat(this.#buffer);
      this.#buffer = [];
      this.#size = 0;
      this.#rest();
      await this.writer.write(payload ?? Buffer.alloc(0));
    }
  }

  #rest(): void {
    clearTimeout(this.#heartbeat);
    this.#heartbeat = setTimeout(() => {
      this.writer.sendMessage(encodeHeartbeat()).then(
        () => {
          this.#rest();
        },
        () => undefined,
      );
    }, HEARTBEAT / 2).unref();
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
