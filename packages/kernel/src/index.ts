export { AssertionError, assert, must, unreachable } from './assert.ts';
export type { Because } from './because.ts';
export { Deadlines } from './deadlines.ts';
export type { LogLine } from './log-line.ts';
export type { Millis, Node, Step, Transition } from './machine.ts';
export { type Random, randomInteger, randomToken, seededRandom } from './random.ts';
export { fromRecord, type HeldRecord, type Plain, toRecord } from './record.ts';
export { decodeUtf8, encodeUtf8, encodeUtf8Into } from './utf8.ts';
export { WatchedMap } from './watched-map.ts';
