// What the Node SDK invites one to do and gets wrong (docs/foreign-peers.md).

import { once } from 'node:events'
import type { ChannelReader, ChannelWriter } from 'iii-sdk/channel'

type To = { writerRef: ChannelWriter; bytes: number; message?: string }
type From = { readerRef: ChannelReader }

/** `close()` right behind a large write: the rest of it dials a second socket. */
async function close_after_write({ writerRef, bytes, message }: To) {
  if (message) writerRef.sendMessage(message)
  writerRef.stream.write(Buffer.alloc(bytes, 'x'))
  writerRef.close()
  return { error: await failure(writerRef) }
}

/** `end()` right behind a large write, which is right: `end` waits for the data. */
async function end_after_write({ writerRef, bytes }: To) {
  writerRef.stream.write(Buffer.alloc(bytes, 'x'))
  writerRef.stream.end()
  await once(writerRef.stream, 'finish')
  return { error: null }
}

/** A message right behind a large write: it overtakes what is not with the socket yet. */
async function message_after_write({ writerRef, bytes, message }: To) {
  // Connected first, so that the pieces are not queued together with the message.
  await new Promise((resolve) => writerRef.stream.write('x', resolve))
  writerRef.stream.write(Buffer.alloc(bytes - 1, 'x'))
  writerRef.sendMessage(message!)
  writerRef.stream.end()
  // A reader that finds the end too early hangs up.
  return { error: await failure(writerRef) }
}

/** Ends a stream without having written: nothing goes out. */
async function never_write({ writerRef }: To) {
  writerRef.stream.end()
  await once(writerRef.stream, 'finish')
  return { error: null }
}

/** Breaks the stream off, as an exception in a pipeline of streams does. */
async function destroy({ writerRef, bytes }: To) {
  writerRef.stream.on('error', () => {})
  await new Promise((resolve) => writerRef.stream.write(Buffer.alloc(bytes, 'x'), resolve))
  writerRef.stream.destroy(new Error('broken off'))
  return { error: null }
}

/** Why the stream broke, or null if it closed without an error. */
function failure({ stream }: ChannelWriter): Promise<string | null> {
  return new Promise((resolve) => {
    stream.on('error', (error) => resolve(error.message))
    stream.on('close', () => resolve(null))
  })
}

/** Reads a little and leaves the loop, which destroys the stream. */
async function leave_early({ readerRef }: From) {
  for await (const chunk of readerRef.stream) return { bytes: chunk.length }
  return { bytes: 0 }
}

export const faults = {
  close_after_write,
  end_after_write,
  message_after_write,
  never_write,
  destroy,
  leave_early,
}
