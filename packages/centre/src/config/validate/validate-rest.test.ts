import type { Application, DN, Person } from '@holdfast/protocol';
import { test } from 'vitest';
import { LOCAL_DATA, placePerDN, withProxies } from './good-worlds.ts';
import type { LocalData, Outside } from './question.ts';
import {
  all,
  application,
  connect,
  connection,
  copied,
  dn,
  edited,
  finds,
  generated,
  type Objects,
  option,
  person,
  place,
  type Row,
  without,
  withPairs,
} from './test-worlds.ts';

const SIP_NORTH = 'Application/sip-north';
const BACKUP = 'Application/sip-north-b';
const DAY_MS = 86_400_000;
const outside = (seen: Outside) => ({ question: { outside: seen } });

test.each<Row>([
  [
    '[D14] the trunk to the other site leads back',
    option(generated(), 'DN/peer-south@north', 'TServer/contact', 'sip:127.0.0.1:5160'),
    'DN/peer-south@north TServer/contact',
    { hasFix: true },
  ],
  [
    'a gateway by the name of the pair itself',
    option(
      ['sip-north', 'sip-north-b'].reduce(
        (done, name, i) =>
          all(
            done,
            (one) => option(one, `Application/${name}`, 'holdfast/sip-name', 'north.example.net'),
            (one) => option(one, `Application/${name}`, 'TServer/sip-port', String(5_160 + i)),
          ),
        withPairs(),
      ),
      'DN/trunk-north@north',
      'TServer/contact',
      'sip:north.example.net',
    ),
    'DN/trunk-north@north TServer/contact',
    { hasFix: false },
  ],
  [
    'a gateway is where the standby will be',
    option(withPairs(), 'DN/trunk-south@south', 'TServer/contact', 'sip:127.0.0.1:5260;transport=tcp'),
    'DN/trunk-south@south TServer/contact',
    { hasFix: false },
  ],
])('[V56] %s', finds('V56'));

test.each<Row>([
  [
    'dr-peer-trunk is no DN of the Switch',
    option(generated(), SIP_NORTH, 'TServer/dr-peer-trunk', 'peer-west'),
    `${SIP_NORTH} TServer/dr-peer-trunk`,
    { hasFix: false },
  ],
  [
    'dr-peer-trunk is disabled',
    dn(generated(), 'peer-south@north', { enabled: false }),
    `${SIP_NORTH} TServer/dr-peer-trunk`,
    { hasFix: true },
  ],
])('[V57] %s', finds('V57'));

test.each<Row>([
  ['[C22] one site has no gateway', without(generated(), 'DN/trunk-south@south'), 'Switch/south '],
])('[V58] %s', finds('V58'));

test.each<Row>([
  [
    'a queue is pooled at one site',
    option(generated(), 'DN/8000@north', 'holdfast/pooled', 'true'),
    'DN/8000@north holdfast/pooled',
    { hasFix: true, also: ['V41'] },
  ],
])('[V59] %s', finds('V59'));

test.each<Row>([
  [
    'calls are to be forwarded, and no trunk is named',
    option(generated(), SIP_NORTH, 'TServer/dr-peer-trunk', undefined),
    `${SIP_NORTH} TServer/dr-peer-trunk`,
    { hasFix: true },
  ],
  [
    'of a pair, both members are mended',
    all(option(withPairs(), SIP_NORTH, 'TServer/dr-peer-trunk', undefined), (one) =>
      option(one, BACKUP, 'TServer/dr-peer-trunk', undefined),
    ),
    `${SIP_NORTH} TServer/dr-peer-trunk`,
    { hasFix: true },
  ],
])('[V60] %s', finds('V60'));

const bothQueues = (objects: Objects, field: string, value: string) =>
  ['north', 'south'].reduce((done, site) => option(done, `DN/8009@${site}`, field, value), objects);

test.each<Row>([
  [
    'callers are sent round',
    bothQueues(generated(), 'holdfast/overflow-dn', '8000'),
    'DN/8009@north holdfast/overflow-dn',
  ],
  [
    'a trunk without an address',
    option(generated(), 'DN/trunk-north@north', 'TServer/contact', undefined),
    'DN/trunk-north@north TServer/contact',
  ],
])('[V61] %s', finds('V61'));

test.each<Row>([
  [
    'a digest of another realm',
    ['north', 'south'].reduce(
      (done, site) =>
        edited<DN>(done, `DN/7001@${site}`, (one) => ({
          ...one,
          ...(one.digest && { digest: { ...one.digest, realm: 'elsewhere' } }),
        })),
      generated(),
    ),
    'DN/7001@north digest.realm',
  ],
  [
    'a queue with a digest',
    dn(generated(), '8000@north', {
      digest: { realm: 'holdfast', md5: '0'.repeat(32), sha256: '0'.repeat(64) },
    }),
    'DN/8000@north digest',
    { hasFix: true },
  ],
])('[V62] %s', finds('V62'));

