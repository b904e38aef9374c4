import type { Facts } from '../../engine/runner/facts.ts'
import { ofFamily } from '../../tasks/os/os.ts'

/** @returns packages and places of bind on a host. @throws UserError for a host of an unknown operating system */
export const bindOn = (facts: Facts) =>
  ofFamily(facts, {
    debian: {
      packages: ['bind9', 'bind9-dnsutils'],
      // AppArmor lets named read zones here, and not below the /var/named of the article.
      folder: '/etc/bind',
      own: '/etc/bind',
      localOnly: false,
      conf: '/etc/bind/named.conf',
      localConf: '/etc/bind/named.conf.local',
    },
    redhat: {
      packages: ['bind', 'bind-utils'],
      // The article's; SELinux lets named read zones there.
      folder: '/var/named/zones',
      own: '/etc/named',
      // As it is installed, it listens for the host itself.
      localOnly: true,
      conf: '/etc/named.conf',
      localConf: '/etc/named.conf',
    },
  })
