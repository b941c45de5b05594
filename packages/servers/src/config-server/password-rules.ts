/** For how long a password is good (ID8), and what a new one has to be (ID10). */
import { type Configuration, levelOf, type OptionLevel, optionValue } from '@holdfast/centre';
import type { Millis } from '@holdfast/kernel';
import { OPTIONS, type Person } from '@holdfast/protocol';

const DAY_MS = 86_400_000;

/**
 * `wall` in ms since 1970. One of which nobody knows when it was set is older than any limit; one that its owner has never changed, because
 * somebody else has set it (ID12), is good for that alone.
 */
export function isPasswordExpired(configuration: Configuration, person: Person, wall: Millis): boolean {
  if (person.passwordChangedAt === 0) return true;
  const own = levelOf(`Person/${person.name}`, person);
  const days = optionValue(OPTIONS.holdfast['password-lifetime'], [own, ...tenantOf(configuration, person)]);
  return days > 0 && wall >= (person.passwordChangedAt ?? 0) + days * DAY_MS;
}

/** What it lacks, in a sentence with the remedy; undefined when it may be set. */
export function unfitnessOf(
  configuration: Configuration,
  person: Person,
  { password, newPassword }: { readonly password?: string; readonly newPassword: string },
): string | undefined {
  const length = optionValue(OPTIONS.holdfast['password-length'], tenantOf(configuration, person));
  // Characters as people count them, not halves of some.
  if ([...newPassword].length < length)
    return `The new password has fewer than ${length} characters. Choose a longer one.`;
  if (newPassword === password) return 'The new password is the present one. Choose another.';
  if (newPassword.toLowerCase() === person.name.toLowerCase())
    return 'The new password is the user name. Choose another.';
  return undefined;
}

function tenantOf(configuration: Configuration, { tenant: name }: Person): OptionLevel[] {
  const tenant = configuration.get('Tenant', name);
  return tenant === undefined ? [] : [levelOf(`Tenant/${name}`, tenant)];
}
