/**
 * The order in which the records of an SRV set are tried (RFC 2782): lowest priority first; among equals each
 * next one is drawn with a chance in proportion to its weight.
 */
import type { Random } from '@holdfast/kernel';
import type { SrvRecord } from './lookup.ts';

export function orderSrv(records: readonly SrvRecord[], random: Random): SrvRecord[] {
  const ordered: SrvRecord[] = [];
  const priorities = [...new Set(records.map((record) => record.priority))].sort((a, b) => a - b);
  for (const priority of priorities) {
    const group = records.filter((record) => record.priority === priority);
    while (group.length > 0) ordered.push(draw(group, random));
  }
  return ordered;
}

/** Takes one record out of the group. Weight 0 is drawn only by the smallest number, as the RFC wants it. */
function draw(group: SrvRecord[], random: Random): SrvRecord {
  // Records of weight 0 stand first, so that they have a very small chance and not none.
  group.sort((a, b) => Number(a.weight !== 0) - Number(b.weight !== 0));
  const total = group.reduce((sum, record) => sum + record.weight, 0);
  const drawn = Math.floor(random() * (total + 1));
  let sum = 0;
  let index = 0;
  for (const [i, record] of group.entries()) {
    sum += record.weight;
    index = i;
    if (sum >= drawn) break;
  }
  const [record] = group.splice(index, 1);
  return record as SrvRecord;
}
