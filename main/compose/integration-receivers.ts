import type { IntegrationCredential, StationSettings, WebhookSettings } from '../contract/station-settings';
import type { Clock, Secrets } from '../domain/ports';
import type { SecretReference } from '../domain/profile';
import type { Receiver, Webhook } from '../domain/webhooks';
import { MesFolderReceiver } from '../integration/mes-folder-receiver';
import { WebhookHttp } from '../integration/webhook-http';
import { proxyOfEnvironment } from '../servers/http/http-route';
import { authorityFile } from './authority-file';

const usualTimeout = 15_000;

export function referenceOf(credential: IntegrationCredential): SecretReference {
  return 'keyring' in credential ? { from: 'keyring', name: credential.keyring } : { from: 'environment', name: credential.environment };
}

/** @throws ImprintError profile-invalid where its authority cannot be read */
export function webhookOf({ url, events, secret, timeoutSeconds, caFile }: WebhookSettings, index: number): Webhook {
  return { url, events, secret: referenceOf(secret), timeout: timeoutSeconds === undefined ? usualTimeout : timeoutSeconds * 1000, certificateAuthority: caFile === undefined ? undefined : authorityFile(caFile, `webhooks.${String(index)}.caFile`, 'a webhook') };
}

export function webhookReceiver(settings: WebhookSettings, index: number, clock: Clock, secrets: Secrets, environment: NodeJS.ProcessEnv = process.env): WebhookHttp {
  return new WebhookHttp(webhookOf(settings, index), {
    clock,
    resolve: (reference) => secrets.resolve(reference),
    ...proxyOfEnvironment(environment),
  });
}

/** Every receiver that the settings name, by its name in the record and what it is told of. */
export function receiversOf({ webhooks = [], mes }: StationSettings): readonly Pick<Receiver, 'url' | 'events'>[] {
  const folder = mes?.folder === undefined ? [] : [new MesFolderReceiver(mes.folder, { writeResult: () => Promise.resolve(undefined) })];
  return [...webhooks, ...folder].map(({ url, events }) => ({ url, events }));
}
