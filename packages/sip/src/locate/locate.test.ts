import { type Random, seededRandom } from '@holdfast/kernel';
import { expect, test } from 'vitest';
import type { EndpointOutput } from '../endpoint-types.ts';
import type { SipUri } from '../message/message.ts';
import { parseUri } from '../message/uri.ts';
import type { TransportName } from '../target.ts';
import { isAddressLiteral } from './address-literal.ts';
import { TARGETS_MAX } from './locate.ts';
import { Locator } from './locator.ts';
import { type LookupAnswer, type NaptrRecord, questionId, type SrvRecord } from './lookup.ts';
import { LOOKUP_CACHE_MAX, LookupCache } from './lookup-cache.ts';
import { orderSrv } from './srv-order.ts';
import { TROUBLED_MAX, TroubledTargets } from './troubled-targets.ts';

type Zone = Readonly<Record<string, LookupAnswer>>;

interface World {
  readonly zone?: Zone;
  readonly transports?: readonly TransportName[];
  readonly random?: Random;
  readonly transport?: TransportName;
}

/** Every question and every target, in order, of one search that is never content. */
function search(uri: string, world: World = {}): string[] {
  const { zone = {}, transports = ['UDP', 'TCP', 'TLS'], random = () => 0, transport } = world;
  const locator = new Locator<string>({ transports, families: ['A', 'AAAA'], random });
  const output: EndpointOutput = { effects: [], events: [] };
  const one = locator.start('owner', parseUri(uri) as SipUri, transport);
  const seen: string[] = [];
  for (let i = 0; i < 100; i++) {
    const target = locator.next(0, one, output);
    if (target === null) return [...seen, 'end'];
    if (target !== undefined) {
      seen.push(`${target.transport} ${target.host}:${target.port}`);
      continue;
    }
    const effect = output.effects.pop();
    if (effect?.type !== 'lookup') throw new Error('nothing is asked and nothing found');
    seen.push(`? ${effect.record} ${effect.name}`);
    locator.lookedUp(0, effect.id, zone[effect.id] ?? { type: 'none', ttlS: 0 });
  }
  throw new Error('the search has no end');
}

const naptr = (...records: NaptrRecord[]): LookupAnswer => ({ type: 'NAPTR', records, ttlS: 60 });
const srv = (...records: SrvRecord[]): LookupAnswer => ({ type: 'SRV', records, ttlS: 60 });
const a = (...addresses: string[]): LookupAnswer => ({ type: 'A', addresses, ttlS: 60 });
const aaaa = (...addresses: string[]): LookupAnswer => ({ type: 'AAAA', addresses, ttlS: 60 });

function service(
  order: number,
  preference: number,
  name: string,
  replacement: string,
  flags = 's',
): NaptrRecord {
  return { order, preference, flags, service: name, replacement };
}

test('[LO1] an address needs no look-up; transport and port come from the URI, else UDP and 5060', () => {
  expect(search('sip:10.0.0.1')).toEqual(['UDP 10.0.0.1:5060', 'end']);
  expect(search('sip:10.0.0.1:5070')).toEqual(['UDP 10.0.0.1:5070', 'end']);
  expect(search('sip:10.0.0.1;transport=tcp')).toEqual(['TCP 10.0.0.1:5060', 'end']);
  expect(search('sip:x@[2001:db8::1]')).toEqual(['UDP 2001:db8::1:5060', 'end']);
  expect(search('sip:site.test;maddr=10.0.0.9')).toEqual(['UDP 10.0.0.9:5060', 'end']);
});

test('[LO1] what is an address and what is a name', () => {
  for (const address of ['0.0.0.0', '255.255.255.255', '[::1]', '::1', 'fe80::1%eth0', '::ffff:10.0.0.1']) {
    expect(isAddressLiteral(address)).toBe(true);
  }
  for (const name of ['256.1.1.1', '1.2.3', 'a.b.c.d', 'example.com', '1.2.3.4.test', '']) {
    expect(isAddressLiteral(name)).toBe(false);
  }
});

test('[LO2] a name with a port is asked for its addresses alone', () => {
  expect(search('sip:site.test:5070', { zone: { 'A site.test': a('10.0.0.1', '10.0.0.2') } })).toEqual([
    '? A site.test',
    'UDP 10.0.0.1:5070',
    'UDP 10.0.0.2:5070',
    '? AAAA site.test',
    'end',
  ]);
});

test('[LO3] NAPTR chooses the transport by order and preference, SRV the host, A the address', () => {
  const zone: Zone = {
    'NAPTR site.test': naptr(
      service(50, 50, 'SIPS+D2T', '_sips._tcp.site.test'),
      service(90, 60, 'SIP+D2U', '_sip._udp.other.test'),
      service(90, 50, 'sip+d2t', '_sip._tcp.Site.test.'),
    ),
    'SRV _sip._tcp.site.test': srv({ priority: 1, weight: 1, port: 5062, target: 'One.site.test.' }),
    'A one.site.test': a('10.0.0.1'),
  };
  expect(search('sip:site.test', { zone, transports: ['UDP', 'TCP'] })).toEqual([
    '? NAPTR site.test',
    '? SRV _sip._tcp.site.test',
    '? A one.site.test',
    'TCP 10.0.0.1:5062',
    '? AAAA one.site.test',
    '? SRV _sip._udp.other.test',
    'end',
  ]);
});

