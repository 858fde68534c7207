// The programs and the browser that a test needs, and their end.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const { chromium } = await import(process.env.PLAYWRIGHT);

/** A process, by its lines. */
class Program {
  constructor(command, args) {
    this.process = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  async line() {
    const { value, done } = await this.lines.next();
    if (done) throw new Error('the program has ended');
    return value;
  }

  async kill() {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const over = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await over;
  }
}

/** Everything that one test has started. */
export class Scene {
  constructor() {
    this.ends = [];
  }

  /** The program `pipewright`. */
  pipewright(...args) {
    return this.start(process.env.PIPEWRIGHT, args);
  }

  /** An engine; its address is `ws://..`, where a browser goes is `http://..`. */
  async engine(...args) {
    const listen = args.includes('--listen') ? [] : ['--listen', '127.0.0.1:0'];
    const program = this.pipewright('engine', ...listen, ...args);
    const url = (await program.line()).replace('engine ready at ', '');
    return { program, url, page: `${url.replace('ws', 'http')}/` };
  }

  /** The example with one run of each kind: failed, running, held back. */
  async busy(url) {
    const program = this.start(process.env.BUSY, [url]);
    for (const begins of ['failed:', 'goes on:', 'held back:']) {
      const line = await program.line();
      if (!line.startsWith(begins)) throw new Error(`not "${begins} ..": ${line}`);
    }
    return program;
  }

  start(command, args) {
    const program = new Program(command, args);
    this.ends.push(() => program.kill());
    return program;
  }

  /** A browser page and everything it receives. An error in the page fails the test. */
  async browse(url, options = {}) {
    // In containers there are no user namespaces for the sandbox.
    const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox'] });
    this.ends.push(() => browser.close());
    const context = await browser.newContext({ viewport: { width: 1400, height: 1000 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(20000);
    const seen = { bodies: [], faults: [], hosts: new Set() };
    page.on('pageerror', (error) => seen.faults.push(error.message));
    page.on('console', (message) => {
      // Refused and lost requests also appear here, and some tests cause them.
      if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) seen.faults.push(message.text());
    });
    page.on('request', (request) => seen.hosts.add(new URL(request.url()).host));
    page.on('response', async (response) => seen.bodies.push(await response.text().catch(() => '')));
    await page.goto(url);
    return { page, seen };
  }

  async end() {
    for (const end of this.ends.reverse()) await end();
  }
}

/** Runs a test in a new scene, which ends with the test. */
export function inScene(run) {
  return async () => {
    const scene = new Scene();
    try {
      await run(scene);
    } finally {
      await scene.end();
    }
  };
}
