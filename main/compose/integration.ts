import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { StationSettings } from '../contract/station-settings';
import { asImprintError, ImprintError } from '../domain/errors';
import type { Secrets } from '../domain/ports';
import type { Profile } from '../domain/profile';
import type { Receiver, WebhookProgress } from '../domain/webhooks';
import { MesEndpoint } from '../integration/mes-endpoint';
import { MesFolder, type HandledFile } from '../integration/mes-folder';
import { MesFolderReceiver } from '../integration/mes-folder-receiver';
import { MesInbox, MesResults } from '../station/mes-inbox';
import { realPause } from '../station/pauses';
import { WebhookDelivery, webhookWarning, type PassResult } from '../station/webhook-delivery';
import { lockFolder } from './folder-lock';
import { referenceOf, webhookReceiver } from './integration-receivers';
import type { OpenStation } from './open-station';
import { Keyring, stationSecrets } from './secrets';
import { stationSettings } from './station-settings';

/** How often the folder of an MES is looked at. */
const lookAfter = 2000;
/** How often it is tried to become the one that does the work. */
const lockAfter = 30_000;

export interface IntegrationParts {
  readonly open: Pick<OpenStation, 'station' | 'integration' | 'search' | 'folder'>;
  /** The profile that is open here. */
  readonly profile?: Profile | undefined;
  /** `warnings` are others than before. */
  readonly warned?: (() => void) | undefined;
  /** An MES has handed in a work order that was not there before. */
  readonly ordered?: (() => void) | undefined;
  readonly handled?: ((file: HandledFile) => void) | undefined;
  readonly delivered?: ((progress: WebhookProgress) => void) | undefined;
}

/**
 * What other systems of the factory are told and what they order, while this process runs. One process of a folder does it
 * at a time (docs/decisions/0010): the order of messages is kept, and no file is taken twice.
 */
export class Integration {
  readonly settings: StationSettings;
  readonly #parts: IntegrationParts;
  readonly #secrets: Secrets;
  readonly #warnings = new Map<string, string>();
  readonly #closing = new AbortController();
  readonly #receivers: readonly Receiver[];
  readonly #delivery: WebhookDelivery;
  readonly #inbox: MesInbox;
  readonly #results: MesResults;
  readonly #folder: MesFolder | undefined;
  #lock: { close(): void } | undefined;
  #endpoint: MesEndpoint | undefined;
  #running: Promise<unknown> = Promise.resolve();

