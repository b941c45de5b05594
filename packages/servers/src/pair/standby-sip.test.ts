import { seededRandom } from '@holdfast/kernel';
import { createRequest, headerValue, type SipRequest, type Source } from '@holdfast/sip';
import { expect, test } from 'vitest';
import { StandbySipNode } from './standby-sip.ts';

const SOURCE: Source = { transport: 'UDP', host: '10.0.0.9', port: 5070, flow: 'udp' };

function request(method: string, branch: string, toTag = ''): SipRequest {
  return createRequest({
    method,
    uri: 'sip:8000@north.example.net',
    headers: [
      ['Via', `SIP/2.0/UDP 10.0.0.9:5070;branch=z9hG4bK${branch}`],
      ['Max-Forwards', '70'],
      ['From', '<sip:caller@10.0.0.9>;tag=a'],
      ['To', `<sip:8000@north.example.net>${toTag}`],
      ['Call-ID', branch],
      ['CSeq', `1 ${method}`],
    ],
  });
}

function answers(node: StandbySipNode, message: SipRequest, now = 0) {
  return node.handle(now, { type: 'sip', message, source: SOURCE }).flatMap((effect) => {
    if (effect.type !== 'transmit' || effect.message.kind !== 'response') return [];
    if (effect.message.status === 100) return [];
    return [{ response: effect.message, target: effect.target }];
  });
}

const standby = () => new StandbySipNode({ random: seededRandom(1), own: { host: '10.0.0.2', port: 5060 } });

test.each(['INVITE', 'REGISTER', 'OPTIONS', 'BYE'])(
  '[PR10] a standby answers %s by 503 without Retry-After, back to where it came from',
  (method) => {
    const [answer, ...more] = answers(standby(), request(method, method, method === 'BYE' ? ';tag=b' : ''));
    expect(more).toEqual([]);
    expect(answer?.response.status).toBe(503);
    expect(headerValue(answer?.response ?? request('INVITE', 'x'), 'retry-after')).toBeUndefined();
    expect(answer?.target).toMatchObject({ host: '10.0.0.9', port: 5070 });
  },
);

test('[PR10] an ACK is answered by nothing, and the 503 to an INVITE ends with it', () => {
  const node = standby();
  const invite = request('INVITE', 'one');
  expect(answers(node, invite)).toHaveLength(1);
  expect(answers(node, invite, 10).map(({ response }) => response.status)).toEqual([503]);
  expect(answers(node, request('ACK', 'one', ';tag=standby'), 20)).toEqual([]);
  expect(node.expire(1_000)).toEqual([]);
});
