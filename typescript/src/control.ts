import { type Address, Connection } from "./connection.js";
import { CallError, ItemError } from "./errors.js";
import { checkJson } from "./formats.js";

/** Characters per fragment of a long message: at most 1 MiB as UTF-8 (`docs/protocol.md` section 1.5). */
const FRAGMENT = 256 * 1024;

/** Milliseconds that a closing worker waits for the engine's close. */
const LEAVE_TIMEOUT = 5000;

/** A message of the control connection. */
export type Message = Record<string, unknown>;

/** The control connection of a worker: JSON messages in both directions. */
export class Control {
  readonly #connection: Connection;
  readonly #log: (line: string) => void;

  private constructor(connection: Connection, log: (line: string) => void) {
    this.#connection = connection;
    this.#log = log;
  }

  /** Connects. Throws `ConnectError`. */
  static async open(address: Address, log: (line: string) => void): Promise<Control> {
    const connection = await Connection.open(address, address.url);
    connection.ping();
    connection.watch();
    return new Control(connection, log);
  }

  /** Sends a message. Throws `CallError` if it has no JSON form, is too long, or cannot be sent. */
  async send(message: Message): Promise<void> {
    let text: string;
    try {
      // `JSON.stringify` would write null for values that JSON cannot represent.
      for (const member of ["data", "result"]) {
        if (message[member] !== undefined) {
          checkJson(message[member], member);
        }
      }
      text = JSON.stringify(message);
    } catch (error) {
      const reason = error instanceof ItemError ? error.reason : (error as Error).message;
      throw new CallError("serialization_error", `the value has no JSON form: ${reason}`);
    }
    const [size, longest] = [Buffer.byteLength(text), this.#connection.maxMessage];
    if (size > longest) {
      const reason = `the message has ${size} bytes, the engine reads ${longest}`;
      throw new CallError("payload_too_large", `${reason}; send large data through a channel`);
    }
    if (!(await this.#connection.sendText(text, FRAGMENT))) {
      throw new CallError("disconnected", "the connection to the engine was lost; the worker reconnects");
    }
  }

  /** Yields messages until the connection is lost or closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, void> {
    for (let text = await this.#connection.receive(); text !== undefined; text = await this.#connection.receive()) {
      let message: unknown;
      try {
        message = JSON.parse(text.toString());
      } catch {
        this.#log("the engine sent a message that is not JSON");
        continue;
      }
      if (typeof message === "object" && message !== null && !Array.isArray(message)) {
        yield message as Message;
      }
    }
  }

  /** Closes the connection, and drops it if the engine does not answer. */
  async close(): Promise<void> {
    await this.#connection.close(1000, "", LEAVE_TIMEOUT);
  }
}
