#!/usr/bin/env -S npx zx
// Takes everything away that the playbooks have made, but for installed packages: each host is as it was before.
import { playbook } from '../engine/commands/playbook.ts'

await playbook(import.meta.url, 'Teardown: hosts as they were', 'none', () => [])
