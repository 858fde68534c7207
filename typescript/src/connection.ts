import { once } from "node:events";
import { type ClientOptions, WebSocket } from "ws";

import { ConnectError } from "./errors.js";
import { shown } from "./refs.js";

/** Requests heartbeats on a channel connection (`docs/protocol.md` section 4.9). */
export const HEARTBEAT_HEADER = "x-pipewright-heartbeat";

/** Milliseconds between heartbeats. */
export const HEARTBEAT = 20_000;

/** Milliseconds without a byte after which a connection counts as lost. */
export const SILENCE = 60_000;

/** Milliseconds from the start of a connection to the end of its handshake. */
export const CONNECT_TIMEOUT = 10_000;

/** The largest message that is read, in bytes (section 1.5). */
export const MAX_MESSAGE = 64 * 1024 * 1024;

/** States the largest message that a peer accepts (section 1.5). */
const MAX_MESSAGE_HEADER = "x-pipewright-max-message";

/** The meaning of an engine's HTTP status (section 4.1). */
const HINTS: Record<number, string> = {
  401: "the engine wants a token; set `token` or III_TOKEN",
  403: "the token is not accepted",
  404: "no such channel, or its key is wrong; a channel that ended or expired is gone, too",
  409: "this end of the channel was opened before, and opens only once",
};

/** Bytes that wait for their reader before the socket is paused. */
const MAX_QUEUED = 1024 * 1024;

/** Bytes that wait for the kernel before a sender waits. */
const MAX_BUFFERED = 256 * 1024;

/** Certificates and keys in PEM, as for `node:tls`. */
export interface TlsOptions {
  /** Authorities to trust instead of those of Node. */
  ca?: string | Buffer | (string | Buffer)[];
  /** The client certificate of this worker. */
  cert?: string | Buffer;
  /** The key of `cert`. */
  key?: string | Buffer;
  /** `false` accepts any certificate of the engine; for tests. Default: true. */
  rejectUnauthorized?: boolean;
}

/** Where an engine listens, and how to connect to it. */
export interface Address {
  url: string;
  token?: string | undefined;
  owner?: string | undefined;
  tls?: TlsOptions | undefined;
}

/** How a connection ended: a close with a code (1005 for none), or a loss. */
export interface Ended {
  code: number;
  reason: string;
  /** Whether the watchdog ended it. */
  silent: boolean;
  /** Whether the peer ended it before `close` was called. */
  early: boolean;
}

/** A frame that arrived. */
export type Incoming = Buffer | string;

