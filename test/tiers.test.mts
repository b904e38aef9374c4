import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite } from 'uvu'
import * as assert from 'uvu/assert'
import { root } from './run-file.ts'
import { environmentOf, filesOf, tiers } from './tiers.ts'

const test = suite('Tiers of the tests')

// A renamed tier would be missed only after all that runs before it.
for (const file of ['package.json', 'README.md', ...globSync('docs/*.md', { cwd: root })]) {
  const text = readFileSync(join(root, file), 'utf8')
  for (const [command, names = '', pattern = ''] of text.matchAll(/node test\/run\.mts ([\w,-]+)(?: (\w[\w-]*))?/g))
    test(`${file}: ${command} names tiers and files that exist`, () => {
      for (const name of names.split(',')) {
        const tier = tiers[name]
        assert.ok(tier, `there is no tier "${name}"`)
        assert.ok(filesOf(tier, pattern).length > 0, `no file of "${name}" matches "${pattern}"`)
      }
    })
}

test('a file gets the machines of its tier, whatever the one before had', () => {
  const { LAB_RELEASE } = process.env
  delete process.env.LAB_RELEASE
  try {
    assert.equal(environmentOf(tiers.adoption!), { LAB_RELEASE: '12' })
    assert.equal(environmentOf(tiers['el-mixed']!), { LAB_RELEASE: 'ns1=13,ns2=el9' })
    process.env.LAB_RELEASE = '13'
    assert.equal(environmentOf(tiers.adoption!), { LAB_RELEASE: '13' })
    assert.equal(environmentOf(tiers.unit!), {})
  } finally {
    delete process.env.LAB_RELEASE
    if (LAB_RELEASE) process.env.LAB_RELEASE = LAB_RELEASE
  }
})

test.run()
