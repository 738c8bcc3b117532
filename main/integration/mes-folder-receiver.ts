import { z } from 'zod';
import { asImprintError } from '../domain/errors';
import type { BatchResults } from '../domain/mes-orders';
import type { DeliveryOutcome, Receiver, WebhookEvent, WebhookMessage } from '../domain/webhooks';
import type { MesFolder } from './mes-folder';

const bodySchema = z.object({ event: z.string(), data: z.object({ batch: z.string().optional() }) });

/** Writes the result file of a batch when it is complete, and when it is signed off: a receiver of the log like any webhook, so no kill loses one. */
export class MesFolderReceiver implements Receiver {
  readonly url: string;
  readonly events: readonly WebhookEvent[] = ['device.preauthorized', 'batch.signed-off'];
  readonly #folder: Pick<MesFolder, 'writeResult'>;
  readonly #results: BatchResults;

  constructor(path: string, folder: Pick<MesFolder, 'writeResult'>, results: BatchResults) {
    this.url = `folder:${path}`;
    this.#folder = folder;
    this.#results = results;
  }

  async send({ body }: Pick<WebhookMessage, 'body'>): Promise<DeliveryOutcome> {
    try {
      const { event, data } = bodySchema.parse(JSON.parse(body));
      if (data.batch === undefined) return { kind: 'delivered', sentence: 'No batch.' };
      const due = event === 'batch.signed-off' || (await this.#results.batch(data.batch))?.complete === true;
      const path = due ? await this.#folder.writeResult(data.batch) : undefined;
      return { kind: 'delivered', sentence: path ?? 'Not complete yet.' };
    } catch (thrown) {
      return { kind: 'failed', sentence: asImprintError(thrown).message };
    }
  }
}
