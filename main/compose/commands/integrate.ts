import { exitCodes } from '../../domain/errors';
import { untilAborted } from '../../station/pauses';
import { shownUrl } from '../../station/webhook-delivery';
import { Integration } from '../integration';
import { loadProfile } from '../load-profile';
import { text, usage, type Command, type CommandContext } from './arguments';
import { withStation } from './context';

/** `integrate [--once] [--profile P.json]`: webhooks, the folder and the endpoint of an MES, for stations without a window. */
export const integrateCommand: Command = async (context) => {
  const { output, signal } = context;
  const profile = text(context, 'profile');
  const loaded = profile === undefined ? undefined : loadProfile(profile);
  return withStation(context, async (open) => {
    const integration = new Integration({
      open,
      profile: loaded?.profile,
      warned: () => {
        for (const sentence of integration.warnings()) output.emit({ event: 'warning', sentence });
      },
      handled: ({ file, outcome, sentence }) => {
        output.emit({ event: 'result', file, outcome, sentence });
        output.print(`${file}: ${outcome}. ${sentence}`);
      },
      delivered: ({ url, nextEntry, state, attempts, sentence }) => {
        const told = attempts === 0 ? `told up to entry ${String(nextEntry - 1)}` : (sentence ?? state);
        output.emit({ event: 'notice', sentence: `${shownUrl(url)}: ${told}` });
      },
    });
    try {
      if (!integration.wanted) throw usage('The settings of this station name no webhook and no MES.', '"webhooks" or "mes" in station/settings.json (docs/integration.md)');
      return context.values['once'] === true ? await once(context, integration) : await goOn(integration, signal);
    } finally {
      await integration.close();
    }
  });
};

/** 7 where a receiver was not told of everything. */
async function once({ output, signal }: CommandContext, integration: Integration): Promise<number> {
  const results = await integration.once(signal);
  for (const { at, progress } of results) {
    const { url, state, nextEntry, attempts, nextTryAt, sentence } = progress;
    output.emit({ event: 'result', url: shownUrl(url), at, state, nextEntry, attempts, nextTryAt, sentence });
    output.print(`${shownUrl(url)}: ${at === 'end' ? 'told of everything' : at === 'waiting' ? `tried again after ${nextTryAt ?? ''}. ${sentence ?? ''}` : `${state}. ${sentence ?? ''}`}`);
  }
  return results.every(({ at }) => at === 'end') ? 0 : exitCodes.server;
}

async function goOn(integration: Integration, signal: AbortSignal): Promise<number> {
  await integration.begin();
  await untilAborted(signal);
  return 0;
}
