import type { Batch, Receiver } from "./items.js";

const DONE: IteratorResult<never, undefined> = { done: true, value: undefined };

/**
 * The items of a stage's input, for its function. Not an async generator: that costs several turns of
 * the event loop for each item, also for items that have arrived.
 */
export class Incoming implements AsyncIterableIterator<unknown> {
  readonly #receiver: Receiver<unknown>;
  readonly #forward: (batch: Exclude<Batch, { kind: "items" }>) => Promise<void>;
  #items: unknown[] = [];
  #at = 0;
  #isOver = false;
  #fetching: Promise<unknown> | undefined;

  /** Yields the items of `receiver`, and passes everything else to `forward`. */
  constructor(receiver: Receiver<unknown>, forward: (batch: Exclude<Batch, { kind: "items" }>) => Promise<void>) {
    this.#receiver = receiver;
    this.#forward = forward;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** The next item. Concurrent calls are answered in their order. */
  next(): Promise<IteratorResult<unknown, undefined>> {
    if (this.#fetching !== undefined) {
      return this.#fetching.then(() => this.next(), () => this.next());
    }
    if (this.#at < this.#items.length) {
      const encoded = this.#items[this.#at];
      this.#at += 1;
      try {
        return Promise.resolve({ done: false, value: this.#receiver.decode(encoded) });
      } catch (error) {
        this.#isOver = true;
        return Promise.reject(error instanceof Error ? error : new TypeError(String(error)));
      }
    }
    if (this.#isOver) {
      return Promise.resolve(DONE);
    }
    const found = this.#fetch().finally(() => {
      this.#fetching = undefined;
    });
    this.#fetching = found;
    return found.then(() => this.next());
  }

  async #fetch(): Promise<void> {
    try {
      for (;;) {
        const batch = await this.#receiver.batch();
        if (batch === undefined) {
          this.#receiver.checkCount();
          this.#isOver = true;
          return;
        }
        if (batch.kind === "items") {
          this.#items = batch.items;
          this.#at = 0;
          return;
        }
        await this.#forward(batch);
      }
    } catch (error) {
      this.#isOver = true;
      throw error;
    }
  }

  /** Ends the iteration: the function reads no more. */
  return(): Promise<IteratorResult<unknown, undefined>> {
    this.#isOver = true;
    this.#items = [];
    return Promise.resolve(DONE);
  }
}
