import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { Ajv } from 'ajv'
import { sharedParts } from '../inventory/shared-parts.ts'

const test = suite('Parts that a schema shares')

const long = (more: object) => ({
  type: 'object',
  description: 'x'.repeat(400),
  properties: { n: { type: 'integer', default: 7 } },
  required: ['n'],
  ...more,
})

test('what is said twice is said once, but for its default, and takes the same values', () => {
  const schema = {
    type: 'object',
    properties: {
      a: long({}),
      b: long({ default: { n: 1 } }),
      c: { type: 'array', items: long({}) },
      d: long({ minProperties: 2 }),
    },
  }
  const small = sharedParts(schema)
  assert.equal(Object.keys(small.$defs as object), ['part-0'])
  const { a, b, c, d } = small.properties as Record<string, any>
  assert.equal(a, { $ref: '#/$defs/part-0' })
  assert.equal(b, { $ref: '#/$defs/part-0', default: { n: 1 } })
  assert.equal(c.items, a)
  assert.equal(d, schema.properties.d)
  for (const value of [{ a: {} }, { a: { n: 'x' } }, { c: [{}, { n: 2 }] }, { d: {} }, { d: { n: 1, m: 2 } }, {}]) {
    const results = [schema, small].map((one) => {
      const data = structuredClone(value)
      return [new Ajv({ useDefaults: true }).validate(one, data), data]
    })
    assert.equal(results[1], results[0])
  }
})

test.run()
