export type { Call } from './acd/call.ts';
export { beforeTransfer } from './acd/call-transfer.ts';
export { Centre } from './acd/centre.ts';
export type { Agent } from './acd/centre-state.ts';
export type {
  AgentView,
  CentreConfiguration,
  CentreEffect,
  CentreInput,
  DNConfiguration,
  DNType,
  LoginRules,
  PartyRelease,
  PoolEffect,
  QueueCounters,
  Request,
  ShutdownTerms,
  ShutdownView,
} from './acd/centre-types.ts';
export { checkCentre } from './acd/check-centre.ts';
export { isWithheld } from './acd/lost-places.ts';
export {
  agentLoginsOf,
  type Changes,
  type Configuration,
  canonicalText,
  changesBetween,
  dnsOf,
  makeConfiguration,
  type Sha256,
  splitKey,
  splitReference,
} from './config/configuration.ts';
export { configurationFiles } from './config/configuration-files.ts';
export { describeChange } from './config/describe-change.ts';
export { type DeskAnswer, type DeskQuestion, deskConfiguration } from './config/desk-configuration.ts';
export { asChanges, editConfiguration, editsTo, patchTo } from './config/edit-configuration.ts';
export { type FieldSettings, fieldSettings } from './config/field-settings.ts';
export {
  ADMINISTRATOR,
  AGENTS_MAX,
  GENERATED_WRAP_UP_S,
  type GeneratedAgent,
  type GeneratedConfiguration,
  type GeneratedSite,
  type GenerateRequest,
  GUEST,
  generateConfiguration,
  OVERFLOW_QUEUE,
  type RegistrationScheme,
  SALES_QUEUE,
  SUPERVISOR,
  SUPPORT_QUEUE,
} from './config/generate-configuration.ts';
export { DESK_APPLICATION, thirdPartyName } from './config/generate-desktops.ts';
export { type Moment, objectsAt, type Present, type Refused, restoreChanges } from './config/history.ts';
export { checkObjects, type LoadedConfiguration, loadConfiguration } from './config/load-configuration.ts';
export { type Branched, type Merge, mergeBranch } from './config/merge.ts';
export type { Conflict, SideValue } from './config/merge-object.ts';
export type { Touch } from './config/merge-sides.ts';
export { changedFields, fieldName } from './config/object-pieces.ts';
export {
  deskLevels,
  groupsOf,
  levelOf,
  type OptionLevel,
  optionValue,
  type ResolvedOption,
  resolveOption,
  siteOf,
} from './config/option-resolution.ts';
export {
  mayEdit,
  mayRead,
  mayReadHistory,
  mayUnlock,
  PERMISSIONS,
  type PermissionName,
  type Verdict,
} from './config/permissions.ts';
export { type Problem, problemLine } from './config/problem.ts';
export { type ConfigFile, FILE_LISTS, type ReadObject, readObjects } from './config/read-objects.ts';
export { type Reference, referencesOf } from './config/references.ts';
export { type Choice, describeConflict, resolveConflict } from './config/resolve-conflict.ts';
export { syncChanges } from './config/sync-switches.ts';
export {
  type Difference,
  type Drift,
  drift,
  switchDigest,
  twinKeys,
  withEditors,
} from './config/sync-switches-drift.ts';
export { movePlaces, placesOfDNs, type SyncResult, syncEntry } from './config/sync-switches-entry.ts';
export type { SyncFinding } from './config/sync-switches-pieces.ts';
export {
  pairAsked,
  proposeSync,
  type SyncProposal,
  type SyncRequest,
} from './config/sync-switches-request.ts';
export { type SyncPair, syncPairs } from './config/sync-switches-settings.ts';
export { withDerived } from './config/sync-switches-work.ts';
export { endOfToken } from './config/token-standing.ts';
export type { Finding } from './config/validate/finding.ts';
export type { LocalData, Outside, Promises, Question } from './config/validate/question.ts';
export type { Rule } from './config/validate/rule.ts';
export { RULES } from './config/validate/rules.ts';
export { findingsBrought, fixesOf, validate, validateFor } from './config/validate/validate.ts';
export {
  type AgentFigures,
  type QueueFigures,
  type SiteObjects,
  SiteView,
} from './stats/site-view.ts';
