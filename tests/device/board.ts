/** A board that boots a card with the real Mender client in it. Root only. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readFileInImage } from '../support/images';

const script = join(import.meta.dirname, 'board.sh');
const keyPath = '/mender/mender-agent.pem';

/** The folder of this run, and the unpacked package of the client; scripts/device-client.mjs makes both. */
export const runFolder = neededVariable('IMPRINT_DEVICE_FOLDER');
const client = neededVariable('IMPRINT_MENDER_CLIENT');

function neededVariable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run \`npm run test:device\``);
  return value;
}

export const clientVersion = execFileSync(join(client, 'usr/bin/mender'), ['--version'], { encoding: 'utf8' }).trim();

interface Partition {
  readonly offset: number;
  readonly bytes: number;
}

/** A card as a file, with the partitions of its own table. */
export class Card {
  readonly #partitions: readonly Partition[];

  constructor(readonly path: string) {
    const table = JSON.parse(execFileSync('sfdisk', ['--json', path], { encoding: 'utf8' })) as { partitiontable: { sectorsize?: number; partitions: { start: number; size: number }[] } };
    const sector = table.partitiontable.sectorsize ?? 512;
    this.#partitions = table.partitiontable.partitions.map(({ start, size }) => ({ offset: start * sector, bytes: size * sector }));
  }

  partition(number: number): Partition {
    const found = this.#partitions[number - 1];
    if (found === undefined) throw new Error(`${this.path} has no partition ${number}`);
    return found;
  }

  key(): Promise<Buffer> {
    return readFileInImage(this.path, this.partition(4).offset, keyPath);
  }

  /** SHA-256 of the key file, byte for byte. */
  async keyFileHash(): Promise<string> {
    return createHash('sha256').update(await this.key()).digest('hex');
  }

  /** Fingerprint of the public half. */
  async fingerprint(): Promise<string> {
    const spki = execFileSync('openssl', ['pkey', '-pubout', '-outform', 'DER'], { input: await this.key() });
    return createHash('sha256').update(spki).digest('hex');
  }
}

export interface BoardSettings {
  readonly serverUrl: string;
  readonly certificateAuthority: string;
  /** What the identity script prints, line by line. */
  readonly identity: readonly string[];
}

export interface BoardRun {
  readonly exitCode: number | null;
  /** All that the client said. */
  readonly said: string;
}

/** A board with a card in it. Between two runs nobody has the card open. */
export class Board {
  readonly #folder: string;
  readonly #card: Card;

  constructor(card: Card, settings: BoardSettings) {
    this.#card = card;
    this.#folder = mkdtempSync(join(runFolder, 'board-'));
    cpSync(client, join(this.#folder, 'client'), { recursive: true, verbatimSymlinks: true });
    const partitions = [card.partition(2), card.partition(4)];
    writeFileSync(join(this.#folder, 'partitions'), partitions.map(({ offset, bytes }) => `${offset} ${bytes}\n`).join(''));
    this.#write('etc/mender/server.crt', settings.certificateAuthority);
    this.#write(
      'etc/mender/mender.conf',
      // Intervals of a test; the rest as the client has it. There is no system bus on this board.
      JSON.stringify({ ServerURL: settings.serverUrl, ServerCertificate: '/etc/mender/server.crt', DBus: { Enabled: false }, RetryPollIntervalSeconds: 1, UpdatePollIntervalSeconds: 1, InventoryPollIntervalSeconds: 1 }),
    );
    this.#write('usr/share/mender/identity/mender-device-identity', ['#!/bin/sh', ...settings.identity.map((line) => `echo '${line}'`), ''].join('\n'), 0o755);
  }

  #write(path: string, content: string, mode = 0o644): void {
    const file = join(this.#folder, 'layer', path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    chmodSync(file, mode);
  }

  /** Runs a command on the board to its end. */
  async run(...command: readonly string[]): Promise<BoardRun> {
    return this.#while(command, ({ done }) => done);
  }

  /** Runs a command on the board until `enough`; then the power is cut. */
  async runUntil(enough: () => boolean, ...command: readonly string[]): Promise<BoardRun> {
    return this.#while(command, async ({ child, done, said }) => {
      const end = Date.now() + 60_000;
      while (!enough() && child.exitCode === null) {
        if (Date.now() > end) throw new Error(`Nothing happened on the board:\n${said()}`);
        await sleep(50);
      }
      child.kill('SIGKILL');
      return done;
    });
  }

  async #while(command: readonly string[], use: (board: { child: ChildProcess; done: Promise<BoardRun>; said: () => string }) => Promise<BoardRun>): Promise<BoardRun> {
    // CRASH: the board dies with unshare, and unshare with this process; nothing stays mounted.
    const words = ['--pdeathsig', 'KILL', '--', 'unshare', '--mount', '--pid', '--fork', '--kill-child=KILL', '--', 'sh', script, this.#folder, this.#card.path, ...command];
    const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
    // `close` and not `exit`: it comes when nobody on the board holds the pipes any more.
    const done = new Promise<BoardRun>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (exitCode) => resolve({ exitCode, said }));
    });
    try {
      return await use({ child, done, said: () => said });
    } finally {
      child.kill('SIGKILL');
      await done.catch(() => undefined);
      await released(this.#card.path);
    }
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** The kernel unmounts what a dead namespace had mounted a moment after its last process. */
async function released(file: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (execFileSync('losetup', ['--associated', file], { encoding: 'utf8' }) === '') return;
    await sleep(50);
  }
  throw new Error(`${file} is still mounted`);
}
