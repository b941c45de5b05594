export {
  type Bootstrap,
  type BootstrapProblem,
  type BootstrapReading,
  type BootstrapSite,
  describeProblem,
} from './bootstrap/bootstrap.ts';
export { writeBootstrapJson } from './bootstrap/bootstrap-json.ts';
export {
  type BootstrapChoice,
  type BootstrapCopy,
  type BootstrapDelivery,
  chooseBootstrap,
  readBootstrapCopy,
  writeBootstrapCopy,
} from './bootstrap/last-good-copy.ts';
export { BOOTSTRAP_BYTES_MAX, readBootstrap } from './bootstrap/read-bootstrap.ts';
export { renewBootstrap } from './bootstrap/renew-bootstrap.ts';
export { CALLS_MAX } from './calls.ts';
export { DeskNode } from './desk-node.ts';
export * from './desk-types.ts';
export * from './desk-view.ts';
export { ATTEMPT_MAX_MS } from './link.ts';
export { isPlaceMissing, type SeatToday } from './local-data.ts';
export { FIRST_PAUSE_MAX_MS, LOGIN_ANSWER_MAX_MS, REFUSED_PAUSE_MS, readPolicy } from './policy.ts';
