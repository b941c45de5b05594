import { describe, expect, it } from 'vitest';
import { createRequest, createResponse, type HeaderLines } from '../message/build-message.ts';
import { cseqOf, headerValue, headerValues } from '../message/headers.ts';
import type { SipRequest } from '../message/message.ts';
import {
  ackInDialog,
  calleeDialog,
  callerDialog,
  confirmCaller,
  type Dialog,
  dialogFrom,
  nextHopOf,
  receiveInDialog,
  refreshedBy,
  requestInDialog,
} from './dialog.ts';
import { Scenario } from './scenario.ts';

function makeInvite(
  extra: HeaderLines = [['Contact', '<sip:ada@10.0.0.1>']],
  uri = 'sip:bob@example.org',
): SipRequest {
  return createRequest({
    method: 'INVITE',
    uri,
    headers: [
      ['Via', 'SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKx'],
      ['From', '"Ada" <sip:ada@example.org>;tag=a'],
      ['To', '<sip:bob@example.org>'],
      ['Call-ID', 'call'],
      ['CSeq', '7 INVITE'],
      ...extra,
    ],
  });
}

function makeResponse(
  status: number,
  headers: HeaderLines = [['Contact', '<sip:bob@10.0.0.2>']],
  toTag = 'b',
) {
  return createResponse(makeInvite(), status, { toTag, headers });
}

function dialogOfCaller(headers?: HeaderLines, status = 200): Dialog {
  const dialog = callerDialog(makeInvite(), makeResponse(status, headers));
  if ('refusal' in dialog) throw new Error(dialog.refusal);
  return dialog;
}

function dialogOfCallee(invite = makeInvite()): Dialog {
  const dialog = calleeDialog(invite, 'b');
  if ('refusal' in dialog) throw new Error(dialog.refusal);
  return dialog;
}

const TWO_ROUTES: HeaderLines = [
  ['Record-Route', '<sip:p2.example.org;lr>, <sip:p1.example.org;lr>'],
  ['Contact', '<sip:bob@10.0.0.2>'],
];

describe('the record', () => {
  it('[DG1] survives JSON, and a record of another version or shape is refused in words', () => {
    const dialog = dialogOfCaller(TWO_ROUTES);
    expect(dialogFrom(JSON.parse(JSON.stringify(dialog)))).toEqual(dialog);
    const wrong: [object, RegExp][] = [
      [{ ...dialog, version: 2 }, /version 2/],
      [{ ...dialog, state: 'half' }, /state/],
      [{ ...dialog, callId: 5 }, /callId/],
      [{ ...dialog, localSeq: 2 ** 31 }, /localSeq/],
      [{ ...dialog, remoteSeq: -1 }, /remoteSeq/],
      [{ ...dialog, routeSet: [5] }, /routeSet/],
      [{ ...dialog, secure: 'no' }, /secure/],
    ];
    for (const [record, words] of wrong)
      expect(dialogFrom(record)).toEqual({ refusal: expect.stringMatching(words) });
    expect(dialogFrom(null)).toHaveProperty('refusal');
    expect(dialogFrom('text')).toHaveProperty('refusal');
  });

  it('[DG2] the caller takes Contact and the reversed Record-Route from the response', () => {
    expect(dialogOfCaller(TWO_ROUTES, 180)).toEqual({
      version: 1,
      state: 'early',
      callId: 'call',
      localTag: 'a',
      remoteTag: 'b',
      localSeq: 7,
      remoteSeq: null,
      localUri: 'sip:ada@example.org',
      remoteUri: 'sip:bob@example.org',
      localField: '"Ada" <sip:ada@example.org>;tag=a',
      remoteField: '<sip:bob@example.org>;tag=b',
      remoteTarget: 'sip:bob@10.0.0.2',
      routeSet: ['sip:p1.example.org;lr', 'sip:p2.example.org;lr'],
      secure: false,
    });
    expect(dialogOfCaller([]).remoteTarget).toBe('sip:bob@example.org');
  });

  it('[DG2] a response whose routes cannot be read makes no dialog', () => {
    const broken = makeResponse(200, [['Record-Route', '<sip:p1']]);
    expect(callerDialog(makeInvite(), broken)).toHaveProperty('refusal');
  });

  it('[DG3] the callee takes Contact and Record-Route in order from the INVITE', () => {
    const dialog = dialogOfCallee(
      makeInvite([
        ['Record-Route', '<sip:p2.example.org;lr>'],
        ['Record-Route', '<sip:p1.example.org;lr>'],
        ['Contact', '<sip:ada@10.0.0.1>'],
      ]),
    );
    expect(dialog.routeSet).toEqual(['sip:p2.example.org;lr', 'sip:p1.example.org;lr']);
    expect(dialog).toMatchObject({
      state: 'early',
      localTag: 'b',
      remoteTag: 'a',
      localSeq: 0,
      remoteSeq: 7,
    });
    expect(dialog.localField).toBe('<sip:bob@example.org>;tag=b');
    expect(dialog.remoteTarget).toBe('sip:ada@10.0.0.1');
  });

  it('[DG3] an INVITE without a Contact that can be read is answered 400 and makes no call', () => {
    const s = new Scenario();
    s.link = (_from, message) => (message.kind === 'request' ? [] : [1]);
    s.invite('alice', { contact: 'x' });
    expect(calleeDialog(makeInvite([]), 'b')).toHaveProperty('refusal');
    const invite = s.messages('alice', 'INVITE')[0] as SipRequest;
    const without = { ...invite, headers: invite.headers.filter((field) => field.key !== 'contact') };
    s.perform(
      'bob',
      s.ends.bob.receive(1, without, { transport: 'UDP', host: '10.0.0.1', port: 5060, flow: 'f' }),
    );
    expect(s.told('bob')).toEqual([]);
    expect(s.messages('bob', '400')[0]).toMatchObject({ reason: expect.stringContaining('Contact') });
    expect(s.ends.bob.sizes().legs).toBe(0);
  });

  it('[DG2] a dialog that began with sips is secure', () => {
    const invite = makeInvite(undefined, 'sips:bob@example.org');
    expect(callerDialog(invite, makeResponse(200))).toMatchObject({ secure: true });
    expect(dialogOfCallee(invite).secure).toBe(true);
  });
});

