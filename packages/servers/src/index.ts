export {
  type ArbiterRecord,
  beginHostArbiter,
  type HostArbiter,
  type HostArbiterEffect,
  type HostArbiterEvent,
  hostArbiterDeadline,
  recordOf,
  stepHostArbiter,
} from './arbiter/host-arbiter.ts';
export {
  beginOwnPrimary,
  type OwnPrimary,
  type OwnPrimaryEffect,
  type OwnPrimaryEvent,
  ownPrimaryDeadline,
  stepOwnPrimary,
} from './arbiter/own-primary.ts';
export type {
  ConflictsAnswer,
  ConflictsQuery,
  HandInAnswer,
  HandInRequest,
  NewConflict,
  UnmergedAnswer,
} from './config-server/branch-answers.ts';
export type { BranchFileAnswer, BranchFileRequest } from './config-server/branch-line.ts';
export {
  type ConfigFollowerEffect,
  type ConfigFollowerInput,
  ConfigFollowerNode,
  type ConfigFollowerOptions,
} from './config-server/config-follower.ts';
export { ConfigServerNode } from './config-server/config-server-node.ts';
export type {
  ConfigServerEffect,
  ConfigServerInput,
  ConfigServerOptions,
  TokenContent,
  TokenReading,
} from './config-server/config-server-types.ts';
export type { EditingRequest, EditorStanding } from './config-server/editing.ts';
export type { HeldLine, HeldLines } from './config-server/hand-back.ts';
export { revisionOf } from './config-server/revision-of.ts';
export { type FreshKeys, rotated } from './config-server/rotated-keys.ts';
export { whyNotSoleWriter } from './config-server/sole-writer.ts';
export {
  type BeatAnswer,
  CHANGES_SHOWN_MAX,
  type ClaimAnswer,
  type CommitAnswer,
  type CommitRequest,
  type EntriesAnswer,
  type EpochLost,
  HISTORY_MAX,
  type HistoryAnswer,
  type HistoryEntry,
  type HistoryQuery,
  type PastAnswer,
  REVISION_NONE,
  type StoredConfiguration,
  type StoredEntry,
  type Unavailable,
  type VerifyAnswer,
  type WriterRow,
} from './config-server/store-answers.ts';
export { type StoreKind, storePromise } from './config-server/store-promise.ts';
export type { StoreAnswer, StoreRequest } from './config-server/store-session.ts';
export { allVisibleTo, type Viewer, visibleTo } from './config-server/visible-objects.ts';
export { configServerReport } from './health/config-server-report.ts';
export { answerHealth, type HealthAnswer } from './health/health-answer.ts';
export { LineCounts } from './health/line-counts.ts';
export {
  gauge,
  type Metric,
  READY,
  type ServerReport,
  WITHOUT_MATE,
} from './health/server-report.ts';
export { LedServer, type LedServerEffect, type LedServerInput } from './mirror/led-server.ts';
export type { OutsideProbe, ProbeAsked, Probed } from './pair/fitness-watch.ts';
export {
  CLOCK_APART_MAX_MS,
  type Greeting,
  type GreetingOptions,
  startGreeting,
  stepGreeting,
} from './pair/mate-greeting.ts';
export type { PairEffect, PairInput } from './pair/pair-effects.ts';
export { PairNode, type PairNodeOptions } from './pair/pair-node.ts';
export { type StandbySipInput, StandbySipNode } from './pair/standby-sip.ts';
export { openingOfProbe, proofOfProbe, seenIn } from './probe/log-in-probe.ts';
export { type SipProbeEffect, type SipProbeInput, SipProbeNode } from './probe/sip-probe.ts';
export type { ServerAddress } from './server-address.ts';
export { proofNonce, type ServerSecret, secretOfKeys, secretOfLines } from './server-proof.ts';
export type { CallRecord } from './sip-server/call-record.ts';
export type { Rank, SipDN, SipServerConfiguration } from './sip-server/configuration.ts';
export type { TokenCheck } from './sip-server/desk-requests.ts';
export type { SipServerEffect, SipServerInput } from './sip-server/effects.ts';
export {
  type ReadResult,
  readSipServerConfiguration,
  type SipAddress,
  sipPortOf,
} from './sip-server/read-configuration.ts';
export {
  type AddressHook,
  type PairMembership,
  type PairReadResult,
  readPairMembership,
} from './sip-server/read-pair.ts';
export { PROBE_USER } from './sip-server/registrations.ts';
export { SipServerNode } from './sip-server/sip-server-node.ts';
export type { OwnProbe, SipServerOptions } from './sip-server/sip-server-options.ts';
export { SITE_GONE_REASON } from './sip-server/unsaved-calls.ts';
export type { SipLinkEffect, SipLinkInput } from './sip-server-follower.ts';
export {
  readStatServerConfiguration,
  type StatReadResult,
  type StatServerConfiguration,
} from './stat-server/configuration.ts';
export type { StatServerEffect, StatServerInput } from './stat-server/effects.ts';
export { StatServerNode, type StatServerOptions } from './stat-server/stat-server-node.ts';
