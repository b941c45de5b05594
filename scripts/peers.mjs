/**
 * The real servers, phones and browsers that tests talk to. A test file names its peer before `.test.ts`
 * (`queue.sipp.test.ts`); where the peer is not installed the file is listed as not run, never passed over in
 * silence.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';

/** `commands`: what has to be there beside `command`; `needs`: what this machine has to allow. */
export const PEERS = [
  { name: 'sipp', command: 'sipp', packages: ['sip-tester'] },
  { name: 'baresip', command: 'baresip', packages: ['baresip-core'] },
  { name: 'linphone', command: 'linphonecsh', packages: ['linphone-cli'] },
  { name: 'kamailio', command: 'kamailio', packages: ['kamailio'] },
  { name: 'etcd', command: 'etcd', packages: ['etcd-server'] },
  // Its models are compiled before they are searched.
  { name: 'spin', command: 'spin', packages: ['spin', 'gcc', 'libc6-dev'] },
  // Hosts of their own on one machine, between which an IP address moves.
  {
    name: 'namespaces',
    command: 'ip',
    commands: ['arping', 'nft'],
    packages: ['iproute2', 'arping', 'nftables'],
    needs: networkNamespaces,
  },
  { name: 'chromium', command: 'chromium', packages: ['chromium'] },
  { name: 'postgres', command: 'postgres', packages: ['postgresql'] },
  { name: 'openssl', command: 'openssl', packages: ['openssl'] },
];

export function isInstalled(command) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin', ...postgresFolders()];
  return folders.some((folder) => {
    try {
      accessSync(`${folder}/${command}`, constants.X_OK);
      return true;
    } catch {
      // Not in this folder.
      return false;
    }
  });
}

/** Debian keeps the programs of each version of PostgreSQL apart, outside of PATH. */
function postgresFolders() {
  const base = '/usr/lib/postgresql';
  if (!existsSync(base)) return [];
  const versions = readdirSync(base).filter((version) => Number(version) >= 15);
  return versions.map((version) => `${base}/${version}/bin`);
}

/** Why tests with this peer cannot run here; undefined when they can. */
function whyMissing({ command, commands = [], packages, needs }) {
  const absent = [command, ...commands].filter((one) => !isInstalled(one));
  if (absent.length > 0)
    return `${absent.join(', ')} ${absent.length > 1 ? 'are' : 'is'} not installed (Debian: ${packages.join(' ')})`;
  return needs?.();
}

function networkNamespaces() {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  const name = `holdfast-${process.pid}-probe`;
  const { status, stderr } = spawnSync('ip', ['netns', 'add', name], { encoding: 'utf8' });
  spawnSync('ip', ['netns', 'delete', name], { stdio: 'ignore' });
  return status === 0 ? undefined : `this machine allows no network namespace: ${stderr.trim()}`;
}

/** Those whose tests cannot run here, each with the reason. */
export function missingPeers() {
  return PEERS.flatMap((peer) => {
    const because = whyMissing(peer);
    return because === undefined ? [] : [{ ...peer, because }];
  });
}
