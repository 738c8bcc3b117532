import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import type { Diagnostics } from '../../contract/diagnostics-file';

const readme = `Diagnostics of an Imprint station, for whoever helps with it.

versions.json   the program and the computer
health.json     what "imprint doctor" found
drives.json     drives and card readers, and the slots that are bound to them; limits of the process
settings.json   the station's settings, as far as they are no secret and lead to none
profiles.json   profiles that were used lately, the same
jobs.json       jobs of the last thirty days that did not end well: when, where, at which step
errors.jsonl    the last refusals: code and sentence

Not in it: private keys, passwords, tokens, PINs, the record, identities and keys of devices, names of people who work here.
Look through it before you give it away: profile, slot and file names are as your line gave them.
`;

/** The files of a bundle by name. */
export function diagnosticsFiles({ made, health, limits, drives, missing, settings, profiles, failedJobs, errors }: Diagnostics): ReadonlyMap<string, string> {
  const json = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;
  return new Map([
    ['README.txt', readme],
    ['versions.json', json({ ...made, missing })],
    ['health.json', json(health)],
    ['drives.json', json({ drives, limits })],
    ['settings.json', json(settings ?? null)],
    ['profiles.json', json(profiles)],
    ['jobs.json', json(failedJobs)],
    ['errors.jsonl', errors.map((error) => `${JSON.stringify(error)}\n`).join('')],
  ]);
}

/** @throws what the filesystem throws; where something is there already nothing is written */
export async function writeBundle(files: ReadonlyMap<string, string>, path: string, now: Date): Promise<void> {
  const zip = new ZipFile();
  for (const [name, text] of files) zip.addBuffer(Buffer.from(text, 'utf8'), name, { mtime: now, mode: 0o100600 });
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true }));
}
