/**
 * CF25: a queue that says that it is pooled and cannot be (PQ1). Nothing else would tell: each site serves its own callers,
 * as it does without the option.
 */
import { type DN, OPTIONS, objectKey } from '@holdfast/protocol';
import type { Report } from './check-references.ts';
import type { Configuration } from './configuration.ts';
import { levelOf, optionValue, resolveOption } from './option-resolution.ts';

export function checkPools(configuration: Configuration, report: Report): void {
  const pooled = configuration.all('DN').filter((dn) => dn.enabled && isPooled(dn));
  for (const dn of pooled) {
    const servers = configuration
      .all('Application')
      .filter((one) => one.type === 'SIPServer' && one.switch === dn.switch);
    const without = servers.find((one) => {
      const level = levelOf(objectKey(one), one);
      return resolveOption(OPTIONS.TServer['dr-peer-trunk'], [level]) === undefined;
    });
    if (without !== undefined) {
      const text = `${objectKey(without)} has no dr-peer-trunk, over which callers of this queue could go to the other site. Set it.`;
      report(dn, FIELD, 'true', text);
    }
    if (pooled.some((other) => other.number === dn.number && other.switch !== dn.switch)) continue;
    const text = `No other Switch has an ACD Queue "${dn.number}" that is pooled. Set it on that of the other site too, or not here.`;
    report(dn, FIELD, 'true', text);
  }
}

const FIELD = 'holdfast/pooled';

function isPooled(dn: DN): boolean {
  return dn.type === 'ACDQueue' && optionValue(OPTIONS.holdfast.pooled, [levelOf(objectKey(dn), dn)]);
}
