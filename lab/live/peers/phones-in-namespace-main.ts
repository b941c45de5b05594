/**
 * Phones of ours as a process of their own, so that they can stand in a network namespace: they do what they are told by
 * a JSON line each, and tell every fact by one.
 */
import { createInterface } from 'node:readline';
import { seededRandom } from '@holdfast/kernel';
import { ProcessClock } from '@holdfast/shell';
import { LabPhone } from './lab-phone.ts';
import type { PhonesOrder, PhonesRequest } from './phones-in-namespace.ts';

const LOOK_MS = 10;

async function main(request: PhonesRequest): Promise<void> {
  const { host, domain, password, server, phones } = request;
  const shared = { clock: new ProcessClock(), random: seededRandom(1), host, domain, password };
  const opened = new Map<string, LabPhone>();
  for (const { number, toneHz, transport } of phones)
    opened.set(
      number,
      await LabPhone.open({
        ...{ ...shared, number, toneHz, scheme: 'single', expires: 60, port: 0, answerAfterMs: 0 },
        sites: [{ site: 'north', ...server, transport }],
      }),
    );
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { number, command } = JSON.parse(line) as PhonesOrder;
    opened.get(number)?.command(command);
  });
  const told = new Map<string, number>();
  setInterval(() => {
    for (const [number, { facts }] of opened) {
      for (const fact of facts.slice(told.get(number) ?? 0)) console.log(JSON.stringify({ number, fact }));
      told.set(number, facts.length);
    }
  }, LOOK_MS);
}

void main(JSON.parse(process.argv[2] ?? '') as PhonesRequest);
