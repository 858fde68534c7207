// Uses of the Node SDK that look right and fail (docs/foreign-peers.md).

import { once } from 'node:events'
import type { ChannelReader, ChannelWriter } from 'iii-sdk/channel'

type To = { writerRef: ChannelWriter; bytes: number; message?: string }
type From = { readerRef: ChannelReader }

/** `close()` right after a large write: the rest of it dials a second socket. */
async function close_after_write({ writerRef, bytes, message }: To) {
  if (message) writerRef.sendMessage(message)
  writerRef.stream.write(Buffer.alloc(bytes, 'x'))
  writerRef.close()
  return { error: await failure(writerRef) }
}

/** `end()` right after a large write, which is correct: `end` waits for the data. */
async function end_after_write({ writerRef, bytes }: To) {
  writerRef.stream.write(Buffer.alloc(bytes, 'x'))
  writerRef.stream.end()
  await once(writerRef.stream, 'finish')
  return { error: null }
}

/** A message right after a large write: it overtakes data that is not yet in the socket. */
async function message_after_write({ writerRef, bytes, message }: To) {
  // Connects first, so that the pieces are not queued together with the message.
  await new Promise((resolve) => writerRef.stream.write('x', resolve))
  writerRef.stream.write(Buffer.alloc(bytes - 1, 'x'))
  writerRef.sendMessage(message!)
  writerRef.stream.end()
  // A reader that receives the end too early disconnects.
  return { error: await failure(writerRef) }
}

/** Ends a stream without having written: nothing is sent. */
async function never_write({ writerRef }: To) {
  writerRef.stream.end()
  await once(writerRef.stream, 'finish')
  return { error: null }
}

/** Breaks the stream, as an exception in a pipeline of streams does. */
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