/** One WebSocket connection, with backpressure in both directions and a watchdog for silence. */
export class Connection {
  readonly #socket: WebSocket;
  readonly #queue: Incoming[] = [];
  #queued = 0;
  #waiting: (() => void)[] = [];
  #blocked: (() => void)[] = [];
  #lastReceived = Date.now();
  #watchdog: NodeJS.Timeout | undefined;
  #silent = false;
  #closing = false;
  #ended: Ended | undefined;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<Ended>;
  /** Whether the engine promised heartbeats. */
  heartbeats = false;
  /** The largest message in bytes that the peer reads. */
  maxMessage = MAX_MESSAGE;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("upgrade", (response) => {
      // Detects a dead connection to an engine without heartbeats.
      response.socket.setKeepAlive(true, HEARTBEAT);
      this.heartbeats = response.headers[HEARTBEAT_HEADER] !== undefined;
      const longest = String(response.headers[MAX_MESSAGE_HEADER] ?? "");
      if (/^[0-9]+$/.test(longest)) {
        this.maxMessage = Math.max(4096, Number(longest));
      }
    });
    this.ended = new Promise((resolve) => {
      socket.on("close", (code, reason) => {
        clearTimeout(this.#watchdog);
        this.#ended = { code, reason: reason.toString(), silent: this.#silent, early: !this.#closing };
        resolve(this.#ended);
        this.#wake();
        this.#unblock();
      });
    });
    // Every error is followed by `close`, which has the details.
    socket.on("error", () => undefined);
    socket.on("pong", () => {
      this.#lastReceived = Date.now();
    });
    socket.on("message", (data: Buffer, isBinary: boolean) => {
      this.#lastReceived = Date.now();
      this.#queue.push(isBinary ? data : data.toString());
      this.#queued += data.length;
      if (this.#queued > MAX_QUEUED) {
        socket.pause();
      }
      this.#wake();
    });
  }

  /** Opens a connection. Its error contains no secrets. */
  static async open(
    address: Address,
    url: string,
    { heartbeat = false }: { heartbeat?: boolean } = {},
  ): Promise<Connection> {
    const where = shown(url);
    let socket: WebSocket;
    const sent: Record<string, string> = {};
    if (address.token !== undefined) {
      sent["Authorization"] = `Bearer ${address.token}`;
    }
    if (address.owner !== undefined) {
      sent["x-pipewright-owner"] = address.owner;
    }
    if (heartbeat) {
      sent[HEARTBEAT_HEADER] = String(HEARTBEAT);
    } else {
      sent[MAX_MESSAGE_HEADER] = String(MAX_MESSAGE);
    }
    try {
      socket = new WebSocket(url, {
        ...address.tls,
        headers: sent,
        perMessageDeflate: false,
        handshakeTimeout: CONNECT_TIMEOUT,
        maxPayload: MAX_MESSAGE,
        // The watchdog bounds the wait for the peer's close instead.
        closeTimeout: 0x7fff_ffff,
      } as ClientOptions);
    } catch {
      throw new ConnectError(`${where} is not a WebSocket address; use ws:// or wss://`);
    }
    // Created before the handshake ends, so that no early frame is missed.
    const connection = new Connection(socket);
    const refused = new Promise<never>((_resolve, reject) => {
      socket.on("unexpected-response", (request, response) => {
        request.destroy();
        const status = response.statusCode ?? 0;
        const hint = HINTS[status] === undefined ? "" : `: ${HINTS[status]}`;
        reject(new ConnectError(`${where} refused the connection with HTTP ${status}${hint}`));
      });
      socket.on("error", (error) => {
        reject(new ConnectError(`cannot connect to ${where}: ${error.message}`));
      });
    });
    refused.catch(() => undefined);
    await Promise.race([once(socket, "open"), refused]);
    return connection;
  }

  /** Drops the connection after `silence` milliseconds without a sign of life. */
  watch(silence = SILENCE): void {
    clearTimeout(this.#watchdog);
    const check = (): void => {
      const left = this.#lastReceived + silence - Date.now();
      if (left <= 0 && !this.#socket.isPaused) {
        this.#silent = true;
        this.#socket.terminate();
      } else {
        this.#watchdog = setTimeout(check, Math.max(left, 1000)).unref();
      }
    };
    // The socket keeps the process alive; the watchdog must not.
    this.#watchdog = setTimeout(check, silence).unref();
  }

  /** Sends pings; the answers count as signs of life. Not for readers (section 8.2). */
  ping(): void {
    const timer = setInterval(() => {
      if (this.#socket.readyState === WebSocket.OPEN) {
        this.#socket.ping();
      }
    }, HEARTBEAT).unref();
    void this.ended.then(() => {
      clearInterval(timer);
    });
  }

  /** The next frame; `undefined` after the connection has ended and all frames were taken. */
  async receive(): Promise<Incoming | undefined> {
    for (;;) {
      const frame = this.#queue.shift();
      if (frame !== undefined) {
        this.#queued -= frame.length;
        if (this.#socket.isPaused && this.#queued <= MAX_QUEUED / 2) {
          this.#lastReceived = Date.now();
          this.#socket.resume();
        }
        return frame;
      }
      if (this.#ended !== undefined) {
        return undefined;
      }
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) {
      resolve();
    }
  }

  #unblock(): void {
    const blocked = this.#blocked;
    this.#blocked = [];
    for (const resolve of blocked) {
      resolve();
    }
  }

  /** Sends a frame; waits while the kernel accepts no more. `false` if the connection has ended. */
  async send(frame: Buffer | string): Promise<boolean> {
    if (this.#socket.readyState !== WebSocket.OPEN) {
      return false;
    }
    this.#socket.send(frame, { binary: typeof frame !== "string" }, () => {
      if (this.#socket.bufferedAmount < MAX_BUFFERED) {
        this.#unblock();
      }
    });
    // A list of callbacks, because each `Promise.race` with `ended` would leave a reaction on it.
    while (this.#socket.bufferedAmount >= MAX_BUFFERED && this.#ended === undefined) {
      await new Promise<void>((resolve) => {
        this.#blocked.push(resolve);
      });
    }
    return this.#ended === undefined;
  }

  /** Sends a text, in fragments of `characters` if it is longer. `false` if the connection has ended. */
  async sendText(text: string, characters: number): Promise<boolean> {
    if (text.length <= characters) {
      return this.send(text);
    }
    let at = 0;
    while (text.length - at > characters && this.#socket.readyState === WebSocket.OPEN) {
      // Half a surrogate pair cannot be encoded as UTF-8.
      const high = text.charCodeAt(at + characters - 1);
      const end = high >= 0xd800 && high <= 0xdbff ? at + characters + 1 : at + characters;
      this.#socket.send(text.slice(at, end), { binary: false, fin: false }, () => undefined);
      at = end;
    }
    return this.send(text.slice(at));
  }

  /** Drops the connection: the peer sees a loss. */
  terminate(): void {
    this.#socket.terminate();
  }

  /**
   * Sends a close and waits for the peer's, at most `timeout` milliseconds without a sign of life. By
   * default, it waits as long as the engine keeps its promise of heartbeats; an engine that promised
   * none may be waiting for a slow reader. Frames that arrive meanwhile are dropped.
   */
  async close(code = 1000, reason = "", timeout?: number): Promise<Ended> {
    if (timeout !== undefined || this.heartbeats) {
      this.watch(timeout);
    }
    this.#closing = this.#socket.readyState === WebSocket.OPEN;
    this.#socket.close(code, reason);
    while ((await this.receive()) !== undefined) {
      // Unread frames would keep the peer's close from being read.
    }
    return this.ended;
  }
}
