import { createPublicKey, diffieHellman, X509Certificate } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { asImprintError } from '../../main/domain/errors';
import type { KeyType } from '../../main/domain/keys';
import type { DeliveredContent, EnrolReceipt, Removal, ServerConnection } from '../../main/domain/ports';
import type { ServerSettings } from '../../main/domain/profile';
import { createIotBridge } from '../../main/servers/iot-bridge/adapter';
import type { EnrolmentBreakage } from '../../main/servers/iot-bridge/practice-breakage';
import type { PracticeBridgeOptions } from '../../main/servers/iot-bridge/practice-server';
import { serialOf } from '../support/bridge-practice';
import { newBoardKey, newBridgeIdentity, practiceBridgeUnderTest, quickBridge, quickBridgeOptions, realBridgeSettings, realBridgeUrl, type BoardKey, type BridgeUnderTest } from './iot-bridge-fixture';
import { secretsOf } from './mender-fixture';
import { describeServerContract } from './server-contract';

const never = new AbortController().signal;
const failure = (promise: Promise<unknown>) => promise.then(() => { throw new Error('it went well'); }, (thrown: unknown) => asImprintError(thrown));

function textOf(contents: readonly DeliveredContent[] | undefined, content: string): string {
  const parts = contents?.find((each) => each.content === content)?.parts ?? [];
  return parts.map((part) => ('bytes' in part ? Buffer.from(part.bytes).toString('utf8') : `{${part.secret}}`)).join('');
}

describeServerContract('IoT Bridge, practice servers over TLS', async () => {
  const { settings, secrets, close } = await practiceBridgeUnderTest();
  return { kind: quickBridge, settings, secrets, wrong: { settings, secrets }, newIdentity: newBridgeIdentity, newKey: newBoardKey, rules: { expectedStatus: 'hawkBit target present, never polled; not in ThingsBoard', signsIn: false, showsKeys: false, tellsFirst: false }, close };
});

