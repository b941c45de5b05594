/**
 * PostgreSQL, at whichever of its hosts is primary. All hosts are asked at once; of those that are no standby, the one with
 * the highest timeline is taken, because each promotion begins a new one: a former primary that comes back by itself
 * is never written to, once its successor has been seen. What is written is acknowledged when it is on the disk
 * (CW5), and on the standby's too where the server names `synchronous_standby_names`.
 */
import type { PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { PostgresAddress, PostgresHost } from './postgres-address.ts';
import type { StoreDatabase } from './store-database.ts';

/** Reads beside the one write. */
const CONNECTIONS_MAX = 4;
const CONNECT_MAX_MS = 2_000;
/** One statement. Longer is what a host takes that hangs; an import of 50,000 objects needs 2 s. */
const STATEMENT_MAX_MS = 20_000;
/** A primary that is not asked for so long is looked at before it is used: it may have died without a word. */
const IDLE_MAX_MS = 30_000;

/**
 * Acknowledged must be on the disk, whatever the default of the server or the user is. And a writer whose machine died in
 * the midst of a transaction must not keep the others waiting for its lock.
 */
const SESSION = `select set_config('idle_in_transaction_session_timeout', '10s', false),
  set_config('tcp_keepalives_idle', '5', false), set_config('tcp_keepalives_interval', '2', false),
  set_config('tcp_keepalives_count', '3', false),
  case when current_setting('synchronous_commit') in ('off', 'local')
    then set_config('synchronous_commit', 'on', false) end`;

/** What one host says of itself. */
interface Standing {
  readonly host: PostgresHost;
  readonly isPrimary: boolean;
  readonly timeline: number;
}

export class PostgresDatabase implements StoreDatabase {
  readonly #address: PostgresAddress;
  #pool: Promise<pg.Pool> | undefined;
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
      return (await (await asked).connect()) as unknown as PostgresPoolClient;
    } catch (error) {
      // Nobody is primary, or the one that was is gone: the next one who asks looks again.
      if (this.#pool === asked) this.lost();
      throw error;
    }
  }

  lost(): void {
    const former = this.#pool;
    this.#pool = undefined;
    // Connections that somebody still uses end when they are given back.
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

  async #findPrimary(): Promise<pg.Pool> {
    const answers = await Promise.all(this.#address.hosts.map((host) => this.#ask(host)));
    const primaries = answers.flatMap((one) =>
      'standing' in one && one.standing.isPrimary ? [one.standing] : [],
    );
    const best = primaries.sort((a, b) => b.timeline - a.timeline)[0];
    if (best === undefined || best.timeline < this.#timeline) throw nobody(answers, best !== undefined);
    this.#timeline = best.timeline;
    const pool = new pg.Pool({
      ...this.#clientOptions(best.host),
      max: CONNECTIONS_MAX,
      idleTimeoutMillis: IDLE_MAX_MS,
      query_timeout: STATEMENT_MAX_MS,
      statement_timeout: STATEMENT_MAX_MS,
      onConnect: async (client: pg.ClientBase) => {
        await client.query(SESSION);
      },
    });
    // A connection that ends while nobody uses it; the pool makes another.
    pool.on('error', () => {});
    // The same between two statements: the next of them fails.
    pool.on('connect', (client) => client.on('error', () => {}));
    return pool;
  }

  async #ask(
    host: PostgresHost,
  ): Promise<{ readonly standing: Standing } | { readonly error: Error; host: PostgresHost }> {
    const client = new pg.Client({ ...this.#clientOptions(host), query_timeout: CONNECT_MAX_MS });
    // It may end in the midst of the question.
    client.on('error', () => {});
    try {
      await client.connect();
      const { rows } = await client.query<{ standby: boolean; timeline: string }>(
        `select pg_is_in_recovery() as standby,
           case when pg_is_in_recovery() then '0' else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as timeline`,
      );
      const isPrimary = rows[0]?.standby === false;
      return { standing: { host, isPrimary, timeline: Number.parseInt(rows[0]?.timeline ?? '0', 16) } };
    } catch (error) {
      // It is away, or refuses us.
      return { error: error as Error, host };
    } finally {
      void client.end().catch(() => {});
    }
  }

  #clientOptions({ host, port }: PostgresHost): pg.ClientConfig {
    const { user, password, database, tls } = this.#address;
    return {
      host,
      port,
      user,
      database,
      password: password ?? '',
      application_name: 'holdfast',
      connectionTimeoutMillis: CONNECT_MAX_MS,
      keepAlive: true,
      ssl: tls === 'disable' ? false : { rejectUnauthorized: tls === 'verify-full' },
    };
  }
}

/** What every host says; where they refuse us all alike, their own error, so that a person learns of it. */
function nobody(
  answers: readonly ({ readonly standing: Standing } | { readonly error: Error; host: PostgresHost })[],
  isFormer: boolean,
): Error {
  const errors = answers.flatMap((one) => ('error' in one ? [one] : []));
  const [first] = errors;
  if (first !== undefined && errors.length === answers.length && 'severity' in first.error)
    return first.error;
  if (isFormer)
    return new Error(
      'The only database that can be written is a former primary, whose successor has been used. End it.',
    );
  const words = answers.map((one) =>
    'error' in one
      ? `${one.host.host}:${one.host.port}: ${one.error.message || one.error.name}`
      : `${one.standing.host.host}:${one.standing.host.port} is a standby`,
  );
  return new Error(
    `No primary of the database is found (${words.join('; ')}). Start it, or promote its standby.`,
  );
}
