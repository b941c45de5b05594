import type { RoleKey } from '@holdfast/continuity';
import { expect, test } from 'vitest';
import {
  type ArbiterRecord,
  beginHostArbiter,
  type HostArbiter,
  type HostArbiterEffect,
  type HostArbiterEvent,
  hostArbiterDeadline,
  KILL_MAX_MS,
  recordOf,
  stepHostArbiter,
  WAITING_MAX,
} from './host-arbiter.ts';

const APPLICATIONS = ['sip-a', 'sip-b'];
const keyOf = (member: 'a' | 'b', more: Partial<RoleKey> = {}): RoleKey => ({
  holder: `sip-${member}`,
  process: `${member}1`,
  epoch: 1,
  ask: 1,
  lengthMs: 600,
  ...more,
});

/** An arbiter whose disk is a variable, with a transcript of all that it does. */
class Host {
  state: HostArbiter;
  disk: ArbiterRecord | undefined;
  isDiskFull = false;
  now = 0;
  said: string[] = [];

  constructor(record?: ArbiterRecord, lives: readonly string[] = []) {
    this.state = beginHostArbiter({
      applications: APPLICATIONS,
      record,
      wallMs: 7,
      lives: (process) => lives.includes(process),
    });
    this.disk = recordOf(this.state);
  }

  /** What it says to this, and to whatever follows from it. */
  on(...events: readonly HostArbiterEvent[]): string[] {
    this.said = [];
    for (const event of events) this.#step(event);
    return this.said;
  }

  swap(member: 'a' | 'b', more: { key?: RoleKey; count?: number; n?: number } = {}): HostArbiterEvent {
    const { start, count } = this.state.revision;
    return {
      type: 'asked',
      process: `${member}1`,
      request: {
        type: 'swap',
        n: more.n ?? 1,
        ifRevision: { start, count: more.count ?? count },
        key: more.key ?? keyOf(member),
      },
    };
  }

  #step(event: HostArbiterEvent): void {
    const { state, effects } = stepHostArbiter(this.state, event, this.now);
    this.state = state;
    for (const effect of effects) {
      this.said.push(textOf(effect));
      if (effect.type !== 'store') continue;
      if (!this.isDiskFull) this.disk = effect.record;
      if (!effect.isGrant) continue;
      this.#step(this.isDiskFull ? { type: 'notStored', because: 'ENOSPC' } : { type: 'stored' });
    }
  }
}

function textOf(effect: HostArbiterEffect): string {
  switch (effect.type) {
    case 'answer': {
      const { answer } = effect;
      const what = answer.type === 'unknown' ? answer.because : `${answer.seen.key?.holder ?? 'nobody'}`;
      return `${effect.process} ${answer.type}: ${what}`;
    }
    case 'tellKey':
      return `tell ${effect.process ?? 'all'}: ${effect.seen.key?.holder ?? 'nobody'} ${effect.seen.revision.count}`;
    case 'tellEnd':
      return `tell end of ${effect.application}`;
    case 'refuse':
      return `refuse ${effect.process}: ${effect.text}`;
    case 'kill':
      return `${effect.makesWay ? 'make way' : 'kill'} ${effect.process}`;
    case 'store':
      return `store ${effect.record.key?.holder ?? 'nobody'}${effect.isGrant ? ' as granted' : ''}`;
    case 'log':
      return `log ${effect.line.what}`;
  }
}

const bothStarted: readonly HostArbiterEvent[] = [
  { type: 'started', application: 'sip-a', process: 'a1' },
  { type: 'started', application: 'sip-b', process: 'b1' },
];
const ended = (process: string): HostArbiterEvent => ({ type: 'ended', process });

/** Both run, and a holds the role. */
function heldByA(): Host {
  const host = new Host();
  host.on(...bothStarted, host.swap('a'));
  return host;
}

test('[PR7] the first grant kills nobody, and is on the disk before it is answered', () => {
  const host = new Host();
  host.on(...bothStarted);
  expect(host.on(host.swap('a'))).toEqual([
    'store sip-a as granted',
    'a1 swapped: sip-a',
    'tell all: sip-a 1',
    'log role granted',
  ]);
  expect(host.disk).toEqual({ start: 7, key: keyOf('a'), members: { 'sip-a': 'a1', 'sip-b': 'b1' } });
});

