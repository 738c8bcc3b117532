import type { JsonWebKey } from 'node:crypto';
import { X509Certificate } from 'node:crypto';
import type { ServerOptions } from 'node:https';
import type { Clock, Randomness } from '../../domain/ports';
import type { CertificateWishes } from '../practice/practice-certificates';
import { issueServerCertificate, openAuthority } from '../practice/practice-certificates';
import { PracticeFaults } from '../practice/practice-faults';
import type { PracticeListener, PracticeListenerOptions } from '../practice/practice-listener';
import { startPracticeListener } from '../practice/practice-listener';
import { openTenantAuthority } from './practice-authority';
import { PracticeBreakages } from './practice-breakage';
import type { EnrolmentBreakage } from './practice-breakage';
import type { BridgeApi, SentChain } from './practice-enrolment';
import { PracticeEnrolment } from './practice-enrolment';
import type { PracticeCredentials } from './practice-hawkbit';
import { hawkBitProblem, PracticeHawkBit } from './practice-hawkbit';
import { revocationList } from './practice-issue';
import { bridgeProblem } from './practice-replies';
import { BridgeRouter } from './practice-router';
import { PracticeBridgeState } from './practice-state';
import { PracticeStepCa, stepCaProblem } from './practice-step-ca';
import { PracticeThingsBoard } from './practice-thingsboard';
import { PracticeTokens } from './practice-tokens';

/** The four servers of a tenant, each with a port of its own. */
export type TenantService = 'bridge' | 'stepCa' | 'hawkBit' | 'thingsBoard';

export interface PracticeBridgeOptions {
  /** 0, and where nothing is said, for any free port. */
  readonly ports?: Partial<Record<TenantService, number>> | undefined;
  /** Where state and authorities are kept; without it they end with the server. One server per folder. */
  readonly folder?: string | undefined;
  readonly clock: Clock;
  readonly randomness: Randomness;
  /** Names of the fields; those of the bridge's source unless told. */
  readonly api?: BridgeApi | undefined;
  /** Unless told, the Sub-CA alone as the real bridge does it, and the whole chain where the API is as documented. */
  readonly chain?: SentChain | undefined;
  /** Before every path of the bridge; `/api` unless told. */
  readonly basePath?: string | undefined;
  /** O in certificates; `Practice Tenant` unless told. */
  readonly organization?: string | undefined;
  /** Validity of a device's certificate in milliseconds; 24 hours unless told. */
  readonly certificateLifetime?: number | undefined;
  /** Who may sign in to hawkBit and ThingsBoard; without any, users with a password for this run only. */
  readonly hawkBitUser?: PracticeCredentials | undefined;
  readonly thingsBoardUser?: PracticeCredentials | undefined;
  readonly faults?: Partial<Record<TenantService, PracticeFaults>> | undefined;
  /** The TLS certificate of bridge, hawkBit and ThingsBoard. */
  readonly certificate?: CertificateWishes | undefined;
  /** Told about every request when it is answered; `status` is 0 where no answer was sent. */
  readonly onRequest?: ((service: TenantService, method: string, path: string, status: number) => void) | undefined;
}

