/** Whether a SIP Server is a member of a pair, and what it has to know of the other one; from the configuration objects. */
import { type Configuration, levelOf, resolveOption } from '@holdfast/centre';
import { type Application, OPTIONS } from '@holdfast/protocol';
import { isAddressLiteral } from '@holdfast/sip';
import type { ServerAddress } from '../server-address.ts';

export interface PairMembership {
  /** The Application that names the other as its backup: the pair is called by it. */
  readonly pair: string;
  readonly mate: string;
  /** Where the Application that names the backup listens for it, whichever of the two is primary. */
  readonly at: ServerAddress;
  readonly connects: boolean;
  /** The supervisor of the one Host (PR7), or the etcd of the site (PR8). */
  readonly arbiter:
    | { readonly type: 'supervisor' }
    | { readonly type: 'etcd'; readonly endpoints: readonly string[] };
  /** How the SIP address moves with the role (PR10); undefined where it need not move, or something else does it. */
  readonly addressHook: AddressHook | undefined;
}

export interface AddressHook {
  /** Absolute path of a program: `add ADDRESS` and `remove ADDRESS`. */
  readonly program: string;
  readonly address: string;
}

export type PairReadResult =
  | {
      readonly ok: true /** Undefined of a server that is alone. */;
      readonly pair: PairMembership | undefined;
    }
  /** Names the object, what is wrong with it and the remedy. */
  | { readonly ok: false; readonly text: string };

export function readPairMembership(configuration: Configuration, name: string): PairReadResult {
  const servers = configuration.all('Application').filter(isSipServer);
  const own = servers.find((server) => server.name === name);
  const first = own?.backup === undefined ? servers.find(({ backup }) => backup === name) : own;
  const second = servers.find((server) => server.name === first?.backup);
  if (own === undefined || first === undefined || second === undefined) return { ok: true, pair: undefined };
  const host = configuration.get('Host', first.host ?? '')?.address;
  const port = first.ports.pair;
  if (host === undefined || port === undefined)
    return { ok: false, text: `Application/${first.name} has no Host or no port "pair"; set both.` };
  const level = levelOf(`Application/${name}`, own);
  const endpoints = resolveOption(OPTIONS.holdfast['arbiter-endpoints'], [level])?.value.split(',');
  const isOneHost = first.host === second.host;
  if (!isOneHost && endpoints === undefined)
    return {
      ok: false,
      text: `Application/${first.name} and Application/${second.name} run on two Hosts and have no arbiter; set holdfast/arbiter-endpoints in both.`,
    };
  const program = isOneHost ? undefined : resolveOption(OPTIONS.holdfast['address-hook'], [level])?.value;
  const address = resolveOption(OPTIONS.TServer['sip-address'], [level])?.value ?? '';
  if (program !== undefined && !isAddressLiteral(address))
    return {
      ok: false,
      text: `Application/${name} has holdfast/address-hook, which moves an IP address, and TServer/sip-address is "${address}"; set the address there, or remove the hook.`,
    };
  return {
    ok: true,
    pair: {
      pair: first.name,
      mate: own === first ? second.name : first.name,
      at: { host, port },
      connects: own === second,
      addressHook: program === undefined ? undefined : { program, address },
      arbiter: isOneHost || endpoints === undefined ? { type: 'supervisor' } : { type: 'etcd', endpoints },
    },
  };
}

const isSipServer = (application: Application) => application.enabled && application.type === 'SIPServer';
