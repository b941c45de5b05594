import { seededRandom } from '@holdfast/kernel';
import { describe, expect, test } from 'vitest';
import { createRequest } from '../message/build-message.ts';
import { headerValue, headerValues } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import type { Source } from '../target.ts';
import { Registrar } from './registrar.ts';
import type { Binding, RegistrarOptions } from './registrar-types.ts';

interface Wish {
  contact?: string | readonly string[];
  expires?: number;
  callId?: string;
  cseq?: number;
  headers?: readonly (readonly [string, string])[];
  via?: string;
  to?: string;
}

let counter = 0;

function register(wish: Wish = {}): SipRequest {
  const contacts = wish.contact === undefined ? [] : [wish.contact].flat();
  return createRequest({
    method: 'REGISTER',
    uri: 'sip:north',
    headers: [
      ['Via', wish.via ?? 'SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1;rport'],
      ['From', '<sip:7001@north>;tag=a'],
      ['To', wish.to ?? '<sip:7001@north>'],
      ['Call-ID', wish.callId ?? 'one'],
      ['CSeq', `${wish.cseq ?? ++counter} REGISTER`],
      ...contacts.map((contact): [string, string] => ['Contact', contact]),
      ...(wish.expires === undefined ? [] : [['Expires', String(wish.expires)] as const]),
      ...(wish.headers ?? []),
    ],
  });
}

const udp: Source = { transport: 'UDP', host: '10.0.0.5', port: 5060, flow: 'udp-1' };
const tcp = (flow: string): Source => ({ transport: 'TCP', host: '10.0.0.5', port: 40_000, flow });
const here = '<sip:7001@10.0.0.5>';

const kinds = (changes: readonly { kind: string; contact: string }[]) =>
  changes.map(({ kind, contact }) => `${kind} ${contact}`);

describe('what a REGISTER does', () => {
  test('[RG1] it adds, refreshes, shows and removes a contact', () => {
    const registrar = new Registrar();
    const added = registrar.handle(0, register({ contact: here, expires: 60 }), udp);
    expect(added.response.status).toBe(200);
    expect(headerValues(added.response, 'contact')).toEqual(['<sip:7001@10.0.0.5>;expires=60']);
    expect(kinds(added.changes)).toEqual(['added sip:7001@10.0.0.5']);
    expect(kinds(registrar.handle(1, register({ contact: here }), udp).changes)).toEqual([
      'refreshed sip:7001@10.0.0.5',
    ]);
    const shown = registrar.handle(501, register(), udp);
    expect(headerValues(shown.response, 'contact')).toEqual(['<sip:7001@10.0.0.5>;expires=1800']);
    expect(shown.changes).toEqual([]);
    expect(kinds(registrar.handle(3, register({ contact: `${here};expires=0` }), udp).changes)).toEqual([
      'removed sip:7001@10.0.0.5',
    ]);
    expect(registrar.bindings('7001')).toEqual([]);
    expect(registrar.size).toBe(0);
  });

  test('[RG1] several contacts, each with its own expires and q; the most wanted comes first', () => {
    const registrar = new Registrar();
    const contact = [`${here};q=0.5;expires=60`, '<sip:7001@10.0.0.6>;q=0.9', '<sip:7001@10.0.0.7>;q=0.5'];
    registrar.handle(0, register({ contact, expires: 120 }), udp);
    expect(registrar.bindings('7001').map(({ contact: uri, expiresAt }) => [uri, expiresAt])).toEqual([
      ['sip:7001@10.0.0.6', 120_000],
      ['sip:7001@10.0.0.5', 60_000],
      ['sip:7001@10.0.0.7', 120_000],
    ]);
  });

  test('[RG1] the same contact written otherwise is the same contact (RFC 3261 §19.1.4)', () => {
    const registrar = new Registrar();
    registrar.handle(0, register({ contact: '<sip:7001@Host.Example;ob>' }), udp);
    registrar.handle(0, register({ contact: '<sip:%37001@host.example;ob>' }), udp);
    expect(registrar.bindings('7001')).toHaveLength(1);
  });

  test('[RG2] "*" with Expires 0 removes all, and anything else with "*" is refused', () => {
    const registrar = new Registrar();
    registrar.handle(0, register({ contact: [here, '<sip:7001@10.0.0.6>'] }), udp);
    for (const wish of [
      { contact: '*' },
      { contact: '*', expires: 60 },
      { contact: ['*', here], expires: 0 },
    ]) {
      expect(registrar.handle(0, register(wish), udp).response.status).toBe(400);
    }
    expect(registrar.bindings('7001')).toHaveLength(2);
    expect(registrar.handle(0, register({ contact: '*', expires: 0 }), udp).changes).toHaveLength(2);
    expect(registrar.size).toBe(0);
  });

  test('[RG3] a request overtaken by a later one of the same Call-ID gets 500 and changes nothing', () => {
    const registrar = new Registrar();
    registrar.handle(0, register({ contact: here, cseq: 7 }), udp);
    for (const wish of [
      { contact: here, cseq: 7 },
      { contact: `${here};expires=0`, cseq: 6 },
      { contact: '*', expires: 0, cseq: 5 },
      { contact: ['<sip:new@10.0.0.9>', here], cseq: 7 },
    ]) {
      expect(registrar.handle(0, register(wish), udp)).toMatchObject({
        response: { status: 500 },
        changes: [],
      });
    }
    expect(registrar.bindings('7001')).toHaveLength(1);
    expect(
      registrar.handle(0, register({ contact: here, cseq: 1, callId: 'rebooted' }), udp).response.status,
    ).toBe(200);
    expect(registrar.bindings('7001')).toHaveLength(1);
  });
});