describe('requests within a dialog', () => {
  it('[DG4] without routes go to the remote target', () => {
    const { request } = requestInDialog(dialogOfCaller(), 'BYE');
    expect(request.uri).toBe('sip:bob@10.0.0.2');
    expect(headerValue(request, 'route')).toBeUndefined();
    expect(headerValue(request, 'from')).toBe('"Ada" <sip:ada@example.org>;tag=a');
    expect(headerValue(request, 'to')).toBe('<sip:bob@example.org>;tag=b');
    expect(headerValue(request, 'call-id')).toBe('call');
    expect(headerValue(request, 'max-forwards')).toBe('70');
  });

  it('[DG4] with a loose router first keep the target in the Request-URI', () => {
    const dialog = dialogOfCaller(TWO_ROUTES);
    const { request } = requestInDialog(dialog, 'BYE');
    expect(request.uri).toBe('sip:bob@10.0.0.2');
    expect(headerValues(request, 'route')).toEqual(['<sip:p1.example.org;lr>', '<sip:p2.example.org;lr>']);
    expect(nextHopOf(dialog)).toBe('sip:p1.example.org;lr');
  });

  it('[DG4] with a strict router first put it in the Request-URI and the target last in Route', () => {
    const dialog = dialogOfCaller([
      ['Record-Route', '<sip:p2.example.org;lr>, <sip:p1.example.org;method=INVITE?x=y>'],
      ['Contact', '<sip:bob@10.0.0.2>'],
    ]);
    const { request } = requestInDialog(dialog, 'BYE');
    expect(request.uri).toBe('sip:p1.example.org');
    expect(headerValues(request, 'route')).toEqual(['<sip:p2.example.org;lr>', '<sip:bob@10.0.0.2>']);
  });

  it('[DG5] count CSeq up; the ACK has the number of its INVITE and uses up none', () => {
    const first = requestInDialog(dialogOfCaller(), 'INFO');
    const second = requestInDialog(first.dialog, 'BYE');
    expect([cseqOf(first.request), cseqOf(second.request)]).toEqual([
      { number: 8, method: 'INFO' },
      { number: 9, method: 'BYE' },
    ]);
    expect(cseqOf(ackInDialog(second.dialog, 7))).toEqual({ number: 7, method: 'ACK' });
    const exhausted = { ...dialogOfCaller(), localSeq: 2 ** 31 - 1 };
    expect(cseqOf(requestInDialog(exhausted, 'BYE').request)?.number).toBe(2 ** 31 - 1);
  });

  it('[DG6] are refused when their CSeq is lower than one already seen', () => {
    const dialog = dialogOfCallee();
    const info = (seq: number) => ({ ...makeInvite(), method: 'INFO', headers: [...replaceSeq(seq)] });
    expect(receiveInDialog(dialog, info(6))).toBeUndefined();
    expect(receiveInDialog(dialog, info(7))?.remoteSeq).toBe(7);
    expect(receiveInDialog(dialog, info(900))?.remoteSeq).toBe(900);
  });

  it('[DG6] a late request is answered 500 and changes nothing', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    s.link = (_from, message) => (message.kind === 'request' && message.method === 'INFO' ? [50] : [1]);
    s.on('bob', 'inDialogRequest', (event) =>
      s.act('bob', (agent, now) => agent.respond(now, event.transaction, 200)),
    );
    s.act('alice', (agent, now) => agent.sendInDialog(now, alice, 'INFO'));
    s.act('alice', (agent, now) => agent.sendInDialog(now, alice, 'MESSAGE'));
    s.run(s.now + 100);
    expect(s.told('bob').filter((type) => type === 'inDialogRequest')).toHaveLength(1);
    expect(s.last('alice', 'inDialogResponse')).toMatchObject({ method: 'INFO', status: 500 });
    expect(s.ends.bob.legInfo(bob)?.state).toBe('established');
  });

  it('[DG7] INVITE and UPDATE move the remote target, other methods do not', () => {
    const dialog = dialogOfCallee();
    const moved = (method: string) => ({
      ...makeInvite([['Contact', '<sip:ada@10.9.9.9>']]),
      method,
    });
    expect(receiveInDialog(dialog, moved('INVITE'))?.remoteTarget).toBe('sip:ada@10.9.9.9');
    expect(receiveInDialog(dialog, moved('UPDATE'))?.remoteTarget).toBe('sip:ada@10.9.9.9');
    expect(receiveInDialog(dialog, moved('INFO'))?.remoteTarget).toBe('sip:ada@10.0.0.1');
  });

  it('[DG7] the 2xx to a target refresh of ours moves it too, the routes stay', () => {
    const dialog = dialogOfCaller(TWO_ROUTES);
    const moved = refreshedBy(dialog, makeResponse(200, [['Contact', '<sip:bob@10.9.9.9>']]));
    expect(moved.remoteTarget).toBe('sip:bob@10.9.9.9');
    expect(moved.routeSet).toEqual(dialog.routeSet);
    expect(refreshedBy(dialog, makeResponse(200, []))).toBe(dialog);
  });

  it('[DG8] the 2xx gives routes and target anew, the counters go on', () => {
    const early = { ...dialogOfCaller(TWO_ROUTES, 180), localSeq: 9, remoteSeq: 3 };
    const confirmed = confirmCaller(
      early,
      makeInvite(),
      makeResponse(200, [['Contact', '<sip:bob@10.0.0.7>']]),
    );
    expect(confirmed).toMatchObject({
      state: 'confirmed',
      routeSet: [],
      remoteTarget: 'sip:bob@10.0.0.7',
      localSeq: 9,
      remoteSeq: 3,
    });
  });
});

