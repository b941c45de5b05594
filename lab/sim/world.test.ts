import { must } from '@holdfast/kernel';
import { describe, expect, it } from 'vitest';
import { ProbeProgram } from './probe-program.ts';
import type { Process } from './process.ts';
import { World } from './world.ts';

function probe(process: Process): ProbeProgram {
  return must(process.program, `${process.name} runs`) as ProbeProgram;
}

/** Two hosts with one process each; `b` listens on port 1 for streams and datagrams. */
function pair(seed = 1, everyMs?: number): { world: World; a: Process; b: Process } {
  const world = new World(seed);
  const a = world.addProcess(
    'a',
    world.addHost('host-a'),
    (process, now) => new ProbeProgram(process, now, everyMs),
  );
  const b = world.addProcess('b', world.addHost('host-b'), (process, now) => {
    process.listenDatagrams(1);
    process.listenStreams(1);
    return new ProbeProgram(process, now, everyMs);
  });
  world.start(a);
  world.start(b);
  return { world, a, b };
}

const TO_B = { host: 'host-b', port: 1 };

describe('streams', () => {
  it('open, carry messages in order and close', () => {
    const { world, a, b } = pair();
    const end = a.connect(TO_B);
    world.run(20);
    for (let n = 0; n < 50; n++) end.send(n);
    end.close();
    world.run(100);
    expect(probe(a).whats()).toEqual(['opened']);
    expect(probe(b).whats()).toEqual([
      'accepted',
      ...Array.from({ length: 50 }, (_, n) => `message ${n}`),
      'closed closed',
    ]);
  });

  it('are refused when nobody listens, and get no answer from a dark host', () => {
    const { world, a, b } = pair();
    world.kill(b);
    a.connect(TO_B);
    world.run(20);
    expect(probe(a).whats()).toEqual(['closed refused']);
    world.darken(b.host);
    a.connect(TO_B);
    world.run(3_000);
    expect(probe(a).whats()).toEqual(['closed refused']);
    world.run(10_000);
    expect(probe(a).whats()).toEqual(['closed refused', 'closed unreachable']);
  });

  it('are reset at once when the process dies and its host lives', () => {
    const { world, a, b } = pair();
    a.connect(TO_B);
    world.run(20);
    world.kill(b);
    world.run(40);
    expect(probe(a).whats()).toEqual(['opened', 'closed reset']);
  });

  it('stay silent when the host loses its power, and are reset by the first message after it has power again', () => {
    const { world, a, b } = pair();
    const end = a.connect(TO_B);
    world.run(20);
    world.darken(b.host);
    end.send('lost');
    world.run(60_000);
    expect(probe(a).whats()).toEqual(['opened']);
    world.light(b.host);
    world.start(b);
    world.run(200_000);
    expect(probe(a).whats()).toEqual(['opened', 'closed reset']);
    expect(probe(b).whats()).toEqual([]);
  });

  it('hold back what is sent into a cut, in one direction, and deliver it late and in order', () => {
    const { world, a, b } = pair();
    const end = a.connect(TO_B);
    world.run(20);
    world.net.cut(a.host, b.host);
    for (let n = 0; n < 3; n++) end.send(n);
    must(probe(b).ends[0], 'b has accepted').send('the other way');
    world.run(10_000);
    expect(probe(b).whats()).toEqual(['accepted']);
    expect(probe(a).whats()).toEqual(['opened', 'message the other way']);
    world.net.mend([[a.host, b.host]]);
    world.run(30_000);
    expect(probe(b).whats()).toEqual(['accepted', 'message 0', 'message 1', 'message 2']);
  });

  it('count overlapping cuts: the path is whole when the last has ended', () => {
    const { world, a, b } = pair();
    world.net.cut(a.host, b.host);
    world.net.cut(a.host, b.host);
    world.net.mend([[a.host, b.host]]);
    expect(world.net.isCut(a.host, b.host)).toBe(true);
    expect(world.net.isCut(b.host, a.host)).toBe(false);
    world.net.mend([[a.host, b.host]]);
    expect(world.net.isCut(a.host, b.host)).toBe(false);
  });
});