test.each<Row>([
  ['two Keys', copied(generated(), 'Keys/keys', { name: 'more' }), 'Keys/more '],
  ['no Keys', without(generated(), 'Keys/keys'), 'Application/config-north '],
])('[V63] %s', finds('V63'));

test.each<Row>([
  [
    'TLS without a certificate, at both sites',
    all(option(generated(), SIP_NORTH, 'TServer/sip-port-tls', '5161'), (one) =>
      option(one, 'Application/sip-south', 'TServer/sip-port-tls', '5261'),
    ),
    `${SIP_NORTH} TServer/sip-port-tls`,
  ],
])('[V64] %s', finds('V64'));

const certified = (objects: Objects, key: string, path: string) =>
  all(
    objects,
    (one) => option(one, key, 'TServer/sip-tls-cert', path),
    (one) => option(one, key, 'TServer/sip-tls-cert-key', '/etc/holdfast/key.pem'),
  );

test.each<Row>([
  [
    'the members of a pair show two certificates',
    certified(certified(withPairs(), SIP_NORTH, '/etc/holdfast/a.pem'), BACKUP, '/etc/holdfast/b.pem'),
    `${BACKUP} TServer/sip-tls-cert`,
    { hasFix: true },
  ],
  [
    'TLS at one site only',
    option(
      certified(generated(), SIP_NORTH, '/etc/holdfast/a.pem'),
      SIP_NORTH,
      'TServer/sip-port-tls',
      '5161',
    ),
    'Application/sip-south TServer/sip-port-tls',
  ],
])('[V65] %s', finds('V65'));

const NOW = 1_000 * DAY_MS;
const certificate = {
  application: 'sip-north',
  notBeforeMs: 0,
  notAfterMs: NOW + 90 * DAY_MS,
  names: ['127.0.0.1'],
};
const shows = (change: Partial<typeof certificate>) =>
  outside({ wallNowMs: NOW, certificates: [{ ...certificate, ...change }] });

test.each<Row>([
  ['it has expired', generated(), `${SIP_NORTH} TServer/sip-tls-cert`, shows({ notAfterMs: NOW - DAY_MS })],
  [
    'it ends soon',
    generated(),
    `${SIP_NORTH} TServer/sip-tls-cert`,
    shows({ notAfterMs: NOW + 13 * DAY_MS }),
  ],
  ['it is not valid yet', generated(), `${SIP_NORTH} TServer/sip-tls-cert`, shows({ notBeforeMs: NOW + 1 })],
  [
    'it is for another name',
    generated(),
    `${SIP_NORTH} TServer/sip-tls-cert`,
    shows({ names: ['*.example.net'] }),
  ],
])('[V66] %s', finds('V66'));

test.each<Row>([
  [
    'one clock is an hour behind',
    generated(),
    'Host/south-host ',
    outside({
      clocks: [
        { host: 'north-host', aheadMs: 100 },
        { host: 'south-host', aheadMs: -3_600_000 },
        { host: 'desk', aheadMs: 0 },
      ],
    }),
  ],
])('[V67] %s', finds('V67'));

test.each<Row>([
  [
    '[option holdfast/version] 8.1.1 is too old',
    option(generated(), 'Application/stat-north', 'holdfast/version', '8.1.1'),
    'Application/stat-north holdfast/version',
  ],
  [
    'so is 7.6',
    option(generated(), 'Application/stat-south', 'holdfast/version', '7.6'),
    'Application/stat-south holdfast/version',
  ],
])('[V68] %s', finds('V68'));

test.each<Row>([
  [
    'a misspelt option of ours on a server',
    option(generated(), SIP_NORTH, 'holdfast/login-rat', '5'),
    `${SIP_NORTH} holdfast/login-rat`,
  ],
  [
    'a value out of range',
    option(generated(), SIP_NORTH, 'TServer/wrap-up-time', 'long'),
    `${SIP_NORTH} TServer/wrap-up-time`,
  ],
])('[V69] %s', finds('V69'));

test.each<Row>([
  [
    'a time-out of words on a Person',
    option(generated(), 'Person/agent7001', 'interaction-workspace/disaster-recovery.timeout', 'soon'),
    'Person/agent7001 interaction-workspace/disaster-recovery.timeout',
  ],
])('[V70] %s', finds('V70'));

test.each<Row>([
  [
    'a group has a member that does not exist',
    edited(generated(), 'AgentGroup/sales', (one) => ({ ...one, members: ['nobody'] })),
    'AgentGroup/sales members.0',
  ],
  [
    'a Place of a Person does not exist',
    person(generated(), 'agent7001', { defaultPlace: 'nowhere' }),
    'Person/agent7001 defaultPlace',
  ],
])('[V71] %s', finds('V71'));

test.each<Row>([
  [
    'a DN is in two Places',
    place(generated(), 'place-7002', { dns: ['7001@north', '7002@south'] }),
    'Place/place-7002 dns.0',
    { also: ['V34'] },
  ],
])('[V72] %s', finds('V72'));

