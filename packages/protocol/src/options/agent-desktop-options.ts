import { APPLICATION_NAME, BOOLEAN, define, seconds } from './option-definition.ts';

const DESKTOP = ['Application:ThirdPartyApplication'] as const;
const PERSON = ['Person'] as const;

/** Section `agent-desktop`: business continuity of a third-party desktop (S3, S4). 0 and unset are never (DS2). */
export const agentDesktopOptions = define('agent-desktop', {
  'site-timeout': {
    kind: seconds(0, 86_400),
    default: undefined,
    setOn: DESKTOP,
    takesEffect: 'immediately',
    meaning:
      'How long the SIP Servers of the site are lost before the desk goes to the other; typically 30. Unset or 0: never (DS2, DS8).',
    source: 'S3, S4',
    actsOn: 'desk site choice',
  },
  'site-sip-register-timeout': {
    kind: seconds(0, 86_400),
    default: undefined,
    setOn: DESKTOP,
    takesEffect: 'immediately',
    meaning:
      'How long the desk waits for its phone to register again before it goes to the other site; typically 30. Unset or 0: never (DS2, DS8).',
    source: 'S3, S4',
    actsOn: 'desk site choice',
  },
  'site-1': {
    kind: APPLICATION_NAME,
    default: undefined,
    setOn: PERSON,
    takesEffect: 'at the next idle moment',
    meaning:
      'The ThirdPartyApplication of the preferred site of this agent. Another site is gone to when the agent is free (DS25).',
    source: 'S3, S4',
    actsOn: 'desk site choice',
  },
  'site-2': {
    kind: APPLICATION_NAME,
    default: undefined,
    setOn: PERSON,
    takesEffect: 'immediately',
    meaning: 'The ThirdPartyApplication of the second site of this agent.',
    source: 'S3, S4',
    actsOn: 'desk site choice',
  },
});

/** Section `loading` of a third-party desktop. */
export const loadingOptions = define('loading', {
  'on-demand': {
    kind: BOOLEAN,
    default: 'true',
    setOn: DESKTOP,
    takesEffect: 'when the desk starts',
    meaning: 'Shortens the switchover; a desk of ours always loads on demand, whatever is set (DS17).',
    source: 'S4; default ours',
    actsOn: null,
  },
});
