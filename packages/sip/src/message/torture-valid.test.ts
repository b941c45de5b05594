/**
 * The messages of RFC 4475 that are to be accepted: section 3.1.1 (unusual and valid), and those of 3.3 and 3.4
 * whose syntax is right, so that it is for a user agent or registrar to answer them.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkMessage } from './check-message.ts';
import { explainMessage } from './explain-message.ts';
import {
  callIdOf,
  contactsOf,
  cseqOf,
  fromOf,
  headerValue,
  maxForwardsOf,
  nameAddrs,
  tagOf,
  toOf,
  vias,
} from './headers.ts';
import type { SipMessage, SipRequest } from './message.ts';
import { parseMessage } from './parse-message.ts';
import { serializeMessage } from './serialize-message.ts';
import { parseUri, sameUri } from './uri.ts';

/** A message of the RFC by its name there. */
function torture(name: string): Uint8Array {
  return readFileSync(new URL(`../../torture/${name}.sip`, import.meta.url));
}

function accepted(name: string): SipMessage {
  const parsed = parseMessage(torture(name));
  expect(parsed, name).toMatchObject({ ok: true });
  if (!parsed.ok) throw new Error(parsed.reason);
  expect(checkMessage(parsed.message), name).toEqual({ ok: true });
  expect(explainMessage(torture(name)), name).toMatchObject({ ok: true });
  return parsed.message;
}

describe('RFC 4475 messages to be accepted', () => {
  it('[MS10] reads the tortuous INVITE (§3.1.1.1)', () => {
    const message = accepted('wsinv');
    expect(toOf(message)).toEqual({
      uri: 'sip:vivekg@chair-dnrc.example.com',
      params: new Map([['tag', '1918181833n']]),
    });
    expect(fromOf(message)?.displayName).toBe('J Rosenberg \\"');
    expect(maxForwardsOf(message)).toBe(68);
    expect(cseqOf(message)).toEqual({ number: 9, method: 'INVITE' });
    expect(vias(message)?.map((via) => [via.transport, via.host, via.params.get('branch')])).toEqual([
      ['UDP', '192.0.2.2', '390skdjuw'],
      ['TCP', 'spindle.example.com', 'z9hG4bK9ikj8'],
      ['UDP', '192.168.255.111', 'z9hG4bK30239'],
    ]);
    expect(contactsOf(message)).toEqual([
      {
        displayName: 'Quoted string ""',
        uri: 'sip:jdrosen@example.com',
        params: new Map([
          ['newparam', 'newvalue'],
          ['secondparam', null],
          ['q', '0.33'],
        ]),
      },
    ]);
    expect(headerValue(message, 'subject')).toBe('');
    expect(headerValue(message, 'newfangledheader')).toBe('newfangled value continued newfangled value');
    expect(headerValue(message, 'unknownheaderwithunusualvalue')).toBe(';;,,;;,;');
    expect(message.body.length).toBe(150);
  });

  it('[MS10] reads the wide range of characters (§3.1.1.2)', () => {
    const message = accepted('intmeth') as SipRequest;
    expect(message.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
    expect(parseUri(message.uri)).toMatchObject({
      user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
      password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
      host: 'example.com',
    });
    expect(toOf(message)?.displayName).toBe('BEL:\x07 NUL:\x00 DEL:\x7f');
    expect(tagOf(fromOf(message))).toBe("_token~1'+`*%!-.");
    expect(fromOf(message)?.params.get("fromparam''~+*_!.-%")).toBe('работающий');
    expect(callIdOf(message)).toBe('intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
    expect(headerValue(message, "extensionheader-!.%*+_`'~")).toBe('\uFEFF大停電');
    expect(parseMessage(serializeMessage(message))).toEqual({ ok: true, message });
  });

  it('[MS10] takes escapes as what they mean (§3.1.1.3–5)', () => {
    const esc01 = accepted('esc01') as SipRequest;
    expect(parseUri(esc01.uri)).toMatchObject({ user: 'sips%3Auser%40example.com', host: 'example.net' });
    expect(sameUri(toOf(esc01)?.uri ?? '', 'sip:user@example.com')).toBe(true);
    const contacts = contactsOf(esc01);
    expect(contacts).not.toBe('*');
    const uri = parseUri((contacts as readonly { uri: string }[])[0]?.uri ?? '');
    expect(uri?.user).toBe('caller');
    expect([...(uri?.params ?? [])]).toEqual([
      ['lr', null],
      ['name', 'value%2541'],
    ]);
    const escnull = accepted('escnull');
    expect(parseUri(toOf(escnull)?.uri ?? '')?.user).toBe('null-%00-null');
    expect((accepted('esc02') as SipRequest).method).toBe('RE%47IST%45R');
  });

  it('[MS10] reads a message without white space between display name and bracket (§3.1.1.6)', () => {
    expect(fromOf(accepted('lwsdisp'))).toMatchObject({
      displayName: 'caller',
      uri: 'sip:caller@example.com',
    });
  });

  it('[MS10] reads long values (§3.1.1.7)', () => {
    const message = accepted('longreq');
    expect(vias(message)).toHaveLength(34);
    expect(message.headers.some((field) => field.name.length > 150)).toBe(true);
  });

  it('[MS10] takes what follows the body of a datagram for nothing (§3.1.1.8)', () => {
    const message = accepted('dblreq');
    expect(callIdOf(message)).toBe('dblreq.0ha0isndaksdj99sdfafnl3lk233412');
    expect(message.body.length).toBe(0);
  });

  it('[MS10] leaves a semicolon in the user part (§3.1.1.9)', () => {
    expect(parseUri((accepted('semiuri') as SipRequest).uri)?.user).toBe('user;par=u%40example.net');
  });

  it('[MS10] keeps known and unknown transports (§3.1.1.10)', () => {
    const transports = vias(accepted('transports'))?.map((via) => via.transport);
    expect(transports).toEqual(['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP']);
  });

  it('[MS10] keeps a binary body byte for byte (§3.1.1.11)', () => {
    const message = accepted('mpart01');
    expect(message.body).toContain(0);
    expect(parseMessage(serializeMessage(message))).toEqual({ ok: true, message });
  });

  it('[MS10] reads unusual and empty reason phrases (§3.1.1.12, §3.1.1.13)', () => {
    expect(accepted('unreason')).toMatchObject({
      status: 200,
      reason: '= 2**3 * 5**2 но сто девяносто девять - простое',
    });
    expect(accepted('noreason')).toMatchObject({ status: 100, reason: '' });
  });

  it.each([
    'unkscm',
    'novelsc',
    'unksm2',
    'bext01',
    'invut',
    'regaut01',
    'bcast',
    'zeromf',
    'cparam01',
    'cparam02',
    'regescrt',
    'sdp01',
    'badbranch',
    'inv2543',
  ])('[MS10] hands on %s, which the application answers (§3.2–3.4)', (name) => {
    accepted(name);
  });

  it('[MS10] keeps apart parameters of the Contact and of its URI (§3.3.12, §3.3.13)', () => {
    expect(contactsOf(accepted('cparam01'))).toEqual([
      { uri: 'sip:+19725552222@gw1.example.net', params: new Map([['unknownparam', null]]) },
    ]);
    expect(contactsOf(accepted('cparam02'))).toEqual([
      { uri: 'sip:+19725552222@gw1.example.net;unknownparam', params: new Map() },
    ]);
    expect(nameAddrs(accepted('inv2543'), 'record-route')).toHaveLength(1);
  });
});
