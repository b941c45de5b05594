export * from './desk-site.ts';
export { factsOf } from './desk-site-judge.ts';
export * from './desk-site-types.ts';
export * from './desk-site-wait.ts';
export * from './governed.ts';
export * from './link-health.ts';
export * from './login-lease.ts';
export * from './restore.ts';
export * from './site-lease.ts';
