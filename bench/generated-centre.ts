/** A whole centre of two sites as its configuration, for benches of what is done with configurations. */
import { createHash } from 'node:crypto';
import { type Configuration, generateConfiguration, makeConfiguration } from '@holdfast/centre';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

export function generatedCentre(agents: number): Configuration {
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
