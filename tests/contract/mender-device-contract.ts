import { describe, expect, it } from 'vitest';
import { ApiCases, compactToken, expectError, list, statusesOf } from './mender-api-cases';
import type { MenderUnderTest } from './mender-fixture';
import { devices, newKey } from './mender-fixture';

/** Every row of the facts about the device's side of Mender: its requests and what becomes of the device. */
export function describeMenderDeviceApi(name: string, makeServer: () => Promise<MenderUnderTest>): void {
  describe(`Mender device API: ${name}`, () => {
    const cases = new ApiCases(makeServer);

    describe('a device comes', () => {
      it.each(['rsa-3072', 'ec-p256', 'ed25519'] as const)('with the right key (%s): 200, a token, accepted', async (type) => {
        const { key, id, text } = await cases.preauthorized(newKey(type));
        const reply = await cases.api.authRequest(text, key);
        expect(reply.status).toBe(200);
        expect(reply.headers['content-type']).toBe('application/jwt');
        expect(reply.text).toMatch(compactToken);
        expect(await cases.read(id)).toMatchObject({ status: 'accepted', auth_sets: [{ status: 'accepted' }] });
        expect((await cases.api.authRequest(text, key)).status).toBe(200);
      });

      it('with another key: 401, and the device reads preauthorized still', async () => {
        const { id, text } = await cases.preauthorized();
        expectError(await cases.api.authRequest(text, newKey()), 401, /^dev auth: unauthorized$/);
        const shown = await cases.read(id);
        expect(shown.status).toBe('preauthorized');
        expect(statusesOf(shown)).toEqual(['pending', 'preauthorized']);
        const pending = list(await cases.api.send('GET', `${devices}?status=pending&id=${id}`));
        expect(pending).toEqual([]);
      });

      it('with the right key, signed by another: 401', async () => {
        const { key, text, id } = await cases.preauthorized();
        expectError(await cases.api.authRequest(text, key, newKey()), 401, /^signature verification failed$/);
        expect(statusesOf(await cases.read(id))).toEqual(['preauthorized']);
      });

      it('whatever the order of its attributes and the spaces between them', async () => {
        const key = newKey();
        const { mac = '' } = cases.fresh();
        expect((await cases.api.preauthorize({ mac, serial: '1928819' }, key.pem)).status).toBe(201);
        expect((await cases.api.authRequest(`{ "serial" : "1928819",\n"mac" : "${mac}" }`, key)).status).toBe(200);
      });

      it('as another device where a value is a number, in other letters, or one attribute more', async () => {
        const key = newKey();
        const { mac = '' } = cases.fresh();
        const identity = { mac, serial: '42', board: 'a' };
        expect((await cases.api.preauthorize(identity, key.pem)).status).toBe(201);
        for (const other of [{ ...identity, serial: 42 }, { ...identity, board: 'A' }, { ...identity, more: '1' }]) {
          expectError(await cases.api.authRequest(JSON.stringify(other), key), 401, 'dev auth: unauthorized');
        }
      });

      it('malformed: 400', async () => {
        const send = (body: unknown, signature: string) => cases.api.send('POST', '/api/devices/v1/authentication/auth_requests', body, { 'authorization': '', 'x-men-signature': signature });
        const key = newKey();
        expectError(await send('{', 'AAAA'), 400, /^failed to decode auth request/);
        expectError(await send({ pubkey: key.pem }, 'AAAA'), 400, 'id_data must be provided');
        expectError(await send({ id_data: '{"mac":"1"}' }, 'AAAA'), 400, 'pubkey must be provided');
        expectError(await send({ id_data: '{"mac":"1"}', pubkey: key.pem }, ''), 400, 'missing request signature header');
      });

      it('over the limit of devices refuses to accept: 422 by hand, 401 to the device, which stays preauthorized', async (context) => {
        const { practice } = cases.server;
        if (practice === undefined) return context.skip();
        const stranger = cases.fresh();
        await cases.api.authRequest(JSON.stringify(stranger), newKey());
        const { id, key, text } = await cases.preauthorized();
        practice.setDeviceLimit(0);
        try {
          const found = list(await cases.api.send('GET', `${devices}?status=pending&per_page=500`)).find((candidate) => candidate.identity_data['mac'] === stranger['mac']);
          expectError(await cases.api.send('PUT', `${devices}/${found?.id ?? ''}/auth/${found?.auth_sets?.[0]?.id ?? ''}/status`, { status: 'accepted' }), 422);
          expectError(await cases.api.authRequest(text, key), 401);
          expect((await cases.read(id)).status).toBe('preauthorized');
        } finally {
          practice.setDeviceLimit(-1);
        }
        expect((await cases.api.authRequest(text, key)).status).toBe(200);
      });
    });
  });
}
