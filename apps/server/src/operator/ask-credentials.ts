/**
 * Who the operator is: HOLDFAST_USER and HOLDFAST_PASSWORD of the environment, else asked for at the terminal. Never of the
 * command line, which everybody on the host can read.
 */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { CannotRun } from '../role.ts';

export const USER_VARIABLE = 'HOLDFAST_USER';
export const PASSWORD_VARIABLE = 'HOLDFAST_PASSWORD';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

export async function askCredentials(): Promise<Credentials> {
  const { [USER_VARIABLE]: user, [PASSWORD_VARIABLE]: password } = process.env;
  if (user !== undefined && password !== undefined) return { user, password };
  if (!process.stdin.isTTY)
    throw new CannotRun(
      `There is no terminal to ask for the password. Set ${USER_VARIABLE} and ${PASSWORD_VARIABLE}, those of an administrator.`,
    );
  return {
    user: user ?? (await ask('User name of an administrator: ', true)),
    password: password ?? (await ask('Password: ', false)),
  };
}

/** At the terminal; what is typed is shown or not. Rejects with CannotRun when it is closed. */
export function ask(question: string, isShown: boolean): Promise<string> {
  process.stderr.write(question);
  // What is typed is written by `output` alone: the terminal itself shows nothing meanwhile.
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (isShown) process.stderr.write(chunk);
      done();
    },
  });
  const reader = createInterface({ input: process.stdin, output, terminal: true });
  return new Promise((resolve, reject) => {
    reader.once('line', (line) => {
      reader.removeAllListeners('close');
      reader.close();
      process.stderr.write('\n');
      resolve(line);
    });
    reader.once('close', () => reject(new CannotRun('Nothing was entered.')));
  });
}
