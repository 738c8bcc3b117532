import { z } from 'zod';
import { asImprintError } from '../domain/errors';
import type { DeliveryOutcome, Receiver, WebhookEvent, WebhookMessage } from '../domain/webhooks';
import type { MesFolder } from './mes-folder';

const bodySchema = z.object({ event: z.string(), data: z.object({ batch: z.string().optional(), change: z.string().optional() }) });

/** Changes of an order after which nothing more of it is made. */
const ends: readonly (string | undefined)[] = ['completed', 'closed'];

/** Writes the result file of a batch when it is complete or closed, and when it is signed off: a receiver of the log like any webhook, so no kill loses one. */
export class MesFolderReceiver implements Receiver {
  readonly url: string;
  readonly events: readonly WebhookEvent[] = ['batch.changed', 'batch.signed-off'];
  readonly #folder: Pick<MesFolder, 'writeResult'>;

  constructor(path: string, folder: Pick<MesFolder, 'writeResult'>) {
    this.url = `folder:${path}`;
    this.#folder = folder;
  }

  async send({ body }: Pick<WebhookMessage, 'body'>): Promise<DeliveryOutcome> {
    try {
      const { event, data } = bodySchema.parse(JSON.parse(body));
      if (data.batch === undefined) return { kind: 'delivered', sentence: 'No batch.' };
      const due = event === 'batch.signed-off' || ends.includes(data.change);
      const path = due ? await this.#folder.writeResult(data.batch) : undefined;
      return { kind: 'delivered', sentence: path ?? 'No result of it is due.' };
    } catch (thrown) {
      return { kind: 'failed', sentence: asImprintError(thrown).message };
    }
  }
}
