import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeIdentity, readIdentity } from '../../domain/identity';
import { slotPlace } from '../../domain/profile';
import { makeFolder, openPracticeBench } from '../practice';
import { practiceKindOf } from '../practice-kinds';
import { identityPairs, required, text, usage, type Command } from './arguments';
import { batchOf, recoverFirst, warnings } from './context';
import { report, runJob } from './provision';

/** `practice [--server KIND] [--identity NAME=VALUE …]`: the whole life of one device on the practice bench, from scan to accepted. */
export const practiceCommand: Command = async (context) => {
  const { output, signal } = context;
  const bench = await openPracticeBench(context.dataFolder, () => context.who, text(context, 'server'));
  try {
    const { loaded, open, kind } = bench;
    output.emit({ event: 'notice', sentence: `PRACTICE: nothing here touches a real server or a real card. The practice server listens on ${loaded.profile.server.url}.` });
    await warnings(context, open, loaded.profile);
    await recoverFirst(context, open, loaded.profile);
    const identity = readIdentity(loaded.profile.identity, identityPairs(context) ?? kind.newIdentity());
    const slot = loaded.profile.targets.slots[0];
    if (slot === undefined) throw usage('The practice bench has no slot.');
    output.emit({ event: 'notice', sentence: `Scanned ${describeIdentity(identity)}; the practice card is ${slotPlace(slot)}.` });
    const outcome = await runJob(context, open, { loaded, identity, slot: slot.name, targetPath: slotPlace(slot), naming: 'listed', batch: batchOf(context) });
    report(context, outcome);
    const sentence = `Accepted: ${await bench.powerOn(slot, identity, signal)}`;
    await open.station.record.markAccepted(outcome.deviceId, new Date().toISOString());
    output.emit({ event: 'result', state: 'accepted', identity, sentence });
    output.print(sentence);
    return 0;
  } finally {
    await bench.close();
  }
};

/** `practice-server --port N [--server KIND] [--data DIR]`: the practice server alone, until it is interrupted. Without --data its state ends with it. */
export const practiceServerCommand: Command = async (context) => {
  const port = Number(required(context, 'port'));
  if (!Number.isInteger(port) || port < 0 || port > 65535) throw usage('--port is not a port number.', '0 to 65535; 0 for any free port');
  const { output, signal } = context;
  const kind = practiceKindOf(text(context, 'server'));
  const running = await kind.start({
    port,
    folder: text(context, 'data') === undefined ? undefined : makeFolder(join(context.dataFolder, kind.folder === 'server' ? 'practice-server' : `practice-${kind.folder}`)),
    onRequest: (method, path, status) => {
      output.emit({ event: 'notice', sentence: `${method} ${path} ${String(status)}` });
    },
  });
  const { url, certificateAuthority } = running.settings;
  const caFile = text(context, 'ca-file');
  if (caFile !== undefined) writeFileSync(caFile, certificateAuthority ?? '');
  output.emit({ event: 'result', url, ...Object.fromEntries(running.access.map(([name, , value]) => [name, value])), certificateAuthority });
  for (const [label, value] of [['Practice server', url], ...running.access.map(([, label, value]) => [label, value])]) output.print(`${(label ?? '').padEnd(16)} ${value ?? ''}`);
  output.print(certificateAuthority ?? '');
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });
  await running.close();
  return 0;
};
