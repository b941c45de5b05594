/** `postgres://user:password@host1:5432,host2:5432/database?sslmode=verify-full`, with any number of hosts, as libpq reads it. */
import { CannotRun } from '../role.ts';

export interface PostgresHost {
  readonly host: string;
  readonly port: number;
}

export interface PostgresAddress {
  readonly hosts: readonly PostgresHost[];
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  /** `require` encrypts, `verify-full` also asks who is there, against the authorities that the system trusts. */
  readonly tls: 'disable' | 'require' | 'verify-full';
}

const PORT_DEFAULT = 5432;
export const HOSTS_MAX = 16;
const TLS_MODES: readonly string[] = ['disable', 'require', 'verify-full'];

/** Throws CannotRun without a word of the password. */
export function postgresAddress(text: string): PostgresAddress {
  const [, user = '', password, hostList = '', database = '', query = ''] =
    /^postgres(?:ql)?:\/\/(?:([^:@/?]+)(?::([^@/?]*))?@)?([^/?@]*)\/([^/?]*)(?:\?(.*))?$/.exec(text) ?? [];
  if (user === '') throw wrong('has no user');
  if (database === '') throw wrong('has no database');
  const hosts = hostList.split(',').map(hostOf);
  if (hosts.length > HOSTS_MAX) throw wrong(`names more than ${HOSTS_MAX} hosts`);
  return {
    hosts,
    user: decoded(user),
    password: password === undefined ? undefined : decoded(password),
    database: decoded(database),
    tls: tlsOf(query),
  };
}

function hostOf(text: string): PostgresHost {
  const [, bracketed, plain, port] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = port === undefined ? PORT_DEFAULT : Number(port);
  if (host === undefined || number < 1 || number > 65_535) throw wrong('has a host that cannot be read');
  return { host, port: number };
}

function tlsOf(query: string): PostgresAddress['tls'] {
  const given = [...new URLSearchParams(query)];
  const other = given.find(([name]) => name !== 'sslmode');
  if (other !== undefined) throw wrong(`has the parameter "${other[0]}"; known is sslmode`);
  const mode = given[0]?.[1] ?? 'disable';
  if (!TLS_MODES.includes(mode)) throw wrong(`has an sslmode that is none of ${TLS_MODES.join(', ')}`);
  return mode as PostgresAddress['tls'];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that stands for itself.
    throw wrong('has a "%" that must be written %25');
  }
}

function wrong(what: string): CannotRun {
  return new CannotRun(
    `The address of the database ${what}. Write postgres://user:password@host1:5432,host2:5432/database, with @ : / ? in the password as %40 %3A %2F %3F.`,
  );
}
