/**
 * Makes a configuration of two sites: the sample of the repository (without arguments), or any other size and
 * ports into a folder.
 *
 *     npx tsx scripts/make-sample.ts [--out config/sample] [--agents 20] [--password …] [--phone-password …]
 *       [--address 127.0.0.1] [--base 5100] [--json] [--keys-only]
 *
 * The site north has the ports base + 10 (proxy of the configuration), + 11 (clients of the SIP Server), + 12 (Stat Server),
 * + 13 (clients of the backup), + 14 (between the two), + 60 (SIP of whichever is primary) and + 90 (its gateway); south the
 * same from base + 100. North also has the Configuration Server, at base + 15 and for REST at + 16. All people have one password and all phones another, which
 * are meant to look like what they are; every run makes new keys, salts and hashes.
 *
 * The keys of the sample are not in the repository: the set-up of a checkout draws them with `--keys-only`, which
 * writes keys.yaml alone, and nothing when it is there.
 */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { makeKeys, makeWorld } from '../apps/server/src/store/make-world.ts';
import { writeConfiguration } from '../apps/server/src/store/write-files.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: {
    out: { type: 'string', default: `${root}config/sample` },
    agents: { type: 'string', default: '20' },
    password: { type: 'string', default: 'fake-password' },
    'phone-password': { type: 'string', default: 'fake-phone-password' },
    address: { type: 'string', default: '127.0.0.1' },
    base: { type: 'string', default: '5100' },
    json: { type: 'boolean', default: false },
    'keys-only': { type: 'boolean', default: false },
  },
});

const agents = Number(values.agents);
const base = Number(values.base);
if (!Number.isInteger(agents) || agents < 1 || !Number.isInteger(base) || base < 1024 || base > 65_300) {
  process.stderr.write('make-sample: --agents must be 1 or more, --base between 1024 and 65300\n');
  process.exit(2);
}

const site = (name: string, first: number) => ({
  name,
  address: values.address,
  configPort: first + 10,
  clientPort: first + 11,
  statPort: first + 12,
  sipPort: first + 60,
  standby: { clientPort: first + 13, pairPort: first + 14 },
  gateway: `${values.address}:${first + 90}`,
});

async function makeObjects() {
  if (values['keys-only'])
    return [{ objectType: 'Keys', name: 'keys', enabled: true, options: {}, ...makeKeys() } as const];
  const { objects } = await makeWorld({
    agents,
    sites: [
      { ...site('north', base), writer: { port: base + 15, restPort: base + 16 } },
      site('south', base + 100),
    ],
    password: values.password,
    phonePassword: values['phone-password'],
    isForwarding: true,
  });
  return objects;
}

const format = values.json ? 'json' : 'yaml';
if (values['keys-only'] && existsSync(`${values.out}/keys.${format}`)) process.exit(0);
const objects = await makeObjects();
await writeConfiguration(values.out, objects, format);
console.log(`${objects.length === 1 ? 'the keys' : `${objects.length} objects`} written to ${values.out}`);