test('[PR7] a renewal grows the revision and leaves the disk alone; another length is written first', () => {
  const host = heldByA();
  expect(host.on(host.swap('a'))).toEqual(['a1 swapped: sip-a', 'tell all: sip-a 2']);
  expect(host.on(host.swap('a', { key: keyOf('a', { lengthMs: 5_000 }) }))).toEqual([
    'store sip-a as granted',
    'a1 swapped: sip-a',
    'tell all: sip-a 3',
  ]);
  expect(host.disk?.key?.lengthMs).toBe(5_000);
});

test('[PR7] the role goes to another process when the old one has been killed and has ended, not before', () => {
  const host = heldByA();
  expect(host.on(host.swap('b'))).toEqual(['kill a1']);
  expect(host.on({ type: 'asked', process: 'b1', request: { type: 'read', n: 9 } })).toEqual([
    'b1 stands: sip-a',
  ]);
  expect(host.on(ended('a1'))).toEqual([
    'tell end of sip-a',
    'store sip-a',
    'store sip-b as granted',
    'b1 swapped: sip-b',
    'tell all: sip-b 2',
    'log role granted',
  ]);
});

test('[PR7] who had offered its role makes way; who had not, or whose mate did not ask in time, is killed', () => {
  const offer = { type: 'yields', process: 'a1', forMs: 1_200 } as const;
  const inTime = heldByA();
  expect(inTime.on(offer, inTime.swap('b'))).toEqual(['make way a1']);
  const late = heldByA();
  late.on(offer);
  late.now = 1_200;
  expect(late.on(late.swap('b'))).toEqual(['kill a1']);
  // The offer of another says nothing of the holder.
  const other = heldByA();
  expect(other.on({ ...offer, process: 'b1' }, other.swap('b'))).toEqual(['kill a1']);
});

test('[PR7] a process that has ended already need not be killed, and the mate is told of its end at once', () => {
  const host = heldByA();
  expect(host.on(ended('a1'))).toEqual(['tell end of sip-a', 'store sip-a']);
  expect(host.on(host.swap('b')).slice(0, 2)).toEqual(['store sip-b as granted', 'b1 swapped: sip-b']);
});

test('[PR7] a process that does not end keeps the role from being granted', () => {
  const host = heldByA();
  host.on(host.swap('b'));
  expect(hostArbiterDeadline(host.state)).toBe(KILL_MAX_MS);
  expect(host.on({ type: 'expire' })).toEqual([]);
  host.now = KILL_MAX_MS;
  expect(host.on({ type: 'expire' })).toEqual(['log process does not end', 'b1 not-swapped: sip-a']);
  expect(host.on(host.swap('b'))).toEqual(['kill a1']);
});

test('[PR7] of two that ask on one revision the first is granted, and the other learns who', () => {
  const host = new Host();
  host.on(...bothStarted);
  const second = host.swap('b');
  expect(host.on(host.swap('a'), second).at(-1)).toBe('b1 not-swapped: sip-a');
});

test('[PR7] what the holder asks while it is being killed comes to nothing', () => {
  const host = heldByA();
  const renewal = host.swap('a');
  expect(host.on(host.swap('b'), renewal)).toEqual(['kill a1']);
  expect(host.on(ended('a1')).filter((text) => text.startsWith('a1'))).toEqual([]);
  expect(host.state.waiting).toEqual([]);
});

test('[PR7] when who asked has ended meanwhile, nobody is granted anything', () => {
  const host = heldByA();
  host.on(host.swap('b'), ended('b1'));
  expect(host.on(ended('a1'))).toEqual(['tell end of sip-a', 'store sip-a']);
  expect(host.state.key?.holder).toBe('sip-a');
});

