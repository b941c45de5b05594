import { expect, test } from 'vitest';
import { isPasswordExpired, unfitnessOf } from './password-rules.ts';
import { person, revision, WALL } from './testing/config-world.ts';

const USER = 'agent7001';
const DAY = 86_400_000;

function isExpired(ofTenant?: string, ofPerson?: string, changedAt?: number): boolean {
  const configuration = revision((list) => {
    const tenant = list.find(({ objectType }) => objectType === 'Tenant');
    const found = person(list, USER);
    if (tenant !== undefined && ofTenant !== undefined)
      tenant.options = { holdfast: { 'password-lifetime': ofTenant } };
    if (ofPerson !== undefined) found.options = { holdfast: { 'password-lifetime': ofPerson } };
    if (changedAt !== undefined) found.passwordChangedAt = changedAt;
  });
  const found = configuration.get('Person', USER);
  return found !== undefined && isPasswordExpired(configuration, found, WALL);
}

test('[ID8] [option holdfast/password-lifetime] a password is good for so many days, of the Person before the Tenant', () => {
  expect(isExpired()).toBe(false);
  expect(isExpired('0')).toBe(false);
  expect(isExpired('90', undefined, WALL - 90 * DAY + 1)).toBe(false);
  expect(isExpired('90', undefined, WALL - 90 * DAY)).toBe(true);
  expect(isExpired('90', '0', 1)).toBe(false);
  expect(isExpired(undefined, '1', WALL - DAY)).toBe(true);
  // Of which nobody knows when it was set.
  expect(isExpired('3650')).toBe(true);
});

test('[ID8] [ID12] one that its owner has never changed is good for that alone, however long passwords last', () => {
  expect(isExpired(undefined, undefined, 0)).toBe(true);
  expect(isExpired('90', '0', 0)).toBe(true);
});

test('[ID10] [option holdfast/password-length] what a new password may not be is named', () => {
  const configuration = revision((list) => {
    const tenant = list.find(({ objectType }) => objectType === 'Tenant');
    if (tenant !== undefined) tenant.options = { holdfast: { 'password-length': '10' } };
  });
  const usual = revision();
  const found = usual.get('Person', USER);
  if (found === undefined) throw new Error('no person');
  const said = (newPassword: string, at = usual, password = 'the present one') =>
    unfitnessOf(at, found, { password, newPassword });
  expect(said('1234567')).toContain('fewer than 8');
  expect(said('12345678')).toBeUndefined();
  expect(said('123456789', configuration)).toContain('fewer than 10');
  expect(said('1234567890', configuration)).toBeUndefined();
  // Seven signs, of two code units each.
  expect(said('🔑'.repeat(7))).toContain('fewer than 8');
  expect(said('the present one')).toContain('present one');
  expect(said('AGENT7001')).toContain('user name');
  // Of somebody else, whose present one nobody has shown.
  expect(unfitnessOf(usual, found, { newPassword: 'short' })).toContain('fewer than 8');
  expect(unfitnessOf(usual, found, { newPassword: 'long enough' })).toBeUndefined();
});