describe('datagrams', () => {
  function arrivals(quality: {
    loss?: number;
    duplication?: number;
    late?: number;
    lateMaxMs?: number;
  }): unknown[] {
    const { world, a, b } = pair(7);
    world.net.quality = {
      delayMinMs: 1,
      delayMaxMs: 1,
      loss: 0,
      duplication: 0,
      late: 0,
      lateMaxMs: 0,
      ...quality,
    };
    for (let n = 0; n < 1000; n++) world.plan(n, () => a.sendDatagram(n, TO_B, 5));
    world.run(5_000);
    return probe(b).seen.map((seen) => seen.detail);
  }

  it('arrive once and in order on a calm network', () => {
    expect(arrivals({})).toEqual(Array.from({ length: 1000 }, (_, n) => n));
  });

  it('are lost, doubled and overtaken at about the stated share', () => {
    expect(arrivals({ loss: 0.3 }).length).toBeGreaterThan(620);
    expect(arrivals({ loss: 0.3 }).length).toBeLessThan(780);
    expect(arrivals({ duplication: 0.2 }).length).toBeGreaterThan(1130);
    const late = arrivals({ late: 0.2, lateMaxMs: 50 });
    expect(late).toHaveLength(1000);
    expect(
      late.filter((n, index) => index > 0 && (n as number) < (late[index - 1] as number)).length,
    ).toBeGreaterThan(50);
  });

  it('vanish in a cut, at a dead process and at a dark host', () => {
    const { world, a, b } = pair();
    world.net.cut(a.host, b.host);
    a.sendDatagram('cut', TO_B, 5);
    world.run(100);
    world.net.mend([[a.host, b.host]]);
    world.kill(b);
    a.sendDatagram('dead', TO_B, 5);
    world.run(200);
    world.start(b);
    a.sendDatagram('alive', TO_B, 5);
    world.run(300);
    expect(probe(b).whats()).toEqual(['datagram alive']);
  });
});

describe('a stopped process', () => {
  it('goes on with its timers first and then the old bytes, or the other way round, at the time it is continued', () => {
    const orders = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      const { world, a, b } = pair(seed, 1_000);
      world.run(500);
      world.pause(b);
      a.sendDatagram('old', TO_B, 5);
      world.run(5_000);
      expect(probe(b).whats()).toEqual([]);
      world.continue(b);
      expect(probe(b).seen.every((seen) => seen.at === 5_000)).toBe(true);
      orders.add(probe(b).whats().join(', '));
    }
    expect([...orders].sort()).toEqual(['datagram old, expire', 'expire, datagram old']);
  });

  it('keeps its clock running and its connections open', () => {
    const { world, a, b } = pair();
    const end = a.connect(TO_B);
    world.run(20);
    const before = b.now();
    world.pause(b);
    end.send('while stopped');
    world.run(1_020);
    expect(b.now() - before).toBeCloseTo(1_000, 3);
    expect(probe(a).whats()).toEqual(['opened']);
    world.continue(b);
    expect(probe(b).whats()).toEqual(['accepted', 'message while stopped']);
  });

  it('accepts on waking what has connected meanwhile', () => {
    const { world, a, b } = pair();
    world.pause(b);
    a.connect(TO_B);
    world.run(1_000);
    expect(probe(a).whats()).toEqual([]);
    world.continue(b);
    world.run(1_100);
    expect(probe(a).whats()).toEqual(['opened']);
  });

  it('may be stopped between deciding and sending: what it decided leaves when it wakes (PR9)', () => {
    const { world, a, b } = pair();
    const end = a.connect(TO_B);
    world.run(20);
    probe(b).onMessage = (from, message) => from.send(`answer to ${String(message)}`);
    world.pause(b, true);
    end.send('one');
    end.send('two');
    world.run(5_000);
    expect(probe(b).whats()).toEqual(['accepted', 'message one']);
    expect(probe(a).whats()).toEqual(['opened']);
    world.continue(b);
    world.run(5_100);
    expect(probe(a).whats()).toEqual(['opened', 'message answer to one', 'message answer to two']);
  });

  it('loses all it held when it is killed', () => {
    const { world, a, b } = pair();
    world.pause(b);
    a.sendDatagram('old', TO_B, 5);
    world.run(100);
    world.kill(b);
    world.start(b);
    world.run(200);
    expect(probe(b).whats()).toEqual([]);
  });
});

