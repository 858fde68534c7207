import { crc32c } from "@node-rs/crc32";

import { Aborted, Corrupt, NeverWritten, ProtocolViolation, type StreamError, Truncated } from "./errors.js";
import { type End, type Header, MalformedMessage, type Message, parseMessage, type Progress, type Turn } from "./messages.js";

/** How a successful stream ended. */
export type Verdict = "complete" | "unverified";

/** The meaning of a text frame for the user of a reader. */
export type TextEvent =
  | { kind: "message"; text: string }
  | { kind: "progress"; progress: Progress }
  | { kind: "turn"; turn: Turn };

type State = "start" | "foreign" | "marked" | "ended" | "done";

/**
 * Decides how a stream ended: the verdict table of `docs/protocol.md` section 9.6. Does no I/O.
 *
 * | state | header | data | end | abort | clean close | other close, loss |
 * |---|---|---|---|---|---|---|
 * | start | marked | foreign | totals | aborted | unverified | truncated |
 * | foreign | violation | - | totals | aborted | unverified | truncated |
 * | marked | violation | - | totals | aborted | truncated | truncated |
 * | ended | violation | violation | violation | violation | complete | complete |
 *
 * A clean close in `start` is "never written" if a header was promised.
 */
export class StreamVerifier {
  #state: State = "start";
  #promised: boolean;
  #crc = 0;
  header: Header | undefined;
  bytes = 0;
  endItems: number | undefined;
  verdict: Verdict | undefined;
  error: StreamError | undefined;

  /** Expects a header if the writer is known to use the stream protocol. */
  constructor(headerPromised = false) {
    this.#promised = headerPromised;
  }

  /** Whether there is a verdict or an error. */
  get isDone(): boolean {
    return this.#state === "done";
  }

  /** Processes a binary frame; returns the payload to deliver, if any. */
  data(payload: Buffer): Buffer | undefined {
    if (this.#state === "done") {
      return undefined;
    }
    if (this.#state === "ended") {
      this.fail(new ProtocolViolation("data after the end message"));
      return undefined;
    }
    if (this.#state === "start") {
      this.#state = "foreign";
    }
    this.bytes += payload.length;
    this.#crc = crc32c(payload, this.#crc);
    return payload.length > 0 ? payload : undefined;
  }

  /** Processes a text frame; returns its meaning for the user, if any. */
  text(text: string): TextEvent | undefined {
    if (this.#state === "done") {
      return undefined;
    }
    let message: Message | undefined;
    try {
      message = parseMessage(text);
    } catch (error) {
      if (!(error instanceof MalformedMessage)) {
        throw error;
      }
      this.fail(new ProtocolViolation(error.message));
      return undefined;
    }
    if (message?.kind === "progress" || message?.kind === "heartbeat") {
      return message.kind === "progress" ? message : undefined;
    }
    if (this.#state === "ended") {
      this.fail(new ProtocolViolation("a message after the end message"));
      return undefined;
    }
    if (message === undefined) {
      return { kind: "message", text };
    }
    return this.#control(message);
  }

  #control(message: Exclude<Message, { kind: "progress" | "heartbeat" }>): TextEvent | undefined {
    switch (message.kind) {
      case "turn":
        return message;
      case "header":
        if (this.#state !== "start") {
          this.fail(new ProtocolViolation("a header that is not the first frame"));
        } else {
          this.header = message.header;
          this.#state = "marked";
        }
        return undefined;
      case "end":
        this.#end(message.end);
        return undefined;
      case "abort":
        this.fail(new Aborted(message.abort));
        return undefined;
    }
  }

  #end(end: End): void {
    if (end.bytes > this.bytes) {
      this.#truncated(`the writer sent ${end.bytes} bytes`);
    } else if (end.bytes < this.bytes) {
      this.fail(new Corrupt(`${this.bytes} bytes arrived, but the writer sent ${end.bytes}`));
    } else if (end.crc32c !== undefined && end.crc32c !== this.#crc) {
      this.fail(new Corrupt("the checksum does not match the bytes that were written"));
    } else {
      this.endItems = end.items;
      this.#state = "ended";
    }
  }

  /** Compares the number of decoded items with the end message, if that counts items. */
  items(count: number): void {
    if (this.endItems !== undefined && this.endItems !== count) {
      this.fail(new Corrupt(`${count} items arrived, but the writer sent ${this.endItems}`));
    }
  }

  /** Processes the close of the peer; `undefined` is a close without a code. */
  closed(code: number | undefined, reason: string): void {
    const described = (code === undefined ? "closed without a code" : `closed with code ${code}`) + (reason && `: ${reason}`);
    if (this.#state === "done") {
      return;
    }
    if (this.#state === "ended") {
      this.#finish("complete");
    } else if (this.#state === "marked") {
      this.#truncated(`${described}, without an end message`);
    } else if (code !== undefined && code !== 1000) {
      this.#truncated(described);
    } else if (this.#state === "start" && this.#promised) {
      this.fail(new NeverWritten("nothing was written to the channel before it was closed"));
    } else {
      this.#finish("unverified");
    }
  }

  /** Processes the loss of the connection without a close. */
  lost(reason: string): void {
    if (this.#state === "ended") {
      this.#finish("complete");
    } else if (this.#state !== "done") {
      this.#truncated(reason);
    }
  }

  /** Ends the stream with an error, unless it has failed before. */
  fail(error: StreamError): void {
    if (this.error === undefined) {
      this.error = error;
      this.verdict = undefined;
      this.#state = "done";
    }
  }

  #truncated(reason: string): void {
    this.fail(new Truncated(`the stream was cut short after ${this.bytes} bytes: ${reason}`));
  }

  #finish(verdict: Verdict): void {
    this.verdict = verdict;
    this.#state = "done";
  }
}
