import { exitCodes, ImprintError } from '../../domain/errors';
import type { Receiver, WebhookProgress } from '../../domain/webhooks';
import { shownUrl, testWebhook } from '../../station/webhook-delivery';
import { receiversOf, webhookReceiver } from '../integration-receivers';
import type { OpenStation } from '../open-station';
import { Keyring, stationSecrets } from '../secrets';
import { stationSettings } from '../station-settings';
import { required, text, usage, wrongOption, type Command, type CommandContext } from './arguments';
import { withStation } from './context';
import { table } from './table';

type Named = Pick<Receiver, 'url' | 'events'>;

const forms = 'hooks list, hooks test, hooks retry [--entry N], or hooks skip --entry N, each with --url URL where there are several';
const mostCounted = 1000;

/** `hooks [list]`, `hooks test|retry|skip [--url URL] [--entry N]`: what other systems are told, and how far they are. */
export const hooksCommand: Command = async (context) => {
  const [what = 'list', ...more] = context.positionals;
  if (more.length > 0) throw usage(`"${more.join(' ')}" is one word too many.`, forms);
  switch (what) {
    case 'list':
      return withStation(context, (open) => list(context, open));
    case 'test':
      return withStation(context, (open) => test(context, open));
    case 'retry':
      return withStation(context, (open) => retry(context, open));
    case 'skip':
      return withStation(context, (open) => skip(context, open));
    default:
      throw usage(`There is no command "hooks ${what}".`, forms);
  }
};

async function list({ output }: CommandContext, { folder, integration }: OpenStation): Promise<number> {
  const receivers = receiversOf(stationSettings(folder.root));
  const known = await integration.webhooks.webhookProgress();
  const rows: (readonly string[])[] = [];
  for (const { url, events } of receivers) {
    const progress = known.find((one) => one.url === url);
    const { count: waiting, first } = progress === undefined ? { count: 0 } : await integration.webhooks.waitingDeliveries(url, events, mostCounted);
    output.emit({ event: 'result', events, waiting, nextMessage: first, ...(progress ?? { state: 'new' }), url: shownUrl(url) });
    rows.push([stateOf(progress), shownUrl(url), waiting >= mostCounted ? `${String(mostCounted)} or more` : String(waiting), first === undefined ? '' : String(first), progress?.deliveredAt ?? '', progress?.sentence ?? '']);
  }
  for (const progress of known.filter(({ url }) => receivers.every((receiver) => receiver.url !== url))) {
    output.emit({ event: 'result', ...progress, state: 'not-in-settings', url: shownUrl(progress.url) });
    rows.push(['not in the settings', shownUrl(progress.url), '', '', progress.deliveredAt ?? '', '']);
  }
  output.print(rows.length === 0 ? 'The settings of this station name nobody to tell.' : table([['STATE', 'RECEIVER', 'WAITING', 'NEXT ENTRY', 'LAST TOLD', 'LAST PROBLEM'], ...rows]));
  return 0;
}

function stateOf(progress: WebhookProgress | undefined): string {
  if (progress === undefined) return 'not started';
  return progress.state === 'active' && progress.attempts > 0 ? `tried ${String(progress.attempts)} times` : progress.state;
}

async function test(context: CommandContext, { station, folder }: OpenStation): Promise<number> {
  const { url } = chosen(context, folder.root, (receiver) => !receiver.url.startsWith('folder:'));
  const { webhooks = [], name } = stationSettings(folder.root);
  const index = webhooks.findIndex((webhook) => webhook.url === url);
  const settings = webhooks[index];
  if (settings === undefined) throw noSuch();
  const receiver = webhookReceiver(settings, index, station.clock, stationSecrets(new Keyring(folder.keyring), () => Promise.resolve(undefined)));
  const outcome = await testWebhook(station, receiver, { name: name ?? 'station', practice: folder.practice }, context.signal);
  context.output.emit({ event: 'result', url: shownUrl(url), ...outcome });
  context.output.print(outcome.kind === 'delivered' ? `${shownUrl(url)} took the test message (${outcome.sentence}).` : `${shownUrl(url)}: ${outcome.sentence}`);
  return outcome.kind === 'delivered' ? 0 : exitCodes.server;
}

async function retry(context: CommandContext, { station, folder, integration }: OpenStation): Promise<number> {
  const { url } = chosen(context, folder.root);
  const from = entryOf(context);
  const progress = await integration.webhooks.retryWebhook(url, context.who.operator, station.clock.now().toISOString(), from);
  context.output.emit({ event: 'result', ...progress, url: shownUrl(url) });
  context.output.print(`${shownUrl(url)} is tried again${from === undefined ? '' : ` from entry ${String(from)} on`}.`);
  return 0;
}

async function skip(context: CommandContext, { station, folder, integration }: OpenStation): Promise<number> {
  const receiver = chosen(context, folder.root);
  required(context, 'entry');
  const entry = entryOf(context);
  const next = await nextMessage(integration.webhooks, receiver);
  if (next === undefined) throw new ImprintError('no-such-webhook', `No message waits for ${shownUrl(receiver.url)}: there is nothing to skip.`, { field: '--entry' });
  if (next.message.entry !== entry) throw wrongOption('entry', `The message that waits for ${shownUrl(receiver.url)} is of entry ${String(next.message.entry)}.`, String(next.message.entry));
  const progress = await integration.webhooks.skipDelivery(receiver.url, next.progress.nextEntry, entry, context.who.operator, station.clock.now().toISOString());
  context.output.emit({ event: 'result', ...progress, url: shownUrl(receiver.url), skipped: entry });
  context.output.print(`${shownUrl(receiver.url)} is not told of entry ${String(entry)} (${next.message.event}).`);
  return 0;
}

async function nextMessage(journal: OpenStation['integration']['webhooks'], { url, events }: Named): Promise<Extract<Awaited<ReturnType<typeof journal.nextDelivery>>, { kind: 'message' }> | undefined> {
  for (;;) {
    const next = await journal.nextDelivery(url, events);
    if (next.kind === 'message') return next;
    if (next.kind === 'nothing') return undefined;
  }
}

/** The one that is named, or the only one. @throws ImprintError usage, no-such-webhook */
function chosen(context: CommandContext, root: string, fits: (receiver: Named) => boolean = () => true): Named {
  const receivers = receiversOf(stationSettings(root)).filter(fits);
  const url = text(context, 'url');
  const found = url === undefined ? receivers : receivers.filter((receiver) => receiver.url === url);
  const [only, ...others] = found;
  if (only === undefined) throw noSuch();
  if (others.length > 0) throw usage('This station tells several receivers: say which.', '--url URL');
  return only;
}

function noSuch(): ImprintError {
  return new ImprintError('no-such-webhook', 'The settings of this station have no such receiver.', { field: '--url', expected: 'an address of "webhooks" in station/settings.json, as it stands there' });
}

/** @throws ImprintError usage */
function entryOf(context: CommandContext): number | undefined {
  const given = text(context, 'entry');
  if (given === undefined) return undefined;
  if (!/^\d{1,15}$/.test(given)) throw wrongOption('entry', `"${given}" is no number of an entry.`, 'a number from 0');
  return Number(given);
}