describe('clocks', () => {
  it('run at the rate of their host, also after it has changed', () => {
    const { world, a } = pair(3, 1_000);
    world.setRate(a.host, 1.005);
    world.run(100_000);
    expect(probe(a).seen).toHaveLength(100);
    world.setRate(a.host, 0.995);
    world.run(200_000);
    expect(probe(a).seen.length).toBe(199);
    for (const seen of probe(a).seen) expect(seen.now).toBeGreaterThan(0);
  });

  it('show a jump of the wall clock before the next input', () => {
    const { world, a, b } = pair();
    const offset = b.wallOffsetMs();
    world.jumpWall(b.host, 60_000);
    a.sendDatagram('next', TO_B, 5);
    world.run(100);
    expect(probe(b).whats()).toEqual([`clockJumped ${offset + 60_000}`, 'datagram next']);
  });

  it('stand still in a suspension, which the next reading shows as a jump', () => {
    const { world, a, b } = pair(1, 1_000);
    const offset = b.wallOffsetMs();
    world.pause(b);
    world.run(30_000);
    world.sleptFor([b], 30_000);
    world.continue(b);
    expect(b.wallOffsetMs()).toBe(offset + 30_000);
    a.sendDatagram('next', TO_B, 5);
    world.run(30_500);
    expect(probe(b).whats()).toEqual([`clockJumped ${offset + 30_000}`, 'datagram next']);
  });
});

describe('the world', () => {
  function busyHash(seed: number): number {
    const { world, a, b } = pair(seed, 100);
    world.net.quality = {
      delayMinMs: 1,
      delayMaxMs: 20,
      loss: 0.1,
      duplication: 0.1,
      late: 0.1,
      lateMaxMs: 100,
    };
    for (let n = 0; n < 200; n++) world.plan(n * 10, () => a.sendDatagram(n, TO_B, 5));
    world.plan(500, () => world.pause(b));
    world.plan(900, () => world.continue(b));
    world.run(3_000);
    return world.trace.hash;
  }

  it('gives the same run for the same seed, event by event, and another for another', () => {
    const hashes = [1, 2, 3, 4, 5].map(busyHash);
    expect([1, 2, 3, 4, 5].map(busyHash)).toEqual(hashes);
    expect(new Set(hashes).size).toBe(5);
  });

  it('turns what a program throws into a failed check with its place', () => {
    const { world, a, b } = pair();
    const end = a.connect(TO_B);
    world.run(20);
    probe(b).onMessage = () => {
      throw new Error('broken promise');
    };
    end.send('x');
    world.run(100);
    expect(world.failure?.check).toBe('no-crash');
    expect(world.failure?.detail).toContain('b: Error: broken promise');
  });

  it('stops two processes that answer each other without end', () => {
    const { world, a, b } = pair();
    world.net.quality = { delayMinMs: 0, delayMaxMs: 0, loss: 0, duplication: 0, late: 0, lateMaxMs: 0 };
    const end = a.connect(TO_B);
    world.run(20);
    for (const process of [a, b]) probe(process).onMessage = (from) => from.send('again');
    end.send('start');
    world.run(100);
    expect(world.failure?.check).toBe('no-livelock');
  });

  it('writes the last happenings down in words', () => {
    const { world, a, b } = pair();
    a.connect(TO_B);
    world.run(20);
    world.kill(b);
    world.run(40);
    const lines = world.trace.lines(10);
    expect(lines.some((line) => line.endsWith('b: is killed'))).toBe(true);
    expect(lines.at(-1)).toContain('a: closed reset');
  });
});
