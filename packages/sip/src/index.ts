export * from './agent/digest.ts';
export * from './agent/digest-answer.ts';
export * from './agent/digest-challenger.ts';
export * from './agent/digest-hashes.ts';
export * from './agent/nonce.ts';
export type * from './endpoint-types.ts';
export * from './message/message.ts';
export * from './target.ts';
export type * from './user-agent-types.ts';
