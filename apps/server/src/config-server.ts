/**
 * The process of a Configuration Server: it has the configuration from a database, with a copy beside it for the time without,
 * or from files. SIGHUP reads files again; some with a mistake in them change nothing.
 */
import { performance } from 'node:perf_hooks';
import { type Configuration, problemLine } from '@holdfast/centre';
import type { ConfigServerEffect, LineCounts } from '@holdfast/servers';
import type { Log } from './log.ts';
import type { ReportingRole } from './role.ts';
import { serveConfiguration } from './serve-configuration.ts';
import { BranchFile } from './store/branch-file.ts';
import { openConfigStore } from './store/open-config-store.ts';
import { openConfiguration, tellWarnings } from './store/open-configuration.ts';
import { loadFiles } from './store/read-files.ts';
import { StoreShell } from './store/store-shell.ts';
import { WriterLinks } from './writer-links.ts';

export interface ConfigServerStart {
  readonly application: string;
  /** Folder of configuration files: all there is, or what an empty database is filled with. */
  readonly files?: string | undefined;
  /** See `openConfigStore`. */
  readonly store?: string | undefined;
  /** File that keeps a copy of what the database holds. */
  readonly copy?: string | undefined;
  /** File that keeps what is edited while the database is out of reach (CW2); without one nothing is edited then. */
  readonly branch?: string | undefined;
  readonly log: Log;
  readonly lines: LineCounts;
}

export interface RunningConfigServer extends ReportingRole {
  /** As it was read at the start. */
  readonly configuration: Configuration;
  /** Reads the files again. False when they have problems, or there are none; then the former revision goes on being served. */
  reload(): Promise<boolean>;
}

export async function startConfigServer(start: ConfigServerStart): Promise<RunningConfigServer> {
  const startedAt = performance.now();
  const { application, files, copy, log, lines } = start;
  const store = start.store === undefined ? undefined : await openConfigStore(start.store);
  const opened = await openConfiguration({ application, files, store, copy, log });
  const { configuration, stored, recent } = opened;
  const branchFile =
    store === undefined || start.branch === undefined ? undefined : await BranchFile.open(start.branch, log);
  let shell: StoreShell | undefined;
  // The node asks the store for the first time while its ports are still being opened.
  const early: Extract<ConfigServerEffect, { type: 'store' }>[] = [];
  const serving = await serveConfiguration({
    ...{ application, type: 'ConfigurationServer', configuration, stored, recent, branchFile, log },
    ...{ lines, startedAt },
    asked: (effect, node) => {
      if (effect.type === 'passOn') writers.pass(effect);
      else if (effect.type === 'branch')
        void branchFile?.do(effect.request).then((answer) => {
          if (effect.request.type === 'keep') node.input({ type: 'branchKept', answer });
        });
      else if (shell === undefined) early.push(effect);
      else shell.ask(effect);
    },
  });
  const writers = new WriterLinks({ application, log, serving });
  if (store !== undefined) shell = new StoreShell(store, copy, log, serving);
  for (const effect of early) shell?.ask(effect);
  return {
    ...serving,
    configuration,
    async reload() {
      if (files === undefined || store !== undefined) {
        const because =
          'CX10: The configuration is in a database: edit it there, or bring files into it by "holdfast config import FOLDER".';
        log({ level: 'warn', what: 'nothing read again', because });
        return false;
      }
      const next = await loadFiles(files);
      tellWarnings(next, log);
      if (next.ok) serving.input({ type: 'configuration', configuration: next.configuration });
      else
        for (const problem of next.problems)
          log({ level: 'error', what: 'new configuration not taken', because: problemLine(problem) });
      return next.ok;
    },
    async stop() {
      writers.stop();
      await serving.stop();
      await shell?.stop();
      await branchFile?.close();
    },
  };
}
