// Ways to spoil the line of a password, line 4 of an inventory; each has to be told without the password.

/** What a password must be. */
export const passwordWords =
  'text of 4 to 8 printable ASCII characters, none of them a blank, a quote, "\\", "{", "}", "#", "!" or "$", and without "~SEQ(" and "~LST("'
const auth = (got: string) =>
  `cluster.auth_pass: must be ${passwordWords}; or { env: NAME }, { file: PATH } or { command: WORDS }, got ${got}`
const nameWords = 'a name of at most 31 lower-case letters, digits and "-" that begins with a letter'

export const spoiltPasswords: [line: string, message: string][] = [
  ['auth_pass: KPSjXfRG123', `4:14 ${auth('text of 11 characters')}`],
  ['auth_pass: "KPSj{fRG"', `4:14 ${auth('text of 8 characters')}`],
  ['auth_pass: "KPSj fRG"', `4:14 ${auth('text of 8 characters')}`],
  ['auth_pass: ~SEQ(a,1', `4:14 ${auth('text of 8 characters')}`],
  ['auth_pass: "~LST(a,1"', `4:14 ${auth('text of 8 characters')}`],
  ['auth_pass: 12345678', `4:14 ${auth('a number; put it in quotes')}`],
  ['auth_pass:', `4:3 ${auth('nothing')}`],
  ['auth_pass: [KPSjXfRG]', `4:14 ${auth('a list')}`],
  ['auth_pass: { KPSjXfRG }', `4:16 ${auth('a map with another key')}`],
  ['auth_pass: {}', `4:3 ${auth('a map of 0')}`],
  ['auth_pass: { env: A, file: b }', `4:3 ${auth('a map of 2')}`],
  [
    'auth_pass: { env: KPSjXfRG! }',
    '4:21 cluster.auth_pass.env: must be the name of an environment variable, got text of 9 characters',
  ],
  [
    'auth_pass: { env: 12345678 }',
    '4:21 cluster.auth_pass.env: must be the name of an environment variable, got a number; put it in quotes',
  ],
  ['auth_pass: { env: KPSjXfRG }', '4:21 cluster.auth_pass.env: no environment variable of this name is set'],
  ['auth_pass: { file: KPSjXfRG! }', '4:22 cluster.auth_pass.file: can not read this file: there is no such file'],
  ['auth_pass: { file: "KPSj\\x07fRG" }', '4:22 cluster.auth_pass.file: must be a path, got text of 8 characters'],
  [
    'auth_pass: { command: KPSjXfRG! }',
    '4:25 cluster.auth_pass.command: must be a program, and words after it, without quotes and what a shell heeds, got text of 9 characters',
  ],
  ['auth_pass: { command: KPSjXfRG }', '4:25 cluster.auth_pass.command: no program of this name can be run here'],
  ['auth_pass: !KPSjXfRG', '4:14 YAML: tags are not used here; quote a value that begins with "!"'],
  ['auth_pass: *KPSjXfRG', '4:14 YAML: an alias (*) without an anchor (&) before it'],
  ['auth_pass: |KPSjXfRG', '4:15 YAML: Block scalar header includes extra characters'],
  ['auth_pass: "KPSj"XfRG', '4:20 YAML: Unexpected scalar at node end'],
  ['auth_pass: "\\KPSjXfR"', '4:15 YAML: Invalid escape sequence'],
  ['auth_pass KPSjXfRG', '4:3 YAML: a key without a colon and a blank after it'],
  ['auth_pass:KPSjXfRG', '4:3 YAML: a key without a colon and a blank after it'],
  ['auth_pass:KPSjXfRG: 1', '4:3 cluster: unknown key "auth_pass…"'],
  ['auth-pass: KPSjXfRG', '4:3 cluster: unknown key "auth-pass" (did you mean "auth_pass"?)'],
  ['name: dns\n    auth_pass KPSjXfRG', `4:9 cluster.name: must be ${nameWords}, got text of 22 characters`],
  ['service: auth_pass=KPSjXfRG', '4:12 cluster.service: must be a map, got text of 18 characters'],
]
