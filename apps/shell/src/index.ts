export { ProcessClock } from './clock.ts';
export type { LinkEnd } from './link.ts';
export { connectLink, type LinkClient } from './link-client.ts';
export { type LinkServer, startLinkServer } from './link-server.ts';
export { cryptoRandom } from './random.ts';
export { type RunningNode, runNode } from './run-node.ts';
