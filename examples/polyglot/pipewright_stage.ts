// The stream protocol of pipewright on the plain SDK, as far as a stage of JSON lines needs it.

import { once } from 'node:events'
import type { ChannelReader, ChannelWriter } from 'iii-sdk/channel'

export type Ends = { readerRef: ChannelReader; writerRef: ChannelWriter; params?: unknown }

type Abort = { message?: string; causes?: Abort[] }

/** Makes a stage of `run`; see docs/protocol.md section 10. */
export function checked<In>(
  stage: string,
  run: (items: Items<In>, output: Output, params: unknown) => Promise<void>,
) {
  return async ({ readerRef, writerRef, params }: Ends) => {
    // Without a listener a connection that breaks ends the process.
    writerRef.stream.on('error', () => {})
    const items = new Items<In>(readerRef)
    const output = new Output(writerRef)
    output.say('metadata', { format: 'ndjson', encoding: 'utf-8' })
    try {
      await run(items, output, params)
      // Every write has had its callback, so the end does not overtake one.
      output.say('end', { bytes: output.bytes, items: output.items })
    } catch (error: any) {
      const code = items.abort ? 'input_failed' : 'stage_failed'
      output.say('error', { code, message: error.message, stage, causes: items.causes() })
      throw error
    } finally {
      writerRef.stream.end()
    }
    await once(writerRef.stream, 'finish')
    return {
      input_verified: items.verified,
      items_in: items.items,
      items_out: output.items,
      bytes_in: items.bytes,
      bytes_out: output.bytes,
    }
  }
}

/** The items of a stream; an error unless the stream is whole. */
export class Items<T> {
  bytes = 0
  items = 0
  abort?: Abort
  private header?: object
  private end?: { bytes: number; items?: number }

  /** Whether the stream had an end message, which agreed with what arrived. */
  get verified() {
    return this.end !== undefined
  }

  constructor(private reader: ChannelReader) {
    reader.onMessage((text) => {
      const message = text.includes('"pipewright"') ? JSON.parse(text) : {}
      if (!message.pipewright) return
      if (message.type === 'metadata') this.header = message
      if (message.type === 'end') this.end = message
      if (message.type === 'error') this.abort = message
    })
  }

  /** What led to the abort of the input, first cause first; the abort itself is the last. */
  causes() {
    return this.abort ? [...(this.abort.causes ?? []), { ...this.abort, causes: [] }] : []
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T> {
    let rest = Buffer.alloc(0)
    for await (const chunk of this.reader.stream as AsyncIterable<Buffer>) {
      this.bytes += chunk.length
      const bytes = Buffer.concat([rest, chunk])
      const whole = bytes.lastIndexOf(0x0a) + 1
      rest = bytes.subarray(whole)
      for (const line of bytes.subarray(0, whole).toString().split('\n').filter(Boolean)) {
        this.items += 1
        yield JSON.parse(line)
      }
    }
    // The SDK ends the loop whatever happened, so only these messages tell.
    if (this.abort) throw new Error(`the input was aborted: ${this.abort.message}`)
    if (this.header && !this.end) throw new Error('the input was cut short')
    const { bytes, items } = { items: this.items, ...(this.end ?? { bytes: this.bytes }) }
    if (bytes !== this.bytes || items !== this.items) throw new Error('the input lacks something')
  }
}

/** Items on their way out, counted. */
export class Output {
  bytes = 0
  items = 0

  constructor(private writer: ChannelWriter) {}

  async send(item: unknown) {
    const line = Buffer.from(JSON.stringify(item) + '\n')
    await write(this.writer, line)
    this.bytes += line.length
    this.items += 1
  }

  say(type: string, members: object) {
    this.writer.sendMessage(JSON.stringify({ type, pipewright: 1, ...members }))
  }
}

/** Writes and waits until it is with the socket, so that nothing overtakes it. */
export function write(writer: ChannelWriter, data: string | Buffer) {
  return new Promise<void>((resolve, reject) => {
    writer.stream.write(data, (error) => (error ? reject(error) : resolve()))
  })
}
