/** How often each rule of the statistics decided something (ME3), by what a Stat Server says to its clients. */
import type { StatReply } from '@holdfast/protocol';
import type { RuleCensus } from './rule-census.ts';

/** In these a call decides, and the agent's state would say something else (ST1). */
const OF_CALLS: ReadonlySet<string> = new Set(['CallInbound', 'CallInternal', 'CallOutbound', 'CallRinging']);

export function statServerSays(census: RuleCensus, message: StatReply): void {
  switch (message.type) {
    case 'Opened':
      return census.count('SV2');
    case 'Ping':
      return census.count('SV8');
    case 'Subscribed':
      // What a desk asks for: the agent and the agent's queues.
      for (const rule of ['SV3', 'SL1']) census.count(rule);
      return eachStatistic(census, message.statistics);
    case 'Statistics':
      census.count('SV1');
      return eachStatistic(census, message.statistics);
    default:
  }
}

type Statistics = Extract<StatReply, { type: 'Statistics' }>['statistics'];

function eachStatistic(census: RuleCensus, statistics: Statistics): void {
  for (const statistic of statistics) {
    if (!statistic.source.isCurrent) census.count('SV7');
    if (statistic.objectType !== 'Agent') continue;
    if (OF_CALLS.has(statistic.status)) census.count('ST1');
    if (statistic.status === 'CallOnHold') census.count('ST2');
    if (statistic.status === 'NotMonitored') census.count('ST5');
  }
}
