import { expect, test } from 'vitest';
import { load, sampleFiles } from './test-configuration.ts';

const POOLED = { holdfast: { pooled: 'true' } };
const TRUNK = (site: string) => ({ TServer: { 'dr-peer-trunk': `trunk-${site}` } });

function warned(options: Record<string, Record<string, Record<string, string>>>): string[] {
  const loaded = load(sampleFiles({ options }));
  if (!loaded.ok) throw new Error('was refused');
  return loaded.warnings
    .filter(({ field }) => field === 'holdfast/pooled')
    .map(({ object, text }) => `${object} ${text}`);
}

test('[CF25] a pooled queue without its counterpart, or without a way there, is warned of', () => {
  const both = { 'DN/8000@north': POOLED, 'DN/8000@south': POOLED };
  const trunks = {
    'Application/sip-north': TRUNK('north'),
    'Application/sip-south': TRUNK('south'),
  };
  expect(warned({})).toEqual([]);
  expect(warned({ ...both, ...trunks })).toEqual([]);
  expect(warned({ 'DN/8000@north': POOLED, ...trunks })).toEqual([
    'DN/8000@north No other Switch has an ACD Queue "8000" that is pooled. Set it on that of the other site too, or not here.',
  ]);
  expect(warned({ ...both, 'Application/sip-north': TRUNK('north') })).toEqual([
    'DN/8000@south Application/sip-south has no dr-peer-trunk, over which callers of this queue could go to the other site. Set it.',
  ]);
});
