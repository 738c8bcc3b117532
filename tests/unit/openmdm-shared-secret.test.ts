import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { enrollmentIdOf } from '../../main/servers/openmdm/identifiers';
import { parseEnrolment } from '../../main/servers/openmdm/replies';
import type { MdmUnderTest } from '../support/openmdm';
import { deviceKey, mdmUnderTest, newMdmIdentity, withMdm } from '../support/openmdm';

const enrolmentError = (words: string) => ({ error: expect.stringContaining(words) as string, code: 'ENROLLMENT_ERROR' });

let mdm: MdmUnderTest;
beforeAll(async () => {
  mdm = await mdmUnderTest();
});
afterAll(async () => {
  await mdm.close();
});

describe('an enrolment by the shared secret', () => {
  const now = (milliseconds = 0): string => new Date(mdm.clock.now().getTime() + milliseconds).toISOString();

  it('is taken', async () => {
    const identity = newMdmIdentity();
    expect((await mdm.api.enrolBySecret(identity, mdm.server.deviceSecret, now())).status).toBe(201);
    expect(mdm.server.administration.find(enrollmentIdOf(identity))).toMatchObject({ publicKey: null, enrollmentMethod: null });
  });

  it.each([
    [900_000, 201],
    [-900_000, 201],
    [900_001, 400],
    [-900_001, 400],
  ])('with a clock that is %i ms off answers %i', async (milliseconds, status) => {
    const reply = await mdm.api.enrolBySecret(newMdmIdentity(), mdm.server.deviceSecret, now(milliseconds));
    expect(reply.status).toBe(status);
    if (status === 400) expect(reply.json()).toEqual(enrolmentError('Enrollment timestamp is outside'));
  });

  it('reads seconds and milliseconds since 1970 as well, and nothing else', async () => {
    const milliseconds = mdm.clock.now().getTime();
    for (const text of [String(milliseconds), String(Math.floor(milliseconds / 1000))]) expect((await mdm.api.enrolBySecret(newMdmIdentity(), mdm.server.deviceSecret, text)).status).toBe(201);
    expect((await mdm.api.enrolBySecret(newMdmIdentity(), mdm.server.deviceSecret, 'today')).json()).toEqual(enrolmentError('Enrollment timestamp is not a valid'));
  });

  it.each<[string, (signature: string) => unknown, number]>([
    ['another secret', () => createHmac('sha256', 'other').update('x').digest('hex'), 400],
    ['a part of it', (signature) => signature.slice(0, 62), 400],
    ['none', () => undefined, 400],
    ['a number', () => 5, 400],
    ['capitals, which the server reads too', (signature) => signature.toUpperCase(), 201],
  ])('with a signature that is %s', async (_name, change, status) => {
    const identity = newMdmIdentity();
    const message = ['Board A', 'Works', '14', identity.serialNumber, '', '', '', 'manual', now()].join('|');
    const signature = change(createHmac('sha256', mdm.server.deviceSecret).update(message).digest('hex'));
    const reply = await mdm.api.enrolBySecret(identity, mdm.server.deviceSecret, now(), { signature });
    expect(reply.status).toBe(status);
    if (status === 400) expect(reply.json()).toEqual(enrolmentError('Invalid enrollment signature'));
  });

  it('takes a device that has a pinned key, and leaves the pin: a downgrade that the server does not see', async () => {
    const [identity, key] = [newMdmIdentity(), deviceKey()];
    const { deviceId } = parseEnrolment(await mdm.api.enrolByKey(identity, key), 'testing');
    const reply = await mdm.api.enrolBySecret(identity, mdm.server.deviceSecret, now());
    expect(reply.status).toBe(201);
    expect(parseEnrolment(reply, 'testing').deviceId).toBe(deviceId);
    expect(mdm.server.administration.find(enrollmentIdOf(identity))).toMatchObject({ publicKey: key.publicKey, enrollmentMethod: 'pinned-key' });
  });

  it('is pinned by its first enrolment with a key', async () => {
    const [identity, key] = [newMdmIdentity(), deviceKey()];
    await mdm.api.enrolBySecret(identity, mdm.server.deviceSecret, now());
    expect((await mdm.api.enrolByKey(identity, key)).status).toBe(201);
    expect(mdm.server.administration.find(enrollmentIdOf(identity))?.publicKey).toBe(key.publicKey);
  });

  it('is refused where keys are required', async () => {
    await withMdm({ settings: { pinnedKeyRequired: true } }, async ({ api, server }) => {
      const reply = await api.enrolBySecret(newMdmIdentity(), server.deviceSecret, now());
      expect([reply.status, reply.json()]).toEqual([400, enrolmentError('Pinned-key enrollment is required')]);
      expect((await api.enrolByKey(newMdmIdentity(), deviceKey())).status).toBe(201);
    });
  });
});
