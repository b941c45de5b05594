/**
 * From which addresses the registered phones of this server speak: what comes from there is a sign of life of phones (GF4), and
 * what comes from a gateway is none. It is asked at each message, so that it is kept by address and not searched for.
 */
import { connectionFlow, type Source, type Target } from '@holdfast/sip';

type Address = Pick<Target & Source, 'transport' | 'host' | 'port'>;

/** As large as the registrar lets it be: its addresses of record times their contacts. */
export class PhoneAddresses {
  readonly #ofDN = new Map<string, readonly Address[]>();
  /** How many DNs speak from each: several phones may share one. */
  readonly #counts = new Map<string, number>();

  /**
   * Where the phones of this DN are now, nowhere when none is registered; and from where the last one spoke, which need not be
   * where it listens. Nearly always all is as it was, so that this is seen without making anything.
   */
  put(dn: string, targets: readonly Address[], source: Address | undefined): void {
    const former = this.#ofDN.get(dn) ?? [];
    if (targets.length > 0 && areThose(former, targets, source)) return;
    const addresses = source === undefined || targets.length === 0 ? targets : [...targets, source];
    for (const name of namesOf(addresses)) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    for (const name of namesOf(former)) this.#leave(name);
    if (addresses.length > 0) this.#ofDN.set(dn, addresses);
    else this.#ofDN.delete(dn);
  }

  has(source: Address): boolean {
    return this.#counts.has(nameOf(source));
  }

  #leave(name: string): void {
    const left = (this.#counts.get(name) ?? 0) - 1;
    if (left > 0) this.#counts.set(name, left);
    else this.#counts.delete(name);
  }
}

function areThose(
  former: readonly Address[],
  targets: readonly Address[],
  source: Address | undefined,
): boolean {
  if (former.length !== targets.length + (source === undefined ? 0 : 1)) return false;
  for (const [index, target] of targets.entries()) if (!isSame(former[index], target)) return false;
  return source === undefined || isSame(former.at(-1), source);
}

function isSame(one: Address | undefined, other: Address): boolean {
  return one?.port === other.port && one.host === other.host && one.transport === other.transport;
}

function namesOf(addresses: readonly Address[]): Set<string> {
  return new Set(addresses.map(nameOf));
}

function nameOf({ transport, host, port }: Address): string {
  return connectionFlow(transport, host, port);
}
