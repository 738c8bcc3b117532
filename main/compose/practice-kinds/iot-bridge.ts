import { randomBytes, randomUUID } from 'node:crypto';
import { ImprintError } from '../../domain/errors';
import { describeIdentity } from '../../domain/identity';
import { iotBridge } from '../../servers/iot-bridge/adapter';
import { publishOnce } from '../../servers/iot-bridge/mqtt-check';
import { bridgeOptionsOf, readBridgeOptions } from '../../servers/iot-bridge/options';
import { startPracticeBroker } from '../../servers/iot-bridge/practice-broker';
import { startPracticeBridge } from '../../servers/iot-bridge/practice-server';
import { issueServerCertificate, openAuthority } from '../../servers/practice/practice-certificates';
import type { PracticeBoard, PracticeKind, PracticeStart, RunningPractice } from './practice-kind';

/** A whole tenant on loopback: bridge, step-ca, hawkBit, ThingsBoard and a broker for devices with a certificate. */
export const iotBridgePractice: PracticeKind = {
  name: 'iot-bridge',
  profileName: 'Practice bench, IoT Bridge',
  folder: 'server-iot-bridge',
  identity: [{ name: 'serial', normalise: ['trim', 'lower-case'], scan: true }],
  keyType: iotBridge.usualKeyType,
  files: iotBridge.usualFiles,
  newIdentity: () => ({ serial: `practice-${randomBytes(4).toString('hex')}` }),
  start,
};

const clock = { now: (): Date => new Date() };
const randomness = { uuid: (): string => randomUUID() };

async function start({ port, folder, onRequest }: PracticeStart): Promise<RunningPractice> {
  const tenant = await startPracticeBridge({ ports: { bridge: port }, folder, clock, randomness, ...(onRequest === undefined ? {} : { onRequest: (_service, method, path, status) => onRequest(method, path, status) }) });
  try {
    // That of the other servers where there is a folder to keep it.
    const own = await openAuthority(folder, clock, randomness);
    const certificate = await issueServerCertificate(own, clock, randomness);
    const broker = await startPracticeBroker({
      key: certificate.key,
      certificate: certificate.pem,
      authorities: [tenant.rootPem, tenant.intermediatePem, tenant.issuingPem],
      isRevoked: (serial) => tenant.isRevoked(serial),
      onMessage: (deviceId) => tenant.deviceConnected(deviceId, clock.now()),
    });
    const files: Readonly<Record<string, string>> = { root: tenant.rootPem, between: tenant.intermediatePem, web: tenant.certificateAuthorityPem, broker: own.pem };
    const options = readBridgeOptions(
      {
        trust: { rootFile: 'root', intermediatesFile: 'between' },
        mqtt: { host: '127.0.0.1', port: broker.port, caFile: 'broker' },
        hawkBit: { url: tenant.hawkBitUrl, username: tenant.hawkBitUser.username, password: { keyring: 'practice-hawkbit' }, caFile: 'web' },
        thingsBoard: { url: tenant.thingsBoardUrl, username: tenant.thingsBoardUser.username, password: { keyring: 'practice-thingsboard' }, caFile: 'web' },
        stepCa: { url: tenant.stepCaUrl, provisioner: { name: tenant.provisioner.name, key: { keyring: 'practice-provisioner' } } },
      },
      { readFile: (path) => files[path] ?? '' },
    );
    return {
      port: Number(new URL(tenant.bridgeUrl).port),
      settings: { kind: iotBridge.kind, url: tenant.bridgeUrl, certificateAuthority: tenant.certificateAuthorityPem, options },
      secrets: {
        'practice-hawkbit': tenant.hawkBitUser.password,
        'practice-thingsboard': tenant.thingsBoardUser.password,
        'practice-provisioner': JSON.stringify({ ...tenant.provisioner.privateJwk, kid: tenant.provisioner.keyId }),
      },
      access: [
        ['root', 'Root (PEM)', tenant.rootPem],
        ['intermediate', 'Authority in between (PEM)', tenant.intermediatePem],
        ['hawkBitUrl', 'hawkBit', tenant.hawkBitUrl],
        ['hawkBitUsername', 'hawkBit user', tenant.hawkBitUser.username],
        ['hawkBitPassword', 'hawkBit password', tenant.hawkBitUser.password],
        ['thingsBoardUrl', 'ThingsBoard', tenant.thingsBoardUrl],
        ['thingsBoardUsername', 'ThingsBoard user', tenant.thingsBoardUser.username],
        ['thingsBoardPassword', 'ThingsBoard password', tenant.thingsBoardUser.password],
        ['stepCaUrl', 'step-ca', tenant.stepCaUrl],
        ['mqttPort', 'MQTT port', String(broker.port)],
      ],
      powerOn,
      async close() {
        await broker.close();
        await tenant.close();
      },
    };
  } catch (thrown) {
    await tenant.close();
    throw thrown;
  }
}

/** The board's first connection, as its own software would make it: with key, certificate and chain from the card. */
async function powerOn({ custody, profile, targetPath, identity }: PracticeBoard, signal: AbortSignal): Promise<string> {
  const { mqtt, deviceId } = bridgeOptionsOf(profile.server);
  if (mqtt === undefined) throw new ImprintError('device-not-accepted', 'This practice profile has no broker to connect to.');
  const files = ['certificate', 'ca-chain'].flatMap((content) => profile.files.filter((file) => file.content === content));
  const certificateChain = (await custody.readCardFiles(targetPath, files)).map((bytes) => Buffer.from(bytes).toString('utf8')).join('');
  const endpoint = { host: mqtt.host, port: mqtt.port, certificateAuthority: mqtt.certificateAuthority ?? '', certificateChain, timeout: 10_000 };
  const clientId = identity[deviceId ?? Object.keys(identity)[0] ?? ''] ?? '';
  try {
    const channel = await custody.openTls({ targetPath, files: profile.files }, endpoint, signal);
    try {
      await publishOnce(channel, { clientId, topic: mqtt.topic, payload: '{"booted":true}' });
    } finally {
      await channel.close();
    }
  } catch (thrown) {
    if (thrown instanceof ImprintError && thrown.code === 'server-refused') throw new ImprintError('device-not-accepted', `The simulated device was turned away: ${thrown.message}`, { cause: thrown });
    throw thrown;
  }
  return `The simulated device connected by MQTT with key and certificate from this card, and ThingsBoard shows ${describeIdentity(identity)}.`;
}
