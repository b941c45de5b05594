/**
 * The validator over a whole centre: once for all of it, as on demand and before a drill, and for one edit, as on each save. An
 * edit of one agent must not cost what the whole does. Prints one JSON object.
 *
 *   node --import tsx bench/validate.ts [--agents 10000] [--edits 200]
 */
import { createHash } from 'node:crypto';
import {
  type Configuration,
  findingsBrought,
  generateConfiguration,
  makeConfiguration,
  validate,
} from '@holdfast/centre';
import { objectKey } from '@holdfast/protocol';

const AGENTS = argument('agents', 10_000);
const EDITS = argument('edits', 200);
const WHOLE_RUNS = 5;
/** An edit is looked at before and after, and goes once through the names of all Places and Persons; by CPU time. */
const SHARE_MAX = 0.25;

function argument(name: string, otherwise: number): number {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? otherwise : Number(process.argv[at + 1]);
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function centreOf(agents: number): Configuration {
  const site = (name: string, base: number) => ({
    name,
    address: '127.0.0.1',
    configPort: base,
    clientPort: base + 1,
    statPort: base + 2,
    sipPort: base + 60,
    gateway: `127.0.0.1:${base + 90}`,
  });
  const { objects } = generateConfiguration({
    agents,
    sites: [site('north', 5_100), site('south', 5_200)],
    isForwarding: true,
    realm: 'holdfast',
    passwordHash: () => '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2g',
    digest: () => ({ md5: '0'.repeat(32), sha256: '0'.repeat(64) }),
    keys: {
      tokenKeys: [{ id: 'k1', publicKey: 'A'.repeat(43), privateKey: 'B'.repeat(43) }],
      nonceKeys: ['ab'.repeat(16)],
      serverSecret: 'a secret of the servers',
    },
  });
  return makeConfiguration(objects, sha256);
}

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** In order, ms each by the clock; and of all of them the CPU time. */
function timed(times: number, work: (n: number) => void): { readonly took: number[]; readonly cpu: number } {
  const took: number[] = [];
  const before = cpuMs();
  for (let n = 0; n < times; n++) {
    const from = performance.now();
    work(n);
    took.push(performance.now() - from);
  }
  return { took, cpu: cpuMs() - before };
}

function oneDecimal(value: number): number {
  return Math.round(10 * value) / 10;
}

const configuration = centreOf(AGENTS);
let found = 0;
const whole = timed(WHOLE_RUNS, () => {
  // A new revision each time: nothing is known of it from the last one.
  found += validate(configuration.with({ changed: [], deleted: [] })).length;
});
const persons = configuration.all('Person');
let brought = 0;
const edits = timed(EDITS, (n) => {
  const person = persons[(n * 7) % persons.length];
  if (person === undefined) throw new Error('nobody is there');
  const changed = [{ ...person, agentLogins: person.agentLogins.slice(0, 1) }];
  const after = configuration.with({ changed, deleted: [] });
  brought += findingsBrought({ before: configuration, after }, [objectKey(person)]).length;
});
const sorted = [...edits.took].sort((a, b) => a - b);
const share = edits.cpu / EDITS / (whole.cpu / WHOLE_RUNS);
const missed = [
  ...(found === 0 ? [] : [`${found} findings where nothing is wrong`]),
  ...(brought === EDITS ? [] : [`${brought} findings of ${EDITS} edits that bring one each`]),
  ...(share <= SHARE_MAX ? [] : [`an edit costs ${oneDecimal(100 * share)} % of the whole`]),
];
const report = {
  agents: AGENTS,
  edits: EDITS,
  objects: configuration.objects.length,
  whole_first_ms: oneDecimal(whole.took[0] ?? 0),
  whole_median_ms: oneDecimal([...whole.took].sort((a, b) => a - b)[WHOLE_RUNS >> 1] ?? 0),
  edit_median_ms: oneDecimal(sorted[sorted.length >> 1] ?? 0),
  edit_max_ms: oneDecimal(sorted.at(-1) ?? 0),
  /** Of the CPU time. */
  edit_share_of_whole: Math.round(1_000 * share) / 1_000,
  missed,
};
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
