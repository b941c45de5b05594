/**
 * The real servers, phones and browsers that tests talk to. A test file names its peer before `.test.ts`
 * (`queue.sipp.test.ts`); where the peer is not installed the file is listed as not run, never passed over in
 * silence.
 */
import { accessSync, constants } from 'node:fs';

export const PEERS = [
  { name: 'sipp', command: 'sipp', packages: ['sip-tester'] },
  { name: 'baresip', command: 'baresip', packages: ['baresip-core'] },
  { name: 'linphone', command: 'linphonecsh', packages: ['linphone-cli'] },
  { name: 'kamailio', command: 'kamailio', packages: ['kamailio'] },
  { name: 'etcd', command: 'etcd', packages: ['etcd-server'] },
  // Its models are compiled before they are searched.
  { name: 'spin', command: 'spin', packages: ['spin', 'gcc', 'libc6-dev'] },
  { name: 'chromium', command: 'chromium', packages: ['chromium'] },
];

export function isInstalled(command) {
  const folders = [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/bin'];
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

export function missingPeers() {
  return PEERS.filter((peer) => !isInstalled(peer.command));
}
