import type { JSONSchema } from 'json-schema-to-ts'

export const tallySchema = {
  title: 'Tally',
  type: 'object',
  additionalProperties: false,
  required: ['sent', 'lost', 'slow', 'gap', 'span', 'answers'],
  description: 'The losses of one virtual server.',
  properties: {
    sent: { type: 'integer', description: 'How many questions were sent.' },
    lost: { type: 'integer', description: 'How many of them got no answer within a second.' },
    slow: { type: 'integer', description: 'How many of the lost were answered after all, too late.' },
    gap: {
      type: 'number',
      description:
        'The longest outage, in seconds: from the sending of a lost question to the sending of the next answered one, ' +
        'or to the end of the step. 0 if nothing was lost.',
    },
    span: {
      type: 'number',
      description:
        'The longest time with repeated losses, in seconds, with or without answers in between. If every second ' +
        'question is lost, every gap is short, but this value is large.',
    },
    answers: {
      type: 'object',
      additionalProperties: { type: 'integer' },
      description:
        'How often each node answered, by its identity, which is empty where answers do not say whose they are.',
    },
  },
} as const satisfies JSONSchema

const tallies = {
  type: 'object',
  additionalProperties: tallySchema,
  description: 'By virtual server: `UDP`; where the cluster has several services, `dns UDP`.',
} as const satisfies JSONSchema

export const stepSchema = {
  title: 'Step',
  type: 'object',
  additionalProperties: false,
  required: ['label', 'from', 'to', 'tallies'],
  description:
    'The losses during a step. An outage that continues into the next step counts in both, in each with the part that ' +
    'lies in it.',
  properties: {
    label: { type: 'string', description: 'What was done.' },
    from: { type: 'number', description: 'Seconds from the start of the prober.' },
    to: { type: 'number', description: 'Seconds from the start of the prober.' },
    tallies,
  },
} as const satisfies JSONSchema

export const proberSchema = {
  title: 'Prober',
  type: 'object',
  additionalProperties: false,
  required: ['started', 'seconds', 'late', 'tallies', 'steps'],
  description: 'What a client got from the virtual IP meanwhile.',
  properties: {
    started: { type: 'string', description: 'When it began, in ISO 8601, by the clock of the client.' },
    seconds: { type: 'number', description: 'For how long it asked.' },
    late: {
      type: 'number',
      description:
        'By how many milliseconds the latest question was sent later than wanted: how busy the client itself was.',
    },
    tallies,
    steps: {
      type: 'array',
      items: stepSchema,
      description: 'In order. What was sent before the first step belongs to none.',
    },
    problem: {
      type: 'string',
      description: 'The reason why the prober ended by itself: nothing is known of the time after `seconds`.',
    },
  },
} as const satisfies JSONSchema
