/**
 * Asks gateways from time to time whether they are in service (OPTIONS outside of calls, `oos-check`), so that a dead one
 * costs no call its wait. One that refuses with 503 or says nothing is out of service until it answers again: its trunk
 * is tried after the others (SS35), and never left out, for the question may be lost where a call is not.
 */
import { Deadlines, type Millis, type Random, randomToken } from '@holdfast/kernel';
import { createRequest, type SipUserAgent, type UserAgentEvent } from '@holdfast/sip';
import { isServerFailure } from './call-ringing.ts';
import type { Gateway, SipServerConfiguration, TrunkCheck } from './configuration.ts';
import type { SipServerEffect } from './effects.ts';
import { contactAt } from './gateway-contact.ts';
import type { OutboundTrunks } from './outbound-trunks.ts';
import type { Seen } from './phone-watch.ts';

export interface TrunkWatchPorts {
  readonly userAgent: SipUserAgent;
  readonly random: Random;
  run(output: ReturnType<SipUserAgent['receive']>): void;
  emit(effect: SipServerEffect): void;
}

type Watched = { readonly gateway: Gateway; readonly check: TrunkCheck };
type Response = Extract<UserAgentEvent, { type: 'response' }>;

export class TrunkWatch {
  readonly #ports: TrunkWatchPorts;
  readonly #trunks: OutboundTrunks;
  #watched = new Map<string, Watched>();
  #realm = '';
  readonly #due = new Deadlines<string>();
  /** Transaction → trunk: at most one question of each trunk is open. */
  readonly #asked = new Map<string, string>();

  constructor(ports: TrunkWatchPorts, trunks: OutboundTrunks) {
    this.#ports = ports;
    this.#trunks = trunks;
  }

  configure({ dns, realm }: Pick<SipServerConfiguration, 'dns' | 'realm'>): void {
    this.#realm = realm;
    const watched = new Map<string, Watched>();
    for (const { number, gateway, check } of dns)
      if (gateway !== undefined && check !== undefined) watched.set(number, { gateway, check });
    for (const [trunk, { check }] of watched) {
      const { everyMs } = this.#watched.get(trunk)?.check ?? {};
      // At once, also with another period.
      if (everyMs !== check.everyMs) this.#due.set(trunk, 0);
    }
    for (const trunk of this.#watched.keys()) {
      if (watched.has(trunk)) continue;
      this.#due.clear(trunk);
      // What nobody asks about any more is not out of service for ever.
      this.#trunks.inService(trunk);
    }
    this.#watched = watched;
  }

  nextDeadline(): Millis | undefined {
    return this.#due.next();
  }

  expire(now: Millis): void {
    for (let trunk = this.#due.takeDue(now); trunk !== undefined; trunk = this.#due.takeDue(now)) {
      const watched = this.#watched.get(trunk);
      if (watched === undefined) continue;
      this.#due.set(trunk, now + watched.check.everyMs);
      if (![...this.#asked.values()].includes(trunk)) this.#ask(now, trunk, watched);
    }
  }

  #ask(now: Millis, trunk: string, { gateway, check }: Watched): void {
    const { userAgent, random } = this.#ports;
    const { uri, destination, transport } = contactAt(gateway);
    const request = createRequest({
      method: 'OPTIONS',
      uri,
      headers: [
        ['Max-Forwards', '70'],
        ['From', `<sip:${this.#realm}>;tag=${randomToken(random, 8)}`],
        ['To', `<${uri}>`],
        ['Call-ID', randomToken(random, 16)],
        ['CSeq', '1 OPTIONS'],
        ['Contact', `<${userAgent.contactFor(transport)}>`],
      ],
    });
    const { giveUpMs } = check;
    const { transaction, output } = userAgent.sendRequest(
      now,
      request,
      destination,
      giveUpMs === undefined ? {} : { giveUpMs },
    );
    this.#asked.set(transaction, trunk);
    this.#ports.run(output);
  }

  /** GF5: whether any trunk that is asked is in service; undefined where none is asked. */
  seen(): Seen | undefined {
    const watched = [...this.#watched.keys()];
    if (watched.length === 0) return undefined;
    const isOut = watched.every((trunk) => this.#trunks.isOutOfService(trunk));
    return {
      ok: !isOut,
      because: `${watched.length} of ${watched.length} trunks that are asked are out of service`,
    };
  }

  /** Any answer shows that the gateway lives, whatever it thinks of the question. */
  answered({ transaction, status, response }: Response): void {
    const trunk = this.#asked.get(transaction);
    this.#asked.delete(transaction);
    if (trunk === undefined || !this.#watched.has(trunk)) return;
    const isDown = isServerFailure(status, response);
    const isNews = isDown ? this.#trunks.outOfService(trunk) : this.#trunks.inService(trunk);
    if (!isNews) return;
    const what = isDown ? 'trunk out of service' : 'trunk back in service';
    const because = response === undefined ? 'no answer to OPTIONS' : `OPTIONS was answered ${status}`;
    this.#ports.emit({ type: 'log', line: { level: isDown ? 'warn' : 'info', what, dn: trunk, because } });
  }
}
