import { CallError } from "./errors.js";

/** Milliseconds from a refusal to the first attempt; each further wait is twice as long. */
const FIRST = 1000;

/** The longest wait in milliseconds. */
const LONGEST = 10_000;

/**
 * Registers functions again that an engine refused because another worker has them: an engine without
 * the extensions does not report when that worker leaves (`docs/protocol.md` section 1.3).
 */
export class RegistrationRetry {
  #refused = new Set<string>();
  #wait = FIRST;
  #timer: NodeJS.Timeout | undefined;

  /** Registers an id with `register`; `barrier` waits until the engine has answered. */
  constructor(
    readonly register: (id: string) => Promise<void>,
    readonly barrier: () => Promise<void>,
    readonly log: (line: string) => void,
  ) {}

  /** Records a refusal, and tries again later. */
  refused(id: string): void {
    this.#refused.add(id);
    this.#timer ??= setTimeout(() => void this.#offer(), this.#wait).unref();
  }

  /** Forgets the refusals: the connection is lost, or the worker closes. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#refused.clear();
    this.#wait = FIRST;
  }

  async #offer(): Promise<void> {
    const offered = this.#refused;
    this.#refused = new Set();
    this.#timer = undefined;
    this.#wait = Math.min(2 * this.#wait, LONGEST);
    try {
      for (const id of offered) {
        await this.register(id);
      }
      await this.barrier();
    } catch (error) {
      if (!(error instanceof CallError)) {
        throw error;
      }
      if (error.code === "timeout") {
        offered.forEach((id) => { this.refused(id); });
      } else {
        // The next connection registers every function.
        this.log(`cannot register ${[...offered].join(", ")} again: ${error.message}`);
      }
      return;
    }
    for (const id of offered) {
      if (!this.#refused.has(id)) {
        this.log(`${id} is served by this worker now`);
      }
    }
    if (this.#refused.size === 0) {
      this.#wait = FIRST;
    }
  }
}
