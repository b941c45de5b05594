/**
 * What the validator finds: which rule, on which object and option, why it matters, what to do, and where that can be said
 * as a change of the configuration, the change. Nothing here shows a secret (CF14): fixes are data to apply and not to print.
 */
import { type Change, type ConfigObject, objectKey } from '@holdfast/protocol';

export type RuleId = `V${number}`;
export type Severity = 'error' | 'warning';

export interface Finding {
  readonly rule: RuleId;
  readonly severity: Severity;
  /** `Person/kim`; empty where it is about no object. */
  readonly object: string;
  /** As in a Problem: a field (`connections.0.server`) or an option (`TServer/dr-peer-trunk`); empty for the whole object. */
  readonly field: string;
  readonly value: string;
  readonly reason: string;
  readonly remedy: string;
  /** Applying it makes this finding go away. Absent where somebody has to choose. */
  readonly fix?: readonly Change[];
}

/** What a check says; the registry adds the severity, and the remedy where the check has no better one. */
export interface Found {
  readonly object: ConfigObject | string;
  readonly field: string;
  readonly value?: string;
  readonly reason: string;
  readonly remedy?: string | undefined;
  readonly fix?: readonly Change[];
}

export type Find = (rule: RuleId, found: Found) => void;

/** The same for the same finding: an edit is refused for what it brings, and not for what stood before. */
export function findingKey({ rule, object, field, value }: Finding): string {
  return [rule, object, field, value].join('\n');
}

export function replaced(before: ConfigObject, after: ConfigObject): Change {
  return { key: objectKey(before), before, after };
}

export function created(after: ConfigObject): Change {
  return { key: objectKey(after), before: null, after };
}

/** With the option set, or without it. */
export function withOption<Kind extends ConfigObject>(
  object: Kind,
  section: string,
  name: string,
  value: string | undefined,
): Kind {
  const { [name]: _, ...others } = object.options[section] ?? {};
  const options = {
    ...object.options,
    [section]: value === undefined ? others : { ...others, [name]: value },
  };
  return { ...object, options };
}

/** The change that sets one option. */
export function optionSet(object: ConfigObject, section: string, name: string, value?: string): Change {
  return replaced(object, withOption(object, section, name, value));
}
