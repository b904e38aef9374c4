// The kinds of values that the schema is made of. `title` says in words what a value has to be: error messages, the
// documentation and editors show it, since a regular expression is hard to read.

/** Free data for playbooks of users. */
export const vars = { type: 'object', title: 'a map', additionalProperties: true } as const

export const ipv4 = { type: 'string', format: 'ipv4', title: 'an IPv4 address' } as const

export const ipv6 = { type: 'string', format: 'ipv6', title: 'an IPv6 address' } as const

export const interfaceName = {
  type: 'string',
  pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$',
  title: 'an interface name of at most 15 letters, digits, "_", "." and "-"',
} as const

export const dnsName = {
  type: 'string',
  maxLength: 200,
  pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$',
  title: 'a DNS name of lower-case letters, digits, "-" and "."',
} as const

/** Of a VRRP instance. keepalived.conf(5) takes more, but files and expressions are named after it. */
export const instanceName = {
  type: 'string',
  pattern: '^[A-Za-z0-9_][A-Za-z0-9_-]{0,30}$',
  title: 'a name of at most 31 letters, digits, "_" and "-"',
} as const

/** Shorter than DNS has it: files and packet filter rules are named after hosts, with words of ours around the name. */
export const hostName = {
  type: 'string',
  maxLength: 200,
  pattern: '^[A-Za-z]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$',
  title: 'a host name of at most 200 letters, digits, "-" and "." that begins with a letter',
} as const

export const hostNames = {
  type: 'array',
  title: 'a list of at least one host, each once',
  minItems: 1,
  uniqueItems: true,
  items: hostName,
} as const

export const shortName = {
  type: 'string',
  pattern: '^[a-z][a-z0-9_-]{0,30}$',
  title: 'a name of at most 31 lower-case letters, digits, "_" and "-" that begins with a letter',
} as const

export const path = { type: 'string', pattern: '^[^\\u0000-\\u001f\\u007f]+$', title: 'a path' } as const

/** keepalived runs it without a shell, and gives a meaning to the characters left out here. */
export const command = {
  type: 'string',
  pattern: '^/[A-Za-z0-9._/@+-]*( [A-Za-z0-9._/@+:=,%-]+)*$',
  maxLength: 400,
  title: 'an absolute path, and words after it, without quotes and what a shell heeds',
} as const

/** A user without a host is one of the mail server. */
export const mailAddress = {
  type: 'string',
  pattern: '^[A-Za-z0-9._+-]+(@[A-Za-z0-9.-]+)?$',
  maxLength: 200,
  title: 'an e-mail address, or a user of the mail server',
} as const

/** Of UDP or TCP. */
export const port = { type: 'integer', minimum: 1, maximum: 65535 } as const

/** Seconds, as keepalived takes them for its health checks. */
export const seconds = { type: 'integer', minimum: 1, maximum: 3600 } as const

/** A program of this machine, which finds a secret; run without a shell. */
const secretCommand = {
  type: 'string',
  pattern: '^[A-Za-z0-9._/][A-Za-z0-9._/@+-]*( [A-Za-z0-9._/@+:=,%-]+)*$',
  maxLength: 400,
  title: 'a program, and words after it, without quotes and what a shell heeds',
} as const

/** Where a secret is, of which the inventory says nothing else: one of these. Somebody may have put the secret itself there. */
export const secret = {
  additionalProperties: false,
  minProperties: 1,
  maxProperties: 1,
  properties: {
    env: {
      type: 'string',
      writeOnly: true,
      pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
      title: 'the name of an environment variable',
      description: 'The environment variable that holds it.',
    },
    file: {
      ...path,
      writeOnly: true,
      description:
        'The file that holds it, and nothing else but a line end; only you may read it (mode 600). Paths as for `ssh.config`.',
    },
    command: {
      ...secretCommand,
      writeOnly: true,
      description:
        'The program that prints it: `pass show vrrp`, `ansible-vault view vrrp.yml`. It runs on this machine, as you, in the folder of the ' +
        'inventory and without a shell, when all else in the inventory is right, and may ask for a passphrase.',
    },
  },
} as const

const loginSecret = (description: string) =>
  ({
    type: 'object',
    writeOnly: true,
    title: '{ env: NAME }, { file: PATH } or { command: WORDS }',
    ...secret,
    description,
  }) as const

/** What may be said of the way to any host. */
export const login = {
  config: {
    ...path,
    description:
      'An OpenSSH client configuration file, as for `ssh -F`. A relative path begins at the folder of the inventory, ' +
      '`~/` is your home, and `~user/` that of a user. Default: what `ssh` itself reads.',
  },
  user: {
    type: 'string',
    pattern: '^[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}$',
    title: 'a user name of letters, digits, "_", ".", "@" and "-"',
    description:
      'Who logs in: root, or a user with sudo. Default: what the OpenSSH configuration says, or else your name.',
  },
  port: {
    ...port,
    description: 'The TCP port of the SSH server. Default: what the OpenSSH configuration says, or else 22.',
  },
  identity_file: {
    ...path,
    description:
      'The private key to log in with; paths as for `config`. Default: the keys of your agent and of the OpenSSH ' +
      'configuration.',
  },
  password: loginSecret('The password to log in with, where no key does. Default: the one that `--ask-pass` asks for.'),
  become_password: loginSecret('The password that sudo asks for. Default: the one that `--ask-become-pass` asks for.'),
  client: {
    enum: ['auto', 'openssh'],
    description:
      'Who makes the connection: `openssh` is the program `ssh`; with `auto` it does so where it alone can: see ' +
      '[SSH](ssh.md). Default: `auto`.',
  },
} as const

/** A name that `ssh` resolves; it never begins with "-", so that no program takes it for an option. */
export const sshHost = {
  type: 'string',
  pattern: '^[A-Za-z0-9_:][A-Za-z0-9_.:%-]{0,252}$',
  title: 'a host name, an address or a Host of the OpenSSH configuration',
} as const