describe('how long', () => {
  test('[C16] too brief a wish gets 423 with Min-Expires, and the binding stays as it was', () => {
    const registrar = new Registrar({ minExpires: 30 });
    registrar.handle(0, register({ contact: here, expires: 60 }), udp);
    const { response, changes } = registrar.handle(0, register({ contact: here, expires: 29 }), udp);
    expect([response.status, headerValue(response, 'min-expires'), changes]).toEqual([423, '30', []]);
    expect(registrar.bindings('7001')[0]?.expiresAt).toBe(60_000);
    expect(registrar.handle(0, register({ contact: here, expires: 30 }), udp).response.status).toBe(200);
  });

  test('[RG4] too long a wish is cut, none or a malformed one takes the default', () => {
    const registrar = new Registrar({ maxExpires: 300, defaultExpires: 90 });
    const granted = (wish: Wish) =>
      headerValue(registrar.handle(0, register(wish), udp).response, 'contact')?.replace(/.*expires=/, '');
    expect(granted({ contact: here, expires: 9999 })).toBe('300');
    expect(granted({ contact: here })).toBe('90');
    expect(granted({ contact: `${here};expires=soon`, expires: 60 })).toBe('90');
    expect(granted({ contact: `${here};expires=70`, expires: 60 })).toBe('70');
  });

  test('[RG4] what is granted is the wish to the second, whatever fraction of a millisecond it is', () => {
    const wish = 60;
    // now + 60000 - now is a little more than 60000 there.
    const now = 5537.6810510000005;
    expect(now + 1000 * wish - now).toBeGreaterThan(1000 * wish);
    const { response } = new Registrar().handle(now, register({ contact: here, expires: wish }), udp);
    expect(headerValues(response, 'contact')).toEqual(['<sip:7001@10.0.0.5>;expires=60']);
  });

  test('[RG4] a binding ends at its time and not before; an early or late call of expire does no harm', () => {
    const registrar = new Registrar();
    registrar.handle(0, register({ contact: here, expires: 60 }), udp);
    registrar.handle(30_000, register({ contact: here, expires: 60 }), udp);
    const calls: number[] = [];
    for (let at = registrar.nextDeadline(); at !== undefined; at = registrar.nextDeadline()) {
      calls.push(at);
      expect(kinds(registrar.expire(at - 1))).toEqual([]);
      expect(kinds(registrar.expire(at))).toEqual(at < 90_000 ? [] : ['expired sip:7001@10.0.0.5']);
    }
    expect(calls).toEqual([60_000, 90_000]);
    expect(registrar.size).toBe(0);
  });

  test('[RG4] an expired contact is gone for the next request even before expire was called', () => {
    const registrar = new Registrar();
    registrar.handle(0, register({ contact: here, expires: 60, cseq: 9 }), udp);
    const { response, changes } = registrar.handle(60_000, register({ contact: here, cseq: 1 }), udp);
    expect(response.status).toBe(200);
    expect(kinds(changes)).toEqual(['expired sip:7001@10.0.0.5', 'added sip:7001@10.0.0.5']);
  });
});

