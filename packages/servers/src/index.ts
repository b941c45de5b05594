export {
  type ConfigFollowerEffect,
  type ConfigFollowerInput,
  ConfigFollowerNode,
  type ConfigFollowerOptions,
  type ServerAddress,
} from './config-server/config-follower.ts';
export { ConfigServerNode } from './config-server/config-server-node.ts';
export type {
  ConfigServerEffect,
  ConfigServerInput,
  ConfigServerOptions,
  TokenContent,
  TokenReading,
} from './config-server/config-server-types.ts';
export { allVisibleTo, type Viewer, visibleTo } from './config-server/visible-objects.ts';
export type { CallRecord } from './sip-server/call-record.ts';
export type { Rank, SipDN, SipServerConfiguration } from './sip-server/configuration.ts';
export type { TokenCheck } from './sip-server/desk-requests.ts';
export type { SipServerEffect, SipServerInput } from './sip-server/effects.ts';
export {
  type ReadResult,
  readSipServerConfiguration,
  type SipAddress,
} from './sip-server/read-configuration.ts';
export { SipServerNode, type SipServerOptions } from './sip-server/sip-server-node.ts';
