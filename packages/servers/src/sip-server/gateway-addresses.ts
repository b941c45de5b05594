/**
 * Which addresses the gateways of trunks have: calls are taken from these (SS16). A `contact` that is a name stands for
 * all of its targets, since a carrier calls from any of them; they are looked up when the name is configured and
 * again every minute, as far as their TTL is over (SS46). What is known stays good while no answer comes: a dead
 * name server must not stop the calls of a living gateway.
 */
import { Deadlines, type LogLine, type Millis, must, type Random } from '@holdfast/kernel';
import { type EndpointOutput, isAddressLiteral, Locator, type LookupAnswer, parseUri } from '@holdfast/sip';
import type { Gateway, SipServerConfiguration } from './configuration.ts';
import type { SipServerEffect } from './effects.ts';
import { contactAt, SIP_PORT } from './gateway-contact.ts';

/** How long a carrier that moves its gateways waits at most, beyond its own TTL. */
export const LOOK_AGAIN_MS = 60_000;
/** The same while the name leads nowhere: the name server may have come up after us. */
export const LOOK_AGAIN_LOST_MS = 5_000;

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A trunk whose gateway is a name. */
interface Named {
  readonly gateway: Gateway;
  /** The targets of the last look-up that found any. */
  known: readonly Address[];
  /** Those of the look-up under way: they count as soon as they are known. */
  found: Address[];
  search: ReturnType<Locator<string>['start']> | undefined;
  /** The last look-up has found nothing, and the log says so. */
  isLost: boolean;
}

export interface GatewayAddressPorts {
  readonly random: Random;
  emit(effect: SipServerEffect): void;
}

export class GatewayAddresses {
  readonly #ports: GatewayAddressPorts;
  readonly #locator: Locator<string>;
  /** Trunk → address. */
  #fixed = new Map<string, Address>();
  readonly #named = new Map<string, Named>();
  readonly #due = new Deadlines<string>();

  constructor(ports: GatewayAddressPorts) {
    this.#ports = ports;
    this.#locator = new Locator({
      transports: ['UDP', 'TCP'],
      families: ['A', 'AAAA'],
      random: ports.random,
    });
  }

  configure(now: Millis, { dns }: Pick<SipServerConfiguration, 'dns'>): void {
    this.#fixed = new Map();
    const names = new Map<string, Gateway>();
    for (const { number, gateway } of dns) {
      if (gateway === undefined) continue;
      if (isAddressLiteral(gateway.host)) this.#fixed.set(number, addressOf(gateway));
      else names.set(number, gateway);
    }
    for (const [trunk, { gateway }] of this.#named) {
      const next = names.get(trunk);
      if (next !== undefined && contactAt(next).uri === contactAt(gateway).uri) names.delete(trunk);
      else this.#forget(trunk);
    }
    for (const [trunk, gateway] of names) {
      this.#named.set(trunk, { gateway, known: [], found: [], search: undefined, isLost: false });
      this.#due.set(trunk, now);
    }
  }

  #forget(trunk: string): void {
    const { search } = must(this.#named.get(trunk), 'only what is known is forgotten');
    if (search !== undefined) search.isOver = true;
    this.#named.delete(trunk);
    this.#due.clear(trunk);
  }

  /** The trunk whose gateway has one of these addresses, or names itself so. */
  trunkAt(isThere: (address: Address) => boolean): string | undefined {
    for (const [trunk, address] of this.#fixed) if (isThere(address)) return trunk;
    for (const [trunk, { gateway, known, found }] of this.#named)
      if (isThere(addressOf(gateway)) || known.some(isThere) || found.some(isThere)) return trunk;
    return undefined;
  }

  nextDeadline(): Millis | undefined {
    return this.#due.next();
  }

  expire(now: Millis): void {
    for (let trunk = this.#due.takeDue(now); trunk !== undefined; trunk = this.#due.takeDue(now)) {
      const named = must(this.#named.get(trunk), 'what is forgotten is not due');
      const uri = must(parseUri(contactAt(named.gateway).uri), 'a contact is checked when it is loaded');
      named.found = [];
      named.search = this.#locator.start(trunk, uri, undefined);
      this.#goOn(now, trunk, named);
    }
  }

  lookedUp(now: Millis, id: string, answer: LookupAnswer): void {
    for (const { owner } of this.#locator.lookedUp(now, id, answer)) {
      const named = this.#named.get(owner);
      if (named !== undefined) this.#goOn(now, owner, named);
    }
  }

  /** Takes every target that the name has, one question at a time. */
  #goOn(now: Millis, trunk: string, named: Named): void {
    const { search } = named;
    if (search === undefined) return;
    const output: EndpointOutput = { effects: [], events: [] };
    let target = this.#locator.next(now, search, output);
    for (; target != null; target = this.#locator.next(now, search, output)) named.found.push(target);
    for (const effect of output.effects) this.#ports.emit(effect);
    if (target === undefined) return;
    named.search = undefined;
    this.#due.set(trunk, now + (named.found.length > 0 ? LOOK_AGAIN_MS : LOOK_AGAIN_LOST_MS));
    if (named.found.length > 0) named.known = named.found;
    this.#tell(trunk, named);
  }

  /** Once for each change: a name that leads nowhere may be a mistake, or a dead name server. */
  #tell(trunk: string, named: Named): void {
    const { gateway, found, known } = named;
    const isLost = found.length === 0;
    if (isLost === named.isLost) return;
    named.isLost = isLost;
    const what = isLost ? 'gateway not found' : 'gateway found again';
    const kept = known.length > 0 ? 'calls are taken from its former addresses' : 'no call is taken from it';
    const because = isLost
      ? `no address of ${gateway.host} can be had; ${kept}`
      : `${gateway.host} has an address`;
    const line: LogLine = { level: isLost ? 'warn' : 'info', what, dn: trunk, because };
    this.#ports.emit({ type: 'log', line });
  }
}

function addressOf({ host, port }: Gateway): Address {
  return { host, port: port ?? SIP_PORT };
}
