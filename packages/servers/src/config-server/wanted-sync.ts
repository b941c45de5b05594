/**
 * What a request to bring two Switches alike comes to (SY14): the changes of one edit, which is judged like any other, and each value that
 * is lost by it.
 */
import { type Configuration, mayEdit, proposeSync } from '@holdfast/centre';
import type { Change, ConfigRequest, Finding, Person } from '@holdfast/protocol';
import type { Judgement } from './config-editor.ts';
import { syncWarnings, toldFindings } from './told-findings.ts';

type SyncRequest = Extract<ConfigRequest, { type: 'SyncSwitches' }>;

export type WantedSync =
  | { readonly changes: readonly Change[]; readonly findings: readonly Finding[] }
  | { readonly refusal: NonNullable<Judgement['refusal']>; readonly findings: readonly Finding[] };

/** Of what is lost so much is told; each is among the changes too. */
export const LOSSES_TOLD_MAX = 2_000;
const LOOK_AT_CHANGES = 'The changes show them all.';

export function wantedSync(configuration: Configuration, person: Person, request: SyncRequest): WantedSync {
  // Who may not synchronise them learns nothing of them, not even that there is nothing to do.
  for (const name of request.switches) {
    const object = configuration.get('Switch', name) ?? null;
    const verdict = mayEdit(person, { key: `Switch/${name}`, before: object, after: object }, configuration);
    if (!verdict.ok) return { refusal: { code: 'not-allowed', text: verdict.text }, findings: [] };
  }
  const proposal = proposeSync(configuration, request);
  if ('problems' in proposal) {
    const findings = proposal.problems.map(({ object, field, text }) => ({
      ...{ severity: 'error' as const, object, field, text },
    }));
    const { switches } = request;
    const text = `Switches "${switches[0]}" and "${switches[1]}" cannot be brought alike so.`;
    return { refusal: { code: 'bad-configuration', text }, findings };
  }
  const { changes, findings } = proposal;
  return { changes, findings: toldFindings(syncWarnings(findings), LOSSES_TOLD_MAX, LOOK_AT_CHANGES) };
}
