import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Identity } from '../../main/domain/identity';
import type { DeviceKey, EnrolReceipt, EnrolRequest, ServerConnection, ServerKind } from '../../main/domain/ports';
import type { JsonObject } from '../../main/domain/profile';
import { createOpenMdmServer } from '../../main/servers/openmdm/adapter';
import { textOf } from '../../main/servers/openmdm/contents';
import { newDeviceKey } from '../support/device-key';
import type { MdmUnderContract } from './openmdm-fixture';
import { fingerprintOfBase64, newMdmIdentity, practiceMdm, quickMdmOptions } from './openmdm-fixture';

const never = new AbortController().signal;
const admin: JsonObject = { adminToken: { from: 'environment', name: 'ADMIN' } };
const hmac: JsonObject = { enrolment: 'hmac', deviceSecret: { from: 'environment', name: 'SECRET' } };
const challengePath = { method: 'GET', path: /\/agent\/enroll\/challenge$/ };
const enrolPath = { method: 'POST', path: /\/agent\/enroll$/ };

/** What OpenMDM has besides the contract of every server: both ways of enrolling, and each way in which it says no. */
export function describeMdmEnrolment(name: string, makeServer: () => Promise<MdmUnderContract>): void {
  describe(`OpenMDM enrolment: ${name}`, () => {
    let server: MdmUnderContract;
    beforeAll(async () => {
      server = await makeServer();
    });
    afterAll(() => server.close());

    async function as<T>(options: JsonObject, work: (connection: ServerConnection) => Promise<T>, kind: ServerKind = server.kind): Promise<T> {
      const connection = kind.connect(server.withOptions(options), server.secrets);
      try {
        return await work(connection);
      } finally {
        await connection.close();
      }
    }

    const requestOf = (key: DeviceKey = newDeviceKey(), identity: Identity = newMdmIdentity()): EnrolRequest => ({ identity, key, publicKey: key.publicKey });
    const enrol = (options: JsonObject, request: EnrolRequest, kind?: ServerKind): Promise<EnrolReceipt> => as(options, (connection) => connection.enrol(request, never), kind);
    const failureOf = (options: JsonObject, request: EnrolRequest, kind?: ServerKind): Promise<unknown> => enrol(options, request, kind).catch((thrown: unknown) => thrown);
    const pinnedAt = async (serverDeviceId: string): Promise<string> => {
      const practice = server.practice;
      if (practice === undefined) throw new Error('Only a practice server can be looked into.');
      const reply = await server.api.send('GET', `/devices/${serverDeviceId}`, undefined, { authorization: `Bearer ${practice.adminToken}` });
      return fingerprintOfBase64((reply.json() as { publicKey: string | null }).publicKey);
    };

    describe('by the device\'s own key', () => {
      it.each([1, 2])('gives everything that belongs onto the card (protocol %i)', async (protocol) => {
        const request = requestOf();
        const { serverDeviceId, contents = [], already, sentence } = await enrol({ protocol }, request);
        expect(already).toBe(false);
        expect(contents.map(({ content }) => content)).toEqual(['device-id', 'enrollment-id', 'token', 'server-url', 'policy', 'push-config']);
        expect(textOf(contents, 'device-id')).toBe(serverDeviceId);
        expect(textOf(contents, 'enrollment-id')).toBe(request.identity['serialNumber']);
        expect(textOf(contents, 'token')).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
        expect(textOf(contents, 'server-url')).toBe(server.settings.url);
        expect(JSON.parse(textOf(contents, 'push-config') ?? '')).toMatchObject({ provider: expect.any(String) as string });
        expect(JSON.parse(textOf(contents, 'policy') ?? '')).not.toBeUndefined();
        expect(sentence).toContain(`its serialNumber ${request.identity['serialNumber'] ?? ''}`);
        expect(sentence).not.toContain(textOf(contents, 'token'));
      });

      it('writes the server\'s own address onto the card where the profile wants that', async () => {
        const { contents = [] } = await enrol({ cardServerUrl: 'server' }, requestOf());
        expect(textOf(contents, 'server-url')).toBe(new URL(server.settings.url).origin);
      });

      it('gives the same device another token where its key comes again', async () => {
        const request = requestOf();
        const [first, second] = [await enrol({}, request), await enrol({}, request)];
        expect(second.serverDeviceId).toBe(first.serverDeviceId);
      });

      it('stops at another key, without an admin token too, and says what an admin does', async () => {
        const request = requestOf();
        const { serverDeviceId } = await enrol({}, request);
        const failure = await failureOf({}, { ...request, ...requestOf(newDeviceKey(), request.identity), replace: true });
        expect(failure).toMatchObject({ code: 'identity-at-server', message: expect.stringMatching(new RegExp(`${serverDeviceId}.*wiped.*somebody else uses its identity.*unpins`)) as string });
        if (server.practice !== undefined) expect(await pinnedAt(serverDeviceId)).toBe(request.publicKey.fingerprint);
      });

      it('unpins and pins anew only by an admin\'s word', async (context) => {
        if (!server.hasAdmin) return context.skip();
        const request = requestOf();
        const { serverDeviceId } = await enrol(admin, request);
        const other = requestOf(newDeviceKey(), request.identity);
        expect(await failureOf(admin, other)).toMatchObject({ code: 'identity-at-server' });
        await expect(enrol(admin, { ...other, replace: true })).resolves.toMatchObject({ serverDeviceId, already: false });
        expect(await failureOf(admin, request)).toMatchObject({ code: 'identity-at-server' });
      });

      it('does not go on without the key', async () => {
        const { identity, publicKey } = requestOf();
        expect(await failureOf({}, { identity, publicKey })).toMatchObject({ code: 'unexpected' });
      });

      it.for([
        ['no challenge storage', { settings: { challengeStorage: false } }, /keeps no challenges.*Nothing was enrolled by the shared secret/],
        ['autoEnroll off', { settings: { autoEnroll: false } }, /autoEnroll/],
        ['a method that is not allowed', { settings: { allowedMethods: ['qr'] } }, /does not allow this enrolment method/],
      ] as const)('says in one sentence why not: %s', async ([, settings, words], context) => {
        if (server.practice === undefined) return context.skip();
        const other = await practiceMdm(settings);
        try {
          const connection = other.kind.connect(other.settings, other.secrets);
          const failure = await connection.enrol(requestOf(), never).catch((thrown: unknown) => thrown);
          await connection.close();
          expect(failure).toMatchObject({ code: 'server-refused', message: expect.stringMatching(words) as string });
          expect(other.requests.filter((line) => line.startsWith('POST')).length).toBeLessThanOrEqual(1);
        } finally {
          await other.close();
        }
      });
    });

    describe('by the secret of the fleet', () => {
      it('enrols without pinning anything, and says that it is legacy', async (context) => {
        if (!server.hasSecret) return context.skip();
        const { serverDeviceId, contents = [], sentence } = await enrol(hmac, requestOf());
        expect(textOf(contents, 'device-id')).toBe(serverDeviceId);
        expect(sentence).toMatch(/^LEGACY: .*pinned no key.*cannot be known/);
        if (server.practice !== undefined) expect(await pinnedAt(serverDeviceId)).toBe(fingerprintOfBase64(null));
      });

      it('is a downgrade of a pinned device, which only an admin may order', async (context) => {
        if (!server.hasSecret || !server.hasAdmin) return context.skip();
        const request = requestOf();
        const { serverDeviceId } = await enrol(admin, request);
        expect(await failureOf({ ...hmac, ...admin }, request)).toMatchObject({ code: 'identity-at-server', message: expect.stringMatching(/downgrade/) as string });
        await expect(enrol({ ...hmac, ...admin }, { ...request, replace: true })).resolves.toMatchObject({ serverDeviceId, sentence: expect.stringMatching(/stays pinned/) as string });
      });

      it('is told as wrong where it is, and asked for again', async (context) => {
        if (!server.hasSecret) return context.skip();
        const forgotten: string[] = [];
        const secrets = { ...server.secrets, resolve: () => Promise.resolve('not-the-secret'), forget: ({ name: each }: { readonly name: string }) => forgotten.push(each) };
        const connection = server.kind.connect(server.withOptions(hmac), secrets);
        const failure = await connection.enrol(requestOf(), never).catch((thrown: unknown) => thrown);
        await connection.close();
        expect(failure).toMatchObject({ code: 'server-refused', field: 'server.options.deviceSecret' });
        expect(String(failure)).not.toContain('not-the-secret');
        expect(forgotten).toEqual(['SECRET']);
      });
    });

    it.each([16, -16])('refuses a clock that is %i minutes off before anything is enrolled', async (minutes) => {
      const kind = createOpenMdmServer({ ...quickMdmOptions, clock: { now: () => new Date(Date.now() + minutes * 60_000) } });
      const before = server.requests.length;
      for (const options of [{}, hmac]) {
        expect(await failureOf(options, requestOf(), kind)).toMatchObject({ code: 'server-refused', message: expect.stringMatching(/clock of this workstation is 16 minutes/) as string });
      }
      await as({}, async (connection) => {
        await expect(connection.signIn(never)).rejects.toMatchObject({ code: 'server-refused' });
      }, kind);
      expect(server.requests.slice(before).filter((line) => line.startsWith('POST'))).toEqual([]);
    });

    it('takes a clock that is 14 minutes off', async () => {
      const kind = createOpenMdmServer({ ...quickMdmOptions, clock: { now: () => new Date(Date.now() + 14 * 60_000) } });
      await expect(enrol({}, requestOf(), kind)).resolves.toMatchObject({ already: false });
    });

    describe('when things go wrong', () => {
      const refused = (status: number, body: unknown) => ({ kind: 'reply', status, text: JSON.stringify(body), contentType: 'application/json' }) as const;
      const challengeInvalid = refused(400, { error: 'Enrollment challenge has expired', code: 'CHALLENGE_INVALID' });

      it('fetches a fresh challenge where one was not good any more, three times at most', async (context) => {
        const { practice } = server;
        if (practice === undefined) return context.skip();
        practice.faults.add({ ...enrolPath, times: 2, action: challengeInvalid });
        const before = server.requests.length;
        await expect(enrol({}, requestOf())).resolves.toMatchObject({ already: false });
        expect(server.requests.slice(before).filter((line) => line.includes('challenge'))).toHaveLength(3);
        practice.faults.add({ ...enrolPath, times: 3, action: challengeInvalid });
        expect(await failureOf({}, requestOf())).toMatchObject({ code: 'server-challenge-invalid' });
        practice.faults.clear();
      });

      it.for([
        ['the connection is cut after the server enrolled it', { kind: 'lost-reply' }],
        ['the reply is cut in the middle', { kind: 'half-reply' }],
        ['a proxy answers instead', { kind: 'replaced-reply', status: 502 }],
      ] as const)('enrols once where %s', async ([, action], context) => {
        const { practice } = server;
        if (practice === undefined) return context.skip();
        practice.faults.add({ ...enrolPath, action });
        const request = requestOf();
        const receipt = await enrol({}, request);
        expect(receipt.already).toBe(true);
        expect(await pinnedAt(receipt.serverDeviceId)).toBe(request.publicKey.fingerprint);
      });

      it('says that it is not known where no reply ever came', async (context) => {
        const { practice } = server;
        if (practice === undefined) return context.skip();
        practice.faults.add({ ...enrolPath, times: 3, action: { kind: 'lost-reply' } });
        expect(await failureOf({}, requestOf())).toMatchObject({ code: 'server-unreachable', message: expect.stringMatching(/not known whether the server has enrolled/) as string });
        practice.faults.clear();
      });

      it.for([
        ['by status', 1, refused(429, { error: 'Too many enrollment requests' })],
        ['in an envelope', 2, refused(200, { ok: false, action: 'retry', message: 'Too many enrollment requests, retry later' })],
      ] as const)('waits where the server takes no more for now (%s), and says so in the end', async ([, protocol, action], context) => {
        const { practice } = server;
        if (practice === undefined) return context.skip();
        practice.faults.add({ ...challengePath, action });
        await expect(enrol({ protocol }, requestOf())).resolves.toMatchObject({ already: false });
        practice.faults.add({ ...enrolPath, times: 2, action });
        const failure = await failureOf({ protocol }, requestOf());
        practice.faults.clear();
        expect(failure).toMatchObject({ code: 'server-busy', message: expect.stringMatching(/no more requests for now/) as string });
        expect(String(failure)).not.toContain('not known whether');
      });

      it.for([
        ['unenroll', 'device-not-accepted'],
        ['reauth', 'device-not-accepted'],
      ] as const)('stops where an envelope asks to %s', async ([action, code], context) => {
        const { practice } = server;
        if (practice === undefined) return context.skip();
        practice.faults.add({ ...enrolPath, action: refused(200, { ok: false, action, message: 'x' }) });
        const before = server.requests.length;
        expect(await failureOf({}, requestOf())).toMatchObject({ code });
        expect(server.requests.slice(before).filter((line) => line.startsWith('POST'))).toHaveLength(1);
      });

      it('does not take what is too large for a file of a card', async (context) => {
        const { practice } = server;
        if (practice === undefined) return context.skip();
        const body = { deviceId: 'd', enrollmentId: 'IMPRINT-TEST-large', serverUrl: 'https://x', policy: { id: 'p', name: 'P', more: 'x'.repeat(13_000) }, pushConfig: { provider: 'polling' }, token: 'a.b.c' };
        practice.faults.add({ ...enrolPath, action: refused(201, body) });
        expect(await failureOf({}, requestOf(newDeviceKey(), newMdmIdentity({ serialNumber: 'IMPRINT-TEST-large' })))).toMatchObject({ code: 'server-reply-invalid', field: 'files' });
      });
    });
  });
}