test('[PR7] a grant that cannot be written is none', () => {
  const host = heldByA();
  host.isDiskFull = true;
  expect(host.on(ended('a1'), host.swap('b')).at(-1)).toContain('b1 unknown: The supervisor could not write');
  expect(host.state.key?.holder).toBe('sip-a');
  host.isDiskFull = false;
  expect(host.on(host.swap('b'))).toContain('b1 swapped: sip-b');
});

test('[PR7] what is written while a grant is on its way to the disk does not take it back', () => {
  const host = heldByA();
  host.on(ended('a1'));
  const storing = stepHostArbiter(host.state, host.swap('b'), 0);
  const after = stepHostArbiter(storing.state, { type: 'started', application: 'sip-a', process: 'a2' }, 0);
  expect(after.effects).toMatchObject([{ type: 'store', record: { key: keyOf('b') }, isGrant: false }]);
});

test('[PR7] after a restart the running members are known, the key stands and the revision is higher', () => {
  const former = heldByA();
  const host = new Host(former.disk, ['a1', 'b1']);
  expect(host.state.revision).toEqual({ start: 8, count: 0 });
  expect(host.on({ type: 'hello', application: 'sip-a', process: 'a1' })).toEqual(['tell a1: sip-a 0']);
  expect(host.on(host.swap('a'))).toEqual(['a1 swapped: sip-a', 'tell all: sip-a 1']);
  expect(host.on(host.swap('b'))).toEqual(['kill a1']);
});

test('[PR7] after a restart nobody is killed who has ended in the meantime', () => {
  const host = new Host(heldByA().disk, ['b1']);
  expect(Object.keys(host.state.members)).toEqual(['sip-b']);
  expect(host.on(host.swap('b'))[0]).toBe('store sip-b as granted');
});

test('[PR7] who comes after the end of the holder is told of it: a site that starts again waits for no lease', () => {
  const host = new Host(heldByA().disk, ['b1']);
  const hello = { type: 'hello', application: 'sip-b', process: 'b1' } as const;
  expect(host.on(hello)).toEqual(['tell b1: sip-a 0', 'tell end of sip-a']);
  host.on(host.swap('b'));
  expect(host.on(hello)).toEqual(['tell b1: sip-b 1']);
});

test('[PR7] the holder is known by its key also where its own line was never written', () => {
  const host = new Host({ start: 1, key: keyOf('a'), members: { 'sip-b': 'b1' } }, ['a1', 'b1']);
  expect(host.on(host.swap('b'))).toEqual(['kill a1']);
});

test('[PR7] with its disk lost the revision grows all the same, and who may hold the role is killed first', () => {
  const host = new Host();
  expect(host.state.revision.start).toBe(7);
  host.on({ type: 'hello', application: 'sip-a', process: 'a1' });
  host.on({ type: 'started', application: 'sip-b', process: 'b1' });
  expect(host.on(host.swap('b'))).toEqual(['kill a1']);
});

test('[PR7] only a living process of the pair may ask, and for itself alone', () => {
  const host = heldByA();
  const asks = (process: string, key: RoleKey): HostArbiterEvent => ({
    type: 'asked',
    process,
    request: { type: 'swap', n: 1, ifRevision: host.state.revision, key },
  });
  const refused = 'Only a living process of';
  expect(host.on(asks('b1', keyOf('a')))[0]).toContain(refused);
  expect(host.on(asks('b0', keyOf('b', { process: 'b0' })))[0]).toContain(refused);
  expect(host.on(asks('c1', keyOf('b', { holder: 'sip-c', process: 'c1' })))[0]).toContain(refused);
  expect(host.on({ type: 'hello', application: 'sip-c', process: 'c1' })[0]).toContain('is no member');
  expect(host.on({ type: 'hello', application: 'sip-a', process: 'a9' })[0]).toContain('runs already');
  expect(host.state.key?.holder).toBe('sip-a');
});

test('[PR7] swaps that wait are bounded', () => {
  const host = heldByA();
  host.on(host.swap('b'));
  for (let n = 0; n < WAITING_MAX; n++) expect(host.on(host.swap('b', { n }))).toEqual([]);
  expect(host.on(host.swap('b'))[0]).toContain('unknown');
});
