/**
 * A SIP Server that is its own phone for a moment (GF1): a REGISTER that takes back a contact which is not there, and a call
 * to a number that nobody has, sent from a socket of its own to its own SIP address. They go the way of every phone's:
 * socket, parser, challenge, digest, transaction, registrar or call control; and they leave nothing behind.
 */
import { type Millis, type Node, type Random, randomToken } from '@holdfast/kernel';
import {
  answerChallenge,
  authorizationHeader,
  createRequest,
  type EndpointEffect,
  type EndpointOutput,
  type Hashes,
  headerValues,
  SipEndpoint,
  type SipMessage,
  type SipResponse,
  type Source,
  type Target,
  withBrackets,
} from '@holdfast/sip';
import type { Probed } from '../pair/fitness-watch.ts';
import { PROBE_USER } from '../sip-server/registrations.ts';

export type SipProbeName = 'register' | 'call';

export type SipProbeInput =
  | { readonly type: 'ask'; readonly n: number; readonly probe: SipProbeName }
  | { readonly type: 'sip'; readonly message: SipMessage; readonly source: Source }
  /** A socket that cannot send. */
  | { readonly type: 'sipFailed'; readonly transaction?: string };

export type SipProbeEffect = EndpointEffect | Probed;

export interface SipProbeOptions {
  readonly random: Random;
  readonly hashes: Hashes;
  readonly realm: string;
  readonly password: string;
  /** The SIP address of the server. */
  readonly target: Target;
  /** The socket that the probes come from. */
  readonly own: { readonly host: string; readonly port: number };
}

/** An answer that comes later is one that a caller would not have waited for. */
const ANSWER_MAX_MS = 2_000;
/** Probes that are open at once; both kinds, and those that were given up and are not over yet. */
const OPEN_MAX = 8;
/** Challenges that one probe answers: one more when the nonce had become stale. */
const CHALLENGES_MAX = 2;

interface Open {
  readonly n: number;
  readonly probe: SipProbeName;
  readonly callId: string;
  readonly seq: number;
  readonly answered: number;
}

export class SipProbeNode implements Node<SipProbeInput, SipProbeEffect> {
  readonly #options: SipProbeOptions;
  readonly #endpoint: SipEndpoint;
  readonly #open = new Map<string, Open>();
  #effects: SipProbeEffect[] = [];

  constructor(options: SipProbeOptions) {
    this.#options = options;
    const { random, own } = options;
    this.#endpoint = new SipEndpoint({ random, sentBy: () => own });
  }

  handle(now: Millis, input: SipProbeInput): SipProbeEffect[] {
    if (input.type === 'ask') this.#ask(now, input);
    else if (input.type === 'sip') this.#run(now, this.#endpoint.receive(now, input.message, input.source));
    else this.#run(now, this.#endpoint.transportFailed(now, input));
    return this.#out();
  }

  nextDeadline(): Millis | undefined {
    return this.#endpoint.nextDeadline();
  }

  expire(now: Millis): SipProbeEffect[] {
    this.#run(now, this.#endpoint.expire(now));
    return this.#out();
  }

  #ask(now: Millis, { n, probe }: Extract<SipProbeInput, { type: 'ask' }>): void {
    if (this.#open.size >= OPEN_MAX) return;
    const callId = `${PROBE_USER}-${randomToken(this.#options.random, 16)}`;
    this.#send(now, { n, probe, callId, seq: 1, answered: 0 }, []);
  }

  #send(now: Millis, open: Open, credentials: readonly (readonly [string, string])[]): void {
    const { realm, own, target, random } = this.#options;
    const self = `sip:${PROBE_USER}@${realm}`;
    const method = open.probe === 'register' ? 'REGISTER' : 'INVITE';
    const request = createRequest({
      method,
      uri: this.#uriOf(open.probe),
      headers: [
        ['Max-Forwards', '70'],
        ['From', `<${self}>;tag=${randomToken(random, 8)}`],
        ['To', `<${self}>`],
        ['Call-ID', open.callId],
        ['CSeq', `${open.seq} ${method}`],
        [
          'Contact',
          `<sip:${PROBE_USER}@${withBrackets(own.host)}:${own.port}>${method === 'REGISTER' ? ';expires=0' : ''}`,
        ],
        ...credentials,
      ],
    });
    const { transaction, output } = this.#endpoint.sendRequest(
      now,
      request,
      { type: 'target', target },
      { giveUpMs: ANSWER_MAX_MS },
    );
    this.#open.set(transaction, open);
    this.#run(now, output);
  }

  #uriOf(probe: SipProbeName): string {
    const { realm } = this.#options;
    return probe === 'register' ? `sip:${realm}` : `sip:${PROBE_USER}@${realm}`;
  }

  #run(now: Millis, { effects, events }: EndpointOutput): void {
    this.#effects.push(...effects);
    for (const event of events) {
      if (event.type !== 'response' && event.type !== 'failed') continue;
      const open = this.#open.get(event.transaction);
      if (open === undefined) continue;
      if (event.type === 'response') this.#answered(now, event.transaction, open, event.response);
      else {
        this.#open.delete(event.transaction);
        this.#tell(
          open,
          false,
          event.reason === 'timeout' ? `no answer within ${ANSWER_MAX_MS} ms` : 'it could not be sent',
        );
      }
    }
  }

  #answered(now: Millis, transaction: string, open: Open, response: SipResponse): void {
    const { status } = response;
    if (status < 200) return;
    this.#open.delete(transaction);
    if ((status === 401 || status === 407) && open.answered < CHALLENGES_MAX)
      return this.#proveAgain(now, open, response);
    this.#tell(open, isAsItShouldBe(open.probe, status), `answered ${status}`);
  }

  #proveAgain(now: Millis, open: Open, response: SipResponse): void {
    const { hashes, password, random } = this.#options;
    const field = response.status === 407 ? 'proxy-authenticate' : 'www-authenticate';
    const answer = answerChallenge(headerValues(response, field), {
      ...{ user: PROBE_USER, password, hashes, cnonce: randomToken(random, 16) },
      method: open.probe === 'register' ? 'REGISTER' : 'INVITE',
      ...{ uri: this.#uriOf(open.probe), answered: open.answered },
    });
    if (answer.name === 'giveUp') return this.#tell(open, false, `challenged in vain: ${answer.because}`);
    const credentials = [[authorizationHeader(response.status), answer.value]] as const;
    this.#send(now, { ...open, seq: open.seq + 1, answered: open.answered + 1 }, credentials);
  }

  #tell({ n, probe }: Open, ok: boolean, because: string): void {
    this.#effects.push({ type: 'probed', n, probe, ok, because });
  }

  #out(): SipProbeEffect[] {
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }
}

/** A call may be refused for good reasons (a graceful shutdown, as many calls as it takes); what counts is that call control did. */
function isAsItShouldBe(probe: SipProbeName, status: number): boolean {
  return probe === 'register'
    ? status === 200
    : status >= 300 && status !== 401 && status !== 407 && status !== 500;
}
