/**
 * The database of a run's configuration: a PostgreSQL at north, with a standby that streams from it and without which it acknowledges
 * nothing (CW5). South reaches both through relays, which can be cut.
 */
import { isPostgresInstalled, PostgresServer } from './peers/postgres.ts';
import { Relay } from './relay.ts';
import { SiteStartError } from './site-processes.ts';

const STREAMS_MAX_MS = 10_000;

export class ConfigDatabase {
  readonly #primary: PostgresServer;
  readonly #standby: PostgresServer;
  readonly #toSouth: readonly [Relay, Relay];
  #isPromoted = false;

  private constructor(primary: PostgresServer, standby: PostgresServer, toSouth: readonly [Relay, Relay]) {
    this.#primary = primary;
    this.#standby = standby;
    this.#toSouth = toSouth;
  }

  static async start(): Promise<ConfigDatabase> {
    if (!isPostgresInstalled())
      throw new SiteStartError(
        'This scenario keeps the configuration in PostgreSQL 15 or later, which is not installed (on Debian: apt-get install postgresql).',
      );
    const primary = await PostgresServer.start();
    const standby = await primary.standby();
    await primary.query(`alter system set synchronous_standby_names = '*'`);
    await primary.query('select pg_reload_conf()');
    const streams = () => primary.query(`select count(*) from pg_stat_replication where sync_state = 'sync'`);
    for (const giveUpAt = Date.now() + STREAMS_MAX_MS; (await streams()) !== '1'; )
      if (Date.now() > giveUpAt) throw new SiteStartError('the standby of the database does not stream');
    const toSouth = await Promise.all(
      [primary, standby].map(({ port }) => Relay.open({ host: '127.0.0.1', port })),
    );
    return new ConfigDatabase(primary, standby, toSouth as [Relay, Relay]);
  }

  /** As that site reaches it; both hosts, as an administrator would write it. */
  addressFor(site: string): string {
    if (site === 'north') return this.#primary.address(this.#standby);
    const [primary, standby] = this.#toSouth;
    return this.#primary
      .address(this.#standby)
      .replace(/@[^/]*\//, `@127.0.0.1:${primary.port},127.0.0.1:${standby.port}/`);
  }

  /** All of it, so that nobody has a database. */
  async kill(): Promise<void> {
    await Promise.all([this.#primary.kill(), this.#standby.kill()]);
  }

  /** The primary alone (SIGKILL). */
  killPrimary(): Promise<void> {
    return this.#primary.kill();
  }

  /** What an operator does then, or a third voice such as Patroni. */
  async promoteStandby(): Promise<void> {
    await this.#standby.query('alter system reset synchronous_standby_names');
    await this.#standby.promote();
    this.#isPromoted = true;
  }

  /** Of the one that is in force. */
  query(statement: string): Promise<string> {
    return (this.#isPromoted ? this.#standby : this.#primary).query(statement);
  }

  /** South and the database no longer hear each other, and nobody tells either of them. */
  cutOff(): void {
    for (const relay of this.#toSouth) relay.cut('both');
  }

  heal(): void {
    for (const relay of this.#toSouth) relay.cut('none');
  }

  async stop(): Promise<void> {
    await Promise.all(this.#toSouth.map((relay) => relay.close()));
    await Promise.all([this.#primary.stop(), this.#standby.stop()]);
  }
}
