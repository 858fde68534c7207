/** Starts the program as an engine, and as a client of it. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

const PROGRAM = process.env["PIPEWRIGHT_PROGRAM"] ?? new URL("../../../target/debug/pipewright", import.meta.url).pathname;

/** Starts the engine of the tests: the program, or `iii_engine` of `tests/languages`. */
const ENGINE_PROGRAM = process.env["PIPEWRIGHT_ENGINE_PROGRAM"] ?? PROGRAM;

/** Whether the engine behaves as an iii engine does. */
export const IS_III = ENGINE_PROGRAM !== PROGRAM;

export class Engine {
  private constructor(
    readonly url: string,
    readonly process: ChildProcessWithoutNullStreams,
  ) {}

  static async start(): Promise<Engine> {
    const child = spawn(ENGINE_PROGRAM, ["engine", "--listen", "127.0.0.1:0"]);
    child.stderr.resume();
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    return new Engine(line.split(" ").at(-1) ?? "", child);
  }

  async stop(): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exited = once(this.process, "exit");
      this.process.kill("SIGKILL");
      await exited;
    }
  }

  /** Runs the program at this engine. */
  async program(args: string[], stdin: string): Promise<{ status: number | null; out: string; error: string }> {
    const child = spawn(PROGRAM, args, { env: { ...process.env, PIPEWRIGHT_ENGINE_URL: this.url } });
    let [out, error] = ["", ""];
    child.stdout.on("data", (part: Buffer) => (out += part.toString()));
    child.stderr.on("data", (part: Buffer) => (error += part.toString()));
    child.stdin.on("error", () => undefined);
    child.stdin.end(stdin);
    const [status] = (await once(child, "close")) as [number | null];
    return { status, out, error };
  }
}

/** Serves the stages of `stages.ts` in a separate process. */
export async function serveStages(url: string): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(process.execPath, [new URL("stages.js", import.meta.url).pathname, url]);
  const [line] = (await once(createInterface(child.stderr), "line")) as [string];
  if (!line.startsWith("serving")) {
    throw new Error(line);
  }
  return child;
}
