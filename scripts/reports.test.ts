import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { CallAccount } from '../lab/live/call-account.ts';
import type { Measures } from '../lab/live/measures.ts';
import { runSeeds } from '../lab/sim/simulate.ts';
import { Ledger } from '../lab/src/ledger.ts';

const text = readFileSync(fileURLToPath(new URL('../docs/reports.md', import.meta.url)), 'utf8');

/** Fields that no table row of the document names. */
const unnamed = (fields: readonly string[]) =>
  fields.filter((field) => !new RegExp(`^\\|[^|]*\`([a-z_]+\\.)*${field}(\\[\\])?\``, 'm').test(text));

test('docs/reports.md names every field of the ledger and of the calls', () => {
  const ledger = new Ledger({ phoneAt: () => 20, leaseEndAt: () => 30 });
  const agent = { agent: 'agent7001', scheme: 'dual', site: 'north', detectionMs: 0, calls: [] };
  ledger.fault(10, { what: 'kill', site: 'north' }, [agent]);
  const report = ledger.report(100);
  const [row] = report.agents;
  expect(unnamed([...Object.keys(report), ...Object.keys(row ?? {})])).toEqual([]);
  const calls = new CallAccount();
  const { ended } = calls.figures();
  expect(unnamed(Object.keys(calls.figures()))).toEqual([]);
  expect(unnamed(Object.keys(ended).map((field) => `ended.${field}`))).toEqual([]);
  expect(unnamed(Object.keys(calls.line(0)).map((field) => `queue.${field}`))).toEqual([]);
});

test('docs/reports.md names what single scenarios measure', () => {
  const percentiles = { p50: 1, p95: 1, p99: 1, max: 1 };
  const measures: Measures = {
    takeover: { first_new_call_ms: 1, first_queue_call_ms: 1, first_in_dialog_ms: 1 },
    control: { calls: 1, after_fault_ms: percentiles, after_allowed_ms: percentiles },
    storm: {
      ...{ desks: 1, login_rate: 1, calls_per_second: 1, calls_lost: 0, asked_90_ms: 1 },
      ...{ ready_95_ms: 1, ready_all_ms: 1, logged_in_95_ms: 1, invite_ms: percentiles },
    },
  };
  const fields = Object.entries(measures).flatMap(([name, fields]) => [
    name,
    ...Object.keys(fields ?? {}).map((field) => `${name}.${field}`),
  ]);
  expect(unnamed(fields)).toEqual([]);
});

test('docs/reports.md names every field of a simulation', async () => {
  const report = await runSeeds({ size: 'core', seeds: 1, workers: 0 });
  expect(unnamed(Object.keys(report))).toEqual([]);
});

test('a field that the document does not know is found', () => {
  expect(unnamed(['agents', 'invented_field'])).toEqual(['invented_field']);
});
