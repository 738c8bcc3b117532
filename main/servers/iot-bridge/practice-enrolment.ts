import type { Clock, Randomness } from '../../domain/ports';
import type { PracticeReply, PracticeRequest } from '../practice/practice-http';
import { isObject, PracticeProblem } from '../practice/practice-http';
import type { TenantAuthority } from './practice-authority';
import { forgeTenantAuthority } from './practice-authority';
import type { EnrolmentBreakage, PracticeBreakages } from './practice-breakage';
import { ensureTarget } from './practice-hawkbit';
import { issueLeaf } from './practice-issue';
import type { Leaf, LeafWishes } from './practice-issue';
import type { FieldRule } from './practice-replies';
import { readModel } from './practice-replies';
import type { SignableRequest } from './practice-requests';
import { readCertificateRequest, signableFor } from './practice-requests';
import type { PracticeBridgeState } from './practice-state';
import { allocateAddress, serverKeyPlaceholder, wireguardFile, wireguardFileWithKey } from './practice-wireguard';

/** The names of the fields: as the walk-through documents them, or as the bridge's source has them. */
export type BridgeApi = 'documented' | 'bridge';

/** How much of the chain above the leaf is sent along. */
export type SentChain = 'issuing' | 'without-root' | 'whole';

export interface EnrolmentSettings {
  readonly api: BridgeApi;
  readonly chain: SentChain;
  /** Validity of a device's certificate in milliseconds. */
  readonly certificateLifetime: number;
}

const required: FieldRule = { kind: 'text', required: true };
const models: Readonly<Record<BridgeApi, Readonly<Record<string, FieldRule>>>> = {
  documented: { csr_pem: required },
  bridge: { csr: required, device_name: required, device_type: { kind: 'text', required: false }, wg_public_key: { kind: 'optional-text', required: false } },
};
const eventModel: Readonly<Record<string, FieldRule>> = {
  msgType: { kind: 'text', required: false },
  metadata: { kind: 'object', required: false },
  data: { kind: 'object-or-text', required: false },
};
const day = 24 * 60 * 60 * 1000;

/** The bridge itself: what it does with a request, in the order in which the real one does it. */
export class PracticeEnrolment {
  readonly #authority: TenantAuthority;
  readonly #state: PracticeBridgeState;
  readonly #settings: EnrolmentSettings;
  readonly #breakages: PracticeBreakages;
  readonly #clock: Clock;
  readonly #randomness: Randomness;

  constructor(authority: TenantAuthority, state: PracticeBridgeState, settings: EnrolmentSettings, breakages: PracticeBreakages, clock: Clock, randomness: Randomness) {
    this.#authority = authority;
    this.#state = state;
    this.#settings = settings;
    this.#breakages = breakages;
    this.#clock = clock;
    this.#randomness = randomness;
  }

