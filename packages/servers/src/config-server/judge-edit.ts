/**
 * What an edit comes to: who may do it, what somebody else has changed since its editor looked, what follows from it at the other
 * Switch, and what the configuration would be. In this order: who may not edit learns nothing of the rest.
 */
import {
  asChanges,
  type Configuration,
  changedFields,
  findingsBrought,
  mayEdit,
  syncEntry,
  type Finding as ValidatorFinding,
  withDerived,
} from '@holdfast/centre';
import {
  CHANGES_MAX,
  type Change,
  compareRevisions,
  type Entry,
  type Finding,
  type Person,
  revisionText,
} from '@holdfast/protocol';
import type { Judgement } from './config-editor.ts';
import { revisionOf } from './revision-of.ts';
import { syncWarnings, toldFindings } from './told-findings.ts';

export interface ProposedEdit {
  readonly configuration: Configuration;
  readonly changes: readonly Change[];
  readonly person: Person;
  /** What its editor looked at. */
  readonly seenAt?: string | undefined;
  /** What is told of it where it may be done, before all else. */
  readonly findings?: readonly Finding[];
}

export interface EditSurroundings {
  /** The newest entries, the oldest first, without a gap up to the configuration. */
  readonly recent: readonly Entry[];
  /** In which Place a DN is. */
  placeOf(dn: string): string | undefined;
}

export function judgeEdit(
  edit: ProposedEdit,
  { recent, placeOf }: EditSurroundings,
  changesMax = CHANGES_MAX,
): Judgement {
  const { configuration, changes } = edit;
  const refused = (refusal: NonNullable<Judgement['refusal']>, findings: readonly Finding[] = []) => ({
    ...{ changes, refusal, findings: toldFindings(findings) },
  });
  const forbidden = notAllowed(edit);
  if (forbidden !== undefined) return refused({ code: 'not-allowed', text: forbidden });
  const crossed = changedSince(edit, recent);
  if (crossed.length > 0)
    return refused(
      { code: 'conflict', text: 'Somebody else has changed it since. Look again, then edit again.' },
      crossed,
    );
  const derived = syncEntry(configuration, changes, placeOf);
  const all = withDerived(changes, derived.changes);
  if (all.length > changesMax)
    return refused({ code: 'bad-configuration', text: tooLarge(changes, all, changesMax) });
  const findings = [...broughtBy(configuration, all), ...syncWarnings(derived.findings)];
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (errors === 0) return { changes: all, findings: [...(edit.findings ?? []), ...toldFindings(findings)] };
  const text = `The configuration would have ${errors} ${errors === 1 ? 'problem' : 'problems'} more.`;
  return refused({ code: 'bad-configuration', text }, findings);
}

/** CE13. */
function tooLarge(asked: readonly Change[], all: readonly Change[], most: number): string {
  const follows = all.length - asked.length;
  const why = follows > 0 ? `, ${follows} of them because two Switches are kept alike` : '';
  return `It would change ${all.length} objects${why}, and one entry holds ${most}. Edit them in parts.`;
}

function notAllowed({ configuration, changes, person }: ProposedEdit): string | undefined {
  for (const change of changes) {
    const verdict = mayEdit(person, change, configuration);
    if (!verdict.ok) return verdict.text;
  }
  return undefined;
}

/** CE8: the same field, changed by two who did not see each other. */
function changedSince({ changes, seenAt, configuration }: ProposedEdit, recent: readonly Entry[]): Finding[] {
  if (seenAt === undefined || seenAt === configuration.revision) return [];
  const seen = revisionOf(seenAt);
  const [oldest] = recent;
  // The first entry of a branch stands right on its base.
  const { number, ahead } = oldest?.revision ?? { number: Number.POSITIVE_INFINITY };
  const isKnown = (ahead === undefined ? number - 1 : number) <= seen.number;
  if (!isKnown) {
    const text = `What has been changed since ${seenAt} is no longer at hand. Look again, then edit again.`;
    return [{ severity: 'error', object: '', field: '', text }];
  }
  const own = new Map(changes.map((change) => [change.key, new Set(changedFields(change))]));
  return recent
    .filter(({ revision }) => compareRevisions(revision, seen) > 0)
    .flatMap((entry) =>
      entry.changes.flatMap((change) => {
        const fields = own.get(change.key);
        const both = fields === undefined ? [] : changedFields(change).filter((field) => fields.has(field));
        return both.map((field) => ({
          ...{ severity: 'error' as const, object: change.key, field },
          text: `"${entry.author.who}" changed it in ${revisionText(entry.revision)}.`,
        }));
      }),
    );
}

/** CE9: what was wrong before is no reason against an edit that has nothing to do with it. */
function broughtBy(configuration: Configuration, changes: readonly Change[]): Finding[] {
  const keys = changes.map(({ key }) => key);
  const after = configuration.with(asChanges(changes));
  return findingsBrought({ before: configuration, after }, keys).map(told);
}

function told({ rule, severity, object, field, reason, remedy }: ValidatorFinding): Finding {
  return { rule, severity, object, field, text: `${reason} ${remedy}` };
}
