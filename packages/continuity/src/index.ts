export * from './governed.ts';
export * from './link-health.ts';
export * from './login-lease.ts';
export * from './site-lease.ts';
