export type * from './endpoint-types.ts';
export * from './message/message.ts';
export * from './target.ts';
export type * from './user-agent-types.ts';
