import { describe, expect, test } from 'vitest';
import { topVia, vias } from './message/headers.ts';
import { parseMessage } from './message/parse-message.ts';
import { serializeMessage } from './message/serialize-message.ts';
import { formatVia, parseVia } from './message/via.ts';
import {
  feedbackIn,
  type OverloadFeedback,
  type OverloadPort,
  offersOverload,
  VALIDITY_DEFAULT_MS,
  VALIDITY_MAX_MS,
} from './overload.ts';
import {
  answering,
  EndpointPair,
  FROM_ALICE,
  foreign,
  makeTestRequest,
  nameOf,
  sentBy,
  statuses,
} from './transaction/endpoint-pair.ts';

const TOLD: OverloadFeedback = { percent: 20, validityMs: 3_000, seq: 1_790_000_000.25 };

/** Says `told`, or nothing, and keeps what it hears. */
function port(told: OverloadFeedback | undefined, isObeyed = true) {
  const heard: OverloadFeedback[] = [];
  const overload: OverloadPort = {
    isObeyed: () => isObeyed,
    heard: (_now, _target, feedback) => void heard.push(feedback),
    told: () => told,
  };
  return { overload, heard };
}

const via = (text: string) => {
  const parsed = parseVia(`SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1${text}`);
  if (parsed === undefined) throw new Error(`no Via: ${text}`);
  return parsed;
};

