/** The kinds of machines, the fastest first. */
export const kindNames = ['kvm', 'uml', 'emulation'] as const
export type KindName = (typeof kindNames)[number]
