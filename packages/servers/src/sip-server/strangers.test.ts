import { createRequest, headerValue, type SipRequest, type SipResponse } from '@holdfast/sip';
import { describe, expect, it } from 'vitest';
import { centreWorld, leftovers, NOTHING } from './testing/centre-world.ts';
import { Peer } from './testing/people.ts';
import { configurationOf, extension, passwordOf, REALM } from './testing/server-site.ts';

/** From nobody's phone; the address may well be forged. */
const STRANGER = { transport: 'UDP', host: '203.0.113.9', port: 5060, flow: 'udp' } as const;

function strange(
  method: string,
  n: number,
  headers: readonly (readonly [string, string])[] = [],
): SipRequest {
  return createRequest({
    method,
    uri: `sip:8000@${REALM}`,
    headers: [
      ['Via', `SIP/2.0/UDP ${STRANGER.host}:5060;branch=z9hG4bKs${n}`],
      ['Max-Forwards', '70'],
      ['From', `<sip:7001@${REALM}>;tag=s${n}`],
      ['To', `<sip:7001@${REALM}>`],
      ['Call-ID', `strange-${n}`],
      ['CSeq', `1 ${method}`],
      ...headers,
    ],
  });
}

const forged = (nonce: string) =>
  [
    'Authorization',
    `Digest username="7001", realm="${REALM}", nonce="${nonce}", uri="sip:x", response="0", algorithm=MD5`,
  ] as const;

