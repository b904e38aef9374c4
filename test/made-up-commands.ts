// Changes made by real bash in a folder; the system's commands only write down what they were told.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import * as assert from 'uvu/assert'
import { type Change, isChange, type Task } from '../engine/runner/task.ts'
import { folder, path } from './engine-host.ts'

/** @returns the change of a task whose probe printed this */
export const changeOf = (task: Task, text = '', code = 1): Change => {
  const answer = task.plan({ text, code }, { changes: () => false })
  assert.ok(isChange(answer), `${task.name} has nothing to change`)
  return answer as Change
}

/** Runs a change as the engine does, with /etc and what is noted in /run in a folder, and these commands in place of the system's. */
export function make(script: string, commands: Record<string, string>) {
  const bin = path('bin')
  mkdirSync(bin, { recursive: true })
  for (const [name, text] of Object.entries(commands))
    writeFileSync(`${bin}/${name}`, `#!/bin/bash\n${text}\n`, { mode: 0o755 })
  const moved = script.replaceAll(/\/(?:etc|run\/keepalived-playbooks)\//g, `${folder}$&`)
  const env = { PATH: `${bin}:${process.env.PATH}`, LOG: path('log') }
  writeFileSync(path('log'), '')
  const { status, stdout } = spawnSync('bash', ['--norc', '-c', `set -euo pipefail\n${moved}`], {
    encoding: 'utf8',
    env,
  })
  return { status, stdout, log: readFileSync(path('log'), 'utf8').trim().split('\n') }
}

/** A command that writes down its words, and then does this. */
export const tell = (name: string, more = '') => `echo "${name} $*" >>"$LOG"\n${more}`

/** Where systemd asks, nothing is enabled. */
export const system = {
  'apt-get': tell('apt-get'),
  dpkg: tell('dpkg'),
  sleep: tell('sleep'),
  systemctl: tell('systemctl', '[ $1 != show ] || echo StateChangeTimestamp=; [ $1 != is-enabled ]'),
}