test.each<Row>([
  [
    'two Persons have one Agent Login',
    person(generated(), 'agent7002', { agentLogins: ['7001@north', '7002@south'] }),
    'Person/agent7002 agentLogins.0',
  ],
  [
    'a Person has two at one Switch',
    person(generated(), 'agent7001', { agentLogins: ['7001@north', '7001@south', '7002@south'] }),
    'Person/agent7001 agentLogins.2',
  ],
])('[V73] %s', finds('V73'));

test.each<Row>([
  [
    'two servers at one port',
    application(generated(), 'stat-north', { ports: { default: 5_111 } }),
    'Application/stat-north ports.default',
  ],
])('[V74] %s', finds('V74'));

test.each<Row>([
  [
    'a Stat Server follows nobody',
    connection(generated(), 'stat-north', 'sip-north', null),
    'Application/stat-north connections',
  ],
])('[V75] %s', finds('V75'));

const local = (change: Partial<LocalData>) => outside({ localData: [{ ...LOCAL_DATA, ...change }] });
const PEER = LOCAL_DATA.peer ?? LOCAL_DATA.preferred;
const SITED = placePerDN(withProxies(generated()));

test.each<Row>([
  ['one site only', SITED, 'desktop.json peer', local({ peer: undefined })],
  [
    'no Place of the other site, where each has its own',
    SITED,
    'desktop.json peer.place',
    local({ peer: { ...PEER, place: undefined } }),
  ],
  [
    'the primary without its backup',
    SITED,
    'desktop.json peer.nodes',
    local({ peer: { ...PEER, nodes: PEER.nodes.slice(0, 1) } }),
  ],
  [
    'an Application that does not exist',
    SITED,
    'desktop.json preferred.application',
    local({ preferred: { ...LOCAL_DATA.preferred, application: 'desktop-west' } }),
  ],
  [
    'the Application of the first site for both',
    SITED,
    'desktop.json peer.application',
    local({ peer: { ...PEER, application: 'desktop-north' } }),
  ],
])('[V76] %s', finds('V76'));

test.each<Row>([
  [
    'the backup stands first',
    SITED,
    'desktop.json peer.nodes',
    local({ peer: { ...PEER, nodes: [...PEER.nodes].reverse() } }),
  ],
  [
    'a node that is nobody',
    SITED,
    'desktop.json peer.nodes',
    local({ peer: { ...PEER, nodes: [...PEER.nodes, { host: '10.0.0.1', port: 5_120 }] } }),
  ],
  [
    'both lists are of one site',
    SITED,
    'desktop.json peer.nodes',
    local({ peer: { ...PEER, nodes: LOCAL_DATA.preferred.nodes } }),
  ],
])('[V77] %s', finds('V77'));

test.each<Row>([
  ['hot seats, and a place in the file', SITED, 'desktop.json hotSeating', local({ hotSeating: true })],
  [
    'no hot seats, and nobody names a place',
    edited<Person>(withProxies(generated()), 'Person/agent7001', ({ defaultPlace: _, ...one }) => one),
    'Person/agent7001 defaultPlace',
    local({
      preferred: { ...LOCAL_DATA.preferred, place: undefined },
      peer: { ...PEER, place: undefined },
    }),
  ],
])('[V78] %s', finds('V78'));

test.each<Row>([
  ['a disabled Place', place(generated(), 'place-7001', { enabled: false }), 'Person/agent7001 '],
])('[V79] %s', finds('V79'));

test.each<Row>([
  [
    'a Switch names another, which does not name it',
    option(generated(), 'Switch/north', 'holdfast/sync-with', 'south'),
    'Switch/north holdfast/sync-with',
  ],
])('[V81] %s', finds('V81'));

/** A third site, to which the desktop is connected too. */
function thirdSite(objects: Objects): Objects {
  const site = 'interaction-workspace/disaster-recovery.site';
  return all(
    copied(objects, 'Switch/north', { name: 'west' }),
    (one) =>
      copied<Application>(one, SIP_NORTH, { name: 'sip-west', switch: 'west', ports: { default: 5_311 } }),
    (one) =>
      copied<Application>(one, 'Application/config-north', {
        name: 'config-west',
        ports: { default: 5_310 },
      }),
    (one) => option(one, 'Application/sip-west', 'TServer/sip-port', '5360'),
    (one) => option(one, 'Application/sip-west', 'TServer/dr-peer-trunk', undefined),
    (one) => option(one, 'Application/sip-west', 'interaction-workspace/disaster-recovery.name', 'west'),
    (one) =>
      ['sip-west', 'config-west'].reduce(
        (done, name) => option(done, `Application/${name}`, site, 'west'),
        one,
      ),
    (one) => application(one, 'sip-west', { connections: [] }),
    (one) => connect(one, 'workspace', 'sip-west', 'config-west'),
  );
}

test.each<Row>([
  [
    'three sites, and nobody names the peer of a team',
    option(
      thirdSite(generated()),
      'AgentGroup/team-north',
      'interaction-workspace/disaster-recovery.peer-site',
      undefined,
    ),
    'Person/administrator1 ',
  ],
])('[V80] %s', finds('V80'));
