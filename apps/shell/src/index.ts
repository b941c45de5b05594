export { ProcessClock } from './clock.ts';
export { startDesk } from './desk-session.ts';
export type * from './desk-session-types.ts';
export type { LinkEnd } from './link.ts';
export { connectLink, type LinkClient } from './link-client.ts';
export { type LinkServer, startLinkServer } from './link-server.ts';
export { type DeskOpening, type OpenDeskOptions, openDesk } from './open-desk.ts';
export { cryptoRandom } from './random.ts';
export { type RunningNode, runNode } from './run-node.ts';
