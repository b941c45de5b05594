import { APPLICATION_NAME, define } from './option-definition.ts';

/** Section `holdfast`: which two Switches are kept alike, and in what. */
export const syncOptions = define('holdfast', {
  'sync-with': {
    kind: { ...APPLICATION_NAME, allowed: 'the name of a Switch' },
    default: undefined,
    setOn: ['Switch'],
    takesEffect: 'immediately',
    meaning:
      'The Switch of the other site, which is kept like this one: Extensions, ACD Queues, Call Processing Ports, Agent Logins, Places and what refers to them (SY1 to SY5). It has to name this one too; the first synchronisation sets both. The form of Places is that of place-form.',
    source: 'S2; name ours',
    actsOn: 'synchronisation of switches',
  },
  'place-form': {
    kind: { type: 'choice', values: ['one', 'each'] },
    default: 'one',
    setOn: ['Tenant'],
    takesEffect: 'immediately',
    meaning:
      'one: a Place has an Extension of each site (S0, S2). each: each Extension has a Place of its own, which desks find by their local data (S3). The validator holds Places against it (DS21), and Switches that are kept alike get Places of this form (SY4, SY5); to change the form of those that are there, synchronise again.',
    source: 'S0, S2, S3; name ours',
    actsOn: 'validator, synchronisation of switches',
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
