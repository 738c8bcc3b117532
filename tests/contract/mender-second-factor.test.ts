import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Secrets, ServerConnection } from '../../main/domain/ports';
import { ImprintError } from '../../main/domain/errors';
import type { ServerSettings } from '../../main/domain/profile';
import { createMenderServer } from '../../main/servers/mender/adapter';
import type { MenderUnderTest, SecondFactor } from './mender-fixture';
import { devices, newIdentity, newKey, practiceUnderTest, quickOptions, secretsOf } from './mender-fixture';

const never = new AbortController().signal;

describe('an account with a second factor', () => {
  let server: MenderUnderTest;
  let person: SecondFactor;
  let settings: ServerSettings;
  let offset = 0;
  /** Every account for which somebody was asked. */
  let asked: string[];
  let answer: () => Promise<string>;
  let secrets: Secrets;
  const open: ServerConnection[] = [];
  let mender = createMenderServer(quickOptions);

  beforeEach(async () => {
    server = await practiceUnderTest();
    if (server.secondFactor === undefined) throw new Error('The practice server has such a user.');
    person = server.secondFactor;
    settings = { ...server.settings, credentials: { type: 'password', username: person.username, password: { from: 'environment', name: 'PASSWORD' } } };
    server.requests.length = 0;
    asked = [];
    offset = 0;
    answer = () => Promise.resolve(person.code());
    secrets = secretsOf({ PASSWORD: person.password }, (account) => {
      asked.push(account);
      return answer();
    });
    mender = createMenderServer({ ...quickOptions, clock: { now: () => new Date(Date.now() + offset) } });
  });

  afterEach(async () => {
    await Promise.all(open.splice(0).map((connection) => connection.close()));
    await server.close();
  });

  function connect(): ServerConnection {
    const connection = mender.connect(settings, secrets);
    open.push(connection);
    return connection;
  }

  const logins = (): string[] => server.requests.filter((line) => line.includes('/auth/login')).map((line) => line.slice(-3));

  it('is asked for its code, with the spaces that people type', async () => {
    answer = () => Promise.resolve(` ${person.code().slice(0, 3)} ${person.code().slice(3)} `);
    await connect().signIn(never);
    expect(asked).toEqual([person.username]);
    expect(logins()).toEqual(['401', '200']);
  });

  it('is asked once for all cards, at once and one after the other', async () => {
    const cards = Array.from({ length: 4 }, connect);
    await Promise.all(cards.map((card) => card.signIn(never)));
    for (const card of cards) await card.close();
    const later = connect();
    await later.signIn(never);
    await expect(later.enrol({ identity: newIdentity(), publicKey: newKey().publicKey }, never)).resolves.toMatchObject({ already: false });
    expect(asked).toHaveLength(1);
    expect(logins().filter((status) => status === '200')).toHaveLength(1);
  });

  it('is asked again before the token ends, and where the server does not take it any more', async () => {
    const connection = connect();
    await connection.signIn(never);
    person.nextCode();
    offset = 6.9 * 24 * 3600 * 1000;
    await connection.capacity(never);
    expect(asked).toHaveLength(2);
    person.nextCode();
    server.practice?.faults.add({ method: 'GET', path: /\/count$/, action: { kind: 'reply', status: 401 } });
    await connection.capacity(never);
    expect(asked).toHaveLength(3);
  });

  it('is not asked again where the code is wrong, nor for a right that the account lacks', async () => {
    answer = () => Promise.resolve('000000');
    const failure: unknown = await connect().signIn(never).catch((thrown: unknown) => thrown);
    expect(failure).toMatchObject({ code: 'server-sign-in-refused', message: expect.stringContaining('code was not accepted') as string });
    expect(asked).toHaveLength(1);
    expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain('000000');
    answer = () => Promise.resolve(person.code());
    const connection = connect();
    await connection.signIn(never);
    server.practice?.faults.add({ method: 'GET', path: /\/count$/, action: { kind: 'reply', status: 403 } });
    await expect(connection.capacity(never)).rejects.toMatchObject({ code: 'server-refused' });
    expect(asked).toHaveLength(2);
  });

  it('says that nobody could be asked, and that a wrong password is wrong', async () => {
    answer = () => Promise.reject(new ImprintError('credential-missing', 'Nobody is there.'));
    await expect(connect().signIn(never)).rejects.toMatchObject({ code: 'credential-missing' });
    const wrong = mender.connect(settings, secretsOf({ PASSWORD: 'wrong' }, () => Promise.reject(new Error('is not asked'))));
    open.push(wrong);
    await expect(wrong.signIn(never)).rejects.toMatchObject({ code: 'server-sign-in-refused' });
  });

  it('is asked by the next card where the first was cancelled over the question', async () => {
    const stop = new AbortController();
    answer = () => new Promise(() => undefined);
    const first = connect().signIn(stop.signal);
    await expect.poll(() => asked.length).toBe(1);
    const second = connect().signIn(never);
    answer = () => Promise.resolve(person.code());
    stop.abort();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
    await expect(second).resolves.toBeUndefined();
    expect(asked).toHaveLength(2);
  });

  it('keeps code and token out of whatever is printed of a connection', async () => {
    const connection = connect();
    await connection.signIn(never);
    const text = inspect([connection, mender], { depth: 20, showHidden: true });
    expect(text).not.toContain(person.code());
    expect(text).not.toMatch(/eyJ/);
    // The sign-in of somebody else who has the same name is not theirs.
    const stranger = mender.connect(settings, secretsOf({}));
    open.push(stranger);
    await expect(stranger.signIn(never)).rejects.toMatchObject({ code: 'credential-missing' });
  });

  it('that signs in elsewhere is told to use a token', async () => {
    server.practice?.faults.add({ method: 'POST', path: /\/auth\/login$/, action: { kind: 'reply', status: 200, text: '{"id":"5f8f0f8c","kind":"sso/saml"}', contentType: 'application/json' } });
    await expect(connect().signIn(never)).rejects.toMatchObject({ code: 'server-sign-in-refused', message: expect.stringContaining('personal access token') as string });
  });

  it('is not asked where a personal access token is used', async () => {
    const token = (await server.raw.send('POST', '/api/management/v1/useradm/settings/tokens', { name: 'line', expires_in: 0 })).text;
    const connection = mender.connect({ ...settings, credentials: { type: 'token', token: { from: 'environment', name: 'TOKEN' } } }, secretsOf({ TOKEN: token }));
    open.push(connection);
    await connection.signIn(never);
    expect((await server.raw.send('GET', devices)).status).toBe(200);
    expect(asked).toEqual([]);
    expect(logins()).toEqual([]);
  });
});
