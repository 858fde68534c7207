/// <reference types="node" preserve="true" />
/// <reference lib="esnext.disposable" preserve="true" />
/**
 * Stages, channels and pipelines of pipewright in TypeScript.
 *
 * A stage is a function, created by `stage`. A `Worker` serves stages to pipelines in any language. Every
 * stream ends in exactly one verdict: complete, or an error.
 */
export { VERSION } from "./announcement.js";
export { ChannelReader, ChannelWriter, type ReadEvent } from "./channel.js";
export type { Address, TlsOptions } from "./connection.js";
export {
  Aborted,
  CallError,
  ConnectError,
  Corrupt,
  ItemError,
  NeverWritten,
  PipewrightError,
  ProtocolViolation,
  ReaderGone,
  RunFailed,
  StreamError,
  Truncated,
  WriteFailed,
} from "./errors.js";
export type { Compression } from "./compression.js";
export { type Format, lines, ndjson } from "./formats.js";
export type { Handler } from "./functions.js";
export { Receiver, Sender, type SenderOptions, type Validator } from "./items.js";
export { type Abort, firstCause, type Header, type Progress } from "./messages.js";
export { msgpack } from "./msgpack.js";
export { Pipeline, pipeline, Run, type RunReport, type StageReport } from "./pipeline.js";
export type { ChannelRef } from "./refs.js";
export { type RunContext, type FormatName, type Stage, stage, type StageKind, type StageOptions } from "./stage.js";
export { StreamVerifier, type Verdict } from "./verifier.js";
export { type CallOptions, DEFAULT_URL, Worker, type WorkerOptions } from "./worker.js";