function replaceSeq(seq: number) {
  return makeInvite().headers.map((field) =>
    field.key === 'cseq' ? { ...field, value: `${seq} INFO` } : field,
  );
}

describe('another server goes on with the record', () => {
  it('[D24] a hold sent from the restored record, CSeq far ahead, is taken as the same call', () => {
    const s = new Scenario();
    const { alice, bob } = s.connect();
    const record = JSON.parse(JSON.stringify(s.ends.alice.legInfo(alice)?.dialog)) as unknown;
    const dialog = dialogFrom(record);
    if ('refusal' in dialog) throw new Error(dialog.refusal);
    const { request } = requestInDialog({ ...dialog, localSeq: dialog.localSeq + 1_000_000 }, 'INVITE', {
      contact: 'sip:alice@10.0.0.9',
      body: Uint8Array.of(1, 2, 3),
      contentType: 'application/sdp',
    });
    const arrived = {
      ...request,
      headers: [...makeInvite().headers.filter((f) => f.key === 'via'), ...request.headers],
    };
    const source = { transport: 'UDP', host: '10.0.0.9', port: 5060, flow: 'f' } as const;
    s.perform('bob', s.ends.bob.receive(s.now, arrived, source));
    expect(s.last('bob', 'offer')).toMatchObject({ leg: bob, method: 'INVITE' });
    expect(s.ends.bob.legInfo(bob)?.remoteTarget).toBe('sip:alice@10.0.0.9');
  });

  it('[D27] a BYE sent from the restored record of either side ends the call at the other', () => {
    for (const side of ['alice', 'bob'] as const) {
      const s = new Scenario();
      const legs = s.connect();
      const other = side === 'alice' ? 'bob' : 'alice';
      const dialog = dialogFrom(JSON.parse(JSON.stringify(s.ends[side].legInfo(legs[side])?.dialog)));
      if ('refusal' in dialog) throw new Error(dialog.refusal);
      const { request } = requestInDialog(dialog, 'BYE');
      const arrived = {
        ...request,
        headers: [...makeInvite().headers.filter((f) => f.key === 'via'), ...request.headers],
      };
      const source = { transport: 'UDP', host: '10.0.0.9', port: 5060, flow: 'f' } as const;
      s.perform(other, s.ends[other].receive(s.now, arrived, source));
      expect(s.last(other, 'ended')).toMatchObject({ leg: legs[other], by: 'remote' });
      expect(s.ends[other].sizes().legs).toBe(0);
    }
  });
});
