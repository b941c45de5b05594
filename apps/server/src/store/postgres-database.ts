/**
 * PostgreSQL, at whichever of its hosts is primary. All hosts are asked at once; of those that are no standby, the one with
 * the highest timeline is taken, because each promotion begins a new one: a former primary that comes back by itself
 * is never written to, once its successor has been seen. What is written is acknowledged when it is on the disk
 * (CW5), and on the standby's too where the server names `synchronous_standby_names`.
 */
import type { PostgresPoolClient } from 'kysely';
import type { PostgresAddress } from './postgres-address.ts';
import { askHost, type NoStanding, PostgresPool, type Standing } from './postgres-pool.ts';
import type { StoreDatabase } from './store-database.ts';

export class PostgresDatabase implements StoreDatabase {
  readonly type = 'postgres';
  readonly #address: PostgresAddress;
  #pool: Promise<PostgresPool> | undefined;
  /** Of the newest primary that has been seen. */
  #timeline = 0;
  #isEnded = false;

  constructor(address: PostgresAddress) {
    this.#address = address;
  }

  async connect(): Promise<PostgresPoolClient> {
    if (this.#isEnded) throw new Error('The store is closed.');
    this.#pool ??= this.#findPrimary();
    const asked = this.#pool;
    try {
      return await (await asked).connect();
    } catch (error) {
      // Nobody is primary, or the one that was is gone: the next one who asks looks again.
      if (this.#pool === asked) this.lost();
      throw error;
    }
  }

  lost(): void {
    const former = this.#pool;
    this.#pool = undefined;
    former?.then((pool) => pool.end()).catch(() => {});
  }

  async end(): Promise<void> {
    this.#isEnded = true;
    const last = this.#pool;
    this.#pool = undefined;
    try {
      await (await last)?.end();
    } catch {
      // It could not be reached, and there is nothing to end.
    }
  }

  async #findPrimary(): Promise<PostgresPool> {
    const answers = await Promise.all(this.#address.hosts.map((host) => askHost(this.#address, host)));
    const primaries = answers.filter((one): one is Standing => one.type === 'standing' && one.isPrimary);
    const best = primaries.sort((a, b) => b.timeline - a.timeline)[0];
    if (best === undefined) throw noPrimary(answers);
    if (best.timeline < this.#timeline)
      throw new Error(
        `The only database that can be written, ${best.host.host}:${best.host.port}, is a former primary, whose successor has been used. End it.`,
      );
    this.#timeline = best.timeline;
    return new PostgresPool(this.#address, best.host);
  }
}

/** What every host says; where they all refuse us, their own error, so that a person learns of it. */
function noPrimary(answers: readonly (Standing | NoStanding)[]): Error {
  const errors = answers.filter((one): one is NoStanding => one.type === 'none');
  const refusal = errors.find(({ error }) => 'severity' in error);
  if (refusal !== undefined && errors.length === answers.length) return refusal.error;
  const words = answers.map((one) => {
    const said = one.type === 'standing' ? 'a standby' : one.error.message || one.error.name;
    return `${one.host.host}:${one.host.port}: ${said}`;
  });
  return new Error(
    `No primary of the database is found (${words.join('; ')}). Start it, or promote its standby.`,
  );
}
