/**
 * Lean phones: messages made by hand, as many as a core can make. What comes in is looked at by `indexOf`, not
 * parsed; the digest is one hash for each request, because its other parts do not change.
 */
import { createHash } from 'node:crypto';
import type { Socket } from 'node:dgram';

export const REALM = 'holdfast';
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** The value of a header field, from its name with the colon. */
export function field(text: string, name: string): string {
  const start = text.indexOf(`\r\n${name} `);
  if (start === -1) return '';
  const from = start + name.length + 3;
  return text.slice(from, text.indexOf('\r\n', from));
}

/** One phone that registers as often as it is asked to, with the nonce that it has in hand. */
export class RegisteringPhone {
  readonly number: string;
  readonly #secret: string;
  readonly #contact: string;
  #nonce = '';
  #count = 0;
  #cseq = 0;

  constructor(index: number, socket: Socket, { number = String(10_000 + index), password = 'secret' } = {}) {
    this.number = number;
    this.#secret = sha256(`${number}:${REALM}:${password}`);
    this.#contact = `127.0.0.1:${socket.address().port}`;
  }

  get hasNonce(): boolean {
    return this.#nonce !== '';
  }

  take(nonce: string): void {
    this.#nonce = nonce;
    this.#count = 0;
  }

  register(): string {
    const cseq = ++this.#cseq;
    return (
      `REGISTER sip:${REALM} SIP/2.0\r\n` +
      `Via: SIP/2.0/UDP ${this.#contact};branch=z9hG4bK${this.number}x${cseq};rport\r\n` +
      `Max-Forwards: 70\r\nFrom: <sip:${this.number}@${REALM}>;tag=t${this.number}\r\n` +
      `To: <sip:${this.number}@${REALM}>\r\nCall-ID: reg-${this.number}@127.0.0.1\r\nCSeq: ${cseq} REGISTER\r\n` +
      `Contact: <sip:${this.number}@${this.#contact}>\r\nExpires: 600\r\n${this.#authorization()}` +
      'Content-Length: 0\r\n\r\n'
    );
  }

  #authorization(): string {
    if (this.#nonce === '') return '';
    const nc = (++this.#count).toString(16).padStart(8, '0');
    const response = sha256(`${this.#secret}:${this.#nonce}:${nc}:0a4f113b:auth:${REQUEST_HASH}`);
    return (
      `Authorization: Digest username="${this.number}", realm="${REALM}", nonce="${this.#nonce}", uri="sip:${REALM}", ` +
      `response="${response}", algorithm=SHA-256, cnonce="0a4f113b", qop=auth, nc=${nc}\r\n`
    );
  }
}

const REQUEST_HASH = sha256(`REGISTER:sip:${REALM}`);

/** The nonce of the SHA-256 challenge in a 401. */
export function nonceIn(text: string): string {
  const found = /nonce="([^"]+)"[^\r]*algorithm=SHA-256/.exec(text);
  if (found?.[1] === undefined) throw new Error(`no challenge in: ${text}`);
  return found[1];
}
