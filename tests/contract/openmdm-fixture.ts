import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Identity } from '../../main/domain/identity';
import type { Secrets, ServerKind } from '../../main/domain/ports';
import type { JsonObject, ServerSettings } from '../../main/domain/profile';
import { createOpenMdmServer, type OpenMdmOptions } from '../../main/servers/openmdm/adapter';
import type { PracticeOpenMdm, PracticeOpenMdmOptions } from '../../main/servers/openmdm/practice-server';
import { startPracticeOpenMdm } from '../../main/servers/openmdm/practice-server';
import { MdmApi } from '../support/openmdm';
import { secretsOf, systemClock, systemRandomness } from './mender-fixture';

/** The adapter with waits that a test can sit out; the order of its steps is the usual one. */
export const quickMdmOptions: OpenMdmOptions = { patience: { delays: [1, 5, 20], longestWaitSeconds: 2, waits: 1, usualWaitSeconds: 0.01 }, settle: 1, timeouts: { connect: 5000, headers: 5000, body: 5000 }, proxyEnvironment: {} };
export const quickMdm: ServerKind = createOpenMdmServer(quickMdmOptions);

/** What the identities of tests begin with, so that what a run leaves at a real server can be told from devices. */
const testPrefix = 'IMPRINT-TEST-';

export function newMdmIdentity(more: Identity = {}): Identity {
  return { model: 'Board A', manufacturer: 'Works', osVersion: '14', method: 'manual', serialNumber: `${testPrefix}${randomBytes(6).toString('hex')}`, ...more };
}

export interface MdmUnderContract {
  readonly kind: ServerKind;
  readonly settings: ServerSettings;
  readonly secrets: Secrets;
  readonly wrong: { readonly settings: ServerSettings; readonly secrets: Secrets };
  readonly api: MdmApi;
  /** Undefined against a real server. */
  readonly practice: PracticeOpenMdm | undefined;
  readonly hasAdmin: boolean;
  readonly hasSecret: boolean;
  /** Requests that the practice server answered: `POST /mdm/agent/enroll 201`. */
  readonly requests: string[];
  /** The same server with other options. */
  withOptions(options: JsonObject): ServerSettings;
  close(): Promise<void>;
}

const environment = (name: string): JsonObject => ({ from: 'environment', name });

export async function practiceMdm(more: Partial<PracticeOpenMdmOptions> = {}): Promise<MdmUnderContract> {
  const requests: string[] = [];
  const practice = await startPracticeOpenMdm({ port: 0, clock: systemClock, randomness: systemRandomness, tls: true, mostRequests: 10_000, onRequest: (method, path, status) => requests.push(`${method} ${path} ${String(status)}`), ...more });
  const base = { kind: 'openmdm', url: practice.url, certificateAuthority: practice.certificateAuthorityPem };
  const api = new MdmApi(practice.url, practice.certificateAuthorityPem);
  const settings: ServerSettings = { ...base, options: { adminToken: environment('ADMIN') } };
  return {
    kind: quickMdm,
    settings,
    secrets: secretsOf({ ADMIN: practice.adminToken, SECRET: practice.deviceSecret }),
    wrong: { settings, secrets: secretsOf({ ADMIN: 'not-the-password', SECRET: 'not-the-password' }) },
    api,
    practice,
    hasAdmin: true,
    hasSecret: true,
    requests,
    withOptions: (options) => ({ ...base, options }),
    close: async () => {
      await api.close();
      await practice.close();
    },
  };
}

export const realMdmUrl = process.env['IMPRINT_OPENMDM_URL'];
export const realAdminToken = process.env['IMPRINT_OPENMDM_ADMIN_TOKEN'];

/** The server of IMPRINT_OPENMDM_URL; all variables are in docs/contract-suite.md. */
export function realMdm(): Promise<MdmUnderContract> {
  const { IMPRINT_OPENMDM_SECRET: secret, IMPRINT_OPENMDM_CA: ca } = process.env;
  const certificateAuthority = ca === undefined ? undefined : readFileSync(ca, 'utf8');
  const base = { kind: 'openmdm', url: (realMdmUrl ?? '').replace(/\/+$/, ''), certificateAuthority };
  const settings: ServerSettings = { ...base, options: realAdminToken === undefined ? {} : { adminToken: environment('ADMIN') } };
  const api = new MdmApi(base.url, certificateAuthority);
  return Promise.resolve({
    kind: quickMdm,
    settings,
    secrets: secretsOf({ ADMIN: realAdminToken ?? '', SECRET: secret ?? '' }),
    wrong: { settings, secrets: secretsOf({ ADMIN: 'not-the-password', SECRET: 'not-the-password' }) },
    api,
    practice: undefined,
    hasAdmin: realAdminToken !== undefined,
    hasSecret: secret !== undefined,
    requests: [],
    withOptions: (options) => ({ ...base, options }),
    close: () => api.close(),
  });
}

export function fingerprintOfBase64(publicKey: string | null | undefined): string {
  return createHash('sha256').update(Buffer.from(publicKey ?? '', 'base64')).digest('hex');
}
