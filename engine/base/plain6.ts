/** @returns an IPv6 address in the form that all of its forms have in common (RFC 5952) */
export const plain6 = (address: string): string => new URL(`http://[${address}]`).hostname.slice(1, -1)