describe('overload control between neighbours', () => {
  test('[OC1] each request to whom we obey offers it in our Via (RFC 7339 §5.1), and no other does', () => {
    const pair = new EndpointPair({ alice: port(undefined), react: answering(180, 200) });
    pair.send('alice', makeTestRequest('INVITE'));
    pair.send('alice', makeTestRequest('BYE', [], 2, 'c2'));
    for (const effect of [...sentBy(pair, 'alice', 'INVITE'), ...sentBy(pair, 'alice', 'BYE')]) {
      const sent = topVia(effect.message);
      expect(sent !== undefined && offersOverload(sent)).toBe(true);
      expect(new TextDecoder().decode(serializeMessage(effect.message))).toContain(';oc;oc-algo="loss"');
    }
    const other = new EndpointPair({ alice: port(undefined, false) });
    other.send('alice', makeTestRequest('INVITE'));
    expect(
      topVia(sentBy(other, 'alice', 'INVITE')[0]?.message ?? makeTestRequest('X'))?.params.has('oc'),
    ).toBe(false);
  });

  test('[OC2] every response to who offers it has ours in its place, from the 100 on, also a refusal without a transaction', () => {
    const screen = () => ({ status: 401, headers: [] });
    for (const bob of [port(TOLD), { ...port(TOLD), screen }]) {
      const alice = port(undefined);
      const pair = new EndpointPair({ alice, bob, react: answering(180, 200) });
      pair.send('alice', makeTestRequest('INVITE'));
      pair.run(100);
      const answers = pair.transmits.filter(
        ({ side, effect }) => side === 'bob' && effect.message.kind === 'response',
      );
      expect(answers.map(({ effect }) => nameOf(effect.message)).slice(0, 3)).toEqual(
        'screen' in bob ? ['401'] : ['100', '180', '200'],
      );
      for (const { effect } of answers)
        expect(new TextDecoder().decode(serializeMessage(effect.message))).toMatch(
          /^Via: [^\n]*;oc=20;oc-algo="loss";oc-validity=3000;oc-seq=1790000000\.250\r$/m,
        );
      expect(new Set(alice.heard.map((each) => JSON.stringify(each)))).toEqual(
        new Set([JSON.stringify(TOLD)]),
      );
    }
  });

  test('[OC2] who offers nothing, or another algorithm alone, is told nothing; nor is anybody where we have nothing to say', () => {
    for (const [offer, told] of [
      ['', TOLD],
      [';oc;oc-algo="rate"', TOLD],
      [';oc', TOLD],
      [';oc=5;oc-algo="loss"', TOLD],
      [';oc;oc-algo="loss"', undefined],
    ] as const) {
      const pair = new EndpointPair({ bob: port(told) });
      const request = foreign('OPTIONS', `SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK7${offer}`);
      pair.perform('bob', pair.ends.bob.receive(0, request, FROM_ALICE));
      const event = pair.events.bob[0];
      const arrived = event?.type === 'request' ? topVia(event.request) : undefined;
      expect(arrived?.params.get('oc-validity')).toBeUndefined();
    }
  });

  test('[OC2] beside other Vias, whatever the order of the parameters, only ours changes, and text and reading agree', () => {
    const pair = new EndpointPair({ bob: port(TOLD) });
    const offers = [
      ';oc;oc-algo="loss";branch=z9hG4bK7',
      ';oc-algo="rate, loss" ; oc;branch=z9hG4bK8;rport',
      ';branch=z9hG4bK9 ;OC;OC-ALGO=loss',
    ];
    for (const offer of offers) {
      const request = foreign(
        'OPTIONS',
        `SIP/2.0/UDP 10.0.0.1:5060${offer}, SIP/2.0/UDP 10.0.0.8;branch=z9hG4bKx;oc`,
      );
      pair.perform('bob', pair.ends.bob.receive(0, request, FROM_ALICE));
      const event = pair.events.bob.at(-1);
      if (event?.type !== 'request') throw new Error('nothing arrived');
      const known = topVia(event.request);
      const read = parseMessage(serializeMessage(event.request));
      if (!read.ok || known === undefined) throw new Error('it cannot be read');
      const [first, second] = vias(read.message) ?? [];
      expect(first && formatVia(first)).toBe(formatVia(known));
      expect(feedbackIn(known)).toEqual(TOLD);
      expect(second && formatVia(second)).toBe('SIP/2.0/UDP 10.0.0.8;branch=z9hG4bKx;oc');
    }
  });

  test('[OC3] what stands in the Via of a response is heard, with 500 ms where nothing is said (RFC 7339 §4.3)', () => {
    expect(feedbackIn(via(';oc=20;oc-algo="loss";oc-validity=3000;oc-seq=1790000000.25'))).toEqual(TOLD);
    expect(feedbackIn(via(';oc=0;oc-seq=7'))).toEqual({
      percent: 0,
      validityMs: VALIDITY_DEFAULT_MS,
      seq: 7,
    });
    expect(feedbackIn(via(';oc=100;oc-validity=0;oc-seq=8'))).toMatchObject({ percent: 100, validityMs: 0 });
    expect(feedbackIn(via(';oc=1;oc-validity=4000000000;oc-seq=8'))?.validityMs).toBe(VALIDITY_MAX_MS);
  });

  test.each([
    '',
    ';oc',
    ';oc=101;oc-seq=1',
    ';oc=-1;oc-seq=1',
    ';oc=5.5;oc-seq=1',
    ';oc=20',
    ';oc=20;oc-seq=',
    ';oc=20;oc-seq=1e9',
    ';oc=20;oc-seq=x',
    ';oc=20;oc-algo="rate";oc-seq=1',
    ';oc=20;oc-validity=99999999999;oc-seq=1',
    ';oc=20;oc-validity=1s;oc-seq=1',
  ])('[OC3] what cannot be understood is no feedback: "%s"', (text) => {
    const parsed = parseVia(`SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK1${text}`);
    expect(parsed && feedbackIn(parsed)).toBeUndefined();
  });

  test('[OC3] nobody is heard of whom it is not wanted, and the response counts all the same', () => {
    const alice = port(undefined, false);
    const pair = new EndpointPair({ alice });
    pair.send('alice', makeTestRequest('OPTIONS'));
    const sent = sentBy(pair, 'alice', 'OPTIONS')[0]?.message;
    const branch = sent && topVia(sent)?.params.get('branch');
    const text = `SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=${branch};rport;oc=50;oc-seq=1\r\n`;
    const rest =
      'From: <sip:alice@10.0.0.1>;tag=a1\r\nTo: <sip:bob@10.0.0.2>;tag=b\r\nCall-ID: call-1\r\nCSeq: 1 OPTIONS\r\n\r\n';
    const parsed = parseMessage(new TextEncoder().encode(text + rest));
    if (!parsed.ok) throw new Error(parsed.reason);
    const from = { transport: 'UDP', host: '10.0.0.2', port: 5060, flow: 'UDP alice' } as const;
    pair.perform('alice', pair.ends.alice.receive(1, parsed.message, from));
    expect(statuses(pair.events.alice)).toEqual([200]);
    expect(alice.heard).toEqual([]);
  });
});
