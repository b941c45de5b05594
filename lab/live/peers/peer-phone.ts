/** What a telephone of others must be able to do for us, whichever it is. */
export interface PeerPhone {
  /** It has an account at each site; resolves when both are registered. */
  registered(): Promise<void>;
  /** Calls that it has answered and that still stand. */
  readonly calls: number;
  /** Calls a URI from its first account. */
  dial(uri: string): void;
  /** Ends its call. */
  hangUp(): void;
  /** What it has heard in its calls, one recording after the other; complete a moment after a call is over. */
  heard(): Int16Array;
  /** The algorithm of each Authorization that it has sent. */
  algorithms(): ReadonlySet<string>;
  stop(): Promise<void>;
}

export interface PeerPhoneOptions {
  /** Of its own. */
  readonly folder: string;
  readonly number: string;
  readonly password: string;
  /** SIP ports on 127.0.0.1 of the sites at which it registers. */
  readonly registrars: readonly number[];
  readonly realm: string;
  /** What it says. */
  readonly toneHz: number;
  /** Registers anew after so many seconds. */
  readonly registerEveryS: number;
  /** Registers over TLS, and believes the certificates in this file alone. */
  readonly trusts?: string;
}
