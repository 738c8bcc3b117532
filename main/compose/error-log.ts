import { appendFileSync, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { loggedErrorSchema } from '../contract/diagnostics-file';
import type { ErrorReport } from '../domain/errors';
import { loggedError, type LoggedError } from '../domain/error-log';
import { putFile, readIfThere } from './durable-file';
import { stationVersion } from './station-version';

/** About a thousand lines; at twice of it the older half goes. */
const keptBytes = 256 * 1024;

/**
 * The last refusals of every window and command of a data folder: `errors.jsonl` in it, one object a line, for this user alone.
 * It is not evidence: the record has its own log. What cannot be written here is lost, and disturbs nobody.
 */
export class ErrorLog {
  readonly #folder: string;
  readonly #path: string;

  constructor(dataFolder: string) {
    this.#folder = dataFolder;
    this.#path = join(dataFolder, 'errors.jsonl');
  }

  /** @param given texts that a person gave with it: no sentence keeps them */
  add(error: ErrorReport, from: LoggedError['from'], name: string, given: readonly string[]): void {
    try {
      // What was asked of a folder that is not there must not make it.
      if (!existsSync(this.#folder)) return;
      const entry = loggedError(error, { at: new Date().toISOString(), version: stationVersion, from, name }, [...given, ...secretsOfEnvironment()]);
      if (entry === undefined) return;
      // One write at the end of the file: lines of several processes do not mix.
      appendFileSync(this.#path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
      if (statSync(this.#path).size > 2 * keptBytes) this.#shorten();
    } catch {
      // A full disk is told by whoever it keeps from working.
    }
  }

  /** Oldest first; lines that cannot be read are left out. */
  read(): readonly LoggedError[] {
    const text = readIfThere(this.#path) ?? '';
    return text.split('\n').flatMap((line) => {
      try {
        return [loggedErrorSchema.parse(JSON.parse(line))];
      } catch {
        return [];
      }
    });
  }

  #shorten(): void {
    const text = (readIfThere(this.#path) ?? '').slice(-keptBytes);
    putFile(this.#path, text.slice(text.indexOf('\n') + 1), true);
  }
}

/** SECURITY: no error quotes them; this is in case that a foreign library's does. */
function secretsOfEnvironment(): readonly string[] {
  return Object.entries(process.env).flatMap(([name, value]) => (/PASS|SECRET|TOKEN|PIN|KEY/i.test(name) && value !== undefined && value.length >= 4 ? [value] : []));
}

/** Every text in something that came with a request, however deep. */
export function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
