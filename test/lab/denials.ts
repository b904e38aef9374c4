import { on } from './cluster.ts'

/** @returns what SELinux has forbidden programs of the cluster since the latest boot of these machines, a line each */
export const denials = async (machines: readonly string[]): Promise<string[]> =>
  (
    await Promise.all(
      machines.map((machine) => on(machine, 'ausearch --input-logs -m avc -ts boot 2>/dev/null || true')),
    )
  )
    .join('\n')
    .split('\n')
    .filter((row) =>
      / scontext=\S*:(keepalived|named|snmpd|init|initrc|ifconfig|ndc|iptables|NetworkManager)\w*_t:/.test(row),
    )
