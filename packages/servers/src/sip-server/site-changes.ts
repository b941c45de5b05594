/** What a SIP Server tells its followers: the changes of one input, or everything; and what a standby holds of it. */
import type { HeldRecord } from '@holdfast/kernel';
import type { Position } from '@holdfast/protocol';
import type { LogEntry } from './event-log.ts';
import type { KeyedRecord, RecordChanges } from './site-records.ts';

/** Of the log a new follower gets so many entries: clients that come back after a takeover resume from them. */
export const EVENTS_MIRRORED = 10_000;

export interface SiteChanges extends RecordChanges {
  readonly events: readonly LogEntry[];
  /** After these events. */
  readonly position: Position;
}

export interface SiteHolding {
  readonly records: Iterable<KeyedRecord>;
  readonly events: Iterable<LogEntry>;
  /** The last of each epoch, the present one at the end. */
  readonly positions: readonly Position[];
}

export interface HeldSite {
  readonly records: ReadonlyMap<string, HeldRecord>;
  readonly events: Iterable<LogEntry>;
  readonly positions: readonly Position[];
}
