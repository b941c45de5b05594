/**
 * A leg as a record, with all that goes on with it: what a mate or the other site needs in order to carry the call on.
 */
import { type Dialog, dialogFrom, nextHopOf } from '../dialog/dialog.ts';
import type { Leg } from '../dialog/leg.ts';
import type { SavedTransaction, SipEndpoint } from '../endpoint.ts';
import type { Destination, TransactionId } from '../endpoint-types.ts';
import type { LegId } from '../user-agent-types.ts';
import type { Held, Sent } from './user-agent-records.ts';

/** Grows whenever the record changes its shape, so that a server knows what a newer or older one has written. */
export const LEG_VERSION = 2;

export interface LegRecord extends Omit<Held, 'leg'> {
  readonly version: typeof LEG_VERSION;
  readonly leg: Leg;
  /** Its INVITEs that have no final answer, or none that was acknowledged. */
  readonly transactions: readonly {
    readonly saved: SavedTransaction;
    /** What we sent, where it was ours. */
    readonly sent?: Omit<Sent, 'held'>;
  }[];
}

export function recordOfLeg(
  held: Held,
  endpoint: Pick<SipEndpoint, 'savedTransaction'>,
  allSent: ReadonlyMap<TransactionId, Sent>,
): LegRecord {
  return {
    version: LEG_VERSION,
    ...held,
    transactions: [...namesOf(held)].flatMap((id) => {
      const saved = endpoint.savedTransaction(id);
      const { held: _thisLeg, ...sent } = allSent.get(id) ?? {};
      if (saved === undefined) return [];
      return 'purpose' in sent ? [{ saved, sent }] : [{ saved }];
    }),
  };
}

/** Puts the leg and its transactions where they were; the answer says which came along. */
export function restoreLeg(
  { version: _read, transactions, ...held }: LegRecord,
  endpoint: Pick<SipEndpoint, 'restoreTransaction'>,
  tables: {
    readonly legs: Map<LegId, Held>;
    readonly sent: Map<TransactionId, Sent>;
    readonly serving: Map<TransactionId, Held>;
  },
): { readonly held: Held; readonly names: ReadonlySet<TransactionId> } {
  tables.legs.set(held.leg.id, held);
  for (const { saved, sent } of transactions) {
    endpoint.restoreTransaction(saved);
    if (sent !== undefined) tables.sent.set(saved.id, { ...sent, held });
    else if (saved.invite.name === 'proceeding') tables.serving.set(saved.id, held);
  }
  return { held, names: new Set(transactions.map(({ saved }) => saved.id)) };
}

/**
 * The leg as a server at another address may take it (AD4): tags, route set and remote target stay, only our Contact
 * changes. `at` is where the phone is reached there; without it the remote target has to do.
 */
export function movedLeg(
  record: LegRecord,
  to: { readonly contact: string; readonly at: Destination | undefined },
): LegRecord {
  const { contact, at } = to;
  const { state } = record.leg;
  const uri = state.name === 'established' ? nextHopOf(state.dialog) : '';
  return {
    ...record,
    leg: { ...record.leg, contact },
    // Names of requests of ours mean others there; what the other side still waits for is named by its own branch.
    transactions: record.transactions.filter(({ saved }) => 'reply' in saved),
    source: undefined,
    invited: at && { uri, destination: at },
  };
}

/** Reads what another process wrote, after `fromRecord`; text: why it cannot be read here. */
export function legRecordFrom(value: unknown): LegRecord | string {
  if (typeof value !== 'object' || value === null) return 'a leg record is an object';
  const record = value as LegRecord;
  if (record.version !== LEG_VERSION)
    return `the leg record has version ${String(record.version)}; this server reads ${LEG_VERSION}`;
  if (typeof record.leg?.id !== 'string' || !Array.isArray(record.transactions))
    return 'the leg record has no leg or no transactions';
  for (const dialog of dialogsOf(record.leg)) {
    const read = dialogFrom(dialog);
    if ('refusal' in read) return read.refusal;
  }
  return record;
}

function dialogsOf({ state }: Leg): readonly Dialog[] {
  if (state.name === 'over') return [];
  return state.name === 'calling' ? state.forks.map(({ dialog }) => dialog) : [state.dialog];
}

/** The INVITE transactions that the leg still speaks of, and the one that opened it. */
function namesOf({ leg, opened }: Held): Iterable<TransactionId> {
  const { state, change, remoteChange } = leg;
  const names = new Set<TransactionId>();
  if (opened !== undefined) names.add(opened);
  if (state.name === 'calling') names.add(state.transaction);
  if (state.name === 'established' && state.unacknowledged !== undefined)
    names.add(state.unacknowledged.transaction);
  if (change?.method === 'INVITE') names.add(change.transaction);
  if (remoteChange?.method === 'INVITE') names.add(remoteChange.transaction);
  return names;
}
