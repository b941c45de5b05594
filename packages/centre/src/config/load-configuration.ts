/**
 * Files become a configuration, or a list of everything that is wrong with them. There is nothing in between: a
 * server never runs on the half that could be read.
 */
import { type ConfigObject, objectKey } from '@holdfast/protocol';
import { checkDesktops } from './check-desktops.ts';
import { checkOptions } from './check-options.ts';
import { checkPools } from './check-pools.ts';
import { checkAgentLogins, checkPlaces, checkReferences, reporter } from './check-references.ts';
import { checkDNs, checkPeerTrunks, checkServers } from './check-servers.ts';
import { type Configuration, makeConfiguration, type Sha256 } from './configuration.ts';
import type { Problem } from './problem.ts';
import { type ConfigFile, PROBLEMS_MAX, type ReadObject, readObjects } from './read-objects.ts';
import { checkSyncSwitches } from './sync-switches-settings.ts';

export type LoadedConfiguration =
  /** `warnings` name what endangers a move, what counts as not set, and what nobody acts on. */
  | { readonly ok: true; readonly configuration: Configuration; readonly warnings: readonly Problem[] }
  | { readonly ok: false; readonly problems: readonly Problem[]; readonly warnings: readonly Problem[] };

export function loadConfiguration(files: readonly ConfigFile[], sha256: Sha256): LoadedConfiguration {
  const { objects, problems } = readObjects(files);
  return checkObjects(objects, problems, sha256);
}

/** `problems` are those of the reading. */
export function checkObjects(
  read: readonly ReadObject[],
  problems: readonly Problem[],
  sha256: Sha256,
): LoadedConfiguration {
  const { configuration, fileOf, unusable, warnings, ...checked } = checkModel(read, sha256);
  const found = [...problems, ...checked.problems];
  if (found.length > 0) return { ok: false, problems: cut(found), warnings: cut([...unusable, ...warnings]) };
  // What endangers a move is not to be cut off by what has no effect.
  const ofMoves: Problem[] = [];
  checkDesktops(configuration, reporter(fileOf, ofMoves));
  checkPeerTrunks(configuration, reporter(fileOf, ofMoves));
  checkPools(configuration, reporter(fileOf, ofMoves));
  checkSyncSwitches(configuration, reporter(fileOf, ofMoves));
  return { ok: true, configuration, warnings: cut([...ofMoves, ...unusable, ...warnings]) };
}

/** For which a configuration is refused: all of it, however much, for whoever takes out what is wrong. */
export function problemsIn(objects: readonly ConfigObject[]): readonly Problem[] {
  const read = objects.map((object) => ({ file: '', object }));
  // Nobody asks for the revision of what is only tried.
  return checkModel(read, () => '').problems;
}

function checkModel(read: readonly ReadObject[], sha256: Sha256) {
  const problems: Problem[] = [];
  const warnings: Problem[] = [];
  const unusable: Problem[] = [];
  for (const one of read) {
    const options = checkOptions(one);
    problems.push(...options.problems);
    unusable.push(...options.unusable);
    warnings.push(...options.warnings);
  }
  const areOptionsSound = problems.length === 0;
  const configuration = makeConfiguration(
    read.map(({ object }) => object),
    sha256,
  );
  const fileOf = new Map(read.map(({ file, object }) => [objectKey(object), file]));
  const report = reporter(fileOf, problems);
  checkReferences(configuration, report);
  checkPlaces(configuration, report);
  checkAgentLogins(configuration, report);
  // These read the values of options, so that all must be sound.
  if (areOptionsSound) {
    checkServers(configuration, report);
    checkDNs(configuration, report);
  }
  return { configuration, fileOf, problems, warnings, unusable };
}

function cut(problems: readonly Problem[]): Problem[] {
  if (problems.length <= PROBLEMS_MAX) return [...problems];
  const more = problems.length - PROBLEMS_MAX;
  return [
    ...problems.slice(0, PROBLEMS_MAX),
    {
      file: '',
      object: '',
      field: '',
      value: '',
      text: `And ${more} more like these. Mend the first ones, then check again.`,
    },
  ];
}
