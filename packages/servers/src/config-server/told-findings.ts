/** What is told of an edit, in the form in which it crosses the link. */
import type { SyncFinding } from '@holdfast/centre';
import type { Finding } from '@holdfast/protocol';

/** Of what speaks against an edit so much is told; of more the number. */
const FINDINGS_TOLD_MAX = 200;

export function toldFindings(
  findings: readonly Finding[],
  max = FINDINGS_TOLD_MAX,
  then = 'Mend the first ones, then try again.',
): Finding[] {
  if (findings.length <= max) return [...findings];
  const text = `And ${findings.length - max} more. ${then}`;
  return [...findings.slice(0, max), { severity: 'warning', object: '', field: '', text }];
}

/** What does not go over to the other Switch as it stands, or is lost there. */
export function syncWarnings(findings: readonly SyncFinding[]): Finding[] {
  return findings.map(({ object, field, text }) => ({
    ...{ severity: 'warning' as const, object, field, text },
  }));
}
