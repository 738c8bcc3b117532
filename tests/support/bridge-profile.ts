/** A profile for practice services of a tenant: what lies beside it, and its credentials as an environment. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PracticeBridge } from '../../main/servers/iot-bridge/practice-server';
import { decodedPracticeImage } from './practice-image';

export interface BridgeProfile {
  readonly path: string;
  /** The same without a provisioner: a card speaks for itself there. */
  readonly ownWord: string;
  readonly environment: Readonly<Record<string, string>>;
}

export async function writeBridgeProfile(folder: string, servers: PracticeBridge, slots: readonly { readonly name: string; readonly path: string }[], change: Readonly<Record<string, unknown>> = {}): Promise<BridgeProfile> {
  writeFileSync(join(folder, 'root.pem'), servers.rootPem);
  writeFileSync(join(folder, 'between.pem'), servers.intermediatePem);
  writeFileSync(join(folder, 'web.pem'), servers.certificateAuthorityPem);
  const image = await decodedPracticeImage(folder);
  const json = (stepCa: Record<string, unknown>): string =>
    JSON.stringify({
      name: 'Gateway',
      server: {
        kind: 'iot-bridge',
        url: servers.bridgeUrl,
        caFile: 'web.pem',
        options: {
          trust: { rootFile: 'root.pem', intermediatesFile: 'between.pem' },
          hawkBit: { url: servers.hawkBitUrl, username: servers.hawkBitUser.username, password: { environment: 'HAWKBIT' }, caFile: 'web.pem' },
          stepCa: { url: servers.stepCaUrl, ...stepCa },
        },
      },
      identity: [{ name: 'id' }],
      image,
      targets: { slots },
      ...change,
    });
  const [path, ownWord] = [join(folder, 'profile.json'), join(folder, 'own-word.json')];
  writeFileSync(path, json({ provisioner: { name: servers.provisioner.name, key: { environment: 'PROVISIONER' } } }));
  writeFileSync(ownWord, json({}));
  return { path, ownWord, environment: { HAWKBIT: servers.hawkBitUser.password, PROVISIONER: JSON.stringify({ ...servers.provisioner.privateJwk, kid: servers.provisioner.keyId }) } };
}
