import { define } from './option-definition.ts';

/** Section `holdfast`: the passwords of persons. */
export const identityOptions = define('holdfast', {
  'password-lifetime': {
    kind: { type: 'integer', min: 0, max: 3_650, unit: 'days' },
    default: '0',
    setOn: ['Tenant', 'Person'],
    takesEffect: 'at the next log-in',
    meaning:
      'After so long a password lets nobody in any more who does not set a new one first (ID8); 0: it stays good. A Person goes before its Tenant.',
    source: 'ours',
    actsOn: 'Configuration Server',
  },
  'password-length': {
    kind: { type: 'integer', min: 8, max: 128, unit: '' },
    default: '8',
    setOn: ['Tenant'],
    takesEffect: 'immediately',
    meaning: 'How many characters a new password has at least (ID10).',
    source: 'ours',
    actsOn: 'Configuration Server',
  },
});