describe('which phone', () => {
  const phone = (address: string, regId?: number) =>
    `<sip:7001@${address}>;+sip.instance="<urn:uuid:1>"${regId === undefined ? '' : `;reg-id=${regId}`}`;

  test('[C12] the same instance and reg-id replaces, whatever the contact: no stale contacts pile up', () => {
    const registrar = new Registrar();
    for (let port = 1000; port < 1050; port++) {
      registrar.handle(
        port,
        register({ contact: phone(`10.0.0.5:${port}`, 1), callId: `boot-${port}` }),
        udp,
      );
    }
    expect(registrar.bindings('7001').map((binding) => binding.contact)).toEqual(['sip:7001@10.0.0.5:1049']);
    registrar.handle(0, register({ contact: phone('10.0.0.5:2000', 2) }), udp);
    expect(registrar.bindings('7001')).toHaveLength(2);
  });

  test('[C12] a phone without reg-id that comes from a new port replaces itself too', () => {
    const registrar = new Registrar();
    registrar.handle(0, register({ contact: phone('10.0.0.5:1000') }), udp);
    registrar.handle(0, register({ contact: phone('10.0.0.5:2000') }), udp);
    expect(registrar.bindings('7001')).toHaveLength(1);
  });

  test('[C12] without any instance the oldest contact gives way at the limit', () => {
    const registrar = new Registrar({ contactsMax: 3 });
    const changes = [1, 2, 3, 4].map(
      (n) => registrar.handle(n, register({ contact: `<sip:7001@10.0.0.${n}>` }), udp).changes,
    );
    expect(kinds(changes[3] ?? [])).toEqual(['added sip:7001@10.0.0.4', 'removed sip:7001@10.0.0.1']);
    const many = ['<sip:a@h>', '<sip:b@h>', '<sip:c@h>', '<sip:d@h>'];
    expect(registrar.handle(9, register({ contact: many }), udp).response.status).toBe(403);
  });

  test('[RG5] outbound: the answer requires it only when the phone supports it and gave a reg-id', () => {
    const registrar = new Registrar();
    const requires = (contact: string, supported: string) =>
      headerValue(
        registrar.handle(0, register({ contact, headers: [['Supported', supported]] }), udp).response,
        'require',
      );
    expect(requires(phone('10.0.0.5', 1), 'path, outbound')).toBe('outbound');
    expect(requires(phone('10.0.0.5', 1), 'path')).toBeUndefined();
    expect(requires(phone('10.0.0.5'), 'outbound')).toBeUndefined();
  });

  test('[RG5] instance and reg-id are given back as they came', () => {
    const { response } = new Registrar().handle(
      0,
      register({ contact: phone('10.0.0.5', 1), expires: 60 }),
      udp,
    );
    expect(headerValue(response, 'contact')).toBe(
      '<sip:7001@10.0.0.5>;+sip.instance="<urn:uuid:1>";reg-id=1;expires=60',
    );
  });
});

