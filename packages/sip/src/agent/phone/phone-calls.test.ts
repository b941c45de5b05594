import { describe, expect, test } from 'vitest';
import { headerValue } from '../../message/headers.ts';
import { parseMessage } from '../../message/parse-message.ts';
import type { PhoneOptions } from './phone-types.ts';
import { Phone, siteAt, twoSites, World } from './phone-world.ts';
import { readSdp } from './sdp.ts';

describe('calls', () => {
  /** Two phones that call each other directly. */
  function pair(callee: Partial<PhoneOptions> = {}, caller: Partial<PhoneOptions> = {}, seed = 1) {
    const world = new World(seed);
    const ada = new Phone(world, '7001', { scheme: 'none', answerAfterMs: 500, ...callee });
    const bob = new Phone(world, '7002', { scheme: 'none', sites: [siteAt('phone-7001')], ...caller });
    return { world, ada, bob };
  }

  const onlyMedia = (phone: Phone) => [...phone.media.values()].at(-1);

  test('[PH9] it rings, is answered after its time, RTP goes to the other side, and either side ends it', () => {
    for (const who of ['ada', 'bob'] as const) {
      const parties = pair();
      const { world, ada, bob } = parties;
      bob.tell({ name: 'call', to: '7001' });
      world.run(400);
      expect([ada.news(), bob.news()]).toEqual([['ringing'], ['dialing phone-7001', 'progress 180']]);
      world.run(1000);
      expect([ada.news(), bob.news()]).toEqual([['established'], ['established']]);
      expect(onlyMedia(ada)).toMatchObject({
        local: { port: 4000 },
        remote: { host: 'phone-7002', port: 4000, payload: 0 },
      });
      expect(onlyMedia(bob)).toMatchObject({
        remote: { host: 'phone-7001', port: 4000 },
        direction: 'sendrecv',
      });
      parties[who].tell({ name: 'hangup' });
      world.run(2000);
      expect(ada.news()).toEqual([`ended ${who === 'ada' ? 'local' : 'remote'} 0`]);
      expect(bob.news()).toEqual([`ended ${who === 'bob' ? 'local' : 'remote'} 0`]);
      expect([onlyMedia(ada)?.local, onlyMedia(bob)?.local]).toEqual([null, null]);
      expect([ada.node.calls, bob.node.calls]).toEqual([0, 0]);
      world.run(120_000);
      expect([ada.nextDeadline(), bob.nextDeadline()]).toEqual([undefined, undefined]);
    }
  });

  test('[PH9] answered by command, refused by command, or refused after a time', () => {
    const { world, ada, bob } = pair({ answerAfterMs: null, ringingMaxMs: 20_000 });
    const call = () => {
      bob.tell({ name: 'call', to: '7001' });
      world.run(world.now + 100);
    };
    call();
    ada.tell({ name: 'answer' });
    world.run(world.now + 100);
    expect(bob.news()).toEqual(['dialing phone-7001', 'progress 180', 'established']);
    bob.tell({ name: 'hangup' });
    world.run(world.now + 100);
    bob.news();
    call();
    ada.tell({ name: 'reject', status: 480 });
    world.run(world.now + 100);
    expect(bob.news().at(-1)).toBe('ended refused 480');
    call();
    world.run(world.now + 21_000);
    expect(bob.news().at(-1)).toBe('ended refused 480');
  });

  test('[PH9] the caller gives up while it rings: both phones are free', () => {
    const { world, ada, bob } = pair({ answerAfterMs: null });
    bob.tell({ name: 'call', to: '7001' });
    world.run(200);
    bob.tell({ name: 'hangup' });
    world.run(1000);
    expect(ada.news()).toEqual(['ringing', 'ended remote 487']);
    expect(bob.news().at(-1)).toBe('ended local 487');
    expect([ada.node.calls, bob.node.calls]).toEqual([0, 0]);
  });

  test('[PH10] a call beyond the lines gets 486, one for another number 404, one without common codec 488', () => {
    const { world, ada, bob } = pair(
      { media: { host: 'a', ports: [4000] } },
      { media: { host: 'b', ports: [1, 3, 5] } },
    );
    bob
      .tell({ name: 'call', to: '7001' })
      .tell({ name: 'call', to: '7001' })
      .tell({ name: 'call', to: 'sip:9@x' });
    world.run(300);
    expect(
      bob
        .news()
        .filter((fact) => fact.startsWith('ended'))
        .sort(),
    ).toEqual(['ended refused 404', 'ended refused 486']);
    expect(ada.node.calls).toBe(1);
    bob
      .tell({ name: 'call', to: '7001' })
      .tell({ name: 'call', to: '7001' })
      .tell({ name: 'call', to: '7001' });
    expect(bob.news().at(-1)).toBe('refusedCommand');
  });

  test('[PH11] hold and retrieve: RTP stops at both ends and goes on', () => {
    const { world, ada, bob } = pair();
    bob.tell({ name: 'call', to: '7001' });
    world.run(1000);
    bob.tell({ name: 'hold' });
    world.run(2000);
    expect([ada.news().at(-1), bob.news().at(-1)]).toEqual(['held remote', 'held local']);
    expect([onlyMedia(ada)?.remote, onlyMedia(ada)?.direction]).toEqual([null, 'recvonly']);
    expect(onlyMedia(bob)?.direction).toBe('sendonly');
    bob.tell({ name: 'hold' });
    expect(bob.news()).toEqual(['refusedCommand']);
    bob.tell({ name: 'retrieve' });
    world.run(3000);
    expect([ada.news().at(-1), bob.news().at(-1)]).toEqual(['retrieved remote', 'retrieved local']);
    expect(onlyMedia(ada)?.remote).toMatchObject({ host: 'phone-7002' });
    expect(ada.node.calls).toBe(1);
  });

  test('[PH15] transfer: the other side is sent away, and a refusal told', () => {
    const { world, ada, bob } = pair();
    bob.tell({ name: 'transfer', to: '7003' });
    expect(bob.news()).toEqual(['refusedCommand']);
    bob.tell({ name: 'call', to: '7001' });
    world.run(1000);
    bob.news();
    // Our phones are sent nowhere themselves.
    bob.tell({ name: 'transfer', to: '7003' });
    world.run(3000);
    expect(bob.facts.at(-1)).toMatchObject({ name: 'transferring', status: 405 });
    expect([ada.node.calls, bob.node.calls]).toEqual([1, 1]);
  });

  test('[PH16] what is no URI is not dialled, and a number is escaped', () => {
    const { world, ada, bob } = pair();
    for (const to of ['', 'sip:7001@h\r\nX: y', 'sip:7001>;a=b', 'sip:a b@h']) {
      bob.tell({ name: 'call', to });
      expect([to, bob.news()]).toEqual([to, ['refusedCommand']]);
    }
    bob.tell({ name: 'call', to: '#31#>\r\nX: 7003' });
    world.run(200);
    // Nobody of that name is here, and it has come as one message.
    expect(bob.facts.at(-1)).toMatchObject({ name: 'ended', status: 404 });
    bob.tell({ name: 'call', to: '7001' });
    world.run(1_000);
    bob.tell({ name: 'transfer', to: 'sip:7003>\r\nX: y' });
    expect(bob.news().at(-1)).toBe('refusedCommand');
    expect(ada.node.calls).toBe(1);
  });

  test('[C47] a call whose other side has vanished ends by itself', () => {
    const { world, ada, bob } = pair();
    bob.tell({ name: 'call', to: '7001' });
    world.run(1000);
    ada.news();
    world.down.add('phone-7002');
    world.run(90_000);
    expect(ada.news()).toEqual(['ended lost 0']);
    expect([ada.node.calls, onlyMedia(ada)?.local]).toEqual([0, null]);
  });

  test('[C47] … and one whose other side lives does not', () => {
    const { world, ada, bob } = pair();
    bob.tell({ name: 'call', to: '7001' });
    world.run(600_000);
    expect([ada.news(), bob.news()]).toEqual([
      ['ringing', 'established'],
      ['dialing phone-7001', 'progress 180', 'established'],
    ]);
  });

  test('[PH3] a caller whose first site is dead reaches the second, and a command may name the site', () => {
    const sites = [siteAt('phone-9999'), siteAt('phone-7001')];
    const { world, ada, bob } = pair({}, { sites });
    bob.tell({ name: 'call', to: '7001' });
    world.run(6000);
    expect(bob.news()).toEqual(['dialing phone-9999', 'dialing phone-7001', 'progress 180', 'established']);
    bob.tell({ name: 'hangup' });
    world.run(7000);
    bob.news();
    bob.tell({ name: 'call', to: '7001', site: 'phone-7001' });
    world.run(8000);
    expect(bob.news()[0]).toBe('dialing phone-7001');
    expect(ada.node.calls).toBe(1);
    world.run(120_000);
    expect([ada.node.calls, bob.node.calls]).toEqual([1, 1]);
  });

  test('[PH3] a registered phone calls through the site where it is registered, and not at all when at none', () => {
    const { world } = twoSites();
    const phone = new Phone(world, '7001').tell({ name: 'call', to: '1' });
    expect(phone.news()).toEqual(['refusedCommand']);
    phone.tell({ name: 'register' });
    world.down.add('north');
    world.run(6000);
    phone.news();
    phone.tell({ name: 'call', to: '1' });
    expect(phone.news()).toEqual(['dialing south']);
  });

  test('[PH12] calls survive a fifth of all packets lost, or end on both sides', () => {
    let established = 0;
    for (let seed = 0; seed < 30; seed++) {
      const { world, ada, bob } = pair({}, {}, seed);
      world.loss = 0.2;
      bob.tell({ name: 'call', to: '7001' });
      world.run(20_000);
      if (bob.facts.some((fact) => fact.name === 'established')) established++;
      bob.tell({ name: 'hangup' });
      world.run(200_000);
      expect([ada.node.calls, bob.node.calls], `seed ${seed}`).toEqual([0, 0]);
      expect([ada.nextDeadline(), bob.nextDeadline()], `seed ${seed}`).toEqual([undefined, undefined]);
    }
    expect(established).toBeGreaterThan(25);
  });

  test('[PH13] OPTIONS is answered with what the phone can do', () => {
    const { world, ada } = pair();
    const text = [
      'OPTIONS sip:7001@phone-7001 SIP/2.0',
      'Via: SIP/2.0/UDP north:5060;branch=z9hG4bKx',
      'From: <sip:north>;tag=1',
      'To: <sip:7001@phone-7001>',
      'Call-ID: o1',
      'CSeq: 1 OPTIONS',
      'Max-Forwards: 70',
      'Content-Length: 0',
    ].join('\r\n');
    const effects = ada.take(world.now, new TextEncoder().encode(`${text}\r\n\r\n`), 'north');
    const sent = effects.find((effect) => effect.type === 'transmit');
    expect(sent?.message).toMatchObject({ status: 200 });
    expect(sent && headerValue(sent.message, 'allow')).toContain('INVITE');
  });

  test('[PH13] the offer names both G.711 codecs, and the answer keeps to those of the offer', () => {
    const { world, bob } = pair();
    bob.tell({ name: 'call', to: '7001' });
    const offers: Uint8Array[] = [];
    world.parties.set('phone-7001', {
      take: (_now, bytes) => {
        const parsed = parseMessage(bytes);
        if (parsed.ok && parsed.message.body.length > 0) offers.push(parsed.message.body);
        return [];
      },
      nextDeadline: () => undefined,
      expire: () => [],
    });
    world.run(100);
    expect(readSdp(offers[0])).toEqual({
      host: 'phone-7002',
      port: 4000,
      direction: 'sendrecv',
      payloads: [0, 8],
    });
  });
});
