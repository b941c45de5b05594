export * from './agent/digest.ts';
export * from './agent/digest-answer.ts';
export * from './agent/digest-challenger.ts';
export * from './agent/digest-hashes.ts';
export { type LegRecord, legRecordFrom, movedLeg } from './agent/leg-record.ts';
export * from './agent/nonce.ts';
export { PhoneNode } from './agent/phone/phone-node.ts';
export type * from './agent/phone/phone-types.ts';
export * from './agent/phone/sdp.ts';
export * from './agent/registrar.ts';
export type * from './agent/registrar-types.ts';
export * from './agent/registration.ts';
export { type RegisterAccount, RegisterConversation } from './agent/registration-conversation.ts';
export * from './agent/registration-types.ts';
export * from './agent/user-agent.ts';
export * from './agent/user-agent-options.ts';
export { DIALOG_VERSION, type Dialog, type DialogRefusal, dialogFrom } from './dialog/dialog.ts';
export { SEQ_JUMP_OF_SITE } from './dialog/resume.ts';
export type { SessionTimerOptions } from './dialog/session-timer.ts';
export * from './endpoint.ts';
export type * from './endpoint-types.ts';
export * from './locate/address-literal.ts';
export { defaultPort } from './locate/locate.ts';
export { Locator } from './locate/locator.ts';
export * from './locate/lookup.ts';
export * from './message/build-message.ts';
export * from './message/check-message.ts';
export * from './message/edit-message.ts';
export * from './message/explain-message.ts';
export { headerNameOf, isListHeader } from './message/header-names.ts';
export * from './message/headers.ts';
export * from './message/limits.ts';
export * from './message/message.ts';
export { formatNameAddr, parseNameAddr } from './message/name-addr.ts';
export { type ParseFailure, type ParseResult, parseMessage } from './message/parse-message.ts';
export { reasonPhrase } from './message/reason-phrases.ts';
export * from './message/serialize-message.ts';
export * from './message/stream-framer.ts';
export { formatUri, parseUri, sameUri } from './message/uri.ts';
export { formatVia, parseVia } from './message/via.ts';
export { type OverloadFeedback, type OverloadPort, offersOverload } from './overload.ts';
export * from './target.ts';
export type { RequestOptions } from './transaction/client-transactions.ts';
export {
  DEFAULT_LIMITS,
  type EndpointCounts,
  type EndpointLimits,
} from './transaction/transaction-settings.ts';
export type * from './user-agent-types.ts';
