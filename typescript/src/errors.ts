import { type Abort, describeAbort, firstCause } from "./messages.js";

/** The base class of all errors of this package. None contains an access key or a token. */
export class PipewrightError extends Error {
  constructor(message: string) {
    super(message);
    this.name = new.target.name;
  }
}

/** A connection could not be opened. */
export class ConnectError extends PipewrightError {}

/** A stream was not read to its end. Reading again throws the same error. */
export class StreamError extends PipewrightError {}

/** The writer failed and sent the reason (`docs/protocol.md` section 9.4). */
export class Aborted extends StreamError {
  constructor(readonly abort: Abort) {
    super(`the stream was aborted by its writer: ${describeAbort(abort)}`);
  }
}

/** The stream ended before everything had arrived. */
export class Truncated extends StreamError {}

/** The bytes that arrived are not the bytes that were sent. */
export class Corrupt extends StreamError {}

/** The peer violated the stream protocol. */
export class ProtocolViolation extends StreamError {}

/** A writer with the stream protocol was expected, but nothing arrived before the close. */
export class NeverWritten extends StreamError {}

/** The engine did not confirm a stream. */
export class WriteFailed extends PipewrightError {}

/** The reader of the channel left. A stage treats this as the end of its work. */
export class ReaderGone extends WriteFailed {}

/** An item cannot be decoded, checked or encoded. `number` counts from 0. */
export class ItemError extends PipewrightError {
  constructor(
    readonly reason: string,
    readonly number?: number,
  ) {
    super(number === undefined ? reason : `item ${number}: ${reason}`);
  }
}

/** A call of a function failed. `code` is a stable word. */
export class CallError extends PipewrightError {
  constructor(
    readonly code: string,
    readonly reason: string,
  ) {
    super(`${reason} (${code})`);
  }
}

/** A pipeline failed. `firstCause` is the abort that caused it. */
export class RunFailed extends PipewrightError {
  readonly firstCause: Abort;

  constructor(abort: Abort) {
    super(describeAbort(abort));
    this.firstCause = firstCause(abort);
  }
}
