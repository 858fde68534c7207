import { Aborted, ConnectError, ItemError, StreamError, WriteFailed } from "./errors.js";
import { type Abort, passedOn } from "./messages.js";

/** The code of a stage whose output was lost; its reader may have left. */
export const OUTPUT_LOST = "output_lost";

/** Codes of failures that mostly follow from the failure of another part of the run. */
export const CONSEQUENCES = new Set([
  "input_failed",
  "input_truncated",
  OUTPUT_LOST,
  "output_left_open",
  "writer_dropped",
  "stage_lost",
  "cancelled",
]);

/** Lines of the stack that an abort contains. */
const TAIL = 3;

/** An error of the user's function, with the number of its item. */
export class UserError extends Error {
  constructor(
    override readonly cause: unknown,
    readonly item: number | undefined,
  ) {
    super(describe(cause));
  }
}

/** Thrown within a stage whose run was cancelled or whose output's reader left. */
export class Stopped extends Error {}

/** The connection to the run of a stage was lost; the run was not cancelled. */
export class RunLost extends Error {}

/** Describes an error by type, message and the tail of its stack. */
export function describe(error: unknown): string {
  if (!(error instanceof Error)) {
    return String(error);
  }
  const stack = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  const places = stack.slice(0, TAIL).map((line) => line.trim().replace(/\(?(?:file:\/\/)?[^()\s]*\//, "("));
  return `${error.name}: ${error.message}${places.length > 0 ? ` (${places.join(" < ")})` : ""}`;
}

/** The abort of a stage that failed. */
export function abortOf(stage: string, error: unknown): Abort {
  if (error instanceof UserError) {
    return { code: "stage_failed", message: error.message, stage, item: error.item };
  }
  if (error instanceof Aborted) {
    return passedOn(error.abort, stage);
  }
  const codes: [abstract: abstract new (...parameters: never[]) => Error, code: string][] = [
    [ItemError, "bad_input"],
    [StreamError, "input_truncated"],
    [WriteFailed, OUTPUT_LOST],
    [RunLost, "stage_lost"],
    [ConnectError, "connect_failed"],
    [Stopped, "cancelled"],
  ];
  const code = codes.find(([kind]) => error instanceof kind)?.[1];
  const item = error instanceof ItemError ? error.number : undefined;
  const message = code === undefined ? describe(error) : (error as Error).message;
  return { code: code ?? "stage_failed", message, stage, item };
}
