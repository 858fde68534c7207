import { CallError } from "./errors.js";

interface Open {
  resolve: (value: unknown) => void;
  reject: (error: CallError) => void;
  timer: NodeJS.Timeout | undefined;
}

/** Waits for answers of the engine. Does no I/O. */
export class Calls {
  readonly #open = new Map<string, Open[]>();

  /** Waits for an answer, at most `timeout` milliseconds; then fails with the error `late`. */
  begin(id: string, timeout: number, late: string): Promise<unknown> {
    const result = new Promise<unknown>((resolve, reject) => {
      const open: Open = { resolve, reject, timer: undefined };
      if (Number.isFinite(timeout)) {
        open.timer = setTimeout(() => {
          reject(new CallError("timeout", late));
        }, timeout);
      }
      this.#open.set(id, [...(this.#open.get(id) ?? []), open]);
    });
    result.catch(() => undefined);
    return result;
  }

  /** Resolves the oldest wait with this id. */
  resolve(id: string, value: unknown): void {
    this.#take(id)?.resolve(value);
  }

  /** Takes an `invocationresult`; a late or unknown one is ignored. */
  answer(message: Record<string, unknown>): void {
    const id = String(message["invocation_id"]);
    const error = message["error"] as { code?: unknown; message?: unknown } | null | undefined;
    if (error === undefined || error === null) {
      this.resolve(id, message["result"] ?? null);
      return;
    }
    const text = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);
    this.fail(id, text(error.code, "invocation_failed"), text(error.message, ""));
  }

  /** Fails the oldest wait with this id. */
  fail(id: string, code: string, reason: string): void {
    this.#take(id)?.reject(new CallError(code, reason));
  }

  /** Fails all waits. */
  failAll(code: string, reason: string): void {
    for (const id of [...this.#open.keys()]) {
      while (this.#open.has(id)) {
        this.fail(id, code, reason);
      }
    }
  }

  /** Ends a wait whose answer is no longer needed. */
  forget(id: string): void {
    this.#take(id);
  }

  #take(id: string): Open | undefined {
    const [open, ...rest] = this.#open.get(id) ?? [];
    if (rest.length > 0) {
      this.#open.set(id, rest);
    } else {
      this.#open.delete(id);
    }
    clearTimeout(open?.timer);
    return open;
  }
}
