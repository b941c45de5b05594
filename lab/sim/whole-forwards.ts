/**
 * Direct calls that go to the other site (`dr-forward`): how some extensions are configured, and what must hold of calls that
 * cross: each crosses once (SS77), also where each site believes that the other has what the call is for.
 */
import type { ConfigObject } from '@holdfast/protocol';
import { callIdOf, cseqOf, headerValue, type LegId, type SipMessage, toOf } from '@holdfast/sip';
import type { Site } from './whole-centre.ts';

/**
 * What the two sites look at, for one extension after the other: the same, or, so that they may be of two minds, not; some
 * have none.
 */
const FORWARDS: readonly (readonly [string, string])[] = [
  ['no-agent', 'no-agent'],
  ['oos', 'no-agent'],
  ['oos', 'oos'],
  ['no-agent', 'oos'],
  ['off', 'off'],
];
/** Calls that cross at once are fewer. */
const CROSSED_MAX = 1_000;

/** `following`: the gateway of this site is sent to the other (SS78), that of every other site is not. */
export function withForwards(
  objects: readonly ConfigObject[],
  sites: readonly Site[],
  following: string,
): ConfigObject[] {
  return objects.map((object): ConfigObject => {
    if (object.objectType !== 'DN') return object;
    const lay = (options: Readonly<Record<string, Readonly<Record<string, string>>>>): ConfigObject => {
      const sections = Object.entries(options).map(
        ([section, values]) => [section, { ...object.options[section], ...values }] as const,
      );
      return { ...object, options: { ...object.options, ...Object.fromEntries(sections) } };
    };
    if (object.type === 'Trunk' && object.number === `trunk-${following}`)
      return lay({ holdfast: { 'redirect-to-peer': 'true' } });
    if (object.type !== 'Extension') return object;
    const at = sites.findIndex(({ name }) => name === object.switch);
    const forward = FORWARDS[Number(object.number) % FORWARDS.length]?.[at] ?? 'off';
    return lay({ TServer: { 'dr-forward': forward } });
  });
}

/** Of one life of a SIP Server: which of its calls came from the other site, and which it has sent there. */
export class Crossings {
  /** INVITEs that came with the token. */
  readonly #heard = new Set<string>();
  /** Our legs of such calls. */
  readonly #cameIn = new Set<LegId>();
  readonly #sent = new Set<string>();

  heard(message: SipMessage): void {
    if (message.kind !== 'request' || message.method !== 'INVITE' || !isCrossing(message)) return;
    if (this.#heard.size > CROSSED_MAX) this.#heard.clear();
    this.#heard.add(nameOf(message));
  }

  /**
   * `originOf`: our leg to whoever called, of a call that nobody has sent on (SS77). What is wrong, if a call that came
   * from there goes back.
   */
  sent(message: SipMessage, originOf: (connId: string) => LegId | undefined): string | undefined {
    if (message.kind === 'response') {
      const leg = toOf(message)?.params.get('tag');
      if (typeof leg !== 'string' || !this.#heard.has(nameOf(message))) return undefined;
      if (this.#cameIn.size > CROSSED_MAX) this.#cameIn.clear();
      this.#cameIn.add(leg);
    } else if (message.method === 'INVITE' && isCrossing(message)) {
      const connId = headerValue(message, 'x-holdfast-hop') ?? '';
      // Whom somebody wants to send on is as before where that fails, and may have gone back meanwhile.
      if (originOf(connId) === undefined) return undefined;
      if (this.#sent.size > CROSSED_MAX) this.#sent.clear();
      this.#sent.add(connId);
    } else return undefined;
    for (const connId of this.#sent) {
      const origin = originOf(connId);
      if (origin !== undefined && this.#cameIn.has(origin))
        return `call ${connId} came from the other site, and goes back there`;
    }
    return undefined;
  }
}

/** An INVITE over the trunk between the sites that offers a new call. */
function isCrossing(message: SipMessage): boolean {
  return headerValue(message, 'x-holdfast-hop') !== undefined && toOf(message)?.params.has('tag') !== true;
}

function nameOf(message: SipMessage): string {
  return `${callIdOf(message)} ${cseqOf(message)?.number}`;
}
