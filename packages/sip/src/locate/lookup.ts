/**
 * What a DNS look-up asks and answers, as data. The shell performs it (or a test, or the simulator); nothing here
 * knows a resolver.
 */
export type RecordType = 'NAPTR' | 'SRV' | 'A' | 'AAAA';

/** RFC 3403 §4.1, the fields that RFC 3263 reads. */
export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
}

/** RFC 2782. */
export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  /** "." says that the service is decidedly not there. */
  readonly target: string;
}

/** `ttlS` in seconds, the least of the record set; 0 means: for the transaction that asked, and no other. */
export type LookupAnswer =
  | { readonly type: 'NAPTR'; readonly records: readonly NaptrRecord[]; readonly ttlS: number }
  | { readonly type: 'SRV'; readonly records: readonly SrvRecord[]; readonly ttlS: number }
  | { readonly type: 'A' | 'AAAA'; readonly addresses: readonly string[]; readonly ttlS: number }
  /** The name or the record set does not exist; `ttlS` is for how long that holds (RFC 2308). */
  | { readonly type: 'none'; readonly ttlS: number }
  /** No answer, or one that says nothing (SERVFAIL, time-out). Never kept. */
  | { readonly type: 'failed'; readonly reason: string };

export interface Question {
  readonly record: RecordType;
  /** Lower-case, without the final dot. */
  readonly name: string;
}

/** Names a question; used as the id of the `lookup` effect and as key of the cache. */
export function questionId(question: Question): string {
  return `${question.record} ${question.name}`;
}

export function domainName(text: string): string {
  const lower = text.toLowerCase();
  return lower.endsWith('.') ? lower.slice(0, -1) : lower;
}
