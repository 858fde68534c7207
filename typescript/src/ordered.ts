/** The action on a result when its turn comes. */
type Give = () => Promise<void>;

/** Concurrent work whose results are handled in the order in which it started. */
export class Ordered {
  readonly #entries: Promise<Give>[] = [];
  readonly #collected: Promise<void>;
  #over = false;
  #failed: { error: unknown } | undefined;
  #wake: () => void = () => undefined;
  #room: () => void = () => undefined;

  /** At most `limit` entries run concurrently. */
  constructor(readonly limit: number) {
    this.#collected = this.#collect().catch((error: unknown) => {
      this.#failed = { error };
      this.#room();
    });
  }

  /** Adds an entry; waits while there are too many. Throws the first error of the entries. */
  async add(entry: Promise<Give>): Promise<void> {
    entry.catch(() => undefined);
    this.#entries.push(entry);
    this.#wake();
    while (this.#entries.length >= this.limit && this.#failed === undefined) {
      await new Promise<void>((resolve) => {
        this.#room = resolve;
      });
    }
    this.#check();
  }

  /** Records that no entry follows. */
  end(): void {
    this.#over = true;
    this.#wake();
  }

  /** Waits until every result was handled. Throws the first error of the entries. */
  async done(): Promise<void> {
    await this.#collected;
    this.#check();
  }

  #check(): void {
    if (this.#failed !== undefined) {
      throw this.#failed.error;
    }
  }

  async #collect(): Promise<void> {
    for (;;) {
      const next = this.#entries[0];
      if (next !== undefined) {
        const give = await next;
        await give();
        void this.#entries.shift();
        this.#room();
      } else if (this.#over) {
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
