/** For a playbook that takes several inventories, loaded where there are some. @throws UserError where two clusters share a host */
export const several = async (files: readonly string[]): Promise<void> =>
  (await import('../cluster/shared-hosts.ts')).refuseSharedHosts(files)
