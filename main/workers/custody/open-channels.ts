import { ImprintError } from '../../domain/errors';
import type { DeviceChannel } from '../../domain/ports';

/** TLS conversations that main has under way, by the names under which it knows them. */
export class OpenChannels {
  readonly #newId: () => string;
  readonly #channels = new Map<string, DeviceChannel>();

  constructor(newId: () => string) {
    this.#newId = newId;
  }

  async open(connect: () => Promise<DeviceChannel>): Promise<{ channelId: string }> {
    const channel = await connect();
    const channelId = this.#newId();
    this.#channels.set(channelId, channel);
    return { channelId };
  }

  /** @throws ImprintError server-unreachable where it was closed */
  of(channelId: string): DeviceChannel {
    const channel = this.#channels.get(channelId);
    if (channel === undefined) throw new ImprintError('server-unreachable', 'This conversation with the server has ended.');
    return channel;
  }

  async close(channelId: string): Promise<void> {
    const channel = this.#channels.get(channelId);
    this.#channels.delete(channelId);
    await channel?.close();
  }

  async closeAll(): Promise<void> {
    await Promise.allSettled([...this.#channels.keys()].map((channelId) => this.close(channelId)));
  }
}
