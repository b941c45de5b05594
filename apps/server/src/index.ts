export {
  createTokenKeys,
  hashPassword,
  nodeHashes,
  signToken,
  type TokenKey,
  verifyPassword,
  verifyToken,
} from './crypto.ts';
export { DnsClient } from './io/dns.ts';
export { onProcessEnd } from './io/process-end.ts';
export { LOAD_LINE, LOAD_SIGNAL, LoopDelay } from './io/process-load.ts';
export { SipTransports } from './io/sip-transports.ts';
export type { TlsTrust } from './io/tls-ends.ts';
export { decodeG711, encodeG711, type G711Name, PAYLOAD_TYPE } from './media/g711.ts';
export {
  audioOf,
  describeAudio,
  FRAME_MS,
  FRAME_SAMPLES,
  type MediaAddress,
  readRtp,
  writeRtp,
} from './media/rtp.ts';
export { makeMusic, makeTone } from './media/sound.ts';
export { readWav, SAMPLE_RATE, writeWav } from './media/wav.ts';
export { makeWorld, type WorldRequest } from './store/make-world.ts';
export { openConfigStore } from './store/open-config-store.ts';
export { loadFiles } from './store/read-files.ts';
export { writeConfiguration } from './store/write-files.ts';
export { signPersonToken, verifyPersonToken } from './tokens.ts';