  /** POST /devices/{id}/enroll, which asks for no authentication. @throws PracticeProblem 422, 500, 502, 503 */
  async enrol(id: string, request: PracticeRequest): Promise<PracticeReply> {
    const { api } = this.#settings;
    const body = readModel(request, models[api]);
    const text = (name: string): string | undefined => (typeof body[name] === 'string' && body[name] !== '' ? body[name] : undefined);
    const certificateRequest = await readCertificateRequest(text(api === 'bridge' ? 'csr' : 'csr_pem') ?? '');
    const signable = refusalsAsBadGateway(() => signableFor(id, certificateRequest));
    const breakage = this.#breakages.take();
    if (breakage === 'ca-unreachable') throw new PracticeProblem(503, 'step-ca unreachable: All connection attempts failed');
    const authority = breakage === 'foreign-chain' || breakage === 'mixed-chain' ? await forgeTenantAuthority(this.#authority, this.#clock, this.#randomness) : this.#authority;
    const leaf = await this.#sign(breakage === 'foreign-chain' ? authority : this.#authority, id, signable, breakage);
    // The certificate is there from here on, whatever the rest of the request comes to.
    if (breakage === 'hawkbit-unreachable') throw new PracticeProblem(503, 'hawkBit unreachable: All connection attempts failed');
    if (breakage === 'hawkbit-failure') throw new PracticeProblem(502, 'hawkBit provisioning failed: hawkBit POST targets returned 500: {"errorCode":"hawkbit.server.error.repo.genericError"}');
    ensureTarget(this.#state, { controllerId: id, name: text('device_name') ?? id, attributes: { device_type: text('device_type') ?? 'generic' } }, this.#clock, this.#randomness);
    const vpn = this.#vpn(id, breakage, text('wg_public_key'));
    if (breakage === 'internal-error') throw new PracticeProblem(500, 'Internal Server Error');
    const chain = chainOf(authority, this.#settings.chain);
    const reply =
      api === 'bridge'
        ? { certificate: leaf.pem, ca_chain: chain, wireguard_ip: vpn.address, wireguard_config: vpn.file }
        : { device_id: id, certificate_pem: leaf.pem, ca_chain_pem: chain, wireguard_config: vpn.file };
    const whole = JSON.stringify(reply);
    return { status: 200, text: breakage === 'truncated-body' ? whole.slice(0, whole.length / 2) : whole, contentType: 'application/json' };
  }

  async #sign(authority: TenantAuthority, id: string, signable: SignableRequest, breakage: EnrolmentBreakage | undefined): Promise<Leaf> {
    const leaf = await issueLeaf(authority, id, signable, this.#settings.certificateLifetime, this.#clock, this.#randomness, this.#wishes(id, breakage));
    if (authority === this.#authority) this.#state.saveCertificate({ serial: leaf.serial, deviceId: id, pem: leaf.pem, notAfter: leaf.notAfter.toISOString() });
    return leaf;
  }

  #wishes(id: string, breakage: EnrolmentBreakage | undefined): LeafWishes {
    const now = this.#clock.now().getTime();
    switch (breakage) {
      case 'another-key':
        return { anotherKey: true };
      case 'wrong-name':
        return { commonName: `not-${id}` };
      case 'extra-name':
        return { extraName: `not-${id}` };
      case 'expired':
        return { from: new Date(now - 2 * day), until: new Date(now - day) };
      case 'not-yet-valid':
        return { from: new Date(now + day), until: new Date(now + 2 * day) };
      case 'without-client-auth':
        return { withoutClientAuth: true };
      case undefined:
      default:
        return {};
    }
  }

  #vpn(id: string, breakage: EnrolmentBreakage | undefined, devicePublicKey: string | undefined): { readonly address: string; readonly file: string } {
    const address = allocateAddress(this.#state, id);
    const serverKey = breakage === 'server-key-placeholder' ? serverKeyPlaceholder : this.#authority.wireguardPublicKey;
    if (this.#settings.api === 'documented') {
      const { text, publicKey } = wireguardFileWithKey(address, serverKey);
      this.#state.savePeer({ deviceId: id, address, publicKey });
      return { address, file: text };
    }
    if (devicePublicKey !== undefined) this.#state.savePeer({ deviceId: id, address, publicKey: devicePublicKey });
    return { address, file: wireguardFile(id, address, serverKey) };
  }

  /** POST /webhooks/thingsboard: what ThingsBoard's rule chain tells when a device connects. @throws PracticeProblem 422 */
  deviceEvent(request: PracticeRequest): PracticeReply {
    const { metadata } = readModel(request, eventModel);
    return { status: 200, json: this.connected(isObject(metadata) ? metadata : {}), contentType: 'application/json' };
  }

  connected(metadata: Readonly<Record<string, unknown>>): Readonly<Record<string, string | null>> {
    const named = ['deviceId', 'clientId', 'deviceName'].map((key) => metadata[key]).find((value) => (typeof value === 'string' && value !== '') || typeof value === 'number');
    if (named === undefined) return { status: 'ignored', device_id: null, wireguard_ip: null, reason: 'No device_id found in event metadata' };
    const id = typeof named === 'string' ? named : JSON.stringify(named);
    const known = this.#state.target(id) !== undefined;
    const attribute = (name: string, usual: string): string => (typeof metadata[name] === 'string' ? metadata[name] : usual);
    const attributes = { device_type: attribute('deviceType', 'generic'), source: 'thingsboard_webhook' };
    if (!known) ensureTarget(this.#state, { controllerId: id, name: attribute('deviceName', id), attributes }, this.#clock, this.#randomness);
    return { status: known ? 'already_provisioned' : 'provisioned', device_id: id, wireguard_ip: allocateAddress(this.#state, id), reason: null };
  }
}

function chainOf(authority: TenantAuthority, sent: SentChain): string {
  const above = { 'issuing': [], 'without-root': [authority.intermediate], 'whole': [authority.intermediate, authority.root] }[sent];
  return [authority.issuing, ...above].map(({ pem }) => pem).join('');
}

/** What the CA refuses, as the bridge hands it on: the CA's whole reply inside its own sentence. */
function refusalsAsBadGateway<Result>(sign: () => Result): Result {
  try {
    return sign();
  } catch (thrown) {
    if (!(thrown instanceof PracticeProblem)) throw thrown;
    const reply = `${JSON.stringify({ status: thrown.status, message: thrown.message })}\n`;
    throw new PracticeProblem(502, `PKI signing failed: step-ca /1.0/sign returned ${String(thrown.status)}: ${reply}`);
  }
}
