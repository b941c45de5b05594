/** How a command says what the program ends with. */
export interface Runner {
  child(entry: string, args: readonly string[]): Promise<void>;
  ended(status: number): void;
}

/** Options as a child understands them: flags without a value stand alone. */
export function flags(options: Readonly<Record<string, string | boolean>>): string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === false) return [];
    // Commander writes secret-file as secretFile.
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [flag] : [flag, String(value)];
  });
}
