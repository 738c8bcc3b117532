import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { readBatch } from '../domain/batches';
import { ImprintError } from '../domain/errors';

/** By profile name. */
const batchesSchema = z.record(z.string(), z.string());

/** The batch that was set for the next devices of a profile: kept until somebody changes it, over restarts too. */
export class SessionBatch {
  readonly #path: string;
  readonly #profileName: string;
  #batch: string | undefined;

  constructor(folder: string, profileName: string) {
    this.#path = join(folder, 'batches.json');
    this.#profileName = profileName;
    this.#batch = this.#read()[profileName];
  }

  /** Undefined: that of the profile, if it has one. */
  get current(): string | undefined {
    return this.#batch;
  }

  /** @throws ImprintError usage where this is no batch's name, record-unavailable; the batch stays as it was */
  set(given: string | undefined): void {
    const batch = given === undefined ? undefined : readBatch(given);
    const { [this.#profileName]: _, ...others } = this.#read();
    const text = JSON.stringify(batch === undefined ? others : { ...others, [this.#profileName]: batch });
    try {
      // CRASH: the old names stay until the new ones are whole.
      writeFileSync(`${this.#path}.new`, text, { mode: 0o600 });
      renameSync(`${this.#path}.new`, this.#path);
    } catch (thrown) {
      throw new ImprintError('record-unavailable', `The batch cannot be kept in ${this.#path}.`, { field: 'batch', expected: 'a folder that this user may write', cause: thrown });
    }
    this.#batch = batch;
  }

  /** A file that is not there or not readable names nothing: the person at the bench sees that the field is empty. */
  #read(): Readonly<Record<string, string>> {
    try {
      const read = batchesSchema.safeParse(JSON.parse(readFileSync(this.#path, 'utf8')));
      return read.success ? read.data : {};
    } catch {
      return {};
    }
  }
}
