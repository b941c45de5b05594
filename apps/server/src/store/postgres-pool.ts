/**
 * Connections to one host of PostgreSQL, as long as it is the primary. While a statement takes long, the host is asked over a
 * connection of its own whether it still is: one that hangs, or is cut off, says nothing for ever, and all
 * that waits for it is ended, so that the others can be asked.
 */
import type { PostgresPoolClient } from 'kysely';
import pg from 'pg';
import type { PostgresAddress, PostgresHost } from './postgres-address.ts';

/** As many as `sql-store.ts` uses at once: one that writes, four that read, and one to spare. */
const CONNECTIONS_MAX = 6;
const CONNECT_MAX_MS = 2_000;
/** One statement; an import of 50,000 objects is made of shorter ones. */
const STATEMENT_MAX_MS = 20_000;
/** A statement that takes longer has the host asked whether it lives. */
const SILENT_MS = 3_000;
/** Unused for so long a connection is closed: something on the way may have forgotten it. */
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
export interface Standing {
  readonly type: 'standing';
  readonly host: PostgresHost;
  readonly isPrimary: boolean;
  /** Each promotion begins the next one. */
  readonly timeline: number;
}

export interface NoStanding {
  readonly type: 'none';
  readonly host: PostgresHost;
  readonly error: Error;
}

/** How a host stands; never rejects. */
export async function askHost(address: PostgresAddress, host: PostgresHost): Promise<Standing | NoStanding> {
  const client = new pg.Client({ ...clientOptions(address, host), query_timeout: CONNECT_MAX_MS });
  // It may end in the midst of the question.
  client.on('error', () => {});
  try {
    await client.connect();
    const { rows } = await client.query<{ standby: boolean; timeline: string }>(
      `select pg_is_in_recovery() as standby,
         case when pg_is_in_recovery() then '0' else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as timeline`,
    );
    void client.end().catch(() => {});
    const isPrimary = rows[0]?.standby === false;
    return { type: 'standing', host, isPrimary, timeline: Number.parseInt(rows[0]?.timeline ?? '0', 16) };
  } catch (error) {
    // It is away, hangs, or refuses us.
    client.connection.stream.destroy();
    return { type: 'none', host, error: error as Error };
  }
}

export class PostgresPool {
  readonly #address: PostgresAddress;
  readonly #host: PostgresHost;
  readonly #pool: pg.Pool;
  readonly #clients = new Set<pg.PoolClient>();
  #isAsking = false;

  constructor(address: PostgresAddress, host: PostgresHost) {
    this.#address = address;
    this.#host = host;
    this.#pool = new pg.Pool({
      ...clientOptions(address, host),
      max: CONNECTIONS_MAX,
      idleTimeoutMillis: IDLE_MAX_MS,
      query_timeout: STATEMENT_MAX_MS,
      statement_timeout: STATEMENT_MAX_MS,
      onConnect: async (client: pg.ClientBase) => {
        await client.query(SESSION);
      },
    });
    // A connection that ends while nobody uses it; the pool makes another.
    this.#pool.on('error', () => {});
    this.#pool.on('connect', (client) => {
      this.#clients.add(client);
      // The same between two statements: the next of them fails.
      client.on('error', () => {});
    });
    this.#pool.on('remove', (client) => this.#clients.delete(client));
  }

  async connect(): Promise<PostgresPoolClient> {
    const client = await this.#pool.connect();
    const query = (text: string, parameters: readonly unknown[]) => this.#query(client, text, parameters);
    return { query: query as PostgresPoolClient['query'], release: () => client.release() };
  }

  /** What is in use ends when it is given back. */
  async end(): Promise<void> {
    await this.#pool.end();
  }

  async #query(client: pg.PoolClient, text: string, parameters: readonly unknown[]): Promise<unknown> {
    const watch = setInterval(() => void this.#askAgain(), SILENT_MS);
    try {
      return await client.query(text, [...parameters]);
    } finally {
      clearInterval(watch);
    }
  }

  /** Whoever waits for a host that is dead or no primary any more is told so at once. */
  async #askAgain(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    const answer = await askHost(this.#address, this.#host);
    this.#isAsking = false;
    // A server that refuses us another connection lives.
    const isServing = answer.type === 'standing' ? answer.isPrimary : 'severity' in answer.error;
    if (!isServing) for (const client of this.#clients) client.connection.stream.destroy();
  }
}

function clientOptions(address: PostgresAddress, { host, port }: PostgresHost): pg.ClientConfig {
  const { user, password, database, tls } = address;
  return {
    ...{ host, port, user, database, password: password ?? '' },
    application_name: 'holdfast',
    connectionTimeoutMillis: CONNECT_MAX_MS,
    keepAlive: true,
    ssl: tls === 'disable' ? false : { rejectUnauthorized: tls === 'verify-full' },
  };
}