describe('IoT Bridge, practice servers over TLS', () => {
  let server: BridgeUnderTest;
  let open: ServerConnection[] = [];

  const start = async (options: Partial<PracticeBridgeOptions> = {}): Promise<void> => {
    server = await practiceBridgeUnderTest(options);
  };
  const connect = (settings: ServerSettings = server.settings, secrets = server.secrets, kind = quickBridge): ServerConnection => {
    const connection = kind.connect(settings, secrets);
    open.push(connection);
    return connection;
  };
  const enrol = (connection: ServerConnection, identity = newBridgeIdentity(), key: BoardKey = newBoardKey()): Promise<EnrolReceipt> => connection.enrol({ identity, publicKey: key.publicKey, key }, never);

  beforeEach(() => {
    open = [];
  });
  afterEach(async () => {
    for (const connection of open) await connection.close();
    await server.close();
  });

  describe('enrolment', () => {
    it.each(['ec-p256', 'ec-p384', 'ed25519', 'rsa-3072'] as KeyType[])('gets a certificate for a key of type %s that leads to the root', async (type) => {
      await start();
      const identity = newBridgeIdentity();
      const key = newBoardKey(type);
      const receipt = await enrol(connect(), identity, key);
      expect(receipt).toMatchObject({ serverDeviceId: identity.id, already: false });
      const leaf = new X509Certificate(textOf(receipt.contents, 'certificate'));
      expect(leaf.publicKey.export({ type: 'spki', format: 'der' }).equals(Buffer.from(key.publicKey.spki))).toBe(true);
      expect(leaf.subject).toContain(`CN=${identity.id}`);
      expect(receipt.certificates).toEqual([expect.objectContaining({ serial: BigInt(server.servers.issued()[0]?.serial ?? 0).toString(16), pem: leaf.toString() })]);
      // The chain without the root: Sub-CA, and the authority above it from the profile.
      expect(textOf(receipt.contents, 'ca-chain').match(/BEGIN CERTIFICATE/g)).toHaveLength(2);
      expect(JSON.parse(textOf(receipt.contents, 'enrolled-marker'))).toMatchObject({ device_id: identity.id });
    });

    it('puts the root at the end of the chain where the profile says so, and openssl agrees', async () => {
      await start();
      const receipt = await enrol(connect(server.settingsWith({ appendRoot: true })));
      const chain = textOf(receipt.contents, 'ca-chain').match(/-----BEGIN[\s\S]+?END CERTIFICATE-----\n/g) ?? [];
      expect(chain).toHaveLength(3);
      expect(new X509Certificate(chain[2] ?? '').fingerprint256).toBe(new X509Certificate(server.servers.rootPem).fingerprint256);
      const said = execFileSync('sh', ['-c', 'd=$(mktemp -d) && cat > $d/all && csplit -sz -f $d/c $d/all "/-----BEGIN/" "{*}" && cat $d/c01 $d/c02 > $d/between && openssl verify -purpose sslclient -CAfile $d/c03 -untrusted $d/between $d/c00; rm -r $d'], {
        input: textOf(receipt.contents, 'certificate') + chain.join(''),
      });
      expect(said.toString()).toMatch(/: OK$/m);
    });

    it('tries the documented body once, takes the other after the refusal that names csr, and remembers it', async () => {
      await start();
      const kind = createIotBridge(quickBridgeOptions);
      const connection = connect(server.settings, server.secrets, kind);
      await enrol(connection);
      await enrol(connection);
      expect(server.requests.filter((line) => line.startsWith('bridge POST')).map((line) => line.slice(-3))).toEqual(['422', '200', '200']);
      await enrol(connect(server.settingsWith({ api: 'bridge' })));
      expect(await failure(enrol(connect(server.settingsWith({ api: 'documented' }))))).toMatchObject({ code: 'server-refused', field: 'server.options.api' });
    });

    it('puts the station\'s X25519 key into the tunnel where the bridge has a placeholder, and tells it the public half', async () => {
      await start();
      const identity = newBridgeIdentity();
      const key = newBoardKey();
      const receipt = await enrol(connect(), identity, key);
      const config = textOf(receipt.contents, 'wireguard-config');
      expect(config).toMatch(/^PrivateKey = \{agreement-key\}$/m);
      expect(server.servers.wireguardPublicKey(identity.id)).toBe(Buffer.from(await key.agreementKey()).toString('base64'));
      expect(diffieHellman({ privateKey: key.agreement, publicKey: createPublicKey(key.agreement) })).toHaveLength(32);
      expect(await failure(enrol(connect(server.settingsWith({ wireguardKey: 'server' }))))).toMatchObject({ code: 'server-reply-invalid', field: 'server.options.wireguardKey' });
    });

    it('keeps the key that a documented bridge made itself', async () => {
      await start({ api: 'documented' });
      const receipt = await enrol(connect());
      expect(textOf(receipt.contents, 'wireguard-config')).toMatch(/^PrivateKey = [A-Za-z0-9+/]{43}=$/m);
      expect(await failure(enrol(connect(server.settingsWith({ wireguardKey: 'station' }))))).toMatchObject({ code: 'server-reply-invalid', field: 'server.options.wireguardKey' });
    });

    it('takes the whole chain where it is sent, and a root that is pinned by its fingerprint', async () => {
      await start({ chain: 'whole' });
      const receipt = await enrol(connect(server.settingsWith({ trust: { rootSha256: server.servers.rootFingerprint }, stepCa: undefined })));
      expect(receipt.certificates).toHaveLength(1);
      const wrong = await failure(enrol(connect(server.settingsWith({ trust: { rootSha256: '0'.repeat(64) }, stepCa: undefined }))));
      expect(wrong).toMatchObject({ code: 'server-reply-invalid' });
      expect(wrong.message).toMatch(/fingerprint/);
    });

    it('says what is missing where the authority in between is nowhere', async () => {
      await start();
      const error = await failure(enrol(connect(server.settingsWith({ trust: { rootFile: 'root.pem' } }))));
      expect(error).toMatchObject({ code: 'server-reply-invalid' });
      expect(error.message).toMatch(/intermediatesFile/);
    });

    it.each([
      ['foreign-chain', 'server-reply-invalid', /does not lead to the root/],
      ['mixed-chain', 'server-reply-invalid', /does not lead to the root/],
      ['another-key', 'server-reply-invalid', /another key/],
      ['wrong-name', 'server-reply-invalid', /made out to/],
      ['extra-name', 'server-reply-invalid', /besides/],
      ['expired', 'server-reply-invalid', /expired/],
      ['not-yet-valid', 'server-reply-invalid', /not valid before/],
      ['without-client-auth', 'server-reply-invalid', /clientAuth/],
      ['server-key-placeholder', 'server-reply-invalid', /placeholder/],
      ['truncated-body', 'server-reply-invalid', /not in the form/],
    ] as [EnrolmentBreakage, string, RegExp][])('refuses a reply with %s before anything is written', async (breakage, code, words) => {
      await start();
      const connection = connect(server.settingsWith({ api: 'bridge' }));
      server.servers.breakNextEnrolment(breakage);
      const error = await failure(enrol(connection));
      expect(error.code).toBe(code);
      expect(error.message).toMatch(words);
      expect(error.message).toMatch(/Nothing was written\.$/);
    });

    it.each(['ca-unreachable', 'hawkbit-unreachable', 'hawkbit-failure', 'internal-error'] as EnrolmentBreakage[])('asks again with the same key after %s, and is busy where that goes on', async (breakage) => {
      await start();
      const connection = connect(server.settingsWith({ api: 'bridge' }));
      const identity = newBridgeIdentity();
      const key = newBoardKey();
      server.servers.breakNextEnrolment(breakage);
      const receipt = await enrol(connection, identity, key);
      expect(receipt.sentence).toMatch(/asked 2 times/);
      const mine = server.servers.issued().filter(({ deviceId }) => deviceId === identity.id);
      expect(mine.length).toBe(breakage === 'ca-unreachable' ? 1 : 2);
      for (const { pem } of mine) expect(new X509Certificate(pem).publicKey.export({ type: 'spki', format: 'der' }).equals(Buffer.from(key.publicKey.spki))).toBe(true);
      for (let count = 0; count < 3; count += 1) server.servers.breakNextEnrolment(breakage);
      expect(await failure(enrol(connection))).toMatchObject({ code: 'server-busy' });
    });

    it.each([{ kind: 'lost-reply' }, { kind: 'reset' }, { kind: 'half-reply' }] as const)('survives a connection that is cut ($kind)', async (action) => {
      await start();
      const connection = connect(server.settingsWith({ api: 'bridge' }));
      server.servers.faults.bridge.add({ method: 'POST', path: /enroll$/, action });
      await expect(enrol(connection)).resolves.toMatchObject({ already: false });
    });

    it('says no at once where the authority does, and where there is no bridge', async () => {
      await start();
      const connection = connect(server.settingsWith({ api: 'bridge' }));
      server.servers.faults.bridge.add({ method: 'POST', path: /enroll$/, action: { kind: 'reply', status: 502, text: '{"detail":"PKI signing failed: step-ca /1.0/sign returned 403: forbidden"}', contentType: 'application/json' } });
      expect(await failure(enrol(connection))).toMatchObject({ code: 'server-refused', field: 'identity' });
      expect(server.requests.filter((line) => line.startsWith('bridge POST'))).toHaveLength(1);
      server.servers.faults.bridge.add({ method: 'POST', path: /enroll$/, action: { kind: 'reply', status: 404 } });
      expect(await failure(enrol(connection))).toMatchObject({ code: 'server-refused', field: 'server.url' });
    });

    it('stops where the clocks are a day apart', async () => {
      await start();
      const kind = createIotBridge({ ...quickBridgeOptions, clock: { now: () => new Date(Date.now() - 24 * 3_600_000) } });
      const error = await failure(enrol(connect(server.settings, server.secrets, kind)));
      expect(error).toMatchObject({ code: 'server-reply-invalid', field: 'server.options.clockSkew' });
      expect(error.message).toMatch(/1440 minutes apart/);
    });

    it.each(['device_1', 'a'.repeat(65), 'größe', '-a', 'a-', 'a..b', '02:00:00:00:00:01', 'a b'])('refuses the id %j before a key is made', async (id) => {
      await start();
      expect(() => quickBridge.checkIdentity?.({ id }, server.settings)).toThrow(/cannot be the id/);
    });

    it('stops when it is cancelled', async () => {
      await start();
      const key = newBoardKey();
      expect(await failure(connect().enrol({ identity: newBridgeIdentity(), publicKey: key.publicKey, key }, AbortSignal.abort()))).toMatchObject({ code: 'cancelled' });
    });
  });

  describe('what the services know', () => {
    const finished = new Date(Date.now() - 60_000).toISOString();
    const watched = (id: string, change: object = {}) => ({ deviceId: `ours-${id}`, identity: { id }, fingerprint: '0'.repeat(64), acceptance: 'waiting' as const, finishedAt: finished, certificateEndsAt: new Date(Date.now() + 3_600_000).toISOString(), ...change });

    it('finds a device that hawkBit has, and none that nobody has', async () => {
      await start();
      const connection = connect();
      const identity = newBridgeIdentity();
      await expect(connection.findDevice(identity, never)).resolves.toBeUndefined();
      await enrol(connection, identity);
      await expect(connection.findDevice(identity, never)).resolves.toMatchObject({ id: identity.id, identity, status: 'hawkBit target present, never polled; not in ThingsBoard' });
    });

    it('knows the three signs of life as states', async () => {
      await start();
      const connection = connect();
      const [waiting, polled, connected, gone] = Array.from({ length: 4 }, newBridgeIdentity);
      for (const identity of [waiting, polled, connected]) await enrol(connection, identity);
      await server.servers.targetPolled(polled?.id ?? '', new Date());
      await server.servers.deviceConnected(connected?.id ?? '', new Date());
      const findings = await connection.judge?.([waiting, polled, connected, gone].map((each) => watched(each?.id ?? '')), never);
      expect(findings?.map(({ state, diagnosis }) => [state, diagnosis])).toEqual([['waiting', 'never-seen'], ['accepted', undefined], ['accepted', undefined], ['missing', 'not-at-server']]);
      expect(findings?.[2]?.serverStatus).toBe('hawkBit target present, never polled; connected by MQTT, shown in ThingsBoard');
    });

    it('does not take the station\'s own check for the board, and tells of a certificate that ended', async () => {
      await start();
      const connection = connect();
      const identity = newBridgeIdentity();
      await enrol(connection, identity);
      await server.servers.deviceConnected(identity.id, new Date(Date.now() - 120_000));
      const [own] = (await connection.judge?.([watched(identity.id)], never)) ?? [];
      expect(own).toMatchObject({ state: 'waiting' });
      const [ended] = (await connection.judge?.([watched(identity.id, { certificateEndsAt: new Date(Date.now() - 1000).toISOString() })], never)) ?? [];
      expect(ended).toMatchObject({ state: 'stuck', diagnosis: 'certificate-expired' });
    });

    it('says where hawkBit lost its target, and what cannot be seen', async () => {
      await start();
      const connection = connect();
      const identity = newBridgeIdentity();
      await enrol(connection, identity);
      await server.servers.deviceConnected(identity.id, new Date());
      const blind = connect(server.settingsWith({ hawkBit: undefined, thingsBoard: undefined }));
      expect((await blind.judge?.([watched(identity.id)], never))?.[0]).toMatchObject({ state: 'waiting', sentence: expect.stringMatching(/cannot be seen/) });
      server.servers.faults.hawkBit.add({ method: 'GET', path: /targets/, action: { kind: 'reply', status: 404 } });
      expect((await connection.judge?.([watched(identity.id)], never))?.[0]).toMatchObject({ state: 'stuck', diagnosis: 'incomplete-at-server' });
    });

    it('says which service does not let the station in', async () => {
      await start();
      const wrong = secretsOf({ HAWKBIT: 'not-the-password', THINGSBOARD: 'not-the-password' });
      for (const [without, field] of [['thingsBoard', 'server.options.hawkBit'], ['hawkBit', 'server.options.thingsBoard']] as const) {
        const error = await failure(connect(server.settingsWith({ [without]: undefined }), wrong).findDevice(newBridgeIdentity(), never));
        expect(error).toMatchObject({ code: 'server-refused', field });
        expect(String(error)).not.toContain('not-the-password');
      }
    });
  });

  describe('certificates afterwards', () => {
    async function enrolled(settings = server.settings) {
      const connection = connect(settings);
      const identity = newBridgeIdentity();
      const key = newBoardKey();
      const receipt = await enrol(connection, identity, key);
      const current = new Map(['certificate', 'ca-chain', 'enrolled-marker'].map((content) => [content, Buffer.from(textOf(receipt.contents, content))]));
      return { connection, identity, key, receipt, current };
    }
    const removal = (receipt: EnrolReceipt, change: Partial<Removal> = {}): { removal: Removal; parts: string[]; revoked: string[] } => {
      const parts: string[] = [];
      const revoked: string[] = [];
      return {
        parts,
        revoked,
        removal: { certificates: receipt.certificates ?? [], reason: 'key-compromise', onDone: (part) => Promise.resolve(void parts.push(part)), onRevoked: (serial) => Promise.resolve(void revoked.push(serial)), ...change },
      };
    };

    it('are renewed with the key that stays on the card', async () => {
      await start();
      const { connection, identity, key, receipt, current } = await enrolled();
      const renewal = await connection.renew?.({ identity, publicKey: key.publicKey, current, tls: key.tls, sign: key.sign }, never);
      const fresh = new X509Certificate(textOf(renewal?.contents, 'certificate'));
      expect(fresh.serialNumber).not.toBe(new X509Certificate(textOf(receipt.contents, 'certificate')).serialNumber);
      expect(fresh.publicKey.export({ type: 'spki', format: 'der' }).equals(Buffer.from(key.publicKey.spki))).toBe(true);
      expect(renewal?.certificates).toHaveLength(1);
      expect(renewal?.contents.map(({ content }) => content)).toEqual(['certificate', 'ca-chain', 'enrolled-marker']);
      expect(server.requests.filter((line) => line.includes('/1.0/renew'))).toEqual(['stepCa POST /1.0/renew 201']);
    });

    it('are revoked by the provisioner\'s token, then the device is deleted everywhere, and again', async () => {
      await start();
      const { connection, identity, key, receipt, current } = await enrolled();
      await server.servers.deviceConnected(identity.id, new Date());
      const serial = receipt.certificates?.[0]?.serial ?? '';
      for (let turn = 0; turn < 2; turn += 1) {
        const given = removal(receipt);
        await connection.administration?.decommission(identity.id, never, given.removal);
        expect(given.parts).toEqual([`certificate ${serial}`, 'ThingsBoard', 'hawkBit']);
        expect(given.revoked).toEqual([serial]);
      }
      expect(server.servers.isRevoked(serialOf(textOf(receipt.contents, 'certificate')))).toBe(true);
      await expect(connection.findDevice(identity, never)).resolves.toBeUndefined();
      const late = await failure(connection.renew?.({ identity, publicKey: key.publicKey, current, tls: key.tls, sign: key.sign }, never) ?? Promise.resolve());
      expect(late).toMatchObject({ code: 'server-refused' });
      expect(late.message).toMatch(/revoked or has expired/);
    });

    it('are revoked by the card itself where the profile names no provisioner, and not without it', async () => {
      await start();
      const { connection, identity, key, receipt } = await enrolled(server.settingsWith({ stepCa: { url: server.servers.stepCaUrl } }));
      const without = removal(receipt);
      expect(await failure(connection.administration?.decommission(identity.id, never, without.removal) ?? Promise.resolve())).toMatchObject({ code: 'credential-missing' });
      expect(without.parts).toEqual([]);
      const own = removal(receipt, { tls: key.tls });
      await connection.administration?.decommission(identity.id, never, own.removal);
      expect(server.servers.isRevoked(serialOf(textOf(receipt.contents, 'certificate')))).toBe(true);
    });

    it('stop where one of the services is away, and go on from there', async () => {
      await start();
      const { connection, identity, receipt } = await enrolled();
      server.servers.faults.thingsBoard.add({ method: 'POST', path: /login/, times: 4, action: { kind: 'reply', status: 503 } });
      const first = removal(receipt);
      expect(await failure(connection.administration?.decommission(identity.id, never, first.removal) ?? Promise.resolve())).toMatchObject({ code: 'server-busy' });
      expect(first.parts).toHaveLength(1);
      const second = removal(receipt);
      await connection.administration?.decommission(identity.id, never, second.removal);
      expect(second.parts).toHaveLength(3);
    });
  });
});

describe.skipIf(realBridgeUrl === undefined)('IoT Bridge, real server', () => {
  it('enrols a device whose certificate leads to the root, and again with another key', async () => {
    const connection = quickBridge.connect(realBridgeSettings(), secretsOf({}));
    const identity = newBridgeIdentity();
    for (let turn = 0; turn < 2; turn += 1) {
      const key = newBoardKey();
      const receipt = await connection.enrol({ identity, publicKey: key.publicKey, key }, never);
      expect(receipt.certificates).toHaveLength(1);
      expect(textOf(receipt.contents, 'certificate')).toContain('BEGIN CERTIFICATE');
    }
    await connection.close();
  });
});
