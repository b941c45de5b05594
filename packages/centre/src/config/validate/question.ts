/** What the validator is told beside the configuration: promises that stand elsewhere, and what only the outside knows. */

export interface Promises {
  /** After the loss of a site agents are able to work within so long; goes before `recovery-time` of the Tenant. */
  readonly recoveryTimeS?: number;
  /** Calls go on; goes before `keep-calls` of the Tenant. */
  readonly areCallsKept?: boolean;
}

export interface Question {
  readonly promises?: Promises;
  readonly outside?: Outside;
}

/** What was looked at beside the configuration. What is absent is not judged. */
export interface Outside {
  /** The bootstrap files that desks are delivered with (S0, S3). */
  readonly localData?: readonly LocalData[];
  readonly certificates?: readonly Certificate[];
  readonly clocks?: readonly Clock[];
  readonly names?: readonly ResolvedName[];
  /** ms since 1970, for the dates of certificates. */
  readonly wallNowMs?: number;
}

/** The fields of a bootstrap that say whether a desk can start while one site is dead. */
export interface LocalData {
  /** The file, or the URL. */
  readonly source: string;
  readonly preferred: LocalSite;
  readonly peer: LocalSite | undefined;
  readonly hotSeating: boolean;
}

export interface LocalSite {
  readonly application: string;
  readonly applicationType: string;
  readonly place: string | undefined;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
}

export interface Certificate {
  /** The server that shows it. */
  readonly application: string;
  /** ms since 1970. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** The names and addresses that it is for. */
  readonly names: readonly string[];
}

export interface Clock {
  readonly host: string;
  /** Ahead of the clock of whoever asked; behind is negative. */
  readonly aheadMs: number;
}

export interface ResolvedName {
  readonly name: string;
  /** How long it is kept by whoever has looked it up, seconds. */
  readonly ttlS: number;
}
