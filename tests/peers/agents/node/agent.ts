// The peer on the Node SDK: the functions every agent has (see ../../README.md).

import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { registerWorker } from 'iii-sdk'
import type { ChannelReader, ChannelWriter } from 'iii-sdk/channel'
import { createChannel } from 'iii-sdk/helpers'
import { faults } from './faults.js'

type Write = {
  writerRef: ChannelWriter
  bytes: number
  piece: number
  messages: number
  pause_ms: number
}
type Read = { readerRef: ChannelReader; pause_ms: number }
type Relay = { readerRef: ChannelReader; writerRef: ChannelWriter }
type Nested = { job: { inputs: ChannelReader[]; output: { deep: { to: ChannelWriter } } } }

const [name, ready, ...added] = process.argv.slice(2)
// This version does not read III_TOKEN itself.
const token = process.env.III_TOKEN
const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {}
const iii = registerWorker(process.env.III_URL!, { headers })

const functions: Record<string, (data: any) => Promise<unknown>> = {
  echo: async (data) => data,
  fail: async (data) => {
    throw new Error(data.message)
  },
  call: async (data) => {
    const request = { function_id: data.function, payload: data.payload, timeoutMs: 60_000 }
    try {
      return { ok: await iii.trigger(request) }
    } catch (error: any) {
      return { error: { code: error.code, message: error.message } }
    }
  },
  create: async (data) => {
    const channel = await createChannel(iii, data.buffer_size ?? undefined)
    return { readerRef: channel.readerRef, writerRef: channel.writerRef }
  },
  nested: (data: Nested) =>
    relay({ readerRef: data.job.inputs[0], writerRef: data.job.output.deep.to }),
  write,
  read,
  relay,
  hold,
  ...faults,
}

/** Writes random bytes, a message before each of the first pieces, and ends the stream. */
async function write(data: Write) {
  const tally = await fill(data.writerRef, data)
  data.writerRef.stream.end()
  await once(data.writerRef.stream, 'finish')
  return tally.report()
}

/** Writes like `write`, but never closes: meanwhile the caller ends this process. */
async function hold(data: Write) {
  await fill(data.writerRef, data)
  data.writerRef.sendMessage('held')
  await new Promise(() => {})
}

async function fill(writer: ChannelWriter, data: Write) {
  const tally = new Tally()
  hush(writer)
  let left = data.bytes
  for (let number = 0; left > 0 || number < data.messages; number += 1) {
    if (number < data.messages) {
      // Only after the callback of a write: otherwise the message would overtake it.
      writer.sendMessage(`m${number}`)
      tally.message(`m${number}`)
    }
    const piece = randomBytes(Math.min(left, data.piece))
    if (piece.length > 0) {
      await new Promise<void>((resolve, reject) => {
        writer.stream.write(piece, (error) => (error ? reject(error) : resolve()))
      })
      tally.data(piece)
    }
    left -= piece.length
    if (data.pause_ms) await pause(data.pause_ms)
  }
  return tally
}

/** Reads to the end, as slowly as requested. */
async function read(data: Read) {
  const tally = new Tally()
  const { stream } = data.readerRef
  // A message is reported on arrival, before data that waits in the stream.
  data.readerRef.onMessage((text) => tally.message(text, stream.readableLength))
  stream.on('data', async (chunk: Buffer) => {
    tally.data(chunk)
    if (data.pause_ms) {
      stream.pause()
      await pause(data.pause_ms)
      stream.resume()
    }
  })
  const error = await new Promise<string | null>((resolve) => {
    stream.on('end', () => resolve(null))
    stream.on('error', (failed) => resolve(failed.message))
  })
  return { ...tally.report(), error }
}

/** A stage that changes nothing: data and messages pass in order. */
async function relay({ readerRef, writerRef }: Relay) {
  const tally = new Tally()
  hush(writerRef)
  let taken = 0
  const waiting: { at: number; text: string }[] = []
  // A message is reported on arrival, before data that waits in the stream.
  readerRef.onMessage((text) => {
    waiting.push({ at: taken + readerRef.stream.readableLength, text })
  })
  const forward = async (chunk: Buffer) => {
    if (chunk.length === 0) return
    await new Promise<void>((resolve, reject) => {
      writerRef.stream.write(chunk, (error) => (error ? reject(error) : resolve()))
    })
    tally.data(chunk)
  }
  const speak = () => {
    const { text } = waiting.shift()!
    writerRef.sendMessage(text)
    tally.message(text)
  }
  for await (let chunk of readerRef.stream as AsyncIterable<Buffer>) {
    taken += chunk.length
    while (waiting.length > 0 && waiting[0].at <= tally.bytes + chunk.length) {
      const ahead = waiting[0].at - tally.bytes
      await forward(chunk.subarray(0, ahead))
      chunk = chunk.subarray(ahead)
      speak()
    }
    await forward(chunk)
  }
  while (waiting.length > 0) speak()
  writerRef.stream.end()
  await once(writerRef.stream, 'finish')
  return tally.report()
}

/** Without a listener, a broken connection ends the process; the write callbacks report it. */
function hush({ stream }: ChannelWriter) {
  stream.on('error', () => {})
}

/** What passed one end: bytes, their hash, and the positions of the messages. */
class Tally {
  private hash = createHash('sha256')
  bytes = 0
  private messages: [number, string][] = []

  data(chunk: Buffer) {
    this.hash.update(chunk)
    this.bytes += chunk.length
  }

  /** A message after all data so far and `ahead` more bytes. */
  message(text: string, ahead = 0) {
    this.messages.push([this.bytes + ahead, text])
  }

  report() {
    return { bytes: this.bytes, sha256: this.hash.digest('hex'), messages: this.messages }
  }
}

// Ids that the suite adds, for example one that the token does not allow.
for (const id of added) {
  iii.registerFunction(id, functions.echo)
}
for (const [id, handler] of Object.entries(functions)) {
  iii.registerFunction(`peer::${name}::${id}`, handler)
}
// The suite keeps our standard input open as long as it runs.
process.stdin.resume().on('end', () => process.exit(0))
await iii.trigger({ function_id: ready, payload: name })
