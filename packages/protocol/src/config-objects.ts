/**
 * The objects of the configuration, with the names and relations that administrators of such systems know
 * (S0–S4): who works here, on which numbers, through which servers.
 *
 * An object refers to another by its name. What stands under a Switch (DN, Agent Login) is named
 * `number@switch`, as statistics name a queue. Options are text in sections ("annex"): what each may be and
 * where it may stand is in the option catalogue.
 */
import { z } from 'zod';

/** Letters, digits and a few signs, so that names survive files, URLs, log lines and reports. */
const objectName = z
  .string()
  .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._+@-]{0,254}$/u, 'must be 1 to 255 letters, digits, spaces or . _ + @ -');
/** What is dialled, or an agent's code. */
const number = z
  .string()
  .regex(/^[A-Za-z0-9*#+._-]{1,64}$/, 'must be 1 to 64 letters, digits or * # + . _ -');
/** `number@switch`. */
const numberAtSwitch = z
  .string()
  .regex(/^[A-Za-z0-9*#+._-]{1,64}@[\p{L}\p{N}][\p{L}\p{N} ._+@-]{0,190}$/u, 'must be number@switch');
const port = z.number().int().min(1).max(65_535);
/** A literal address or a host name. */
const address = z.string().regex(/^[A-Za-z0-9.:_-]{1,253}$/, 'must be an IP address or a host name');

/** Section → option → value. */
export const optionSections = z.record(
  z.string().min(1).max(64),
  z.record(z.string().min(1).max(128), z.string().max(1024)),
);
export type OptionSections = z.infer<typeof optionSections>;

/** A disabled object stays in the configuration and is refused wherever it would be used. */
const common = { enabled: z.boolean().default(true), options: optionSections.default({}) };

export const tenantObject = z.strictObject({ objectType: z.literal('Tenant'), name: objectName, ...common });

export const hostObject = z.strictObject({
  objectType: z.literal('Host'),
  name: objectName,
  /** Where the applications on it are reached. */
  address,
  ...common,
});

export const APPLICATION_TYPES = [
  'ConfigurationServer',
  'ConfigurationServerProxy',
  'SIPServer',
  'StatServer',
  'ApplicationCluster',
  'Supervisor',
  'Workspace',
  'ThirdPartyApplication',
] as const;
export const applicationType = z.enum(APPLICATION_TYPES);
export type ApplicationType = z.infer<typeof applicationType>;

/** Seconds. */
export const ADDP_TIMEOUT_S = { min: 0.1, max: 3_600, default: 10 } as const;
export const RECONNECT_TIMEOUT_S = { min: 1, max: 3_600 } as const;

const addpTimeout = z.number().min(ADDP_TIMEOUT_S.min).max(ADDP_TIMEOUT_S.max);

/** From an application to a server that it uses. */
export const connection = z.strictObject({
  /** Name of the server's Application: the primary of a pair; its backup is found through it. */
  server: objectName,
  /** Port id at the server. */
  port: z.string().min(1).max(64).default('default'),
  /** ADDP: silence for this long is answered by a poll, the same again means lost. Seconds; the other end's, where it differs. */
  addp: z
    .strictObject({ timeout: addpTimeout, remoteTimeout: addpTimeout.optional() })
    .default({ timeout: ADDP_TIMEOUT_S.default }),
});
export type Connection = z.infer<typeof connection>;

export const applicationObject = z.strictObject({
  objectType: z.literal('Application'),
  name: objectName,
  type: applicationType,
  tenant: objectName.optional(),
  /** Servers run on a Host; desktops have none. */
  host: objectName.optional(),
  /** Port id → TCP port. `default` is where clients connect, `pair` where the backup of a SIP Server does, `health` over HTTP (HR4). */
  ports: z.record(z.string().min(1).max(64), port).default({}),
  /** The standby member of the pair. */
  backup: objectName.optional(),
  /** SIP Servers: the Switch that they control. */
  switch: objectName.optional(),
  connections: z.array(connection).max(256).default([]),
  /** Pause, in seconds, after primary and backup have both failed (S0). */
  reconnectTimeout: z.number().int().min(RECONNECT_TIMEOUT_S.min).max(RECONNECT_TIMEOUT_S.max).optional(),
  ...common,
});

export const switchObject = z.strictObject({
  objectType: z.literal('Switch'),
  name: objectName,
  tenant: objectName,
  ...common,
});

export const DN_TYPES = ['Extension', 'ACDQueue', 'RoutingPoint', 'CallProcessingPort', 'Trunk'] as const;

/** H(user:realm:password) in hexadecimal, user being the DN's number; the password itself is nowhere (PH4). */
export const digestCredentials = z.strictObject({
  realm: z.string().min(1).max(255),
  md5: z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hexadecimal digits'),
  sha256: z.string().regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits'),
});

export const dnObject = z.strictObject({
  objectType: z.literal('DN'),
  number,
  switch: objectName,
  type: z.enum(DN_TYPES),
  /** For people: "Sales". */
  displayName: z.string().max(255).optional(),
  /** Extensions: without it no phone may register. */
  digest: digestCredentials.optional(),
  ...common,
});

export const placeObject = z.strictObject({
  objectType: z.literal('Place'),
  name: objectName,
  tenant: objectName,
  dns: z.array(numberAtSwitch).max(64),
  ...common,
});

export const agentLoginObject = z.strictObject({
  objectType: z.literal('AgentLogin'),
  code: number,
  switch: objectName,
  ...common,
});

/** An auditor reads everything but secrets, and takes no calls (ID1). */
export const personRank = z.enum(['agent', 'supervisor', 'administrator', 'auditor']);

/** Wall clock, ms since 1970; up to the end of what a date can say. */
const wallClock = z.number().int().min(0).max(8.64e15);

export const personObject = z.strictObject({
  objectType: z.literal('Person'),
  /** What the person types to log in. */
  name: objectName,
  displayName: z.string().max(255).optional(),
  tenant: objectName,
  rank: personRank.default('agent'),
  /** argon2id in the PHC string form. Without it nobody logs in as this person. */
  passwordHash: z
    .string()
    .regex(
      /^\$argon2id\$v=19\$[\w=,]+\$[A-Za-z0-9+/]+\$[A-Za-z0-9+/]+$/,
      'must be an argon2id hash ($argon2id$v=19$…)',
    )
    .max(512)
    .optional(),
  /** When that was set; absent: nobody knows, which is long ago (ID9). */
  passwordChangedAt: wallClock.optional(),
  /** Log-in tokens made before this are refused, and what stands by them ends (ID2). */
  tokensNotBefore: wallClock.optional(),
  /** `code@switch`, at most one for each switch. */
  agentLogins: z.array(numberAtSwitch).max(64).default([]),
  /** Where the person sits unless another place is named at log-in. */
  defaultPlace: objectName.optional(),
  ...common,
});

export const agentGroupObject = z.strictObject({
  objectType: z.literal('AgentGroup'),
  name: objectName,
  tenant: objectName,
  /** User names. */
  members: z.array(objectName).max(20_000).default([]),
  /** The queues from which the group's agents get their calls, as `number@switch`. */
  originationDNs: z.array(numberAtSwitch).max(256).default([]),
  ...common,
});

/** 32 bytes. */
const keyBytes = z.string().regex(/^[A-Za-z0-9_-]{43}$/, 'must be 32 bytes in base64url (43 characters)');

/** Former ones verify for one life of a token: more would mean a change every two hours. */
export const TOKEN_KEYS_MAX = 8;
/** No token lasts longer, whatever its claims say. */
export const TOKEN_LIFE_MAX_MS = 12 * 3_600_000;
/** A site's wall clock may be behind that of the site which made the token. */
export const TOKEN_CLOCK_SKEW_MAX_MS = 60_000;

/** One line, as a file of secrets has them. */
const serverSecret = z
  .string()
  .min(16)
  .max(1024)
  .regex(/^[^\r\n]*$/, 'must be one line');

/** What the servers of both sites share and nobody else may see. */
export const keysObject = z.strictObject({
  objectType: z.literal('Keys'),
  name: objectName,
  /** Ed25519. The first whose time has come signs log-in tokens, all verify, so that a key is changed without a gap (ID5). */
  tokenKeys: z
    .array(
      z.strictObject({
        id: number,
        publicKey: keyBytes,
        privateKey: keyBytes.optional(),
        /** Absent: at once. */
        signsFrom: wallClock.optional(),
        /** Of a former key; it verifies nothing after that. */
        goodUntil: wallClock.optional(),
      }),
    )
    .min(1)
    .max(TOKEN_KEYS_MAX),
  /** HMAC keys of the digest nonces, current first (PH4), in hexadecimal. */
  nonceKeys: z.array(z.string().regex(/^[0-9a-f]{32,128}$/, 'must be 32 to 128 hexadecimal digits')).max(2),
  /** What a server shows when it opens a connection to a Configuration Server. */
  serverSecret: serverSecret.optional(),
  /** While it is being changed: what servers that have not been started anew still show (ID7). */
  serverSecretFormer: serverSecret.optional(),
  ...common,
});

export const configObject = z.discriminatedUnion('objectType', [
  tenantObject,
  hostObject,
  applicationObject,
  switchObject,
  dnObject,
  placeObject,
  agentLoginObject,
  personObject,
  agentGroupObject,
  keysObject,
]);
export type ConfigObject = z.infer<typeof configObject>;
export type ObjectType = ConfigObject['objectType'];
export type ObjectOf<Type extends ObjectType> = Extract<ConfigObject, { objectType: Type }>;
export type Application = ObjectOf<'Application'>;
export type DN = ObjectOf<'DN'>;
export type Place = ObjectOf<'Place'>;
export type Person = ObjectOf<'Person'>;
export type AgentGroup = ObjectOf<'AgentGroup'>;
export type Tenant = ObjectOf<'Tenant'>;
export type Keys = ObjectOf<'Keys'>;

/** May act on agents other than oneself, and sees them all at work. */
export function isSupervisor(rank: Person['rank'] | undefined): boolean {
  return rank === 'supervisor' || rank === 'administrator';
}

/** The name by which others refer to the object, unique in its type. */
export function nameOf(object: ConfigObject): string {
  if (object.objectType === 'DN') return `${object.number}@${object.switch}`;
  if (object.objectType === 'AgentLogin') return `${object.code}@${object.switch}`;
  return object.name;
}

/** `Person/kim`: unique in the configuration; how people, logs and `Changed.deleted` name an object. */
export function objectKey(object: ConfigObject): string {
  return `${object.objectType}/${nameOf(object)}`;
}
