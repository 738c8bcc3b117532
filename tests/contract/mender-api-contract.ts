import { createPublicKey } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ApiCases, compactToken, device, expectError, list, statusesOf } from './mender-api-cases';
import type { MenderUnderTest } from './mender-fixture';
import { devices, newIdentity, newKey } from './mender-fixture';

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';

/** Every row of the facts about Mender's management API, against whatever server stands behind `makeServer`. */
export function describeMenderApi(name: string, makeServer: () => Promise<MenderUnderTest>): void {
  describe(`Mender management API: ${name}`, () => {
    const cases = new ApiCases(makeServer);

    describe('signing in', () => {
      it('refuses no token, a malformed one, one with a bad signature, and a wrong password', async () => {
        expectError(await cases.api.send('GET', devices, undefined, { authorization: '' }), 401);
        expectError(await cases.api.send('GET', devices, undefined, { authorization: 'Bearer nonsense' }), 401);
        const [head, body] = cases.api.token.split('.');
        expectError(await cases.api.send('GET', devices, undefined, { authorization: `Bearer ${head ?? ''}.${body ?? ''}.AAAA` }), 401);
        expectError(await cases.api.logIn('nobody@imprint.test', 'wrong'), 401);
        expectError(await cases.api.send('POST', '/api/management/v1/useradm/auth/login', undefined, { authorization: '' }), 401);
      });

      it('answers a login with the raw token, valid for a week', async (context) => {
        const { practice } = cases.server;
        if (practice === undefined) return context.skip();
        const reply = await cases.api.logIn(practice.username, practice.password);
        expect(reply.status).toBe(200);
        expect(reply.headers['content-type']).toBe('application/jwt');
        expect(reply.text).toMatch(compactToken);
        const claims = JSON.parse(Buffer.from(reply.text.split('.')[1] ?? '', 'base64url').toString()) as { exp: number; iat: number };
        expect(claims.exp - claims.iat).toBe(7 * 24 * 3600);
        expectError(await cases.api.logIn(practice.username, `${practice.password}x`), 401);
      });

      it('wants the code of a second factor in the body of the login, and each code once', async (context) => {
        const { secondFactor: person } = cases.server;
        if (person === undefined) return context.skip();
        expectError(await cases.api.logIn(person.username, 'wrong'), 401, /^unauthorized$/);
        expectError(await cases.api.logIn(person.username, person.password), 401, /^2fa needed$/);
        expectError(await cases.api.logIn(person.username, person.password, '000000'), 401, /2fa/);
        const reply = await cases.api.logIn(person.username, person.password, person.code());
        expect(reply.status).toBe(200);
        expect(reply.text).toMatch(compactToken);
        expectError(await cases.api.logIn(person.username, person.password, person.code()), 401, /2fa/);
        expect((await cases.api.logIn(person.username, person.password, person.nextCode())).status).toBe(200);
      });

      it('issues a personal access token that works until it is revoked', async () => {
        const tokens = '/api/management/v1/useradm/settings/tokens';
        const named = `imprint contract ${cases.fresh()['mac'] ?? ''}`;
        const reply = await cases.api.send('POST', tokens, { name: named, expires_in: 3600 });
        expect(reply.status).toBe(200);
        expect(reply.text).toMatch(compactToken);
        const authorization = `Bearer ${reply.text}`;
        expect((await cases.api.send('GET', devices, undefined, { authorization })).status).toBe(200);
        expectError(await cases.api.send('POST', tokens, { name: named, expires_in: 3600 }), 409);
        const issued = ((await cases.api.send('GET', tokens)).json() as { id: string; name: string }[]).find((token) => token.name === named);
        expect((await cases.api.send('DELETE', `${tokens}/${issued?.id ?? ''}`)).status).toBe(204);
        if (cases.server.practice !== undefined) expectError(await cases.api.send('GET', devices, undefined, { authorization }), 401);
      });
    });

    describe('preauthorizing', () => {
      it('answers 201 with an empty body, a relative Location and a request id', async () => {
        const identity = cases.fresh();
        const reply = await cases.api.preauthorize(identity, newKey().pem);
        expect(reply.status).toBe(201);
        expect(reply.text).toBe('');
        expect(reply.headers['location']).toMatch(new RegExp(`^devices/${uuid}$`));
        expect(reply.headers['x-men-requestid']).toMatch(/./);
        const shown = await cases.read(String(reply.headers['location']).replace('devices/', ''));
        expect(shown).toMatchObject({ status: 'preauthorized', decommissioning: false, identity_data: identity });
        expect(shown.auth_sets).toMatchObject([{ status: 'preauthorized', identity_data: identity }]);
      });

      it('shows a device in the documented form', async () => {
        const { id, identity, key } = await cases.preauthorized();
        const time = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}/) as string;
        const shown = { id, identity_data: identity, status: 'preauthorized', decommissioning: false, created_ts: time, updated_ts: time };
        const set = { id: expect.stringMatching(new RegExp(`^${uuid}$`)) as string, identity_data: identity, pubkey: key.pem, status: 'preauthorized', ts: time };
        expect(await cases.read(id)).toMatchObject({ ...shown, auth_sets: [set] });
        expect(list(await cases.api.send('GET', `${devices}?id=${id}`))).toMatchObject([{ ...shown, auth_sets: [set] }]);
      });

      it('gives an identity to exactly one of two that come at once, with two keys or with one', async () => {
        const same = newKey();
        for (const keys of [[newKey(), newKey()], [same, same]]) {
          const identity = cases.fresh();
          const replies = await Promise.all(keys.map((key) => cases.api.preauthorize(identity, key.pem)));
          expect(replies.map(({ status }) => status).sort()).toEqual([201, 409]);
          const won = replies.find(({ status }) => status === 201);
          const lost = replies.find(({ status }) => status === 409);
          expect(won?.headers['location']).toBe(`devices/${lost === undefined ? '' : device(lost).id}`);
        }
      });

      it('answers 409 with the device but without its auth sets, whatever the key', async () => {
        const { identity, key, id } = await cases.preauthorized();
        for (const pem of [key.pem, newKey().pem]) {
          const again = await cases.api.preauthorize(identity, pem);
          expect(again.status).toBe(409);
          expect(device(again)).toMatchObject({ id, status: 'preauthorized', auth_sets: null });
        }
        expect(statusesOf(await cases.read(id))).toEqual(['preauthorized']);
      });

      it('answers 409 where the device came before and is pending', async () => {
        const identity = cases.fresh();
        const key = newKey();
        expectError(await cases.api.authRequest(JSON.stringify(identity), key), 401, 'dev auth: unauthorized');
        const reply = await cases.api.preauthorize(identity, key.pem);
        expect(reply.status).toBe(409);
        expect(device(reply)).toMatchObject({ status: 'pending', auth_sets: null });
      });

      it('refuses what is no public key in PEM', async () => {
        const key = newKey('rsa-2048');
        const words = /^failed to decode preauth request: cannot decode public key/;
        const pkcs1 = createPublicKey(key.pem).export({ format: 'pem', type: 'pkcs1' }).toString();
        const secret = key.privateKey.export({ format: 'pem', type: 'pkcs8' }).toString();
        const wrong = ['nonsense', pkcs1, secret, key.pem.replaceAll('\n', '')];
        for (const pem of wrong) expectError(await cases.api.preauthorize(cases.fresh(), pem), 400, words);
      });

      it('takes RSA, EC and Ed25519 keys', async () => {
        for (const type of ['rsa-2048', 'ec-p256', 'ed25519'] as const) {
          const { id, key } = await cases.preauthorized(newKey(type));
          expect((await cases.read(id)).auth_sets?.[0]?.pubkey).toBe(key.pem);
        }
      });

      it('refuses an empty identity, no key, an identity that is a text, and what is no JSON', async () => {
        expectError(await cases.api.preauthorize({}, newKey().pem), 400, 'identity_data: cannot be blank.');
        expectError(await cases.api.preauthorize(cases.fresh(), undefined), 400, 'pubkey: cannot be blank.');
        expectError(await cases.api.preauthorize(JSON.stringify(cases.fresh()), newKey().pem), 400);
        expectError(await cases.api.send('POST', devices, '{"identity_data":'), 400);
      });

      it('refuses another content type with 415 and more than 1 MiB with 413', async () => {
        expectError(await cases.api.send('POST', devices, 'mac=1', { 'content-type': 'text/plain' }), 415);
        expectError(await cases.api.send('POST', devices, `"${'x'.repeat(1024 * 1024)}"`), 413);
      });

      it('takes one key for two identities', async () => {
        const { key } = await cases.preauthorized();
        expect((await cases.api.preauthorize(cases.fresh(), key.pem)).status).toBe(201);
      });

      it('adds a set by force, under an id that is not the device\'s', async () => {
        const { identity, id } = await cases.preauthorized();
        const key = newKey();
        const reply = await cases.api.preauthorize(identity, key.pem, { force: true });
        expect(reply.status).toBe(201);
        expect(reply.headers['location']).toMatch(new RegExp(`^devices/${uuid}$`));
        expect(reply.headers['location']).not.toBe(`devices/${id}`);
        expectError(await cases.api.send('GET', `${devices}/${String(reply.headers['location']).replace('devices/', '')}`), 404);
        expect(statusesOf(await cases.read(id))).toEqual(['preauthorized', 'preauthorized']);
      });

      it('makes a set that is there preauthorized again by force, and a device that is not there', async () => {
        const identity = cases.fresh();
        const key = newKey();
        expectError(await cases.api.authRequest(JSON.stringify(identity), key), 401);
        expect((await cases.api.preauthorize(identity, key.pem, { force: true })).status).toBe(201);
        const { id } = device(await cases.api.preauthorize(identity, key.pem));
        expect(statusesOf(await cases.read(id))).toEqual(['preauthorized']);
        expect((await cases.api.authRequest(JSON.stringify(identity), key)).status).toBe(200);

        const other = cases.fresh();
        const made = await cases.api.preauthorize(other, newKey().pem, { force: true });
        expect(made.status).toBe(201);
        expect((await cases.read(String(made.headers['location']).replace('devices/', ''))).identity_data).toEqual(other);
      });
    });

    describe('listing', () => {
      it('gives pages with links, and an empty one past the end', async () => {
        await Promise.all([cases.preauthorized(), cases.preauthorized(), cases.preauthorized()]);
        const reply = await cases.api.send('GET', `${devices}?per_page=1&page=2`);
        expect(list(reply)).toHaveLength(1);
        const links = [reply.headers['link'] ?? []].flat().join(', ');
        for (const relation of ['first', 'prev', 'next']) expect(links).toContain(`rel="${relation}"`);
        expect(reply.headers['x-total-count']).toBeUndefined();
        const first = await cases.api.send('GET', `${devices}?per_page=1`);
        expect([first.headers['link'] ?? []].flat().join(', ')).not.toContain('rel="prev"');
        const past = await cases.api.send('GET', `${devices}?per_page=500&page=100000`);
        expect(past.status).toBe(200);
        expect(past.json()).toEqual([]);
      });

      it('follows its links to every device once, 20 on a page unless told', async () => {
        const ids: string[] = [];
        for (let at = 0; at < 23; at += 1) ids.push((await cases.preauthorized()).id);
        const seen: string[][] = [];
        let path: string | undefined = `${devices}?${ids.map((id) => `id=${id}`).join('&')}`;
        while (path !== undefined) {
          const reply = await cases.api.send('GET', path);
          seen.push(list(reply).map(({ id }) => id));
          const next = /<([^>]*)>; *rel="next"/.exec([reply.headers['link'] ?? []].flat().join(', '))?.[1];
          path = next === undefined ? undefined : new URL(next, `${cases.server.settings.url}${devices}`).href.replace(cases.server.settings.url, '');
        }
        expect(seen.map((page) => page.length)).toEqual([20, 3]);
        expect(seen.flat()).toEqual([...ids].sort());
      });

      it('refuses pages of more than 500 and statuses that do not exist', async () => {
        expectError(await cases.api.send('GET', `${devices}?per_page=501`), 400, 'parameter "per_page" above limit (max: 500)');
        expectError(await cases.api.send('GET', `${devices}?page=0`), 400);
        expectError(await cases.api.send('GET', `${devices}?status=unknown`), 400);
      });

      it('filters by repeated status and id', async () => {
        const first = await cases.preauthorized();
        const second = await cases.preauthorized();
        await cases.api.authRequest(second.text, second.key);
        const both = `id=${first.id}&id=${second.id}`;
        const ids = async (query: string) => list(await cases.api.send('GET', `${devices}?${query}`)).map((found) => found.id).sort();
        expect(await ids(both)).toEqual([first.id, second.id].sort());
        expect(await ids(`${both}&status=accepted`)).toEqual([second.id]);
        expect(await ids(`${both}&status=accepted&status=preauthorized`)).toEqual([first.id, second.id].sort());
      });

      it('searches by status and id in a body, and by nothing else', async () => {
        const { id, identity } = await cases.preauthorized();
        const search = async (body: unknown) => list(await cases.api.send('POST', `${devices}/search?per_page=500`, body)).map((found) => found.id);
        expect(await search({ id: [id], status: 'preauthorized' })).toEqual([id]);
        expect(await search({ id, status: 'accepted' })).toEqual([]);
        expect(await search({ id, identity_data: newIdentity() })).toEqual([id]);
        expect((await search({ identity_data: identity })).length).toBeGreaterThan(1);
        expectError(await cases.api.send('POST', `${devices}/search`, { id: 5 }), 400);
        expectError(await cases.api.send('POST', `${devices}/search?per_page=501`, { id }), 400, 'parameter "per_page" above limit (max: 500)');
      });

      it('counts, and tells the limit', async () => {
        await cases.preauthorized();
        const count = (await cases.api.send('GET', `${devices}/count?status=preauthorized`)).json() as { count: number };
        expect(count.count).toBeGreaterThan(0);
        expectError(await cases.api.send('GET', `${devices}/count?status=unknown`), 400);
        expect((await cases.api.send('GET', '/api/management/v2/devauth/limits/max_devices')).json()).toEqual({ limit: expect.any(Number) as number });
      });

      it('finds by identity in the inventory', async () => {
        const { id, identity } = await cases.preauthorized();
        const body = { page: 1, per_page: 5, filters: [{ scope: 'identity', attribute: 'mac', type: '$eq', value: identity['mac'] }] };
        await expect
          .poll(async () => ((await cases.api.send('POST', '/api/management/v2/inventory/filters/search', body)).json() as { id: string }[]).map((found) => found.id), { timeout: 20_000 })
          .toEqual([id]);
        const reply = await cases.api.send('POST', '/api/management/v2/inventory/filters/search', body);
        expect(reply.headers['x-total-count']).toBe('1');
      });
    });

    describe('removing and deciding', () => {
      it('decommissions while the device is still there, then it is gone and may come again', async () => {
        const { identity, key, id } = await cases.preauthorized();
        expect((await cases.api.send('DELETE', `${devices}/${id}`)).status).toBe(204);
        if (cases.server.practice !== undefined) {
          const early = await cases.api.preauthorize(identity, key.pem);
          expect(early.status).toBe(409);
          expect(device(early).decommissioning).toBe(true);
          expectError(await cases.api.authRequest(JSON.stringify(identity), key), 401, /^dev auth: unauthorized$/);
          cases.server.passTime(3_600_000);
        }
        await expect.poll(async () => (await cases.api.send('GET', `${devices}/${id}`)).status, { timeout: 30_000 }).toBe(404);
        expect((await cases.api.send('DELETE', `${devices}/${id}`)).status).toBe(404);
        expect((await cases.api.preauthorize(identity, key.pem)).status).toBe(201);
      });

      it('removes the device with its only preauthorized set', async () => {
        const { id } = await cases.preauthorized();
        const set = (await cases.read(id)).auth_sets?.[0]?.id ?? '';
        expect((await cases.api.send('DELETE', `${devices}/${id}/auth/${set}`)).status).toBe(204);
        expectError(await cases.api.send('GET', `${devices}/${id}`), 404);
        expect((await cases.api.send('DELETE', `${devices}/${id}/auth/${set}`)).status).toBe(404);
      });

      it('gives a device the status of its heaviest set, and noauth without any', async () => {
        const { id, key, text } = await cases.preauthorized();
        const other = newKey();
        const statuses: string[] = [];
        const look = async (): Promise<void> => {
          const shown = await cases.read(id);
          statuses.push(`${shown.status}: ${statusesOf(shown).join(', ')}`);
        };
        const remove = async (status: string): Promise<void> => {
          const set = (await cases.read(id)).auth_sets?.find((candidate) => candidate.status === status)?.id ?? '';
          expect((await cases.api.send('DELETE', `${devices}/${id}/auth/${set}`)).status).toBe(204);
        };
        await cases.api.authRequest(text, other);
        await look();
        await cases.api.authRequest(text, key);
        await look();
        await remove('accepted');
        await look();
        await cases.api.send('PUT', `${devices}/${id}/auth/${(await cases.read(id)).auth_sets?.[0]?.id ?? ''}/status`, { status: 'rejected' });
        await look();
        await remove('rejected');
        await look();
        expect(statuses).toEqual(['preauthorized: pending, preauthorized', 'accepted: accepted, pending', 'pending: pending', 'rejected: rejected', 'noauth: ']);
        expect(list(await cases.api.send('GET', `${devices}?status=noauth&id=${id}`)).map((found) => found.id)).toEqual([id]);
      });

      it('decides pending and rejected sets, never preauthorized ones', async () => {
        const { id, text } = await cases.preauthorized();
        const other = newKey();
        await cases.api.authRequest(text, other);
        const setWith = async (status: string) => (await cases.read(id)).auth_sets?.find((set) => set.status === status)?.id ?? '';
        const put = (set: string, status: string) => cases.api.send('PUT', `${devices}/${id}/auth/${set}/status`, { status });
        expectError(await put(await setWith('preauthorized'), 'accepted'), 400);
        const pending = await setWith('pending');
        expectError(await put(pending, 'preauthorized'), 400);
        expect((await put(pending, 'rejected')).status).toBe(204);
        expect((await put(pending, 'accepted')).status).toBe(204);
        expect((await cases.read(id)).status).toBe('accepted');
        expect((await put(pending, 'rejected')).status).toBe(204);
        expect((await cases.read(id)).status).toBe('preauthorized');
        expectError(await put('no-such-set', 'accepted'), 404);
      });
    });
  });
}
