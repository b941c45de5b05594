/**
 * From which addresses the registered phones of this server speak: what comes from there is a sign of life of phones (GF4), and
 * what comes from a gateway is none. It is asked at each message, so that it is kept by address and not searched for.
 */
import { connectionFlow, type Source, type Target } from '@holdfast/sip';

type Address = Pick<Target & Source, 'transport' | 'host' | 'port'>;

/** As large as the registrar lets it be: its addresses of record times their contacts. */
export class PhoneAddresses {
  readonly #ofDN = new Map<string, readonly string[]>();
  /** How many DNs speak from each: several phones may share one. */
  readonly #counts = new Map<string, number>();

  /** Where the phones of this DN are now; nowhere when none is registered. */
  put(dn: string, addresses: readonly Address[]): void {
    const names = [...new Set(addresses.map(nameOf))];
    for (const name of names) this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
    for (const name of this.#ofDN.get(dn) ?? []) this.#leave(name);
    if (names.length > 0) this.#ofDN.set(dn, names);
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

function nameOf({ transport, host, port }: Address): string {
  return connectionFlow(transport, host, port);
}
