/**
 * A generated configuration with real hashes and keys, for the sample and for the lab. All agents of a generated
 * world have one password and one hash of it: a thousand argon2 hashes would take eleven seconds of every run.
 */
import { type GeneratedConfiguration, type GenerateRequest, generateConfiguration } from '@holdfast/centre';
import { hashPassword, nodeHashes } from '../crypto.ts';
import { freshKeys } from '../fresh-keys.ts';

export interface WorldRequest
  extends Pick<GenerateRequest, 'agents' | 'sites' | 'homes' | 'schemes' | 'isForwarding' | 'options'> {
  readonly realm?: string;
  /** Of every person. */
  readonly password: string;
  /** Of every phone. */
  readonly phonePassword: string;
}

export async function makeWorld(request: WorldRequest): Promise<GeneratedConfiguration> {
  const { password, phonePassword, realm = 'holdfast', ...rest } = request;
  const passwordHash = await hashPassword(password);
  return generateConfiguration({
    ...rest,
    realm,
    passwordHash: () => passwordHash,
    digest: (dn) => {
      const text = `${dn}:${realm}:${phonePassword}`;
      return { md5: nodeHashes.md5(text), sha256: nodeHashes.sha256(text) };
    },
    keys: makeKeys(),
  });
}

/** New secrets of the servers; each call draws others. */
export function makeKeys(): GenerateRequest['keys'] {
  const { tokenKey, nonceKey, serverSecret } = freshKeys();
  return { tokenKeys: [tokenKey], nonceKeys: [nonceKey], serverSecret };
}
