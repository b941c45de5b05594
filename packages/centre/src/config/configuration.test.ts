import { seededRandom } from '@holdfast/kernel';
import { type ConfigObject, objectKey } from '@holdfast/protocol';
import { expect, it } from 'vitest';
import { changesBetween, makeConfiguration } from './configuration.ts';
import { sha256 } from './test-configuration.ts';

const host = (name: string, address: string): ConfigObject => ({
  ...{ objectType: 'Host', name, address, enabled: true, options: {} },
});
const tenant = (name: string): ConfigObject => ({ objectType: 'Tenant', name, enabled: true, options: {} });

it('[CF7] a revision made from the changes is the one made from all objects, whatever was changed', () => {
  const random = seededRandom(7);
  const drawn = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const names = ['a', 'b', 'b/c', 'B', 'z', 'ä', 'a b', '0'];
  const objects = new Map<string, ConfigObject>();
  let configuration = makeConfiguration([], sha256);
  for (let round = 0; round < 500; round++) {
    const before = [...objects.values()];
    for (let edits = 1 + Math.floor(4 * random()); edits > 0; edits--) {
      const object =
        random() < 0.5 ? tenant(drawn(names)) : host(drawn(names), `10.0.0.${Math.floor(9 * random())}`);
      if (random() < 0.4) objects.delete(objectKey(object));
      else objects.set(objectKey(object), object);
    }
    const former = configuration;
    const formerObjects = [...former.objects];
    configuration = former.with(changesBetween(before, [...objects.values()]));
    const whole = makeConfiguration([...objects.values()], sha256);
    expect(configuration.objects).toEqual(whole.objects);
    expect([configuration.digest, configuration.revision]).toEqual([whole.digest, whole.digest]);
    for (const name of names) {
      expect(configuration.get('Host', name)).toEqual(objects.get(`Host/${name}`));
      expect(configuration.get('Tenant', name)).toEqual(objects.get(`Tenant/${name}`));
    }
    // Whoever holds the former one has it as it was.
    expect(former.objects).toEqual(formerObjects);
  }
});

it('[CF7] its revision is the one that its writer gave, and its digest does not depend on it', () => {
  const first = makeConfiguration([tenant('a')], sha256, '3.7');
  const next = first.with({ changed: [tenant('a')], deleted: [] }, '3.8');
  expect([first.revision, next.revision]).toEqual(['3.7', '3.8']);
  expect(next.digest).toBe(first.digest);
});
