// Two TypeScript stages that put a reading into words: one on the plain SDK, one checked.

import { once } from 'node:events'
import { registerWorker } from 'iii-sdk'
import { checked, write, type Ends } from './pipewright_stage.js'

type Reading = { city: string; celsius: number }

function inWords({ city, celsius }: Reading) {
  return { city, weather: celsius < 10 ? 'cold' : celsius < 25 ? 'mild' : 'hot' }
}

/** Knows nothing of pipewright: bytes in, bytes out. */
async function plain({ readerRef, writerRef }: Ends) {
  // Without a listener a connection that breaks ends the process.
  writerRef.stream.on('error', () => {})
  let rest = Buffer.alloc(0)
  let items = 0
  for await (const chunk of readerRef.stream) {
    const bytes = Buffer.concat([rest, chunk])
    const whole = bytes.lastIndexOf(0x0a) + 1
    rest = bytes.subarray(whole)
    const lines = bytes.subarray(0, whole).toString().split('\n').filter(Boolean)
    items += lines.length
    await write(writerRef, lines.map((line) => JSON.stringify(inWords(JSON.parse(line))) + '\n').join(''))
  }
  writerRef.stream.end()
  await once(writerRef.stream, 'finish')
  return { items_in: items, items_out: items }
}

/** The same with header and end, which a helper of a few lines sends and looks for. */
const verified = checked<Reading>('ts::weather', async (items, output) => {
  for await (const reading of items) await output.send(inWords(reading))
})

const iii = registerWorker(process.env.III_URL!)
iii.registerFunction('ts::weather_plain', plain)
iii.registerFunction('ts::weather', verified)
// The example holds the other end of our standard input as long as it runs.
process.stdin.resume().on('end', () => process.exit(0))
await iii.trigger({ function_id: 'polyglot::ready', payload: 'node' })
