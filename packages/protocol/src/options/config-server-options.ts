import { define, seconds } from './option-definition.ts';

const RELOAD_PAUSE = {
  kind: seconds(0, 3_600),
  default: '0',
  setOn: ['Application:ConfigurationServerProxy'],
  takesEffect: 'immediately',
  source: 'Configuration Server Proxy options reference',
  actsOn: 'Configuration Server Proxy',
} as const;

/** Section `csproxy`: proxies that all come back in one moment. */
export const csproxyOptions = define('csproxy', {
  'delay-reload': {
    ...RELOAD_PAUSE,
    meaning:
      'After an outage, and where what it holds cannot be continued, a proxy waits so long before it reads everything anew (CX7). It serves what it holds meanwhile.',
  },
  'delay-reload-backup': {
    ...RELOAD_PAUSE,
    meaning: 'The same, of the backup of a pair of proxies, so that the two do not reload together.',
  },
});

/** Section `system` of whoever serves the configuration. */
export const systemOptions = define('system', {
  'proxy-load-max': {
    kind: { type: 'integer', min: 0, max: 10_000, unit: '' },
    default: '0',
    setOn: ['Application:ConfigurationServer', 'Application:ConfigurationServerProxy'],
    takesEffect: 'immediately',
    meaning:
      'So many proxies and servers are sent everything at once; the others wait for their turn (CX6). 0: no limit.',
    source: 'Configuration Server options reference',
    actsOn: 'Configuration Server',
  },
});
