/** What the validator finds on the configuration that is served, as far as a person may see the objects that it names (CE17). */
import { type Configuration, type Finding, mayRead, splitKey, validate } from '@holdfast/centre';
import type { CheckFinding, Person } from '@holdfast/protocol';

export type Checked = { readonly findings: CheckFinding[] } | { readonly refusal: string };

/** A second of work at 50,000 objects: done once a revision, however many ask. */
const FOUND = new WeakMap<Configuration, readonly Finding[]>();

export function findingsOf(configuration: Configuration): readonly Finding[] {
  const known = FOUND.get(configuration);
  if (known !== undefined) return known;
  const found = validate(configuration);
  FOUND.set(configuration, found);
  return found;
}

export function checked(configuration: Configuration, person: Person): Checked {
  const tenant = configuration.get('Tenant', person.tenant);
  const verdict = tenant && mayRead(person, tenant, configuration);
  if (verdict?.ok === false) return { refusal: verdict.text };
  const isShown = (key: string) => {
    const object = key === '' ? undefined : configuration.get(...splitKey(key));
    return object === undefined || mayRead(person, object, configuration).ok;
  };
  const findings = findingsOf(configuration)
    .filter(({ object }) => isShown(object))
    .map(({ fix, ...finding }) => ({ ...finding, isFixable: fix !== undefined }));
  return { findings };
}