describe('strangers', () => {
  it('[SS3] get one 401 for each INVITE and REGISTER, and nothing is held or repeated for them', () => {
    const centre = centreWorld();
    const { world, site, board } = centre;
    const before = site.node.sizes();
    for (const method of ['INVITE', 'REGISTER']) {
      for (const headers of [[], [forged('none')]]) {
        world.packets = [];
        for (let n = 0; n < 200; n++) site.sip(strange(method, n, headers), STRANGER);
        site.sip(strange(method, 7, headers), STRANGER);
        expect(site.node.sizes()).toEqual(before);
        world.run(40_000);
        const answers = world.packets.map(({ message }) => message as SipResponse);
        expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 201 }, () => 401));
        // The same request again gets the same To tag.
        expect(headerValue(answers[200] as SipResponse, 'to')).toBe(
          headerValue(answers[7] as SipResponse, 'to'),
        );
      }
    }
    const [packet] = world.packets ?? [];
    const message = packet?.message;
    const to = message === undefined ? '' : (headerValue(message, 'to') ?? '');
    world.packets = [];
    site.sip(strange('ACK', 0, [['To', to]]), STRANGER);
    world.run(1_000);
    expect(world.packets).toEqual([]);
    expect(board.news()).toEqual([]);
    expect(leftovers(centre)).toEqual(NOTHING);
  });

  it('[SS3] who proves to be an extension has a call; the same proof in another request is worth nothing', () => {
    const { world, site, phone } = centreWorld();
    phone('7001', { answerAfterMs: 500 });
    const bob = new Peer(world, '7002', '10.0.1.2');
    world.packets = [];
    bob.call('7001');
    world.run(2_000);
    expect(bob.events.map(({ type }) => type)).toContain('answered');
    const toBob = world.packets.flatMap(({ message, to }) =>
      message.kind === 'response' && to === bob.host ? [message.status] : [],
    );
    expect(toBob).toEqual([401, 100, 180, 200]);
    const proofs = world.packets.flatMap(({ message }) => headerValue(message, 'authorization') ?? []);
    expect(proofs).not.toEqual([]);
    world.packets = [];
    site.sip(strange('INVITE', 1, [['Authorization', proofs[0] as string]]), STRANGER);
    expect(world.packets).toMatchObject([{ message: { status: 401 } }]);
  });

  it('[TX17] a REGISTER whose answer is forgotten changes nothing when it is repeated, and its phone goes on', () => {
    const { world, site, board } = centreWorld();
    const bob = new Peer(world, '7002', '10.0.1.2');
    world.packets = [];
    expect(bob.register()).toBe(200);
    const asked = world.packets.flatMap(({ message }) =>
      message.kind === 'request' && headerValue(message, 'authorization') !== undefined ? [message] : [],
    )[0];
    if (asked === undefined) throw new Error('no REGISTER with credentials');
    const again = () => {
      world.packets = [];
      site.sip(asked, { transport: 'UDP', host: bob.host, port: 5060, flow: 'udp' });
      return world.packets[0]?.message as SipResponse;
    };
    board.news();
    expect(again().status).toBe(200);
    // From Timer J on, as from an early end, nothing is known of it.
    world.run(33_000);
    const refused = again();
    expect(refused.status).toBe(401);
    expect(headerValue(refused, 'www-authenticate')).toContain('stale=true');
    expect(site.node.parts.registrations.contactsOf('7002')).toHaveLength(1);
    expect(bob.register()).toBe(200);
    expect(board.news()).toEqual([]);
  });

  it('[SS4] are written down when they show a wrong password, a forged nonce or another name, and by what', () => {
    const dns = [...configurationOf().dns, { ...extension('8800'), type: 'CallProcessingPort' as const }];
    const { world, site } = centreWorld({ dns });
    const refusals = () =>
      site.logs
        .splice(0)
        .filter(({ what }) => what.endsWith(' refused'))
        .map(({ what, dn, because, detail }) =>
          [what, dn, because, detail?.status, detail?.remote].join(' | '),
        );
    const bob = new Peer(world, '7002', '10.0.1.2');
    const wrong = { user: '7002', password: 'wrong' };
    bob.request('REGISTER', { credentials: wrong });
    expect(refusals()).toEqual(['registration refused | 7002 | wrong password | 401 | 10.0.1.2:5060']);
    new Peer(world, '4711', '10.0.1.9').register();
    expect(refusals()).toEqual([
      'registration refused | 4711 | no DN of this site with a password has this user name | 401 | 10.0.1.9:5060',
    ]);
    site.sip(strange('REGISTER', 1, [forged('none')]), STRANGER);
    expect(refusals()).toEqual([
      `registration refused | 7001 | the nonce is not one of ours | 401 | ${STRANGER.host}:5060`,
    ]);
    bob.request('REGISTER', { credentials: { user: '7001', password: passwordOf('7001') } });
    new Peer(world, '8800', '10.0.1.8').register();
    bob.register({ expires: 5 });
    site.sip(strange('REGISTER', 2, [['Authorization', 'Digest nonsense']]), STRANGER);
    expect(refusals()).toEqual([
      'registration refused | 7002 | it proves to be 7001 | 403 | 10.0.1.2:5060',
      'registration refused | 8800 | it is no Extension of this site | 404 | 10.0.1.8:5060',
      'registration refused | 7002 | Interval Too Brief | 423 | 10.0.1.2:5060',
      `registration refused | 7001 | Malformed Authorization | 400 | ${STRANGER.host}:5060`,
    ]);
    bob.call('8000', { credentials: wrong });
    world.run(1_000);
    expect(refusals()).toEqual(['call refused | 7002 | wrong password | 401 | 10.0.1.2:5060']);
    // What stands at the beginning of every conversation is no line: no credentials, and a nonce that has become old.
    expect(bob.register()).toBe(200);
    site.sip(strange('REGISTER', 3), STRANGER);
    world.run(70_000);
    expect(bob.register()).toBe(200);
    expect(refusals()).toEqual([]);
  });

  it('[TR4] who asks for sips is told 416 whatever it sends, and nothing is held for it', () => {
    const { world, site } = centreWorld();
    const before = site.node.sizes();
    world.packets = [];
    const secured = { ...STRANGER, transport: 'TLS', flow: 'TLS 203.0.113.9 5060' } as const;
    for (const [n, method] of ['INVITE', 'REGISTER', 'OPTIONS'].entries())
      site.sip({ ...strange(method, n), uri: `sips:8000@${REALM}` }, STRANGER);
    site.sip(strange('REGISTER', 10, [['Contact', '<sips:7001@203.0.113.9>']]), secured);
    site.sip(strange('REGISTER', 11, [['Contact', '<sip:7001@203.0.113.9;transport=tls>']]), STRANGER);
    world.run(1_000);
    const statuses = world.packets.map(({ message }) => (message as SipResponse).status);
    expect(statuses).toEqual([416, 416, 416, 416, 401]);
    const [first] = world.packets;
    expect(first && headerValue(first.message, 'warning')).toContain('transport=tls');
    expect(site.node.sizes()).toEqual(before);
  });
});
