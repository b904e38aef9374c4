// Inventories with mistakes that nobody has made. Of one that fails, the smallest is shown.
import fc from 'fast-check'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { env } from './inventory/any.mts'
import { mutated } from './inventory/mutated.mts'
import { complaint, file } from './inventory/samples.mts'
import { anyLevel, renderAll, run } from './inventory/tried.mts'

// Whatever Node itself says on stderr may show what is in the inventory.
const warnings: string[] = []
process.on('warning', ({ message }) => warnings.push(message))

test('mistakes are told by place, a line each, or the inventory is accepted and rendered', async () => {
  run(
    fc.property(mutated, anyLevel, (text, level) => {
      const said = complaint(text, { env, level })
      if (said === 'valid') return renderAll(text)
      const last = text.split('\n').length
      for (const line of said.split('\n')) {
        if (line === `${file}: is empty; inventory/example.yaml shows what belongs there`) continue
        if (line === `${file}: its YAML aliases (*) contain themselves, or unfold to too much`) continue
        const [, place] = /^:(\d+):\d+ [^\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]+$/u.exec(line.replace(file, '')) ?? []
        assert.ok(Number(place) >= 1 && Number(place) <= last, line)
      }
    }),
  )
  await new Promise(setImmediate)
  assert.equal(warnings, [])
})

test.run()
