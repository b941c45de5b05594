/**
 * A log line is data: who, what, because. The shell adds the time and writes it; the node that changed a state
 * logs the change, once. Ids always stand under the same keys.
 */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** What happened, in a few words that do not vary, so that lines can be counted. */
  readonly what: string;
  /** What was seen and which option or rule governed the decision. */
  readonly because?: string;
  readonly site?: string;
  readonly agent?: string;
  readonly dn?: string;
  readonly call?: string;
  readonly epoch?: number;
  /** Anything else worth knowing. Never a password, a token or a digest. */
  readonly detail?: Readonly<Record<string, string | number | boolean | null>>;
}
