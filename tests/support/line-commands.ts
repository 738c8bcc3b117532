/** A line as its people use it: the command line as processes, a practice server in a process of its own. */
import { execFileSync } from 'node:child_process';
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Identity } from '../../main/domain/identity';
import { publicKeyPem } from '../../main/domain/keys';
import { RawApi, type TestKey } from '../contract/mender-fixture';
import { readFileInImage } from './images';
import { decodedPracticeImage } from './practice-image';
import { startImprint, startServerProcess, temporaryFolder, type CommandResult, type RunningCommand, type ServerProcess } from './station';

export interface CommandLine {
  readonly folder: string;
  readonly profile: string;
  readonly server: ServerProcess;
  readonly raw: RawApi;
  /** `imprint WORDS --data …`, with the server's password in the environment. */
  start(words: readonly string[], env?: NodeJS.ProcessEnv): RunningCommand;
  run(words: readonly string[], env?: NodeJS.ProcessEnv): Promise<CommandResult>;
  /** Makes a device and returns the key on its card. @throws where the command did not succeed */
  make(mac: string, more?: readonly string[]): Promise<TestKey>;
  card(mac: string): string;
  /** Another profile file of this line. */
  profileFile(name: string, change: Readonly<Record<string, unknown>>): string;
  /** The server goes away; its state and its port stay. */
  stopServer(): Promise<void>;
  startServer(): Promise<void>;
  boot(identity: Identity, key: TestKey): Promise<number>;
  close(): Promise<void>;
}

export async function openCommandLine(): Promise<CommandLine> {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'cards'));
  const image = await decodedPracticeImage(folder);
  let server = await startServerProcess(folder);
  const port = Number(new URL(server.url).port);
  let raw = await apiOf(server);
  const credentials = { username: server.username, password: { environment: 'TEST_PASSWORD' } };
  const json = { name: 'line', keyType: 'ec-p256', server: { url: server.url, caFile: server.caFile, credentials }, image };
  const profileFile = (name: string, change: Readonly<Record<string, unknown>>): string => {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify({ ...json, ...change }));
    return path;
  };
  const profile = profileFile('profile', {});
  const start = (words: readonly string[], env: NodeJS.ProcessEnv = {}): RunningCommand => startImprint([...words, '--data', join(folder, 'data')], { TEST_PASSWORD: server.password, ...env });
  const card = (mac: string): string => join(folder, 'cards', `${mac.replaceAll(':', '')}.img`);
  return {
    folder,
    profile,
    get server() {
      return server;
    },
    get raw() {
      return raw;
    },
    start,
    run: (words, env) => start(words, env).done,
    card,
    profileFile,
    async make(mac, more = []) {
      const { exitCode, stderr } = await start(['provision', '--profile', profile, '--identity', `mac=${mac}`, '--target', card(mac), ...more]).done;
      if (exitCode !== 0) throw new Error(stderr);
      return keyOnCard(card(mac));
    },
    async stopServer() {
      await raw.close();
      await server.stop();
    },
    async startServer() {
      server = await startServerProcess(folder, port);
      raw = await apiOf(server);
    },
    boot: async (identity, key) => (await raw.authRequest(JSON.stringify(identity), key)).status,
    async close() {
      await raw.close();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function apiOf(server: ServerProcess): Promise<RawApi> {
  const raw = new RawApi(server.url, readFileSync(server.caFile, 'utf8'));
  raw.token = (await raw.logIn(server.username, server.password)).text;
  return raw;
}

/** What the board finds on its card. */
export async function keyOnCard(path: string): Promise<TestKey> {
  const { partitiontable } = JSON.parse(execFileSync('sfdisk', ['--json', path], { encoding: 'utf8' })) as { partitiontable: { partitions: { start: number }[] } };
  const pem = await readFileInImage(path, (partitiontable.partitions[3]?.start ?? 0) * 512, '/mender/mender-agent.pem');
  const privateKey = createPrivateKey(pem);
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    publicKey: { type: 'ec-p256', spki, fingerprint: createHash('sha256').update(spki).digest('hex') },
    pem: publicKeyPem(spki),
    privateKey,
    sign: (body) => sign('sha256', Buffer.from(body), privateKey).toString('base64'),
  };
}
