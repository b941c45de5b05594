/** Configurations of which nothing is to be said. */
import { expect, test } from 'vitest';
import { REQUEST } from '../test-configuration.ts';
import {
  BOTH_REGISTRATIONS,
  LOCAL_DATA,
  placePerDN,
  SITES,
  secondGroup,
  timesOfWorkspace,
  withClusters,
  withProxies,
} from './good-worlds.ts';
import type { Question } from './question.ts';
import {
  all,
  configurationOf,
  connection,
  copied,
  dn,
  generated,
  type Objects,
  option,
  withPairs,
} from './test-worlds.ts';
import { validate } from './validate.ts';

const named = (site: string) => ({
  preferred: `disaster-recovery.preferred-site`,
  peer: `disaster-recovery.peer-site`,
  other: site === 'north' ? 'south' : 'north',
});

const WORLDS: [what: string, objects: Objects, question?: Question][] = [
  ['generated, both families, no forwarding', generated({ isForwarding: false })],
  ['generated, with forwarding', generated()],
  ['pairs of SIP Servers', withPairs()],
  ['a thousand agents', generated({ agents: 1_000 })],
  ['one site preferred by all', generated({ homes: [0] })],
  [
    'no Stat Server anywhere',
    generated({ sites: REQUEST.sites.map(({ statPort: _, ...site }) => site) as never }),
  ],
  ['a Place for each Extension', placePerDN(generated())],
  ['proxies, in pairs', withProxies(generated())],
  ['clusters of proxies and Stat Servers', withClusters(generated())],
  ['proxies and clusters beside pairs', withClusters(withPairs())],
  [
    "the source documents' values 30/30/30 of a third-party desktop",
    all(
      option(generated(), 'Tenant/holdfast', 'holdfast/recovery-time', '120'),
      (one) => option(one, 'Application/sip-north', 'holdfast/registrar-max-timeout', '60'),
      (one) => option(one, 'Application/sip-north', 'TServer/registrar-default-timeout', '60'),
      (one) => option(one, 'Application/sip-south', 'holdfast/registrar-max-timeout', '60'),
      (one) => option(one, 'Application/sip-south', 'TServer/registrar-default-timeout', '60'),
      (one) => connection(one, 'desktop-north', 'sip-north', { addp: { timeout: 30 } }),
      (one) => connection(one, 'desktop-south', 'sip-south', { addp: { timeout: 30 } }),
    ),
  ],
  ["the source documents' values 30/60 of a Workspace", timesOfWorkspace(generated(), 30, '60')],
  [
    "the source documents' 60/30 of an embedded endpoint",
    all(
      generated(),
      ...BOTH_REGISTRATIONS.map(
        (field) => (one: Objects) => option(one, 'Application/workspace', field, '60'),
      ),
      (one: Objects) =>
        option(
          one,
          'Application/workspace',
          'interaction-workspace/disaster-recovery.wait-for-sipphone-timeout',
          '30',
        ),
    ),
  ],
  [
    'calls are kept, by phones that register at both sites',
    option(generated({ schemes: ['dual'] }), 'Tenant/holdfast', 'holdfast/keep-calls', 'true')
      .filter(
        (object) =>
          !['Person/guest', 'Place/place-7999'].includes(
            `${object.objectType}/${'name' in object ? object.name : ''}`,
          ),
      )
      .map((object) =>
        object.objectType === 'AgentGroup'
          ? { ...object, members: object.members.filter((member) => member !== 'guest') }
          : object.objectType === 'Place'
            ? { ...object, options: { holdfast: { 'registration-scheme': 'dual' } } }
            : object,
      ),
  ],
  [
    'pooled queues',
    SITES.reduce((done, site) => option(done, `DN/8000@${site}`, 'holdfast/pooled', 'true'), generated()),
  ],
  [
    'TLS at both sites',
    SITES.reduce(
      (done, site, i) =>
        all(
          done,
          (one) => option(one, `Application/sip-${site}`, 'TServer/sip-port-tls', String(5_161 + 100 * i)),
          (one) => option(one, `Application/sip-${site}`, 'TServer/sip-tls-cert', '/etc/holdfast/cert.pem'),
          (one) =>
            option(one, `Application/sip-${site}`, 'TServer/sip-tls-cert-key', '/etc/holdfast/key.pem'),
        ),
      generated(),
    ),
  ],
  [
    'blended agents, with a port beside the Extensions of the Place',
    all(
      SITES.reduce(
        (done, site) => copied(done, `DN/8900@${site}`, { number: '7501', options: {} }),
        generated(),
      ),
      (one) =>
        one.map((object) =>
          object.objectType === 'Place' && object.name === 'place-7001'
            ? { ...object, dns: [...object.dns, '7501@north', '7501@south'] }
            : object,
        ),
    ),
  ],
  [
    'sites named by the Persons themselves',
    generated().map((object) => {
      if (object.objectType === 'AgentGroup') return { ...object, options: {} };
      if (object.objectType !== 'Person') return object;
      const site = Number(object.name.at(-1)) % 2 === 0 ? 'south' : 'north';
      const { preferred, peer, other } = named(site);
      const sites = { [preferred]: site, [peer]: other };
      return { ...object, options: { ...object.options, 'interaction-workspace': sites } };
    }),
  ],
  [
    'no business continuity, and no site named',
    all(
      generated().map((object) => (object.objectType === 'AgentGroup' ? { ...object, options: {} } : object)),
      (one) =>
        option(one, 'Application/workspace', 'interaction-workspace/disaster-recovery.enabled', 'false'),
    ),
  ],
  [
    'local data of a desk for both sites',
    placePerDN(withProxies(generated())),
    { outside: { localData: [LOCAL_DATA] } },
  ],
  [
    'hot seats',
    withProxies(generated()),
    {
      outside: {
        localData: [
          {
            ...LOCAL_DATA,
            hotSeating: true,
            preferred: { ...LOCAL_DATA.preferred, place: undefined },
            peer: LOCAL_DATA.peer && { ...LOCAL_DATA.peer, place: undefined },
          },
        ],
      },
    },
  ],
  [
    'certificates, clocks and names in order',
    generated(),
    {
      outside: {
        wallNowMs: 1_000_000_000_000,
        certificates: [
          {
            application: 'sip-north',
            notBeforeMs: 999_000_000_000,
            notAfterMs: 1_010_000_000_000,
            names: ['127.0.0.1'],
          },
        ],
        clocks: [
          { host: 'north-host', aheadMs: -400 },
          { host: 'south-host', aheadMs: 900 },
        ],
        names: [{ name: '127.0.0.1', ttlS: 30 }],
      },
    },
  ],
  [
    'a Stat Server of another make',
    option(generated(), 'Application/stat-north', 'holdfast/version', '8.1.2'),
  ],
  [
    'room for all agents of both sites',
    SITES.reduce(
      (done, site) => option(done, `Application/sip-${site}`, 'holdfast/agents-max', '11'),
      generated(),
    ),
  ],
  [
    'an Extension in no Place',
    dn(copied(generated(), 'DN/7001@north', { number: '7600' }), '7600@north', {}),
  ],
  ['two groups of four SIP Servers, each with its name', secondGroup('second')],
];

test('there are at least 20 good configurations', () => {
  expect(WORLDS.length).toBeGreaterThanOrEqual(20);
});

test.each(WORLDS)('nothing is found in: %s', (_what, objects, question) => {
  expect(validate(configurationOf(objects), question)).toEqual([]);
});