export interface PracticeBridge {
  /** With the base path: `${bridgeUrl}/devices/ID/enroll`. */
  readonly bridgeUrl: string;
  readonly stepCaUrl: string;
  readonly hawkBitUrl: string;
  readonly thingsBoardUrl: string;
  /** What a client of bridge, hawkBit and ThingsBoard must trust; the CA's own port is under the Provider Root. */
  readonly certificateAuthorityPem: string;
  readonly rootPem: string;
  readonly intermediatePem: string;
  readonly issuingPem: string;
  /** SHA-256 over the root's DER, lower-case hexadecimal without colons. */
  readonly rootFingerprint: string;
  readonly provisioner: { readonly name: string; readonly keyId: string; readonly privateJwk: JsonWebKey };
  readonly hawkBitUser: PracticeCredentials;
  readonly thingsBoardUser: PracticeCredentials;
  readonly faults: Readonly<Record<TenantService, PracticeFaults>>;
  /** One enrolment that would have succeeded goes wrong like this; said twice, the next two. */
  breakNextEnrolment(breakage: EnrolmentBreakage): void;
  /** Every certificate that was signed, oldest first; `serial` is decimal. */
  issued(): readonly { readonly serial: string; readonly deviceId: string; readonly pem: string; readonly revoked: boolean }[];
  /** @param serial decimal */
  isRevoked(serial: string): boolean;
  /** Revocation list of the Sub-CA as PEM, valid for a day. */
  revocationList(): Promise<string>;
  /** The public key that the VPN server has for this device, base64. */
  wireguardPublicKey(deviceId: string): string | undefined;
  /** What the first MQTT connection with the device's certificate brings about: the device in ThingsBoard, and its webhook. */
  deviceConnected(deviceId: string, at: Date): Promise<void>;
  /** What a poll of the device's update client brings about in hawkBit; nothing where the target is unknown. */
  targetPolled(deviceId: string, at: Date): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the servers of one tenant for practice and tests on the loopback interface: IoT bridge, step-ca, hawkBit and
 * ThingsBoard, as far as a station and a device use them, with the real rules and the real words.
 *
 * @throws ImprintError usage where a port is taken; record-corrupt where the folder cannot be read
 */
export async function startPracticeBridge(options: PracticeBridgeOptions): Promise<PracticeBridge> {
  const { clock, randomness, api = 'bridge', basePath = '/api' } = options;
  const state = await PracticeBridgeState.open(options.folder);
  const authority = await openTenantAuthority(options.folder, { organization: options.organization ?? 'Practice Tenant', provisionerName: 'practice-bridge' }, clock, randomness);
  const webAuthority = await openAuthority(options.folder, clock, randomness);
  const web = await issueServerCertificate(webAuthority, clock, randomness, options.certificate);
  const ca = await issueServerCertificate(authority.issuing, clock, randomness);
  const above = [authority.issuing, authority.intermediate].map(({ pem }) => pem);
  const webTls: ServerOptions = { key: web.key, cert: web.pem };
  // Whether a client shows a certificate is its own affair, as with the real CA: most paths ask for none.
  const caTls: ServerOptions = { key: ca.key, cert: [ca.pem, ...above].join(''), ca: [authority.root.pem, ...above], requestCert: true, rejectUnauthorized: false };

  const hawkBitUser = options.hawkBitUser ?? { username: 'practice', password: randomness.uuid() };
  const thingsBoardUser = options.thingsBoardUser ?? { username: 'practice@imprint.test', password: randomness.uuid() };
  const breakages = new PracticeBreakages();
  const settings = { api, chain: options.chain ?? (api === 'bridge' ? 'issuing' : 'whole'), certificateLifetime: options.certificateLifetime ?? 24 * 60 * 60 * 1000 } as const;
  const enrolment = new PracticeEnrolment(authority, state, settings, breakages, clock, randomness);
  const router = new BridgeRouter(enrolment, basePath);
  const stepCa = new PracticeStepCa(authority, state, new PracticeTokens(authority.provisioner, state, clock), clock, randomness);
  const hawkBit = new PracticeHawkBit(state, hawkBitUser, clock, randomness);
  const thingsBoard = new PracticeThingsBoard(state, thingsBoardUser, clock, randomness);

  const faults = { bridge: new PracticeFaults(), stepCa: new PracticeFaults(), hawkBit: new PracticeFaults(), thingsBoard: new PracticeFaults(), ...options.faults };
  const listeners: PracticeListener[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(listeners.map((listener) => listener.close()));
    await state.close();
  };
  const start = async (service: TenantService, tls: ServerOptions, how: Pick<PracticeListenerOptions, 'handle' | 'problem'>): Promise<string> => {
    const listener = await startPracticeListener({
      port: options.ports?.[service] ?? 0,
      tls,
      faults: faults[service],
      requestId: () => randomness.uuid(),
      handle: async (request, incoming) => {
        try {
          return await how.handle(request, incoming);
        } finally {
          // A refusal may have changed something as well: a certificate is signed before hawkBit is asked.
          await state.flush();
        }
      },
      problem: how.problem,
      onRequest: (method, path, status) => options.onRequest?.(service, method, path, status),
    });
    listeners.push(listener);
    return `https://127.0.0.1:${String(listener.port)}`;
  };

  try {
    const bridgeOrigin = await start('bridge', webTls, { handle: (request) => router.handle(request), problem: bridgeProblem });
    const stepCaUrl = await start('stepCa', caTls, { handle: (request, incoming) => stepCa.handle(request, incoming), problem: stepCaProblem });
    const hawkBitUrl = await start('hawkBit', webTls, { handle: (request) => hawkBit.handle(request), problem: hawkBitProblem });
    const thingsBoardUrl = await start('thingsBoard', webTls, { handle: (request) => thingsBoard.handle(request), problem: (problem) => thingsBoard.problem(problem) });
    const { name, keyId, privateJwk } = authority.provisioner;
    return {
      bridgeUrl: `${bridgeOrigin}${basePath}`,
      stepCaUrl,
      hawkBitUrl,
      thingsBoardUrl,
      certificateAuthorityPem: webAuthority.pem,
      rootPem: authority.root.pem,
      intermediatePem: authority.intermediate.pem,
      issuingPem: authority.issuing.pem,
      rootFingerprint: new X509Certificate(authority.root.pem).fingerprint256.replaceAll(':', '').toLowerCase(),
      provisioner: { name, keyId, privateJwk },
      hawkBitUser,
      thingsBoardUser,
      faults,
      breakNextEnrolment: (breakage) => { breakages.add(breakage); },
      issued: () => state.certificates().map(({ serial, deviceId, pem }) => ({ serial, deviceId, pem, revoked: state.revocation(serial) !== undefined })),
      isRevoked: (serial) => state.revocation(serial) !== undefined,
      revocationList: () => revocationList(authority, state.revocations().map(({ serial, at, reasonCode }) => ({ serial, at: new Date(at), reasonCode })), clock),
      wireguardPublicKey: (deviceId) => state.peer(deviceId)?.publicKey,
      deviceConnected: async (deviceId, at) => {
        thingsBoard.connected(deviceId, at.getTime());
        enrolment.connected({ deviceName: deviceId });
        await state.flush();
      },
      targetPolled: async (deviceId, at) => {
        hawkBit.polled(deviceId, at.getTime());
        await state.flush();
      },
      close,
    };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}