describe('where it is reached', () => {
  test('[D22] a re-registration over a new connection takes the binding with it, and the old one’s end does nothing', () => {
    const registrar = new Registrar();
    const contact = '<sip:7001@10.0.0.5;transport=tcp>';
    registrar.handle(0, register({ contact }), tcp('c1'));
    expect(registrar.bindings('7001')[0]?.target).toEqual({
      transport: 'TCP',
      host: '10.0.0.5',
      port: 40_000,
      flow: 'c1',
    });
    registrar.handle(0, register({ contact }), tcp('c2'));
    expect(registrar.bindings('7001')[0]?.target.flow).toBe('c2');
    expect(registrar.connections).toBe(1);
    expect(registrar.flowFailed(1, 'c1')).toEqual([]);
    expect(registrar.bindings('7001')).toHaveLength(1);
  });

  test('[C42] when its connection is lost, a contact goes at once; contacts elsewhere stay', () => {
    const registrar = new Registrar();
    registrar.handle(0, register({ contact: '<sip:7001@10.0.0.5;transport=tcp>' }), tcp('c1'));
    registrar.handle(0, register({ contact: '<sip:7001@10.0.0.6>' }), udp);
    registrar.handle(0, register({ contact: '<sip:7002@10.0.0.5>', to: '<sip:7002@north>' }), tcp('c1'));
    expect(kinds(registrar.flowFailed(1, 'c1'))).toEqual([
      'removed sip:7001@10.0.0.5;transport=tcp',
      'removed sip:7002@10.0.0.5',
    ]);
    expect(registrar.bindings('7001')).toHaveLength(1);
    expect(registrar.flowFailed(1, 'udp-1')).toEqual([]);
  });

  test('[RG10] [D17] a contact that does not answer is taken out alone', () => {
    const registrar = new Registrar();
    registrar.handle(0, register({ contact: [here, '<sip:7001@10.0.0.6>'] }), udp);
    const [called] = registrar.bindings('7001') as [Binding];
    expect(kinds(registrar.contactFailed(1, '7001', called))).toEqual([`removed ${called.contact}`]);
    expect(registrar.bindings('7001')).toHaveLength(1);
    expect(registrar.contactFailed(1, '7009', called)).toEqual([]);
  });

  test('[RG10] [D17] a contact that has been registered again since it was called stays', () => {
    const registrar = new Registrar();
    registrar.handle(0, register({ contact: here, cseq: 1 }), tcp('c1'));
    const [called] = registrar.bindings('7001') as [Binding];
    registrar.handle(1, register({ contact: here, cseq: 2 }), tcp('c2'));
    expect(registrar.contactFailed(2, '7001', called)).toEqual([]);
    expect(registrar.bindings('7001')).toHaveLength(1);
  });

  test.each([
    ['its own address with rport: the flow', here, undefined, 'udp-1', '10.0.0.5'],
    ['no rport: its Contact', here, 'SIP/2.0/UDP 10.0.0.5:5060;branch=z9hG4bK1', undefined, '10.0.0.5'],
    [
      'a private Contact behind NAT: the flow',
      '<sip:7@192.168.1.2>',
      'SIP/2.0/UDP 192.168.1.2;rport;branch=z9hG4bK1',
      'udp-1',
      '10.0.0.5',
    ],
    ['somebody else’s Contact: that address', '<sip:7@10.9.9.9:5080>', undefined, undefined, '10.9.9.9'],
    ['a name: the flow', '<sip:7@x.invalid>', undefined, 'udp-1', '10.0.0.5'],
    ['another transport: its Contact', '<sip:7@10.0.0.5;transport=tcp>', undefined, undefined, '10.0.0.5'],
  ])('[RG6] over UDP, %s', (_what, contact, via, flow, host) => {
    const registrar = new Registrar();
    registrar.handle(0, register({ contact, ...(via !== undefined && { via }) }), udp);
    const target = registrar.bindings('7001')[0]?.target;
    expect([target?.flow, target?.host]).toEqual([flow, host]);
  });
});

describe('what is refused', () => {
  test.each<[string, number, Wish]>([
    ['an extension that we lack', 420, { headers: [['Require', 'path, outbound']] }],
    ['a To without a user', 404, { to: '<sip:north>', contact: here }],
    ['a Contact that is no address', 400, { contact: '<sip:>' }],
    ['a Contact that is a telephone number', 400, { contact: '<tel:+1555>' }],
    ['a q beyond one', 400, { contact: `${here};q=1.5` }],
    ['a reg-id of zero', 400, { contact: `${here};+sip.instance="<urn:x>";reg-id=0` }],
    [
      'one reg-id twice',
      400,
      { contact: [1, 2].map((n) => `<sip:7@h${n}>;+sip.instance="<urn:x>";reg-id=1`) },
    ],
  ])('[RG7] %s: %i', (_what, status, wish) => {
    const registrar = new Registrar();
    const { response, changes } = registrar.handle(0, register(wish), udp);
    expect([response.status, changes, registrar.size]).toEqual([status, [], 0]);
    if (status === 420) expect(headerValue(response, 'unsupported')).toBe('path');
  });

  test('[RG7] another method is not for the registrar', () => {
    const request = createRequest({ method: 'INVITE', uri: 'sip:x', headers: [] });
    expect(new Registrar().handle(0, request, udp).response.status).toBe(405);
  });

  test('[RG7] addresses are bounded; those that are registered can still refresh', () => {
    const registrar = new Registrar({ addressesMax: 1 });
    registrar.handle(0, register({ contact: here }), udp);
    const other = register({ contact: here, to: '<sip:7002@north>' });
    const refused = registrar.handle(0, other, udp).response;
    expect([refused.status, headerValue(refused, 'retry-after')]).toEqual([503, '31']);
    expect(registrar.handle(0, register({ contact: here }), udp).response.status).toBe(200);
  });
});

