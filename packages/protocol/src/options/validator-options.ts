import { BOOLEAN, define, SIP_SERVER, seconds } from './option-definition.ts';

const OURS = 'ours';

/** Section `holdfast`: what is promised, and what the validator holds the configuration against. */
export const validatorOptions = define('holdfast', {
  'recovery-time': {
    kind: seconds(1, 86_400),
    default: undefined,
    setOn: ['Tenant'],
    takesEffect: 'immediately',
    meaning:
      'The promise: so long after the loss of a site its agents are able to work at the other one. Times, registrations, name look-ups and paces of log-in that would break it are found by the validator (V46, V47, V51 to V53, V55).',
    source: OURS,
    actsOn: 'validator',
  },
  'keep-calls': {
    kind: BOOLEAN,
    default: 'false',
    setOn: ['Tenant'],
    takesEffect: 'immediately',
    meaning:
      'The promise that calls go on when a site is lost: phones that are not registered at both sites beforehand are found by the validator (V45).',
    source: OURS,
    actsOn: 'validator',
  },
  'agents-max': {
    kind: { type: 'integer', min: 1, max: 1_000_000, unit: '' },
    default: undefined,
    setOn: SIP_SERVER,
    takesEffect: 'immediately',
    meaning:
      'How many agents this server was measured or licensed for. When a site is lost its peer has all of both: the validator counts them (V54).',
    source: OURS,
    actsOn: 'validator',
  },
  version: {
    kind: {
      type: 'text',
      pattern: /^\d{1,5}(\.\d{1,5}){1,3}$/,
      allowed: 'two to four numbers with points between them, such as 8.1.2',
    },
    default: undefined,
    setOn: ['Application:StatServer'],
    takesEffect: 'immediately',
    meaning:
      'The version of a Stat Server of another make, which has to be 8.1.2 or later (S0, S2); the validator says so (V68). Ours needs none.',
    source: 'S0, S2; ours',
    actsOn: 'validator',
  },
});
