/**
 * Phones and desks of ours as a process of their own, so that they can stand in a network namespace: they do what they are told by
 * a JSON line each, and tell every fact by one.
 */
import { createInterface } from 'node:readline';
import { seededRandom } from '@holdfast/kernel';
import { type DeskSession, openDesk, ProcessClock } from '@holdfast/shell';
import { LabPhone } from './lab-phone.ts';
import type { DeskSeen, PhonesOrder, PhonesRequest } from './phones-in-namespace.ts';

const LOOK_MS = 10;

async function main(request: PhonesRequest): Promise<void> {
  const phones = await openPhones(request);
  const desks = await openDesks(request);
  createInterface({ input: process.stdin }).on('line', (line) => {
    const order = JSON.parse(line) as PhonesOrder;
    if ('number' in order) phones.get(order.number)?.command(order.command);
    else desks.get(order.user)?.command(order.command);
  });
  const told = new Map<string, number>();
  setInterval(() => {
    for (const [number, { facts }] of phones) {
      for (const fact of facts.slice(told.get(number) ?? 0)) console.log(JSON.stringify({ number, fact }));
      told.set(number, facts.length);
    }
  }, LOOK_MS);
}

async function openPhones(request: PhonesRequest): Promise<Map<string, LabPhone>> {
  const { host, domain, password, servers, registration = {}, expires, phones } = request;
  const shared = { clock: new ProcessClock(), random: seededRandom(1), host, domain, password };
  const opened = new Map<string, LabPhone>();
  for (const { number, toneHz, transport, scheme, port = 0 } of phones)
    opened.set(
      number,
      await LabPhone.open({
        ...{ ...shared, number, toneHz, scheme, expires, registration, port, answerAfterMs: 0 },
        sites: servers.map((server) => ({ ...server, transport })),
      }),
    );
  return opened;
}

async function openDesks({ desks }: PhonesRequest): Promise<Map<string, DeskSession>> {
  const opened = new Map<string, DeskSession>();
  for (const options of desks) {
    const { user } = options;
    const opening = await openDesk({
      ...{ ...options, firstLogin: 'nothingBefore' },
      listeners: {
        view: ({ site, state }) =>
          console.log(JSON.stringify({ user, seen: { site, state } satisfies DeskSeen })),
      },
    });
    if (!opening.ok) throw new Error(opening.problems.join('\n'));
    opened.set(user, opening.desk);
  }
  return opened;
}

void main(JSON.parse(process.argv[2] ?? '') as PhonesRequest);
