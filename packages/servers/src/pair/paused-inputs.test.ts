import { createRequest, createResponse, type Source } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { PAUSED_MAX, PausedInputs } from './paused-inputs.ts';
import { pairWorld, runUntil } from './testing/pair-world.ts';

const UDP: Source = { transport: 'UDP', host: '10.9.9.9', port: 5060, flow: 'UDP 10.0.0.1 5060' };
const TCP: Source = { ...UDP, transport: 'TCP', flow: 'TCP 10.9.9.9 5060' };
const request = createRequest({
  method: 'OPTIONS',
  uri: 'sip:10.0.0.1',
  headers: [
    ['Via', 'SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKa'],
    ['Max-Forwards', '70'],
    ['From', '<sip:a@b>;tag=1'],
    ['To', '<sip:a@b>'],
    ['Call-ID', 'one'],
    ['CSeq', '1 OPTIONS'],
  ],
});
const datagram = { type: 'sip', message: request, source: UDP } as const;

describe('[PR12] what comes while a primary may not act', () => {
  it('waits in order; a flood of datagrams pushes out datagrams alone', () => {
    const paused = new PausedInputs();
    const kept = [
      { type: 'opened', connection: 'c1' },
      { type: 'sip', message: request, source: TCP },
      { type: 'sip', message: createResponse(request, 200), source: UDP },
      { type: 'lookedUp', id: 'l1', answer: { type: 'none', ttlS: 0 } },
      { type: 'message', connection: 'c1', message: { type: 'Pong', n: 1 } },
      { type: 'sipFailed', flow: TCP.flow },
      { type: 'closed', connection: 'c1' },
    ] as const;
    for (const input of kept) {
      paused.push(datagram);
      paused.push(input);
    }
    for (let n = 0; n < PAUSED_MAX.repeated + 50; n++) paused.push(datagram);
    expect(paused.dropped).toEqual({ repeated: 50 + kept.length, message: 0, event: 0 });
    const all = paused.take();
    expect(all.filter((input) => input !== datagram)).toEqual(kept);
    expect(all).toHaveLength(PAUSED_MAX.repeated + kept.length);
    expect(paused.take()).toEqual([]);
  });

  it('each sort has its room, beyond which the oldest goes; of what the newest says it all one is kept', () => {
    const paused = new PausedInputs();
    for (let n = 1; n <= PAUSED_MAX.message + 2; n++)
      paused.push({ type: 'message', connection: 'c1', message: { type: 'Pong', n } });
    for (let n = 1; n <= PAUSED_MAX.event + 3; n++) paused.push({ type: 'closed', connection: `c${n}` });
    for (let n = 1; n <= 100; n++) paused.push({ type: 'load', busy: n / 100 });
    expect(paused.dropped).toEqual({ repeated: 0, message: 2, event: 3 });
    const all = paused.take();
    expect(all).toHaveLength(PAUSED_MAX.message + PAUSED_MAX.event + 1);
    expect(all[0]).toMatchObject({ message: { n: 3 } });
    expect(all.at(-1)).toEqual({ type: 'load', busy: 1 });
  });

  it('that a desk has gone is not forgotten for a flood of datagrams, and what went is told', () => {
    const { world, site, desk } = pairWorld();
    // Whoever is alone and is not confirmed pauses, and goes on when it is.
    site.kill('b');
    site.isArbiterCut = true;
    runUntil(site, () => site.acting().length === 0);
    const clients = () => site.node('a').parts.server?.parts.clients.size;
    expect(clients()).toBe(1);
    site.disconnect(desk);
    for (let n = 0; n < PAUSED_MAX.repeated + 20; n++) site.sip(request, UDP);
    expect(clients()).toBe(1);
    const figure = () =>
      site
        .node('a')
        .report(world.now)
        .metrics.find(({ name }) => name === 'holdfast_paused_dropped_total')?.figures;
    expect(figure()).toContainEqual({ value: 20, labels: { sort: 'repeated' } });
    expect(figure()).toContainEqual({ value: 0, labels: { sort: 'event' } });
    site.isArbiterCut = false;
    runUntil(site, () => site.acting()[0] === 'a');
    world.run(100);
    expect(clients()).toBe(0);
    const lines = site.logs.filter(({ what }) => what === 'paused inputs dropped');
    expect(lines).toMatchObject([{ level: 'warn', detail: { repeated: 20, message: 0, event: 0 } }]);
  });
});
