/** Labels at the command line: preview, the print after a job, the queue, the reprint, a kill between send and mark. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startLabelPrinter, type LabelPrinterOnLoopback } from '../support/label-printer';
import { openCommandLine, type CommandLine } from '../support/line-commands';
import { temporaryFolder } from '../support/station';

describe('imprint label', () => {
  let line: CommandLine;
  let printer: LabelPrinterOnLoopback;
  let profile: string;
  const folder = temporaryFolder();

  beforeAll(async () => {
    printer = await startLabelPrinter();
    line = await openCommandLine();
    profile = line.profileFile('labelled', {
      label: {
        printer: { kind: 'zpl', host: '127.0.0.1', port: printer.port },
        size: { width: 50, height: 25 },
        template: [{ kind: 'qr', x: 2, y: 2, size: 20, content: '{identity.mac}' }],
      },
    });
  });

  afterAll(async () => {
    await line.close();
    await printer.close();
  });

  const provision = (mac: string, env: NodeJS.ProcessEnv = {}) => line.run(['provision', '--profile', profile, '--identity', `mac=${mac}`, '--target', line.card(mac), '--json'], env);
  const label = (...args: string[]) => line.run(['label', ...args, '--json']);

  it('shows a label before there is any device, as SVG, PDF and ZPL', async () => {
    for (const [end, begin] of [['svg', '<svg'], ['pdf', '%PDF'], ['zpl', '^XA']] as const) {
      const to = join(folder, `label.${end}`);
      const { exitCode, events } = await label('preview', '--profile', profile, '--identity', 'mac=02-8A-00-00-00-01', '-o', to);
      expect([exitCode, events.at(-1)?.['recorded']]).toEqual([0, false]);
      expect(readFileSync(to, 'latin1').startsWith(begin)).toBe(true);
    }
    expect((await label('preview', '--profile', profile, '--identity', 'mac=02:8a:00:00:00:01', '-o', 'x.png')).events.at(-1)).toMatchObject({ event: 'error', code: 'usage', field: '--output' });
  });

  it('prints after the job; where it is killed between send and mark, a person is asked', async () => {
    expect((await provision('02:8a:00:00:00:01')).exitCode).toBe(0);
    await printer.waitFor(1);
    expect(printer.fields(0)).toEqual(['MA,02:8a:00:00:00:01']);
    expect((await provision('02:8a:00:00:00:02', { IMPRINT_KILL_AT: 'label:sent' })).signal).toBe('SIGKILL');
    await printer.waitFor(2);
    const asked = await label('queue', '--profile', profile);
    expect(asked.exitCode).toBe(11);
    expect(asked.events.at(-1)).toMatchObject({ state: 'doubtful', identity: { mac: '02:8a:00:00:00:02' } });
    expect(printer.labels).toHaveLength(2);
    const printId = String(asked.events.at(-1)?.['printId']);
    expect((await label('queue', '--decide', printId, '--answer', 'printed')).events.at(-1)).toMatchObject({ state: 'printed' });
    expect((await line.run(['label', 'queue'])).stdout).toBe('No label waits.\n');
  });

  it('keeps the label of a device whose printer is away, and the device', async () => {
    await printer.off();
    const made = await provision('02:8a:00:00:00:03');
    expect(made.exitCode).toBe(0);
    expect(made.events.find(({ event, sentence }) => event === 'warning' && String(sentence).includes('is not printed'))).toBeDefined();
    expect((await label('queue')).events.at(-1)).toMatchObject({ state: 'waiting' });
    await printer.on();
    expect((await label('queue', '--profile', profile)).exitCode).toBe(0);
    await printer.waitFor(3);
  });

  it('prints again with a reason only', async () => {
    expect((await label('print', '--profile', profile, '--identity', 'mac=02:8a:00:00:00:01')).events.at(-1)).toMatchObject({ event: 'error', code: 'usage' });
    expect((await label('print', '--profile', profile, '--identity', 'mac=02:8a:00:00:00:01', '--reason', 'torn')).events.at(-1)).toMatchObject({ state: 'printed', reprint: true, reason: 'torn' });
    await printer.waitFor(4);
  });
});
