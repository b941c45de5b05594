import { APPLICATION_NAME, define } from './option-definition.ts';

/** Section `holdfast`, of Switches: which two are kept alike, and in what. */
export const syncOptions = define('holdfast', {
  'sync-with': {
    kind: { ...APPLICATION_NAME, allowed: 'the name of a Switch' },
    default: undefined,
    setOn: ['Switch'],
    takesEffect: 'immediately',
    meaning:
      'The Switch of the other site, which is kept like this one: Extensions, ACD Queues, Call Processing Ports, Agent Logins, Places and what refers to them (SY1 to SY5). It has to name this one too. The first synchronisation sets both.',
    source: 'S2; name ours',
    actsOn: 'synchronisation of switches',
  },
  'sync-places': {
    kind: { type: 'choice', values: ['one', 'each'] },
    default: 'one',
    setOn: ['Switch'],
    takesEffect: 'immediately',
    meaning:
      'The form of Places (DS21): one with an Extension of each Switch (S0, S2), or a Place for each DN, whose name at each site stands in the local data of the desk (S3). The same at both Switches; to change the form of what is there, synchronise again.',
    source: 'S0, S2, S3; name ours',
    actsOn: 'synchronisation of switches',
  },
  'sync-own-options': {
    kind: {
      type: 'text',
      pattern: /^[\w.-]{1,64}\/[\w.-]{1,128}(,[\w.-]{1,64}\/[\w.-]{1,128}){0,31}$/,
      allowed: '1 to 32 options as SECTION/NAME, with commas between them',
    },
    default: 'TServer/contact',
    setOn: ['Switch'],
    takesEffect: 'immediately',
    meaning:
      'The options of DNs and Agent Logins that each site sets for itself, so that they are not kept alike (SY2). The same at both Switches.',
    source: 'ours',
    actsOn: 'synchronisation of switches',
  },
});
