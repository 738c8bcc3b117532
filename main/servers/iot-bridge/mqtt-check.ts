import { generate, parser, type Packet } from 'mqtt-packet';
import { ImprintError } from '../../domain/errors';
import type { DeviceChannel } from '../../domain/ports';

export interface MqttMessage {
  readonly clientId: string;
  readonly topic: string;
  readonly payload: string;
}

const messageId = 1;
/** Why a broker turns a client away (MQTT 3.1.1, 3.2.2.3). */
const connectReturnCodes: Readonly<Record<number, string>> = {
  1: 'it does not speak MQTT 3.1.1',
  2: 'it does not take this client id',
  3: 'it is not available',
  4: 'it wants a user and password',
  5: 'it does not let this device in',
};

/**
 * Publishes one message with QoS 1 and waits for its acknowledgement, over a connection that is up (MQTT 3.1.1).
 *
 * @throws ImprintError server-refused where the broker says no, server-unreachable, server-reply-invalid where it is none
 */
export async function publishOnce(channel: DeviceChannel, { clientId, topic, payload }: MqttMessage): Promise<void> {
  const packets = new PacketReader(channel);
  await channel.write(generate({ cmd: 'connect', protocolId: 'MQTT', protocolVersion: 4, clean: true, clientId, keepalive: 30 }));
  const answer = await packets.next();
  if (answer?.cmd !== 'connack') throw noBroker();
  const code = answer.returnCode ?? 0;
  if (code !== 0) throw new ImprintError('server-refused', `The MQTT broker turned the device away: ${connectReturnCodes[code] ?? `return code ${String(code)}`}.`, { field: 'server.options.mqtt' });
  await channel.write(generate({ cmd: 'publish', topic, payload, qos: 1, dup: false, retain: false, messageId }));
  const acknowledgement = await packets.next();
  if (acknowledgement === undefined) throw new ImprintError('server-refused', `The MQTT broker closed the connection instead of taking a message for ${topic}: the device may not publish there.`, { field: 'server.options.mqtt.topic' });
  if (acknowledgement.cmd !== 'puback' || acknowledgement.messageId !== messageId) throw noBroker();
  await channel.write(generate({ cmd: 'disconnect' })).catch(() => undefined);
}

function noBroker(): ImprintError {
  return new ImprintError('server-reply-invalid', 'What answers there does not speak MQTT: check host and port of server.options.mqtt.', { field: 'server.options.mqtt' });
}

class PacketReader {
  readonly #channel: DeviceChannel;
  readonly #parser = parser({ protocolVersion: 4 });
  readonly #packets: Packet[] = [];
  #broken = false;

  constructor(channel: DeviceChannel) {
    this.#channel = channel;
    this.#parser.on('packet', (packet: Packet) => this.#packets.push(packet));
    this.#parser.on('error', () => {
      this.#broken = true;
    });
  }

  /** undefined where the broker closed the connection. */
  async next(): Promise<Packet | undefined> {
    for (;;) {
      const packet = this.#packets.shift();
      if (packet !== undefined) return packet;
      const bytes = await this.#channel.read();
      if (bytes === undefined) return undefined;
      this.#parser.parse(Buffer.from(bytes));
      if (this.#broken) throw noBroker();
    }
  }
}
