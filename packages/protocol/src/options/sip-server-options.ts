import { BOOLEAN, DN_NUMBER, define, HOST_NAME, SIP_SERVER, seconds } from './option-definition.ts';

/** Section `TServer`: what a SIP Server works by. */
export const sipServerOptions = define('TServer', {
  'sip-address': {
    kind: HOST_NAME,
    default: undefined,
    setOn: SIP_SERVER,
    takesEffect: 'when the server starts',
    meaning: 'Address for SIP alone: clients use that of the Host. Unset: the address of the Host.',
    source: 'SIP Server options reference',
    actsOn: 'SIP Server',
  },
  'sip-port': {
    kind: { type: 'integer', min: 1, max: 65_535, unit: '' },
    default: '5060',
    setOn: SIP_SERVER,
    takesEffect: 'when the server starts',
    meaning: 'UDP and TCP port for SIP.',
    source: 'SIP Server options reference',
    actsOn: 'SIP Server',
  },
  'wrap-up-time': {
    kind: seconds(0, 86_400),
    default: '0',
    setOn: [...SIP_SERVER, 'AgentLogin'],
    knownOn: ['DN:ACDQueue'],
    takesEffect: 'immediately',
    meaning:
      'After-call work after a business call; 0 is none; the value of untimed-wrap-up-value is untimed.',
    source: 'SIP Server options reference',
    actsOn: 'agent state',
  },
  'untimed-wrap-up-value': {
    kind: seconds(1, 86_400),
    default: '1000',
    setOn: SIP_SERVER,
    takesEffect: 'immediately',
    meaning: 'The value of wrap-up-time that means untimed.',
    source: 'SIP Server options reference',
    actsOn: 'agent state',
  },
  'auto-logout-timeout': {
    kind: { type: 'integer', min: 0, max: 35_791, unit: 'min' },
    default: '0',
    setOn: [...SIP_SERVER, 'AgentLogin'],
    takesEffect: 'immediately',
    meaning:
      'Logs out an agent who does nothing for so long while NotReady without a purpose (AG22); 0 is never. The Agent Login goes before the server.',
    source: 'SIP Server options reference',
    actsOn: 'agent state',
  },
  'auto-logout-ready': {
    kind: BOOLEAN,
    default: 'false',
    setOn: [...SIP_SERVER, 'AgentLogin'],
    takesEffect: 'immediately',
    meaning:
      'auto-logout-timeout also holds for agents who are Ready, or NotReady with after-call work or auxiliary work. The Agent Login goes before the server.',
    source: 'SIP Server options reference',
    actsOn: 'agent state',
  },
  'timed-acw-in-idle': {
    kind: BOOLEAN,
    default: 'true',
    setOn: [...SIP_SERVER, 'AgentLogin'],
    takesEffect: 'immediately',
    meaning:
      'After-call work that an idle agent asks for takes the wrap-up time; else it is untimed (AG9). The Agent Login goes before the server.',
    source: 'SIP Server options reference',
    actsOn: 'agent state',
  },
  'acw-in-idle-force-ready': {
    kind: BOOLEAN,
    default: 'true',
    setOn: [...SIP_SERVER, 'AgentLogin'],
    takesEffect: 'immediately',
    meaning:
      'Such after-call work ends in Ready; else in the state before it (AG9). The Agent Login goes before the server.',
    source: 'SIP Server options reference',
    actsOn: 'agent state',
  },
  'no-answer-timeout': {
    kind: seconds(1, 600),
    default: '15',
    setOn: [...SIP_SERVER, 'DN:ACDQueue'],
    takesEffect: 'at the next call',
    meaning:
      'How long an agent is rung before the call is offered to the next. The queue goes before the server.',
    source: 'SIP Server manual (name); default ours',
    actsOn: 'ACD',
  },
  'no-answer-action': {
    kind: { type: 'choice', values: ['none', 'notready'] },
    default: 'notready',
    setOn: [...SIP_SERVER, 'DN:ACDQueue'],
    takesEffect: 'at the next call',
    meaning: 'What becomes of an agent who does not answer. The queue goes before the server.',
    source: 'SIP Server manual (name); default ours',
    actsOn: 'ACD',
  },
  'registrar-default-timeout': {
    kind: seconds(1, 86_400),
    default: '1800',
    setOn: SIP_SERVER,
    takesEffect: 'immediately',
    meaning: 'Expiry of a registration that asks for none.',
    source: 'SIP Server options reference',
    actsOn: 'registrar',
  },
  'shutdown-sip-reject-code': {
    kind: { type: 'integer', min: 300, max: 603, unit: '' },
    default: '603',
    setOn: SIP_SERVER,
    takesEffect: 'immediately',
    meaning:
      'Answer to a new INVITE during a graceful shutdown. 300 to 302 name the gateway behind dr-peer-trunk; without it, and for any other 3xx, it is 603.',
    source: 'SIP Server high-availability guide',
    actsOn: 'graceful shutdown',
  },
  'dr-forward': {
    kind: { type: 'choice', values: ['off', 'no-agent', 'oos'] },
    default: 'off',
    setOn: [...SIP_SERVER, 'DN:Extension'],
    takesEffect: 'immediately',
    meaning:
      'Whether a direct call to a DN goes over dr-peer-trunk to the other site: when no agent is logged in here and one is there, or when the phone is out of service here and in service there. With either, the other site makes the calls from a DN whose agent is logged in there (SS79). The DN goes before the server (PQ2).',
    source: 'SIP Server high-availability guide',
    actsOn: 'call admission',
  },
  'dr-peer-trunk': {
    kind: DN_NUMBER,
    default: undefined,
    setOn: SIP_SERVER,
    takesEffect: 'immediately',
    meaning:
      'The Trunk that leads to the SIP Servers of the peer site: where dr-forward, pooled queues and a graceful shutdown send callers. No other call leaves over it.',
    source: 'SIP Server high-availability guide',
    actsOn: 'call admission, graceful shutdown',
  },
  'oos-check': {
    kind: seconds(0, 300),
    default: '0',
    setOn: ['DN:Trunk'],
    knownOn: ['DN:Extension'],
    takesEffect: 'immediately',
    meaning:
      'How often the gateway of a trunk is asked by OPTIONS whether it is in service (SS35); 0 is never.',
    source: 'SIP Server options reference',
    actsOn: 'trunks',
  },
  'oos-force': {
    kind: seconds(0, 30),
    default: '0',
    setOn: ['DN:Trunk'],
    knownOn: ['DN:Extension'],
    takesEffect: 'immediately',
    meaning:
      'How long it may leave that unanswered before the trunk is tried after the others; 0 is as long as such a request lives, 32 s (Timer F).',
    source: 'SIP Server options reference',
    actsOn: 'trunks',
  },
  'recovery-timeout': {
    kind: seconds(0, 86_400),
    default: '30',
    setOn: ['DN:Trunk'],
    knownOn: ['DN:Extension'],
    takesEffect: 'immediately',
    meaning:
      'How long a trunk whose gateway has failed an INVITE is tried after the others (SS32); 0 is not at all.',
    source: 'SIP Server options reference; default ours',
    actsOn: 'trunks',
  },
  contact: {
    kind: {
      type: 'text',
      pattern: /^sip:(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]{1,253})(:\d{1,5})?(;transport=(udp|tcp))?$/i,
      allowed: 'sip:host[:port][;transport=udp|tcp]',
    },
    default: undefined,
    setOn: ['DN:Trunk', 'DN:CallProcessingPort'],
    knownOn: ['DN:Extension'],
    takesEffect: 'at the next call',
    meaning:
      'Trunk: where its gateway is, and the address that its calls come from. Call Processing Port: where it is called. A name is looked up (SS46); without a port it may stand for several gateways.',
    source: 'SIP Server options reference',
    actsOn: 'trunks',
  },
});
