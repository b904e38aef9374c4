import { UserError } from '../../engine/base/errors.ts'
import {
  buildInBackground,
  builtKernel,
  ensureCompiler,
  ensureKernel,
  kernelFailure,
  stopBackgroundBuild,
} from '../kernel/kernel.ts'
import type { Parts } from '../runtime.ts'
import type { Kind } from './kind.ts'
import type { KindName } from './names.ts'
import { qemu, whyNotKvm } from './qemu.ts'
import { tryUml, uml } from './uml.ts'

type Say = (line: string) => void
type Choice = Pick<Parts, 'kind' | 'uml'>

/** The kinds of machines by their names. */
export const kinds: Record<KindName, Kind> = { kvm: qemu, uml, emulation: qemu }

/** What decides about the kind of machines. */
export interface KindRequest {
  /** No other will do. */
  kind?: KindName
  /** A kernel that is missing is built before anything starts; otherwise it is built meanwhile, for the next time. */
  waitForKernel?: boolean
  /** Install what is missing without asking. */
  yes: boolean
}

const names: Record<KindName, string> = { kvm: 'KVM', uml: 'User-Mode Linux', emulation: "QEMU's emulation" }

/**
 * Chooses the kind of machines by trying: KVM if it really works, else User-Mode Linux if its kernel is built, else
 * QEMU's emulation. Prints the choice and the reason.
 * @param image the folder of an image to try with
 * @param megabytes the memory of all machines
 * @throws UserError where the kind that is asked for does not run here
 */
export async function chooseKind(request: KindRequest, image: string, megabytes: number, say: Say): Promise<Choice> {
  const chosen = (choice: Choice, why: string) => {
    say(`machines: ${names[choice.kind]} (${why})`)
    return choice
  }
  if (request.kind === 'emulation') return chosen({ kind: 'emulation' }, 'as asked for')
  const noKvm = request.kind === 'uml' ? undefined : await whyNotKvm(image)
  if (request.kind !== 'uml' && !noKvm) return chosen({ kind: 'kvm' }, 'it works here')
  if (request.kind === 'kvm') throw new UserError(`KVM does not run here: ${noKvm}`, 1)
  try {
    const kernel = builtKernel() ?? (await missingKernel(request, say))
    return chosen(
      { kind: 'uml', uml: { kernel, memory: await memoryFor(kernel, image, megabytes) } },
      noKvm ? `no KVM: ${noKvm}` : 'as asked for',
    )
  } catch (error) {
    if (!(error instanceof UserError) || request.kind === 'uml') throw error
    const choice = chosen({ kind: 'emulation' }, `slow; no KVM: ${noKvm}`)
    say(`  User-Mode Linux would be faster: ${error.message}`)
    return choice
  }
}

/** @throws UserError where User-Mode Linux does not run here */
async function memoryFor(kernel: string, image: string, megabytes: number): Promise<string> {
  const tried = await tryUml(kernel, image, megabytes)
  if ('why' in tried) throw new UserError(`it does not run here: ${tried.why}`, 1)
  return tried.memory
}

/** @throws UserError where it can't be had now */
async function missingKernel({ kind, waitForKernel, yes }: KindRequest, say: Say): Promise<string> {
  const now = kind === 'uml' || waitForKernel
  if (!now && kernelFailure()) throw new UserError('its kernel could not be built; try again: npm run lab -- kernel', 1)
  await ensureCompiler(yes, say)
  if (now) {
    stopBackgroundBuild()
    return ensureKernel(say)
  }
  buildInBackground()
  throw new UserError(
    'its kernel is built while this lab is up: npm run lab -- status says how far it is. When it is ready: npm run lab -- down, then up',
    1,
  )
}
