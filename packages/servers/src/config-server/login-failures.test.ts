import { expect, test } from 'vitest';
import { FAILURE_MEMORY_MS, FAILURES_MAX, LOCK_MS, LoginFailures, USERS_MAX } from './login-failures.ts';

function fail(failures: LoginFailures, user: string, now: number): number {
  const waitMs = failures.begin(user, now);
  if (waitMs === 0) failures.ended(user, false, now);
  return waitMs;
}

test('[CS5] a lock lasts its time, then one attempt at a time locks again', () => {
  const failures = new LoginFailures();
  for (let i = 0; i < FAILURES_MAX; i++) expect(fail(failures, 'kim', i)).toBe(0);
  const lockedAt = FAILURES_MAX - 1;
  expect(fail(failures, 'kim', lockedAt + 1)).toBe(LOCK_MS - 1);
  expect(failures.begin('kim', lockedAt + LOCK_MS)).toBe(0);
  expect(failures.begin('kim', lockedAt + LOCK_MS)).toBeGreaterThan(0);
  failures.ended('kim', false, lockedAt + LOCK_MS);
  expect(failures.begin('kim', lockedAt + LOCK_MS + 1)).toBe(LOCK_MS - 1);
});

test('[CS5] a hundred attempts at once are no way round the lock', () => {
  const failures = new LoginFailures();
  const begun = Array.from({ length: 100 }, () => failures.begin('kim', 0)).filter((waitMs) => waitMs === 0);
  expect(begun).toHaveLength(FAILURES_MAX);
});

test('[CS5] success clears the record, and time does', () => {
  const failures = new LoginFailures();
  for (let i = 0; i < FAILURES_MAX - 1; i++) fail(failures, 'kim', 0);
  expect(failures.begin('kim', 0)).toBe(0);
  failures.ended('kim', true, 0);
  expect(failures.size).toBe(0);
  for (let i = 0; i < FAILURES_MAX - 1; i++) fail(failures, 'lee', 0);
  expect(fail(failures, 'lee', FAILURE_MEMORY_MS)).toBe(0);
  expect(fail(failures, 'lee', FAILURE_MEMORY_MS + 1)).toBe(0);
});

test('[CS5] memory is bounded, the oldest name is forgotten first', () => {
  const failures = new LoginFailures();
  for (let user = 0; user < 2 * USERS_MAX; user++) fail(failures, `user${user}`, user);
  expect(failures.size).toBe(USERS_MAX);
});

test('[CS5] whoever is forgiven has five attempts again, and those under way count still', () => {
  const failures = new LoginFailures();
  for (let n = 0; n < FAILURES_MAX; n++) {
    failures.begin('kim', 0);
    failures.ended('kim', false, 0);
  }
  expect(failures.begin('kim', 1)).toBe(LOCK_MS - 1);
  failures.forgive('kim', 1);
  for (let n = 0; n < FAILURES_MAX; n++) expect(failures.begin('kim', 1)).toBe(0);
  failures.forgive('kim', 2);
  expect(failures.begin('kim', 2)).toBeGreaterThan(0);
  failures.forgive('nobody', 3);
  expect(failures.size).toBe(1);
});