test('[LO3] NAPTR records of other services and flags count as none', () => {
  const zone: Zone = {
    'NAPTR site.test': naptr(
      service(1, 1, 'E2U+sip', 'x.test', 'u'),
      service(1, 1, 'SIP+D2U', 'y.test', 'a'),
    ),
  };
  expect(search('sip:site.test', { zone, transports: ['UDP'] })).toEqual([
    '? NAPTR site.test',
    '? SRV _sip._udp.site.test',
    '? A site.test',
    '? AAAA site.test',
    'end',
  ]);
});

test('[LO4] without NAPTR the SRV names of our transports are asked in our order', () => {
  const zone: Zone = {
    'SRV _sip._tcp.site.test': srv({ priority: 1, weight: 0, port: 5064, target: '10.0.0.3' }),
  };
  expect(search('sip:site.test', { zone, transports: ['UDP', 'TCP'] })).toEqual([
    '? NAPTR site.test',
    '? SRV _sip._udp.site.test',
    '? SRV _sip._tcp.site.test',
    'TCP 10.0.0.3:5064',
    'end',
  ]);
});

test('[LO4] a transport in the URI or from the caller leaves NAPTR out', () => {
  expect(search('sip:site.test;transport=TCP')[0]).toBe('? SRV _sip._tcp.site.test');
  expect(search('sip:site.test', { transport: 'UDP' })[0]).toBe('? SRV _sip._udp.site.test');
});

test('[LO4] without any SRV the name itself is tried on the default port', () => {
  expect(search('sip:site.test;transport=tcp', { zone: { 'A site.test': a('10.0.0.1') } })).toEqual([
    '? SRV _sip._tcp.site.test',
    '? A site.test',
    'TCP 10.0.0.1:5060',
    '? AAAA site.test',
    'end',
  ]);
});

test('[LO4] a service that is decidedly not there has no target', () => {
  const zone: Zone = { 'SRV _sip._udp.site.test': srv({ priority: 0, weight: 0, port: 0, target: '.' }) };
  expect(search('sip:site.test;transport=udp', { zone })).toEqual(['? SRV _sip._udp.site.test', 'end']);
});

test('[LO5] targets are looked up one at a time, in the order of priority', () => {
  const zone: Zone = {
    'SRV _sip._udp.site.test': srv(
      { priority: 20, weight: 0, port: 5060, target: 'second.test' },
      { priority: 10, weight: 0, port: 5060, target: 'first.test' },
    ),
    'A first.test': a('10.0.0.1'),
    'AAAA first.test': aaaa('2001:db8::1'),
    'A second.test': a('10.0.0.2'),
  };
  expect(search('sip:site.test;transport=udp', { zone })).toEqual([
    '? SRV _sip._udp.site.test',
    '? A first.test',
    'UDP 10.0.0.1:5060',
    '? AAAA first.test',
    'UDP 2001:db8::1:5060',
    '? A second.test',
    'UDP 10.0.0.2:5060',
    '? AAAA second.test',
    'end',
  ]);
});

test('[LO5] among equals the weight is the chance to come first', () => {
  const records = [10, 30, 60, 0].map((weight) => ({
    priority: 1,
    weight,
    port: 5060,
    target: `w${weight}.test`,
  }));
  const random = seededRandom(7);
  const first: Record<string, number> = {};
  for (let i = 0; i < 4_000; i++) {
    const ordered = orderSrv(records, random);
    expect(new Set(ordered).size).toBe(4);
    const target = ordered[0]?.target ?? '';
    first[target] = (first[target] ?? 0) + 1;
  }
  expect(first['w60.test']).toBeGreaterThan(2_200);
  expect(first['w30.test']).toBeGreaterThan(1_000);
  expect(first['w10.test']).toBeGreaterThan(280);
  expect(first['w0.test'] ?? 0).toBeLessThan(120);
});

test('[LO5] weights that are all zero leave every record a place', () => {
  const records = ['a', 'b', 'c'].map((target) => ({ priority: 1, weight: 0, port: 1, target }));
  expect(
    orderSrv(records, seededRandom(3))
      .map((record) => record.target)
      .sort(),
  ).toEqual(['a', 'b', 'c']);
});

test('[LO6] a sips URI goes to secure transports only, at their port', () => {
  expect(search('sips:10.0.0.1')).toEqual(['TLS 10.0.0.1:5061', 'end']);
  expect(search('sips:10.0.0.1;transport=tcp')).toEqual(['TLS 10.0.0.1:5061', 'end']);
  expect(search('sips:site.test').slice(0, 2)).toEqual(['? NAPTR site.test', '? SRV _sips._tcp.site.test']);
  expect(search('sips:10.0.0.1;transport=udp')).toEqual(['end']);
  const zone = { 'NAPTR site.test': naptr(service(1, 1, 'SIP+D2U', '_sip._udp.site.test')) };
  expect(search('sips:site.test', { zone })).not.toContain('? SRV _sip._udp.site.test');
});