  /** @throws ImprintError profile-invalid for settings that cannot be read */
  constructor(parts: IntegrationParts) {
    const { open, profile, delivered } = parts;
    const { station, integration, search, folder } = open;
    this.#parts = parts;
    this.settings = stationSettings(folder.root);
    const { mes } = this.settings;
    this.#secrets = stationSecrets(new Keyring(join(folder.root, 'keyring')), () => Promise.resolve(undefined));
    const { practice } = folder;
    this.#inbox = new MesInbox({ station, mes: integration.mes, digest: (text) => createHash('sha256').update(text).digest('hex'), openProfile: profile, practice, ordered: () => parts.ordered?.() });
    this.#results = new MesResults(integration.mes, station.record, search, practice);
    this.#folder = mes?.folder === undefined ? undefined : new MesFolder({ folder: mes.folder, inbox: this.#inbox, results: this.#results, clock: station.clock, faults: station.faults });
    this.#receivers = this.#makeReceivers();
    this.#delivery = new WebhookDelivery(
      {
        journal: integration.webhooks,
        clock: station.clock,
        randomness: station.randomness,
        faults: station.faults,
        changed: (progress) => {
          this.#warn(progress.url, webhookWarning(progress));
          delivered?.(progress);
        },
      },
      this.#receivers,
    );
  }

  /** Whether the settings ask for anything. */
  get wanted(): boolean {
    const { webhooks = [], mes } = this.settings;
    return webhooks.length > 0 || mes?.folder !== undefined || mes?.http !== undefined;
  }

  /** Sentences that stay on the screen. */
  warnings(): readonly string[] {
    return [...this.#warnings.values()];
  }

  /** In the window: as soon as no other process of this folder does it. Nothing at the bench waits for it. */
  start(): void {
    if (!this.wanted) return;
    this.#running = this.#whenFree().catch(() => undefined);
  }

  /** @throws ImprintError integration-running where another process of this folder does it; credential-missing, usage where it cannot begin */
  async begin(): Promise<void> {
    await this.#take();
    await this.#openEndpoint();
    this.#running = this.#work().catch(() => undefined);
  }

  /**
   * Whatever is due, once: files that are whole, then every receiver. @throws ImprintError integration-running, record-*, cancelled
   */
  async once(signal: AbortSignal): Promise<readonly PassResult[]> {
    await this.#take();
    // Before the files: what they lead to is told from here on.
    for (const { url } of this.#receivers) await this.#parts.open.integration.webhooks.openWebhook(url, this.#parts.open.station.clock.now().toISOString());
    if (this.#folder !== undefined) {
      await this.#lookIntoFolder(this.#folder);
      if (this.#folder.waiting) {
        await realPause(lookAfter + 100, signal);
        await this.#lookIntoFolder(this.#folder);
      }
    }
    return Promise.all(this.#receivers.map((receiver) => this.#delivery.pass(receiver, signal)));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.#delivery.close();
    await this.#endpoint?.close();
    await this.#running;
    this.#lock?.close();
    this.#lock = undefined;
  }

  async #take(): Promise<void> {
    this.#lock ??= await lockFolder('integration', this.#parts.open.folder.root);
    if (this.#lock === undefined) throw new ImprintError('integration-running', 'The window or another command of this folder is connected to the other systems already.');
  }

  async #whenFree(): Promise<void> {
    const { signal } = this.#closing;
    for (;;) {
      this.#lock ??= await lockFolder('integration', this.#parts.open.folder.root);
      if (this.#lock !== undefined) break;
      await realPause(lockAfter, signal);
    }
    if (signal.aborted) return;
    await this.#openEndpoint().catch((thrown: unknown) => {
      this.#warn('endpoint', asImprintError(thrown).message);
    });
    await this.#work();
  }

  async #work(): Promise<void> {
    const { signal } = this.#closing;
    // Receivers that were in trouble before this start.
    for (const progress of await this.#parts.open.integration.webhooks.webhookProgress().catch(() => [])) {
      if (this.#receivers.some(({ url }) => url === progress.url)) this.#warn(progress.url, webhookWarning(progress));
    }
    if (signal.aborted) return;
    this.#delivery.start();
    const folder = this.#folder;
    if (folder === undefined) return;
    for (;;) {
      await this.#lookIntoFolder(folder).catch(() => undefined);
      await realPause(lookAfter, signal);
    }
  }

  async #lookIntoFolder(folder: MesFolder): Promise<void> {
    try {
      for (const file of await folder.pass()) this.#parts.handled?.(file);
      this.#warn('folder', undefined);
    } catch (thrown) {
      this.#warn('folder', asImprintError(thrown).message);
      throw thrown;
    }
  }

  async #openEndpoint(): Promise<void> {
    const http = this.settings.mes?.http;
    if (http === undefined || this.#endpoint !== undefined) return;
    const { station, integration } = this.#parts.open;
    const token = await this.#secrets.resolve(referenceOf(http.token));
    const endpoint = new MesEndpoint({
      port: http.port,
      token,
      access: http.access ?? 'orders',
      inbox: this.#inbox,
      results: this.#results,
      clock: station.clock,
      health: async () => ({ webhooks: (await integration.webhooks.webhookProgress()).filter(({ url }) => this.#receivers.some((receiver) => receiver.url === url)).map(({ state, nextEntry, attempts }) => ({ state, nextEntry, attempts })) }),
    });
    await endpoint.open();
    this.#endpoint = endpoint;
  }

  #makeReceivers(): readonly Receiver[] {
    const { webhooks = [], mes } = this.settings;
    const receivers: Receiver[] = [];
    webhooks.forEach((settings, index) => {
      try {
        receivers.push(webhookReceiver(settings, index, this.#parts.open.station.clock, this.#secrets));
      } catch (thrown) {
        this.#warnings.set(settings.url, asImprintError(thrown).message);
      }
    });
    if (mes?.folder !== undefined && this.#folder !== undefined) receivers.push(new MesFolderReceiver(mes.folder, this.#folder));
    return receivers;
  }

  #warn(about: string, sentence: string | undefined): void {
    if (this.#warnings.get(about) === sentence) return;
    if (sentence === undefined) this.#warnings.delete(about);
    else this.#warnings.set(about, sentence);
    this.#parts.warned?.();
  }
}
