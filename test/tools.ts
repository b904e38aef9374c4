import { ensureInstalled } from '../lab/packages.ts'

/** Makes sure that what tests need is there: namespaces, what `ssh` brings, Python, and for integration tests a browser and Ansible. */
export const ensureTools = (browser: boolean, yes: boolean, say: (line: string) => void): Promise<void> =>
  ensureInstalled(
    {
      who: 'This test run',
      programs: {
        ...(browser && { chromium: 'chromium', 'ansible-inventory': 'ansible-core' }),
        ip: 'iproute2',
        unshare: 'util-linux',
        iptables: 'iptables',
        nft: 'nftables',
        'named-checkconf': 'bind9-utils',
        perl: 'perl-base',
        nc: 'netcat-openbsd',
        pgrep: 'procps',
        curl: 'curl',
        openssl: 'openssl',
        ssh: 'openssh-client',
        python3: 'python3-minimal',
      },
      files: browser ? { '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf': 'fonts-dejavu-core' } : {},
      instead: 'Other tests run without: npm run test:unit -- PATTERN',
    },
    yes,
    say,
  )