test('[LO6] a URI of another scheme or with an unknown transport has no target', () => {
  expect(search('tel:+3170')).toEqual(['end']);
  expect(search('sip:10.0.0.1;transport=sctp')).toEqual(['end']);
});

test('[LO7] a look-up that fails is taken as "none", and the search goes on', () => {
  const failed: LookupAnswer = { type: 'failed', reason: 'time-out' };
  const zone: Zone = {
    'NAPTR site.test': failed,
    'SRV _sip._udp.site.test': failed,
    'A site.test': a('10.0.0.1'),
  };
  expect(search('sip:site.test', { zone, transports: ['UDP'] })).toContain('UDP 10.0.0.1:5060');
});

test('[LO7] however long the answers are, a request tries a bounded number of targets', () => {
  const many = Array.from({ length: 300 }, (_, i) => `10.0.${i >> 8}.${i & 255}`);
  const tried = search('sip:site.test:5060', { zone: { 'A site.test': a(...many) } });
  expect(tried.filter((each) => each.startsWith('UDP'))).toHaveLength(TARGETS_MAX);
  expect(tried.at(-1)).toBe('end');
});

test('[LO8] many requests for one name ask once, and each gets its target', () => {
  const locator = new Locator<string>({ transports: ['UDP'], families: ['A'], random: () => 0 });
  const output: EndpointOutput = { effects: [], events: [] };
  const uri = parseUri('sip:site.test:5060') as SipUri;
  const searches = ['one', 'two', 'three'].map((owner) => locator.start(owner, uri, undefined));
  for (const each of searches) expect(locator.next(0, each, output)).toBeUndefined();
  expect(output.effects).toHaveLength(1);
  (searches[1] as { isOver: boolean }).isOver = true;
  const answered = locator.lookedUp(5, 'A site.test', a('10.0.0.1'));
  expect(answered.map((each) => each.owner)).toEqual(['one', 'three']);
  for (const each of answered) expect(locator.next(5, each, output)).toMatchObject({ host: '10.0.0.1' });
  expect(locator.asking).toBe(0);
  expect(locator.lookedUp(6, 'A site.test', a('6.6.6.6'))).toEqual([]);
});

test('[C24] an answer is kept for its TTL and no longer; with TTL 0 and after a failure not at all', () => {
  const cache = new LookupCache();
  cache.put(0, 'A x', a('10.0.0.1'));
  expect(cache.get(59_999, 'A x')).toEqual(a('10.0.0.1'));
  expect(cache.get(60_000, 'A x')).toBeUndefined();
  cache.put(0, 'A z', { type: 'A', addresses: ['10.0.0.1'], ttlS: 0 });
  cache.put(0, 'A f', { type: 'failed', reason: 'x' });
  cache.put(0, 'A n', { type: 'A', addresses: ['10.0.0.1'], ttlS: Number.NaN });
  expect(cache.size).toBe(0);
  cache.put(0, 'A gone', { type: 'none', ttlS: 10 });
  expect(cache.get(9_000, 'A gone')).toEqual({ type: 'none', ttlS: 10 });
  // A new answer with TTL 0 takes the old one away.
  cache.put(0, 'A gone', { type: 'A', addresses: [], ttlS: 0 });
  expect(cache.get(0, 'A gone')).toBeUndefined();
});

test('[LO9] the cache and the memory of troubled targets are bounded, and a long TTL is cut', () => {
  const cache = new LookupCache();
  for (let i = 0; i <= LOOKUP_CACHE_MAX; i++) cache.put(0, `A ${i}`, a('10.0.0.1'));
  expect(cache.size).toBe(LOOKUP_CACHE_MAX);
  expect(cache.get(0, 'A 0')).toBeUndefined();
  cache.put(0, 'A long', { type: 'A', addresses: [], ttlS: 1e9 });
  expect(cache.get(3_600_000, 'A long')).toBeUndefined();
  const troubled = new TroubledTargets();
  for (let i = 0; i < TROUBLED_MAX + 10; i++) troubled.mark({ transport: 'UDP', host: 'h', port: i }, 1_000);
  expect(troubled.size).toBe(TROUBLED_MAX);
  expect(troubled.has(0, { transport: 'UDP', host: 'h', port: 0 })).toBe(false);
  expect(troubled.has(0, { transport: 'UDP', host: 'h', port: 20 })).toBe(true);
  expect(troubled.has(1_000, { transport: 'UDP', host: 'h', port: 20 })).toBe(false);
});

test('[LO8] a question has one name, however its case is written', () => {
  expect(questionId({ record: 'A', name: 'x.test' })).toBe('A x.test');
  expect(search('sip:SITE.Test.:5060')[0]).toBe('? A site.test');
});
