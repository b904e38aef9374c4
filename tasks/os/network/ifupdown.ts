import { sh } from '../../../engine/base/sh.ts'
import { file, ownFile } from '../../file.ts'
import { sourced } from './ifupdown-source.ts'
import type { NetworkManager } from './network-manager.ts'

const fileOf = (device: string) => `/etc/network/interfaces.d/keepalived-${device}`

/** It leaves alone what it did not set. */
export const ifupdown: NetworkManager = {
  name: 'ifupdown',
  title: 'ifupdown',
  fileOf,
  tasks: (_, given) =>
    given
      ? [sourced(fileOf(given.device)), file(fileOf(given.device), interfaceText(given.device, given.address))]
      : [],
  up: (device) => sh`ifup --force ${device}`,
  down: (device) => sh`ifdown --force ${device} || true`,
}

const interfaceText = (device: string, address: string) =>
  `${ownFile}auto ${device}\niface ${device} inet static\n    address ${address}/32\n`
