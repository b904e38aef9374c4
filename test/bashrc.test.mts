// Shells that are started from cron, from a unit, or in place of another shell do not read ~/.bashrc.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'uvu'
import * as assert from 'uvu/assert'
import { $ } from 'zx/core'
import { leaveBashrcOut } from '../engine/base/bashrc.ts'

const home = mkdtempSync(join(tmpdir(), 'bashrc-'))
writeFileSync(join(home, '.bashrc'), 'echo from bashrc\n')
test.after(() => rmSync(home, { recursive: true }))

for (const level of [undefined, '', '0', '1', '3'])
  test(`SHLVL ${level}`, async () => {
    const env: NodeJS.ProcessEnv = { ...process.env, HOME: home, SHLVL: level }
    if (level === undefined) delete env.SHLVL
    leaveBashrcOut(env)
    assert.is((await $({ quiet: true, env })`echo asked`).stdout, 'asked\n')
    assert.is(env.SHLVL, level === '3' ? '3' : '1')
  })

test.run()
