/** The stages in TypeScript on the published SDK. */
import { once } from 'node:events'
import { registerWorker } from 'iii-sdk'
import type { ChannelReader, ChannelWriter } from 'iii-sdk/channel'

type Ends = { readerRef: ChannelReader; writerRef: ChannelWriter }

function words(line: string): string {
  const { id, text } = JSON.parse(line) as { id: number; text: string }
  return JSON.stringify({ id, words: text.split(/\s+/).length }) + '\n'
}

const written = (writer: ChannelWriter, data: string) =>
  new Promise<void>((resolve, reject) => {
    writer.stream.write(data, (error) => (error ? reject(error) : resolve()))
  })

function stage(handle: (writer: ChannelWriter, lines: string[]) => Promise<void>) {
  return async ({ readerRef, writerRef }: Ends) => {
    writerRef.stream.on('error', () => {})
    let rest = Buffer.alloc(0)
    let items = 0
    for await (const chunk of readerRef.stream as AsyncIterable<Buffer>) {
      const bytes = Buffer.concat([rest, chunk])
      const whole = bytes.lastIndexOf(0x0a) + 1
      rest = bytes.subarray(whole)
      const lines = bytes.subarray(0, whole).toString().split('\n').filter(Boolean)
      items += lines.length
      await handle(writerRef, lines)
    }
    writerRef.stream.end()
    await once(writerRef.stream, 'finish')
    return { items_in: items, items_out: items }
  }
}

const iii = registerWorker(process.env['III_URL']!)
/** One write per item, as in a stage that handles items one by one. */
iii.registerFunction('typescript::sdk_items', stage(async (writer, lines) => {
  for (const line of lines) await written(writer, words(line))
}))
/** One write per chunk, batched by hand. */
iii.registerFunction('typescript::sdk_chunks', stage(async (writer, lines) => {
  await written(writer, lines.map(words).join(''))
}))
process.stdin.resume().on('end', () => process.exit(0))
console.log('ready')
