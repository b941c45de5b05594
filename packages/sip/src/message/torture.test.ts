/** The messages of RFC 4475 §3.1.2 and §3.3 that are malformed, with the answer that the RFC asks for. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkMessage } from './check-message.ts';
import { explainMessage } from './explain-message.ts';
import { parseMessage } from './parse-message.ts';

/** A message of the RFC by its name there. */
function torture(name: string): Uint8Array {
  return readFileSync(new URL(`../../torture/${name}.sip`, import.meta.url));
}

const BAD: readonly (readonly [name: string, status: number, field: string])[] = [
  ['badinv01', 400, 'Via'],
  ['clerr', 400, 'Content-Length'],
  ['ncl', 400, 'Content-Length'],
  ['scalar02', 400, 'CSeq'],
  ['scalarlg', 400, 'CSeq'],
  ['quotbal', 400, 'To'],
  ['ltgtruri', 400, 'request-uri'],
  ['lwsruri', 400, 'start-line'],
  ['lwsstart', 400, 'start-line'],
  ['trws', 400, 'start-line'],
  ['escruri', 400, 'request-uri'],
  ['regbadct', 400, 'Contact'],
  ['badaspec', 400, 'To'],
  ['baddn', 400, 'From'],
  ['badvers', 505, 'start-line'],
  ['mismatch01', 400, 'CSeq'],
  ['mismatch02', 400, 'CSeq'],
  ['bigcode', 400, 'start-line'],
  ['insuf', 400, 'From'],
  ['multi01', 400, 'CSeq'],
  ['mcl01', 400, 'Content-Length'],
];

describe('RFC 4475 messages to be refused', () => {
  it.each(BAD)('[MS11] refuses %s with %i because of %s', (name, status, field) => {
    const bytes = torture(name);
    const explained = explainMessage(bytes);
    expect(explained).toMatchObject({ ok: false, status, field });
    const parsed = parseMessage(bytes);
    expect(parsed.ok && checkMessage(parsed.message).ok).toBe(false);
    if (explained.ok) return;
    expect(explained.offset).toBeLessThanOrEqual(bytes.length);
    expect(explained.reason).not.toBe('');
  });

  it.each(['clerr', 'ncl', 'ltgtruri', 'badvers', 'mcl01', 'trws', 'lwsruri'])(
    '[MS12] gives of %s what an answer needs',
    (name) => {
      const parsed = parseMessage(torture(name));
      const request = parsed.ok ? parsed.message : parsed.request;
      const keys = request?.headers.map((field) => field.key);
      expect(keys).toEqual(expect.arrayContaining(['via', 'from', 'to', 'call-id', 'cseq']));
    },
  );

  it('[MS13] lets a call with a malformed Date through, and names it to whoever asks (§3.1.2.12)', () => {
    const parsed = parseMessage(torture('baddate'));
    expect(parsed.ok && checkMessage(parsed.message)).toEqual({ ok: true });
    expect(explainMessage(torture('baddate'))).toMatchObject({ ok: false, status: 400, field: 'Date' });
  });

  it('[MS12] names the byte at which the malformed value begins', () => {
    const bytes = torture('quotbal');
    const explained = explainMessage(bytes);
    const offset = explained.ok ? -1 : explained.offset;
    expect(new TextDecoder().decode(bytes.subarray(offset, offset + 8))).toBe('"Mr. J. ');
  });
});
