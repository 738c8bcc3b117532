/** A card for a Tenant IoT Bridge by the command line, with a real broker, openssl and WireGuard's own tools as judges. */
import { execFileSync } from 'node:child_process';
import { createHash, randomUUID, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publishOnce } from '../../main/servers/iot-bridge/mqtt-check';
import { startPracticeBridge, type PracticeBridge } from '../../main/servers/iot-bridge/practice-server';
import { issueServerCertificate, openAuthority } from '../../main/servers/practice/practice-certificates';
import { contextFor, openDeviceChannel } from '../../main/workers/custody/device-tls';
import { systemClock, systemRandomness } from '../contract/mender-fixture';
import { pointsOfRun } from '../support/faults';
import { debugfs, e2fsck, readFileInImage } from '../support/images';
import { hasMosquitto, startMosquitto, type Broker } from '../support/mosquitto';
import { decodedPracticeImage } from '../support/practice-image';
import { scanFiles, scanMemory, secretPieces } from '../support/secret-scan';
import { imprint, processTree, startImprint, temporaryFolder, type CommandResult } from '../support/station';

const never = new AbortController().signal;

/** Where the station is killed, and how the job must stand after the next start. */
const killPoints = [
  ['enrol:started', 'compensated', 'released'],
  ['enrol:acted', 'compensated', 'released'],
  ['enrol:done', 'compensated', 'released'],
  ['write:acted', 'compensated', 'released'],
  ['verify:acted', 'compensated', 'released'],
  ['verify:done', 'done', 'preauthorized'],
  ['confirm:started', 'done', 'preauthorized'],
  ['confirm:done', 'done', 'preauthorized'],
  ['destroy:acted', 'done', 'preauthorized'],
  ['record:done', 'done', 'preauthorized'],
] as const;

