/** What speaks against an edit: who asks, what somebody else has changed since, and what the configuration would be. */
import { asChanges, type Configuration, checkObjects, type Problem, type Sha256 } from '@holdfast/centre';
import type { Finding, Person } from '@holdfast/protocol';
import type { EditorPorts, Judgement } from './config-editor.ts';

type Edit = Parameters<EditorPorts['judge']>[0];

export function judgeEdit({ configuration, changes, person }: Edit, sha256: Sha256): Judgement {
  if (person.rank !== 'administrator') {
    const text = `"${person.name}" is ${person.rank}: administrators edit the configuration.`;
    return { changes, findings: [], refusal: { code: 'not-allowed', text } };
  }
  const findings = problemsOf(configuration, changes, sha256);
  const count = findings.filter(({ severity }) => severity === 'error').length;
  if (count === 0) return { changes, findings };
  const text = `The configuration would have ${count} ${count === 1 ? 'problem' : 'problems'}.`;
  return { changes, findings, refusal: { code: 'bad-configuration', text } };
}

function problemsOf(configuration: Configuration, changes: Edit['changes'], sha256: Sha256): Finding[] {
  const next = configuration.with(asChanges(changes));
  const checked = checkObjects(
    next.objects.map((object) => ({ file: '', object })),
    [],
    sha256,
  );
  const problems = checked.ok ? [] : checked.problems;
  const finding =
    (severity: Finding['severity']) =>
    ({ object, field, text }: Problem) => ({ severity, object, field, text });
  const touched = new Set(changes.map(({ key }) => key));
  const warnings = checked.warnings.filter(({ object }) => touched.has(object));
  return [...problems.map(finding('error')), ...warnings.map(finding('warning'))];
}

export function mayReadHistory({ rank }: Person): boolean {
  return rank === 'administrator' || rank === 'auditor';
}
