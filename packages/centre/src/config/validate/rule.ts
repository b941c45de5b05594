import type { RuleId, Severity } from './finding.ts';

/** One rule of the validator, as docs and findings speak of it. */
export interface Rule {
  readonly id: RuleId;
  /** An error contradicts itself or refuses somebody today; a warning is silent until a site is lost. */
  readonly severity: Severity;
  readonly about:
    | 'servers'
    | 'desktops'
    | 'agents'
    | 'seats'
    | 'times'
    | 'capacity'
    | 'calls'
    | 'secrets'
    | 'options'
    | 'objects'
    | 'outside';
  /** What holds in a good configuration: the sentence of SPEC.md. */
  readonly title: string;
  readonly why: string;
  /** In general; a finding has a better one where it can. */
  readonly remedy: string;
  /** Source document, field case or rule of ours. */
  readonly source: string;
  readonly looksAt: string;
}
