/**
 * Why a decision was made: the same words reach the agent's banner, the console, the log and the report.
 */
export interface Because {
  /** The rule of a SPEC.md that decided, such as "DS8a". */
  readonly rule: string;
  /** One plain sentence for people. */
  readonly text: string;
  /** The option that governed it, with its value and the object it came from; absent when none did. */
  readonly option?: { readonly name: string; readonly value: string; readonly source: string };
}