describe.skipIf(!hasMosquitto)('a card for an IoT Bridge', () => {
  const folder = temporaryFolder();
  const data = join(folder, 'data');
  const profile = join(folder, 'profile.json');
  const card = join(folder, 'card.img');
  const id = 'device-001';
  let servers: PracticeBridge;
  let broker: Broker;
  let environment: NodeJS.ProcessEnv;
  let settings: { server: { options: Record<string, unknown> } };
  let offset: number;
  let first: CommandResult;
  let shows: NodeJS.Timeout;
  const shown = new Set<string>();

  const provision = (deviceId: string, target = card, path = profile): Promise<CommandResult> => imprint(['provision', '--profile', path, '--identity', `id=${deviceId}`, '--target', target, '--data', data, '--json'], environment);
  const onCard = async (name: string, path = card): Promise<string> => (await readFileInImage(path, offset, `/certs/${name}`)).toString('utf8');
  const profileWith = (name: string, options: Record<string, unknown>): string => {
    const path = join(folder, `${name}.json`);
    writeFileSync(path, JSON.stringify({ ...settings, server: { ...settings.server, options: { ...settings.server.options, ...options } } }));
    return path;
  };

  beforeAll(async () => {
    const serverFolder = join(folder, 'servers');
    servers = await startPracticeBridge({ clock: systemClock, randomness: systemRandomness, folder: serverFolder });
    const web = await openAuthority(serverFolder, systemClock, systemRandomness);
    const issued = await issueServerCertificate(web, systemClock, systemRandomness);
    broker = await startMosquitto(folder, { clientAuthorities: [servers.rootPem, servers.intermediatePem, servers.issuingPem].join(''), certificate: issued.pem, key: issued.key });
    // What ThingsBoard does: a device is there once the broker has a message of it.
    shows = setInterval(() => {
      for (const [, deviceId = ''] of broker.log().matchAll(/Received PUBLISH from (\S+) /g)) {
        if (!shown.has(deviceId)) void servers.deviceConnected(deviceId, new Date());
        shown.add(deviceId);
      }
    }, 50);
    writeFileSync(join(folder, 'root.pem'), servers.rootPem);
    writeFileSync(join(folder, 'between.pem'), servers.intermediatePem);
    writeFileSync(join(folder, 'web.pem'), servers.certificateAuthorityPem);
    environment = { HAWKBIT: servers.hawkBitUser.password, THINGSBOARD: servers.thingsBoardUser.password, PROVISIONER: JSON.stringify({ ...servers.provisioner.privateJwk, kid: servers.provisioner.keyId }) };
    settings = {
      name: 'Gateway',
      server: {
        kind: 'iot-bridge',
        url: servers.bridgeUrl,
        caFile: 'web.pem',
        options: {
          trust: { rootFile: 'root.pem', intermediatesFile: 'between.pem' },
          appendRoot: true,
          mqtt: { host: '127.0.0.1', port: broker.port, caFile: 'web.pem' },
          hawkBit: { url: servers.hawkBitUrl, username: servers.hawkBitUser.username, password: { environment: 'HAWKBIT' }, caFile: 'web.pem' },
          thingsBoard: { url: servers.thingsBoardUrl, username: servers.thingsBoardUser.username, password: { environment: 'THINGSBOARD' }, caFile: 'web.pem' },
          stepCa: { url: servers.stepCaUrl, provisioner: { name: servers.provisioner.name, key: { environment: 'PROVISIONER' } } },
        },
      },
      identity: [{ name: 'id' }],
      image: await decodedPracticeImage(folder),
    } as unknown as typeof settings;
    writeFileSync(profile, JSON.stringify(settings));
    const table = execFileSync('sfdisk', ['--json', (settings as unknown as { image: { path: string } }).image.path], { encoding: 'utf8' });
    offset = ((JSON.parse(table) as { partitiontable: { partitions: { start: number }[] } }).partitiontable.partitions[3]?.start ?? 0) * 512;
    first = await provision(id);
  });

  afterAll(async () => {
    clearInterval(shows);
    await broker.stop();
    await servers.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is enrolled before it is written, and its key is tried before it is destroyed', () => {
    expect(first.exitCode, first.stderr).toBe(0);
    const steps = first.events.filter((event) => event['event'] === 'step' && event['state'] === 'done');
    expect(steps.map((event) => event['step'])).toEqual(['reserve', 'check', 'generate', 'enrol', 'write', 'verify', 'confirm', 'destroy', 'record']);
    expect(steps.find((event) => event['step'] === 'confirm')?.['sentence']).toMatch(/hawkBit has its target, the broker 127\.0\.0\.1 took a message of it, ThingsBoard shows it/);
    expect(broker.log()).toMatch(new RegExp(`PUBLISH from ${id} .*v1/devices/me/telemetry`));
    expect(first.events.at(-1)).toMatchObject({ event: 'result', state: 'done' });
    expect(JSON.stringify(first.events.at(-1))).toContain('Enrolled');
  });

  it('has its files with mode and owner, in a clean filesystem', async () => {
    for (const [name, mode] of [['device.key', '0600'], ['device.crt', '0644'], ['ca-chain.crt', '0644'], ['wg0.conf', '0600'], ['enrolled', '0644']]) {
      expect(await debugfs(card, offset, `stat /certs/${name ?? ''}`)).toMatch(new RegExp(`Mode:\\s+${mode ?? ''}[\\s\\S]*User:\\s+0\\s+Group:\\s+0`));
    }
    expect((await e2fsck(card, offset)).code).toBe(0);
  });

  it('has a chain that openssl accepts, for the key that lies beside it', async () => {
    for (const name of ['device.crt', 'ca-chain.crt', 'device.key']) writeFileSync(join(folder, name), await onCard(name), { mode: 0o600 });
    const path = (name: string): string => join(folder, name);
    expect(execFileSync('openssl', ['verify', '-purpose', 'sslclient', '-CAfile', path('root.pem'), '-untrusted', path('ca-chain.crt'), path('device.crt')], { encoding: 'utf8' })).toMatch(/: OK$/m);
    const half = (args: string[]): string => execFileSync('openssl', args, { encoding: 'utf8' });
    expect(half(['pkey', '-in', path('device.key'), '-pubout'])).toBe(half(['x509', '-in', path('device.crt'), '-noout', '-pubkey']));
  });

  it('has a tunnel that wg-quick takes, with the key whose public half the server has', async () => {
    writeFileSync(join(folder, 'wg0.conf'), await onCard('wg0.conf'), { mode: 0o600 });
    const stripped = execFileSync('wg-quick', ['strip', join(folder, 'wg0.conf')], { encoding: 'utf8' });
    const secret = /^PrivateKey = (\S+)$/m.exec(stripped)?.[1] ?? '';
    expect(execFileSync('wg', ['pubkey'], { input: `${secret}\n`, encoding: 'utf8' }).trim()).toBe(servers.wireguardPublicKey(id));
    expect(stripped).toMatch(/^AllowedIPs = /m);
  });

  it('is in the record with its certificate, and no secret of it', async () => {
    const status = (await imprint(['status', '--profile', profile, '--identity', `id=${id}`, '--data', data, '--json'], environment)).events.at(-1);
    const leaf = new X509Certificate(await onCard('device.crt'));
    expect(JSON.stringify(status)).toContain(createHash('sha256').update(leaf.publicKey.export({ type: 'spki', format: 'der' })).digest('hex'));
    const record = readFileSync(join(data, 'station/record.sqlite')).toString('latin1') + (existsSync(join(data, 'station/record.sqlite-wal')) ? readFileSync(join(data, 'station/record.sqlite-wal')).toString('latin1') : '');
    expect(record).not.toContain('PRIVATE KEY');
    expect(record).not.toContain(/PrivateKey = (\S+)/.exec(await onCard('wg0.conf'))?.[1]);
  });

  it('lets its board in at the broker; not with a foreign certificate, nor when it was revoked', async () => {
    const publish = async (key: string, certificate: string): Promise<void> => {
      const endpoint = { host: '127.0.0.1', port: broker.port, certificateAuthority: servers.certificateAuthorityPem, certificateChain: certificate, timeout: 5000 };
      const channel = await openDeviceChannel(contextFor(Buffer.from(key), endpoint), endpoint, never);
      try {
        await publishOnce(channel, { clientId: id, topic: 'v1/devices/me/telemetry', payload: '{"test":1}' });
      } finally {
        await channel.close();
      }
    };
    const key = await onCard('device.key');
    const chain = `${await onCard('device.crt')}${await onCard('ca-chain.crt')}`;
    await publish(key, chain);

    const foreign = await openAuthority(undefined, systemClock, systemRandomness);
    const other = await issueServerCertificate(foreign, systemClock, systemRandomness, { names: [id] });
    await expect(publish(other.key, other.pem)).rejects.toMatchObject({ code: expect.stringMatching(/^server-/) });
    await expect(publish(key, other.pem)).rejects.toMatchObject({ code: 'server-reply-invalid' });

    const serial = BigInt(`0x${new X509Certificate(await onCard('device.crt')).serialNumber}`).toString();
    const second = join(folder, 'revoked.img');
    expect((await provision('device-revoked', second)).exitCode).toBe(0);
    const gone = `${await onCard('device.crt', second)}${await onCard('ca-chain.crt', second)}`;
    const goneKey = await onCard('device.key', second);
    await publish(goneKey, gone);
    const decommission = await imprint(['decommission', '--profile', profile, '--identity', 'id=device-revoked', '--confirm', 'device-revoked', '--data', data, '--json'], environment);
    expect(decommission.exitCode, decommission.stderr + JSON.stringify(decommission.events)).toBe(0);
    expect(servers.issued().filter(({ revoked }) => revoked).map(({ deviceId }) => deviceId)).toEqual(['device-revoked']);
    expect(servers.isRevoked(serial)).toBe(false);
    await broker.restart(await servers.revocationList());
    await publish(key, chain);
    await expect(publish(goneKey, gone)).rejects.toMatchObject({ code: expect.stringMatching(/^server-/) });
  });

  it('leaves no piece of its private key in any process, although it spoke TLS with it', async () => {
    const started = Date.now();
    const path = join(folder, 'searched.img');
    const running = startImprint(['provision', '--profile', profile, '--identity', 'id=device-searched', '--target', path, '--data', data, '--json'], { ...environment, IMPRINT_STOP_AT: 'end:done' });
    await running.waitFor((event) => event['event'] === 'step' && event['step'] === 'record' && event['state'] === 'done');
    const pid = running.child.pid ?? 0;
    while (!/\) T/.test(readFileSync(`/proc/${String(pid)}/stat`, 'utf8'))) await new Promise((resolve) => setTimeout(resolve, 20));
    const pem = await onCard('device.key', path);
    const tunnelKey = /PrivateKey = (\S+)/.exec(await onCard('wg0.conf', path))?.[1] ?? '';
    const certificate = new X509Certificate(await onCard('device.crt', path));
    const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
    // The last line of a short key's PEM is its public half.
    const ofPublicHalf = (piece: Buffer): boolean => /^[A-Za-z0-9+/]+$/.test(piece.toString('latin1')) && spki.includes(Buffer.from(piece.toString('latin1'), 'base64').subarray(3, 15));
    const pieces = [...secretPieces(pem).filter((piece) => !ofPublicHalf(piece)), Buffer.from(tunnelKey.slice(0, 24), 'latin1'), Buffer.from(tunnelKey, 'base64').subarray(0, 24)];
    const pids = processTree(pid);
    expect(pieces.length).toBeGreaterThanOrEqual(5);
    // The search itself must be able to find: the certificate stands in the memory of the station.
    expect(pids.flatMap((each) => scanMemory(each, [Buffer.from(certificate.toString().slice(100, 124), 'latin1')]))).not.toEqual([]);
    expect(pids.flatMap((each) => scanMemory(each, pieces))).toEqual([]);
    expect(scanFiles(data, pieces, 0)).toEqual([]);
    expect(scanFiles(tmpdir(), pieces, started).filter((found) => !found.includes(folder))).toEqual([]);
    running.child.kill('SIGCONT');
    expect((await running.done).exitCode).toBe(0);
  });

  it.each([
    ['another root', { trust: { rootFile: 'web.pem', intermediatesFile: 'between.pem' }, stepCa: undefined }, 'server-reply-invalid', 7],
    ['a broker that nobody answers for', { mqtt: { host: '127.0.0.1', port: 1, caFile: 'web.pem' } }, 'server-unreachable', 7],
  ])('is no card with %s, and can be made with the right profile afterwards', async (_case, options, code, exitCode) => {
    const deviceId = `device-${randomUUID().slice(0, 8)}`;
    const path = join(folder, `${deviceId}.img`);
    const refused = await provision(deviceId, path, profileWith(`wrong-${deviceId}`, options));
    expect(refused.exitCode).toBe(exitCode);
    expect(refused.events.at(-1)).toMatchObject({ event: 'error', code });
    // A file that stands for a card is only there once it is one.
    expect(existsSync(path)).toBe(false);
    const again = await provision(deviceId, path);
    expect(again.exitCode, JSON.stringify(again.events.at(-1))).toBe(0);
    expect(again.events.find((event) => event['step'] === 'check' && event['state'] === 'done')?.['sentence']).toMatch(/earlier card that failed/);
  });

  it.each(pointsOfRun(killPoints, ['enrol:acted', 'verify:acted', 'confirm:started']))('killed at %s: the job is %s, the device %s, and the board gets a card', async (point, jobState, deviceState) => {
    const deviceId = `killed-${point.replace(':', '-')}`;
    const path = join(folder, `${deviceId}.img`);
    const killed = await startImprint(['provision', '--profile', profile, '--identity', `id=${deviceId}`, '--target', path, '--data', data, '--json'], { ...environment, IMPRINT_KILL_AT: point }).done;
    expect(killed.signal).toBe('SIGKILL');
    const recovered = await imprint(['recover', '--data', data, '--json'], environment);
    expect(recovered.events.filter((event) => event['event'] === 'result').map((report) => report['state'])).toEqual([jobState]);
    const status = (await imprint(['status', '--identity', `id=${deviceId}`, '--data', data, '--json'], environment)).events.at(-1) as unknown as { state: string; certificates?: { state: string }[] };
    expect(status.state).toBe(deviceState);
    if (deviceState === 'preauthorized') {
      expect((await imprint(['verify-card', '--profile', profile, '--target', path, '--data', data, '--json'], environment)).exitCode).toBe(0);
    } else {
      const again = await provision(deviceId, path);
      expect(again.exitCode, JSON.stringify(again.events.at(-1))).toBe(0);
    }
    // Every certificate that the record has of a card that is none is marked as lost.
    expect(servers.issued().filter((issued) => issued.deviceId === deviceId).length).toBe(deviceState === 'preauthorized' || point === 'enrol:started' ? 1 : 2);
  });

  it.each([
    ['an id that is no DNS name', ['--identity', 'id=device_1'], 'identity-invalid'],
    ['a MAC address as the id', ['--identity', 'id=02:00:00:00:00:01'], 'identity-invalid'],
  ])('refuses %s before anything is reserved', async (_case, identity, code) => {
    const requests = servers.issued().length;
    const result = await imprint(['provision', '--profile', profile, ...identity, '--target', join(folder, 'none.img'), '--data', data, '--json'], environment);
    expect(result.events.at(-1)).toMatchObject({ event: 'error', code });
    expect(result.exitCode).toBe(3);
    expect(servers.issued().length).toBe(requests);
    expect(existsSync(join(folder, 'none.img'))).toBe(false);
  });

  it.each([
    ['no root at all', { trust: {} }, 'server.options.trust'],
    ['a root that is not there', { trust: { rootFile: 'absent.pem' } }, 'server.options.trust.rootFile'],
    ['a root that is no certificate', { trust: { rootFile: 'profile.json' } }, 'server.options.trust.rootFile'],
    ['an unknown field', { hawkbit: {} }, 'server.options.hawkbit'],
    ['a password in the open', { hawkBit: { url: 'https://h', username: 'u', password: 'secret' } }, 'server.options.hawkBit.password'],
    ['another API', { api: 'rest' }, 'server.options.api'],
    ['an attribute that is none', { deviceId: 'serial' }, 'server.options.deviceId'],
  ])('refuses a profile with %s, naming the field', async (name, options, field) => {
    const result = await imprint(['provision', '--profile', profileWith(`bad-${name.replaceAll(' ', '-')}`, options), '--identity', 'id=device-002', '--target', join(folder, 'none.img'), '--data', data, '--json'], environment);
    expect(result.events.at(-1)).toMatchObject({ event: 'error', code: 'profile-invalid', field });
    expect(result.exitCode).toBe(3);
  });
});
