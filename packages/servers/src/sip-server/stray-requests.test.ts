import { checkCentre } from '@holdfast/centre';
import { must } from '@holdfast/kernel';
import { callIdOf, createRequest, fromOf, headerValue, type SipResponse, toOf } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { siteMetrics } from '../health/site-metrics.ts';
import { CALLER_NUMBER, leftovers, NOTHING } from './testing/centre-world.ts';
import { callerAt, Peer } from './testing/people.ts';
import { GATEWAY, SERVER, type Site } from './testing/server-site.ts';
import { SIP_PORT } from './testing/server-world.ts';
import { SOUTH, twoSites } from './testing/two-sites.ts';

/** Ada talks at north; a proxy of the caller's sends what north does not answer to south. */
function talking({ isUntold = false } = {}) {
  const sites = twoSites({ isLed: true });
  const { world, north } = sites;
  const ada = sites.phone('7001').tell({ name: 'answerAfter', ms: 500 });
  const caller = callerAt(world, GATEWAY, CALLER_NUMBER);
  sites.desk(north, 'ada', '7001').login('7001');
  world.packets = [];
  // South hears nothing of the call.
  if (isUntold) world.cut.add(SOUTH);
  caller.tell({ name: 'call', to: '8000' });
  world.run(3_000);
  expect(ada.news()).toContain('established');
  const answer = must(
    world.packets
      .map(({ message }) => message)
      .find((message): message is SipResponse => isCallersAnswer(message)),
    'north has answered the caller',
  );
  const proxy = new Peer(world, CALLER_NUMBER, '10.0.9.7');
  /** The status of the answer of south to this request in the caller's dialog. */
  const send = (method: string, more: { tag?: string; seq?: number } = {}) => {
    const field = (key: 'from' | 'to') => headerValue(answer, key) ?? '';
    const from = more.tag === undefined ? field('from') : field('from').replace(/tag=.*/, `tag=${more.tag}`);
    const request = createRequest({
      method,
      uri: `sip:8000@${SERVER}`,
      headers: [
        ['Max-Forwards', '70'],
        ['From', from],
        ['To', field('to')],
        ['Call-ID', callIdOf(answer) ?? ''],
        ['CSeq', `${more.seq ?? 7} ${method}`],
        ['Contact', `<sip:${CALLER_NUMBER}@${GATEWAY}>`],
      ],
    });
    const target = { transport: 'UDP', host: SOUTH, port: SIP_PORT } as const;
    const { output } = proxy.userAgent.sendRequest(world.now, request, { type: 'target', target });
    proxy.do(output);
    world.run(100);
    const { status, response } = proxy.last('response');
    return { status, retryAfter: response && headerValue(response, 'retry-after') };
  };
  return { ...sites, ada, caller, send };
}

/** As /metrics says it, without what has not occurred. */
function unknownAt({ node }: Site): Record<string, number> {
  const metric = siteMetrics(node).find(({ name }) => name === 'holdfast_peer_unknown_requests_total');
  const occurred = metric?.figures.filter(({ value }) => value > 0) ?? [];
  return Object.fromEntries(occurred.map(({ value, labels }) => [labels?.cause, value]));
}

function isCallersAnswer(message: { readonly kind: string }): message is SipResponse {
  const response = message as SipResponse;
  return (
    response.kind === 'response' &&
    response.status === 200 &&
    fromOf(response)?.uri.includes(CALLER_NUMBER) === true &&
    toOf(response)?.uri.includes('8000') === true
  );
}

describe('a request in a call of the other site', () => {
  it('[AD9] BYE ends the call at both ends, though nobody knows that the site is dead, and that site drops it', () => {
    const all = talking();
    const { world, north, south, ada, send } = all;
    world.cut.add(north.host);
    world.run(2_000);
    expect(send('BYE')).toEqual({ status: 200, retryAfter: undefined });
    world.run(1_000);
    expect(ada.news()).toContain('ended remote 0');
    expect(south.logs.map(({ what }) => what)).toContain('call of the other site ended');
    // Once more it is unknown.
    expect(send('BYE', { seq: 8 }).status).toBe(481);
    // It lives after all, and is told by the cause.
    expect(north.node.parts.calls.size).toBe(1);
    world.packets = [];
    world.cut.delete(north.host);
    world.run(5_000);
    expect(north.logs.filter(({ what }) => what === 'call given away').map(({ because }) => because)).toEqual(
      ['AD9: it was ended at the other site, or is a part of a call there'],
    );
    expect(north.node.parts.calls.size).toBe(0);
    for (const { from, message } of world.packets)
      if (from === SERVER && message.kind === 'request') expect(message.method).not.toBe('BYE');
    expect(checkCentre(north.node.parts.centre)).toEqual([]);
    expect(leftovers({ world, site: south })).toEqual(NOTHING);
  });

  it('[AD9] and what was ended so is not taken over when its agent logs in', () => {
    const all = talking();
    const { world, north, south, send } = all;
    world.cut.add(north.host);
    world.remove(north.host);
    world.run(2_000);
    send('BYE');
    world.run(20_000);
    expect(all.desk(south, 'ada', '7001', 'the desk at south').login('7001')).toBe('EventAgentLogin');
    world.run(1_000);
    expect(south.node.parts.calls.size).toBe(0);
    expect(checkCentre(south.node.parts.centre)).toEqual([]);
  });

  it('[AD9] everything else gets 503 without Retry-After and changes nothing', () => {
    const all = talking();
    const { world, north, ada, caller, send } = all;
    for (const method of ['INVITE', 'UPDATE', 'INFO'])
      expect(send(method)).toEqual({ status: 503, retryAfter: undefined });
    caller.tell({ name: 'hold' });
    world.run(1_000);
    expect(ada.news()).toContain('held remote');
    expect(north.node.parts.calls.size).toBe(1);
  });

  it('[LG4] of a call whose records never came is answered 481, and counted by what is lacking, while its site is silent', () => {
    const { world, north, south, send } = talking({ isUntold: true });
    world.cut.clear();
    world.cut.add(north.host);
    world.run(2_000);
    expect(south.node.parts.peer.silentSince).toBeDefined();
    expect(send('BYE').status).toBe(481);
    expect(unknownAt(south)).toEqual({ 'leg-unknown': 1 });
  });

  it('[LG4] what is answered 481 because it is of another dialog counts as that, and nothing counts while the site answers', () => {
    const { world, north, south, send } = talking();
    expect(send('BYE', { tag: 'guessed' }).status).toBe(481);
    expect(unknownAt(south)).toEqual({});
    world.cut.add(north.host);
    world.run(2_000);
    expect(send('BYE', { tag: 'guessed' }).status).toBe(481);
    expect(unknownAt(south)).toEqual({ 'other-dialog': 1 });
    // What it has ended itself it knows.
    expect(send('BYE').status).toBe(200);
    expect(send('BYE', { seq: 8 }).status).toBe(481);
    expect(unknownAt(south)).toEqual({ 'other-dialog': 1 });
  });

  it('[AD9] BYE of a dialog that is not quite this one, or too old, ends nothing', () => {
    const all = talking();
    const { world, ada, send } = all;
    expect(send('BYE', { tag: 'guessed' }).status).toBe(481);
    expect(send('BYE', { seq: 0 }).status).toBe(500);
    world.run(1_000);
    expect(ada.news()).not.toContain('ended remote 0');
  });
});
