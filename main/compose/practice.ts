import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ImprintError } from '../domain/errors';
import type { Identity } from '../domain/identity';
import type { LabelSettings } from '../domain/labels';
import type { Secrets } from '../domain/ports';
import { slotPlace, type Profile, type SlotSettings } from '../domain/profile';
import type { LoadedProfile } from '../station/station';
import { lockFolder } from './folder-lock';
import { loadedProfile } from './load-profile';
import { openStation, type OpenStation, type WhoIsAtWork } from './open-station';
import { stationFolder } from './station-folder';
import { practiceKindOf, type PracticeKind, type RunningPractice } from './practice-kinds';

const slotCount = 4;

/**
 * A label printer for the practice bench, for demonstrations and tests: `IMPRINT_PRACTICE_PRINTER=127.0.0.1:9100` gets ZPL, a folder gets
 * PDF files. `IMPRINT_PRACTICE_SCAN_BACK=1`: each label is to be scanned.
 */
function practiceLabel(identity: Profile['identity']): LabelSettings | undefined {
  const told = process.env['IMPRINT_PRACTICE_PRINTER'];
  if (told === undefined || told === '') return undefined;
  const address = /^([A-Za-z0-9_.-]+):([0-9]{1,5})$/.exec(told);
  const scanned = identity.find(({ scan }) => scan)?.name ?? 'mac';
  return {
    printer: address === null ? { kind: 'pdf', folder: resolve(told) } : { kind: 'zpl', host: address[1] ?? '', port: Number(address[2]) },
    size: { width: 50, height: 25 },
    dpmm: 8,
    template: [
      { kind: 'qr', x: 2, y: 2, size: 15, content: `{identity.${scanned}}` },
      { kind: 'text', x: 19, y: 2, height: 3, content: `{identity.${scanned}}` },
      { kind: 'text', x: 19, y: 6, height: 2.5, content: '{fingerprint.short}' },
      { kind: 'text', x: 19, y: 9.5, height: 2.5, content: '{batch}' },
      { kind: 'text', x: 19, y: 13, height: 2, content: '{profile} {date}' },
      { kind: 'code-128', x: 2, y: 18.5, width: 46, height: 5, content: `{identity.${scanned}}` },
    ],
    copies: 1,
    scanBack: process.env['IMPRINT_PRACTICE_SCAN_BACK'] === '1',
  };
}

export interface PracticeBench {
  readonly open: OpenStation;
  readonly loaded: LoadedProfile;
  readonly kind: PracticeKind;
  /** Boots the simulated device from the card in a slot. @returns one sentence. @throws ImprintError device-not-accepted */
  powerOn(slot: SlotSettings, identity: Identity, signal: AbortSignal): Promise<string>;
  close(): Promise<void>;
}

/**
 * The embedded practice bench: a practice server on loopback, the golden image that comes with the app, cards that are
 * files. The same station as with a real profile, in a folder of its own.
 *
 * @param server which one; that of the last time unless told
 * @throws ImprintError usage where there is no such server; slot-busy where another window or command has this bench open
 */
export async function openPracticeBench(dataFolder: string, who: WhoIsAtWork, server?: string): Promise<PracticeBench> {
  const folder = stationFolder(dataFolder, true);
  // A word that is wrong leaves everything as it is.
  const asked = server === undefined ? undefined : practiceKindOf(server);
  const cards = makeFolder(join(folder.root, 'cards'));
  const lock = await lockFolder('practice', folder.root);
  if (lock === undefined) throw new ImprintError('slot-busy', 'The practice bench of this folder is open already: close its window or command first.');
  try {
    const kind = rememberedKind(folder.root, asked);
    const running = await startServer(folder.root, kind);
    const loaded = loadedProfile(practiceProfile(kind, running, cards));
    const open = openStation(folder, practiceSecrets(running), who);
    return {
      open,
      loaded,
      kind,
      powerOn: (slot, identity, signal) => running.powerOn({ custody: open.station.custody, profile: loaded.profile, targetPath: slotPlace(slot), identity }, signal),
      async close() {
        await open.close();
        await running.close();
        lock.close();
      },
    };
  } catch (thrown) {
    lock.close();
    throw thrown;
  }
}

/** A folder for this user alone. @throws ImprintError record-unavailable */
export function makeFolder(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return path;
  } catch (thrown) {
    throw new ImprintError('record-unavailable', `The folder ${path} cannot be made.`, { field: '--data', expected: 'a folder that this user may write', cause: thrown });
  }
}

/** What is practised with: what is asked for, or what this folder had the last time. */
function rememberedKind(root: string, asked: PracticeKind | undefined): PracticeKind {
  const file = join(root, 'server-kind');
  const kept = existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
  if (asked === undefined) return practiceKindOf(kept);
  writeFileSync(file, asked.name);
  return asked;
}

/** On the port of the last time if it is free: the record names devices by their server's address. */
async function startServer(root: string, kind: PracticeKind): Promise<RunningPractice> {
  const folder = makeFolder(join(root, kind.folder));
  const portFile = join(root, `port${kind.folder.replace('server', '')}`);
  const kept = existsSync(portFile) ? Number(readFileSync(portFile, 'utf8')) : 0;
  const port = Number.isInteger(kept) && kept > 0 && kept < 65536 ? kept : 0;
  const running = await kind.start({ port, folder }).catch(() => kind.start({ port: 0, folder }));
  writeFileSync(portFile, String(running.port));
  return running;
}

function practiceProfile({ profileName, identity, keyType, files }: PracticeKind, { settings }: RunningPractice, cards: string): Profile {
  // In a package beside the archive: inside of it a file has no times of its own, by which a changed image would be known.
  const assets = join(import.meta.dirname, 'practice', 'assets').replace(/\bapp\.asar\b/, 'app.asar.unpacked');
  const label = practiceLabel(identity);
  const description = JSON.parse(readFileSync(join(assets, 'golden.sdimg.json'), 'utf8')) as { readonly sha256: string };
  return {
    name: profileName,
    practice: true,
    server: settings,
    identity,
    keyType,
    image: { path: join(assets, 'golden.sdimg.xz'), sha256: description.sha256 },
    outboxLimit: slotCount,
    ...(label === undefined ? {} : { label }),
    files,
    targets: {
      slots: Array.from({ length: slotCount }, (_, index) => ({ name: `Slot ${String(index + 1)}`, path: join(cards, `card-${String(index + 1)}.img`), fixedDisk: false })),
    },
  };
}

/** The practice server's own secrets: made at its start, never kept. */
function practiceSecrets({ secrets }: RunningPractice): Secrets {
  return {
    resolve: ({ name }) => {
      const value = secrets[name];
      return value === undefined ? Promise.reject(new ImprintError('credential-missing', `The practice server has no secret "${name}".`)) : Promise.resolve(value);
    },
    forget: () => undefined,
    oneTimeCode: (account) => Promise.reject(new ImprintError('credential-missing', `The practice server wants no one-time code for ${account}.`)),
  };
}
