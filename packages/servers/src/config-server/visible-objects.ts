/**
 * Who may see what (CS8). Secrets go only where they are used: a SIP Server checks phones and tokens but
 * signs none, a desk sees no secret at all.
 */
import { type Changes, type Configuration, canonicalText, splitKey } from '@holdfast/centre';
import { type ConfigObject, objectKey } from '@holdfast/protocol';

/**
 * `config`: the other Configuration Servers; `sip`: SIP Servers; `stat`: Stat Servers, which check tokens only;
 * `server`: all others; `person`: desks and people.
 */
export type Viewer = 'config' | 'sip' | 'stat' | 'server' | 'person';

/** Without what the viewer may not see; undefined when that is the whole object. */
export function visibleTo(viewer: Viewer, object: ConfigObject): ConfigObject | undefined {
  if (viewer === 'config') return object;
  switch (object.objectType) {
    case 'Person': {
      const { passwordHash: _, ...rest } = object;
      return rest;
    }
    case 'DN': {
      if (viewer === 'sip') return object;
      const { digest: _, ...rest } = object;
      return rest;
    }
    case 'Keys': {
      if (viewer !== 'sip' && viewer !== 'stat') return undefined;
      const { serverSecret: _, serverSecretFormer: __, ...rest } = object;
      const nonceKeys = viewer === 'sip' ? rest.nonceKeys : [];
      return {
        ...rest,
        nonceKeys,
        tokenKeys: object.tokenKeys.map(({ privateKey: ___, ...verifying }) => verifying),
      };
    }
    default:
      return object;
  }
}

export function allVisibleTo(viewer: Viewer, objects: readonly ConfigObject[]): ConfigObject[] {
  return objects.flatMap((object) => visibleTo(viewer, object) ?? []);
}

/** Of what is new since `before`, what the viewer sees of it; a change of a secret alone is none to whoever may not see that. */
export function changesVisibleTo(
  viewer: Viewer,
  before: Configuration,
  { changed, deleted }: Changes,
): Changes {
  const formerOf = (key: string) => {
    const former = before.get(...splitKey(key));
    return former === undefined ? undefined : visibleTo(viewer, former);
  };
  return {
    changed: changed.flatMap((object) => {
      const seen = visibleTo(viewer, object);
      if (seen === undefined) return [];
      const former = formerOf(objectKey(object));
      return former !== undefined && canonicalText(former) === canonicalText(seen) ? [] : seen;
    }),
    deleted: deleted.filter((key) => formerOf(key) !== undefined),
  };
}