describe('with a spread', () => {
  const spread = { share: 0.2, random: seededRandom(1) };
  const grants = (options: RegistrarOptions, wish: Wish) =>
    Array.from({ length: 200 }, () => {
      const registrar = new Registrar({ spread, ...options });
      const { response } = registrar.handle(0, register({ contact: here, ...wish }), udp);
      const granted = Number(/expires=(\d+)/.exec(headerValue(response, 'contact') ?? '')?.[1]);
      // The answer and the binding agree.
      expect(registrar.bindings('7001').map(({ expiresAt }) => expiresAt)).toEqual([granted * 1000]);
      return granted;
    });
  const range = (numbers: readonly number[]) => [Math.min(...numbers), Math.max(...numbers)];

  test('[RG9] each time granted differs by chance, by up to a fifth of the wish', () => {
    const granted = grants({}, { expires: 60 });
    expect(range(granted)).toEqual([48, 72]);
    expect(new Set(granted).size).toBeGreaterThan(20);
    expect(granted.reduce((sum, one) => sum + one, 0) / granted.length).toBeCloseTo(60, -1);
    expect(range(grants({ defaultExpires: 100 }, {}))).toEqual([80, 120]);
  });

  test('[RG9] the limits hold, and the longest time is spread too', () => {
    expect(range(grants({ minExpires: 55, maxExpires: 65 }, { expires: 60 }))).toEqual([55, 65]);
    const longest = grants({ maxExpires: 100 }, { expires: 7_200 });
    expect(range(longest)).toEqual([80, 100]);
    expect(longest.filter((one) => one === 100).length).toBeLessThan(30);
    expect(range(grants({ minExpires: 1 }, { expires: 3 }))).toEqual([3, 3]);
  });

  test('[RG9] what takes a contact away takes it away, and without a spread the wish is granted', () => {
    const registrar = new Registrar({ spread });
    registrar.handle(0, register({ contact: here, expires: 60 }), udp);
    registrar.handle(0, register({ contact: here, expires: 0 }), udp);
    expect(registrar.bindings('7001')).toEqual([]);
    registrar.setLimits({});
    const { response } = registrar.handle(0, register({ contact: here, expires: 60 }), udp);
    expect(headerValue(response, 'contact')).toContain('expires=60');
  });
});

test('[RG8] another registrar goes on with the bindings; the phone that had no answer asks again and gets it', () => {
  const former = new Registrar();
  former.handle(0, register({ contact: here, expires: 60, cseq: 7 }), udp);
  const next = new Registrar();
  next.load('7001', former.bindings('7001'));
  expect(next.bindings('7001')).toEqual(former.bindings('7001'));
  expect(next.nextDeadline()).toBe(60_000);
  const again = register({ contact: here, expires: 60, cseq: 7 });
  expect(next.handle(500, again, udp).response.status).toBe(200);
  expect(next.handle(1_000, again, udp).response.status).toBe(500);
  expect(kinds(next.expire(60_500))).toEqual(['expired sip:7001@10.0.0.5']);
  next.load('7002', []);
  expect(next.size).toBe(0);
});

test('[C06] 10,000 phones register at once, refresh and leave: exactly those remain that should', () => {
  const registrar = new Registrar();
  const one = (n: number, wish: Wish) =>
    registrar.handle(n, register({ ...wish, to: `<sip:${n}@north>`, callId: `c${n}` }), udp);
  for (let n = 0; n < 10_000; n++) one(n, { contact: `<sip:${n}@10.0.0.5>`, expires: 60 });
  for (let n = 0; n < 10_000; n += 2)
    one(n, { contact: `<sip:${n}@10.0.0.5>`, expires: n % 4 === 0 ? 3600 : 0 });
  const expired = registrar.expire(80_000);
  expect(expired).toHaveLength(5_000);
  const remaining = [...registrar.all()].map((binding) => Number(binding.aor));
  expect(remaining).toEqual(Array.from({ length: 2_500 }, (_, n) => 4 * n));
});
