/**
 * The custody service as the fault campaign drives it: in a guest, over a serial port, one JSON object a line each way.
 * Runs in Electron as Node, bundled by scripts/qemu/run.mjs.
 */
import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { copyFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { asImprintError } from '../../main/domain/errors';
import type { Progress } from '../../main/domain/job';
import type { PreparedImage } from '../../main/domain/ports';
import type { CardFile, Erasure } from '../../main/domain/profile';
import { assertTargetAllowed, type TargetFacts, type TargetNaming } from '../../main/domain/targets';
import { unmappedRanges } from '../../main/flash/card-eraser';
import { headBytes } from '../../main/flash/card-plan';
import { listDrives } from '../../main/flash/drives';
import { resetReader } from '../../main/flash/reader-reset';
import { CustodyService } from '../../main/workers/custody/custody-service';
import { GoldenImages } from '../../main/workers/custody/golden-images';

const cacheFolder = '/run/cache';
const files: readonly CardFile[] = [{ content: 'private-key', partition: { number: 4 }, path: '/mender/mender-agent.pem', mode: 0o600, uid: 0, gid: 0, createFolders: false }];
const ignore = (): void => undefined;
const never = new AbortController().signal;

interface Command {
  readonly id: number;
  readonly command: string;
  readonly path?: string;
  readonly port?: string;
  readonly sha256?: string;
  readonly job?: string;
  readonly naming?: TargetNaming;
  readonly erasure?: Erasure;
  /** A target that was checked earlier. */
  readonly facts?: TargetFacts;
  readonly words?: readonly string[];
  readonly input?: string;
}

const service = new CustodyService(cacheFolder, { now: () => new Date() });
const cancellations = new Map<string, AbortController>();
let image: PreparedImage | undefined;

function send(message: object): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

const commands: Readonly<Record<string, (command: Command) => Promise<unknown>>> = {
  async prepare({ path = '', sha256 = '' }) {
    const own = '/run/golden.sdimg';
    copyFileSync(path, own);
    image = await service.prepareImage({ path: own, sha256 }, ignore, never);
    await service.checkFiles(image, files);
    return image;
  },
  drives: () => listDrives().then((drives) => drives.filter(({ bus }) => bus === 'usb')),
  inspect: ({ path = '' }) => service.inspectTarget(path),
  provision,
  cancel({ job = '' }) {
    cancellations.get(job)?.abort();
    return Promise.resolve(undefined);
  },
  readKey: ({ path = '' }) => service.readCardKey(path, files).then(({ publicKey, file }) => ({ fingerprint: publicKey.fingerprint, file })),
  reset: ({ port = '' }) => resetReader(port),
  status: () => service.status(),
  run({ words = [], input = '' }) {
    const [program = 'true', ...rest] = words;
    const { status, stdout, stderr } = spawnSync(program, rest, { encoding: 'utf8', input, timeout: 60_000 });
    return Promise.resolve({ status, stdout, stderr });
  },
};

/** One card as the station makes it, without server and record: check, key, write, verification, key destroyed. */
async function provision({ path = '', job = randomUUID(), naming = 'listed', erasure = 'zero', facts }: Command): Promise<unknown> {
  if (image === undefined) throw new Error('prepare first');
  const prepared = image;
  const cancellation = new AbortController();
  cancellations.set(job, cancellation);
  const { signal } = cancellation;
  const { pieces } = await new GoldenImages(cacheFolder).index(prepared, erasure, ignore, never);
  const erasedBytes = unmappedRanges(pieces, prepared.decodedBytes, 512).reduce((sum, { length }) => sum + length, 0);
  const onProgress = ({ phase, doneBytes, totalBytes }: Progress): void => {
    const bodyDone = phase === 'verify' && doneBytes >= totalBytes - headBytes;
    const name = phase === 'verify' && doneBytes >= totalBytes ? 'key' : bodyDone ? 'head' : phase === 'write' && doneBytes < erasedBytes ? 'erase' : phase;
    send({ event: 'progress', job, phase: name, doneBytes, totalBytes, erasedBytes });
  };
  try {
    const target = facts ?? (await service.inspectTarget(path));
    if (facts === undefined) assertTargetAllowed(target, prepared.decodedBytes, {}, naming);
    const publicKey = await service.generate(job, 'ed25519');
    const spki = Buffer.from(publicKey.spki).toString('base64');
    send({ event: 'key', job, spki });
    send({ event: 'progress', job, phase: 'open', doneBytes: 0, totalBytes: 1, erasedBytes });
    const written = await service.write({ jobId: job, image: prepared, files, contents: [], target, erasure }, onProgress, signal);
    const verified = await service.verify(job, onProgress, signal);
    return { fingerprint: publicKey.fingerprint, spki, written, bytesRead: verified.bytesRead, directIo: verified.directIo };
  } finally {
    await service.destroy(job);
    cancellations.delete(job);
  }
}

async function obey(command: Command): Promise<void> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  try {
    const work = commands[command.command];
    if (work === undefined) throw new Error(`unknown command ${command.command}`);
    const value = await work(command);
    send({ event: 'answer', id: command.id, ok: true, value, seconds: seconds() });
  } catch (thrown) {
    const { code, message, cause } = asImprintError(thrown);
    send({ event: 'answer', id: command.id, ok: false, error: { code, sentence: message, cause: String(cause) }, seconds: seconds() });
  }
}

process.on('uncaughtException', (error) => {
  send({ event: 'crash', sentence: error.stack });
  process.exitCode = 1;
});
process.on('unhandledRejection', (reason) => {
  send({ event: 'crash', sentence: reason instanceof Error ? reason.stack : String(reason) });
});
createInterface({ input: process.stdin }).on('line', (line) => {
  void obey(JSON.parse(line) as Command);
});
send({ event: 'ready' });
