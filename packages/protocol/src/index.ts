export * from './board.ts';
export * from './config-link.ts';
export * from './desk-link.ts';
export * from './error-code.ts';
export * from './position.ts';
export * from './telephony.ts';
export * from './version.ts';
