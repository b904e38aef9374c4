import { ensureInstalled } from '../lab/packages.ts'

/** Makes sure that what tests without the lab need is there: a browser with a font, and network namespaces. */
export const ensureTools = (yes: boolean, say: (line: string) => void): Promise<void> =>
  ensureInstalled(
    {
      who: 'The tests of reports and routes',
      programs: { chromium: 'chromium', ip: 'iproute2', unshare: 'util-linux' },
      files: { '/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf': 'fonts-dejavu-core' },
      instead: 'Other tests run without: npm run test:unit -- PATTERN',
    },
    yes,
    say,
  )
