/** A project of somebody else's: a folder outside the repository into which one tarball is installed, without a registry. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TSC = fileURLToPath(new URL('../node_modules/.bin/tsc', import.meta.url));

export class EmptyProject {
  readonly folder = mkdtempSync(join(tmpdir(), 'holdfast-stranger-'));

  constructor() {
    this.write('package.json', JSON.stringify({ name: 'stranger', private: true, type: 'module' }));
  }

  install(tarball: string): void {
    this.run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--silent', tarball]);
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.folder, file), text);
  }

  /** What it has written to stdout; throws when it ends with another status than 0. */
  run(command: string, args: readonly string[]): string {
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    return execFileSync(command, args, { cwd: this.folder, encoding: 'utf8', stdio: [...stdio] });
  }

  /** Strict, and without any other library, not even the types of Node. What the compiler says: nothing, as it should. */
  compile(file: string, lib = 'es2023'): string {
    const options = `--noEmit --strict --module nodenext --target es2023 --lib ${lib} --types`.split(' ');
    const { stdout } = spawnSync(TSC, [...options, '', file], { cwd: this.folder, encoding: 'utf8' });
    return stdout;
  }

  /** The names of what is installed, with what each of them has brought. */
  installed(): Record<string, { readonly dependencies?: unknown }> {
    return JSON.parse(this.run('npm', ['ls', '--all', '--json'])).dependencies;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
