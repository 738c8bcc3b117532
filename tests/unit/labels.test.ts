/** The journal of labels and the queue over it: a real record, a printer on loopback, kills in between. */
import { randomUUID } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadedProfile } from '../../main/compose/load-profile';
import type { ImprintError } from '../../main/domain/errors';
import type { LabelPrint, LabelPrinter, LabelSettings, LabelStore } from '../../main/domain/labels';
import type { RecordStore } from '../../main/domain/ports';
import type { Profile } from '../../main/domain/profile';
import type { RecordLog } from '../../main/domain/record-log';
import { sendToCups } from '../../main/labels/cups-printer';
import { labelPress } from '../../main/labels/label-press';
import { sendToNetworkPrinter } from '../../main/labels/network-printer';
import { LabelQueue, type LabelQueueState } from '../../main/station/label-queue';
import { askReprint, decideLabel, printWaiting, type LabelTools } from '../../main/station/labels';
import { recover } from '../../main/station/recover';
import { scanBack } from '../../main/station/scan-back';
import { startLabelPrinter, type LabelPrinterOnLoopback } from '../support/label-printer';
import { entriesOf } from '../support/log';
import { never, openLine, type Line, type MadeDevice } from '../support/line';

/** The record of `openLine` with its further ports. */
type OpenRecord = RecordStore & { readonly labels: LabelStore; readonly log: RecordLog };

let line: Line;
let printer: LabelPrinterOnLoopback;
let record: OpenRecord;
let tools: LabelTools;
let breaksOff: boolean;

const template = [
  { kind: 'qr', x: 2, y: 2, size: 20, content: 'DEV:{identity.mac}' },
  { kind: 'text', x: 25, y: 2, height: 3, content: '{batch}' },
] as const;

const settings = (to: LabelPrinter): LabelSettings => ({ printer: to, size: { width: 60, height: 25 }, dpmm: 8, template, copies: 2, scanBack: true });

beforeEach(async () => {
  breaksOff = false;
  printer = await startLabelPrinter({ breaksOff: () => breaksOff });
  line = await openLine({ profile: { label: settings({ kind: 'zpl', host: '127.0.0.1', port: printer.port }) } });
  record = line.station.record as OpenRecord;
  tools = { station: line.station, labels: record.labels, press: labelPress };
});

afterEach(async () => {
  await line.close();
  await printer.close();
});

const unfinished = async (): Promise<readonly (readonly [string, string])[]> => (await record.labels.unfinishedLabels()).map(({ identity, state }) => [identity['mac'] ?? '', state]);

const unfinishedId = async (): Promise<number> => (await record.labels.unfinishedLabels())[0]?.printId ?? 0;

async function sweep(profile: Profile | undefined = line.profile, using = tools): Promise<readonly LabelPrint[]> {
  const ended: LabelPrint[] = [];
  await printWaiting(using, profile, () => true, (print) => ended.push(print), never);
  return ended;
}

async function events(name: 'label-printed'): Promise<readonly unknown[]> {
  return (await entriesOf(record, name)).map(({ by, data }) => ({ by, ...(data as object) }));
}

async function refusal(work: Promise<unknown>): Promise<ImprintError> {
  return work.then(
    () => {
      throw new Error('nothing was refused');
    },
    (thrown: unknown) => thrown as ImprintError,
  );
}

describe('a finished device', () => {
  it('has its label in the record from the moment in which its job is done, and none before', async () => {
    const waiting = await line.makeWaiting();
    expect(await unfinished()).toEqual([]);
    const { identity } = await line.make({ batch: 'WO-1' });
    expect(await unfinished()).toEqual([[identity['mac'], 'waiting']]);
    // Whoever ends the job: here the recovery.
    await recover(line.station, never);
    expect(await unfinished()).toEqual([
      [identity['mac'], 'waiting'],
      [waiting.identity['mac'], 'waiting'],
    ]);
  });

  it('has none where its profile prints none', async () => {
    const plain = await openLine();
    await plain.make();
    expect(await (plain.station.record as OpenRecord).labels.unfinishedLabels()).toEqual([]);
    await plain.close();
  });

  it('gets exactly one, with what the template says, and the log says so', async () => {
    const device = await line.make({ batch: 'WO-4711' });
    await sweep();
    await sweep();
    await printer.waitFor(1);
    expect(printer.labels).toHaveLength(1);
    expect(printer.fields(0)).toEqual([`MA,DEV:${device.identity['mac'] ?? ''}`, 'WO-4711']);
    expect(printer.labels[0]).toContain('^PQ2');
    expect(await record.labels.labelsOfDevice(device.deviceId)).toMatchObject([{ state: 'printed', printer: 'zpl', copies: 2, reprint: false, attempts: 1, askedBy: 'Ana' }]);
    expect(await events('label-printed')).toEqual([{ by: 'Ana', device: device.deviceId, fingerprint: device.key.publicKey.fingerprint, printer: 'zpl', copies: 2, reprint: false }]);
  });

  it('is printed once where two processes are at it', async () => {
    await line.make();
    await Promise.all([sweep(), sweep(), sweep()]);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(printer.labels).toHaveLength(1);
  });
});

describe('a printer that is away', () => {
  it('loses nothing: the labels wait and come in their order when it is back', async () => {
    await printer.off();
    const made: MadeDevice[] = [];
    for (let index = 0; index < 3; index += 1) made.push(await line.make());
    const states: LabelQueueState[] = [];
    const queue = new LabelQueue(tools, line.profile, { changed: (state) => void states.push(state), label: () => undefined }, { interval: 20 });
    queue.start();
    while ((states.at(-1)?.unfinished.length ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(states.at(-1)).toMatchObject({ sentence: `The label printer 127.0.0.1:${String(printer.port)} cannot be reached: nothing takes connections there. Switch it on and look at its network.` });
    expect(states.at(-1)?.nextTryAt).toBeDefined();
    // The devices are what they were.
    for (const { deviceId } of made) expect((await record.device(deviceId))?.state).toBe('preauthorized');
    await printer.on();
    await printer.waitFor(3);
    expect(printer.labels.map((_, index) => printer.fields(index)[0])).toEqual(made.map(({ identity }) => `MA,DEV:${identity['mac'] ?? ''}`));
    while (queue.state.unfinished.length > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await queue.close();
    expect(printer.labels).toHaveLength(3);
    expect(await events('label-printed')).toHaveLength(3);
  });

  it('keeps labels of another profile for the bench of that profile', async () => {
    const { identity } = await line.make();
    const other = { ...line.profile, name: 'other' };
    const queue = new LabelQueue(tools, other, { changed: () => undefined, label: () => undefined });
    queue.start();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await queue.close();
    expect(queue.state.unfinished).toEqual([]);
    expect(await unfinished()).toEqual([[identity['mac'], 'waiting']]);
  });

  it('that moved is found by the profile that is open now', async () => {
    await line.make();
    await printer.off();
    const moved = await startLabelPrinter();
    await sweep({ ...line.profile, label: settings({ kind: 'zpl', host: '127.0.0.1', port: moved.port }) });
    await moved.waitFor(1);
    await moved.close();
  });

  it('does not hold up a label that cannot be laid out, nor is held up by it', async () => {
    await line.make();
    const narrow = { ...line.profile, label: { ...settings({ kind: 'zpl', host: '127.0.0.1', port: printer.port }), template: [{ kind: 'qr', x: 0, y: 0, size: 2, content: '{identity.mac}' }] } } as const;
    expect(await sweep(narrow)).toMatchObject([{ state: 'waiting', attempts: 0, sentence: expect.stringMatching(/no room for its content/) as string }]);
    await sweep();
    await printer.waitFor(1);
  });
});

describe('a label of which nobody knows', () => {
  it('was broken off by the printer: a person is asked, and nothing comes by itself', async () => {
    breaksOff = true;
    const { identity } = await line.make();
    expect(await sweep()).toMatchObject([{ state: 'doubtful' }]);
    breaksOff = false;
    await sweep();
    expect(printer.labels).toHaveLength(0);
    expect(await unfinished()).toEqual([[identity['mac'], 'doubtful']]);
    const printId = await unfinishedId();
    await decideLabel(tools, printId, 'again', line.profile);
    await sweep();
    await printer.waitFor(1);
    expect(await events('label-printed')).toHaveLength(1);
  });

  it.each(['label:started', 'label:sent'])('was killed at %s: the next start asks, and prints nothing twice', async (moment) => {
    const { deviceId } = await line.make();
    const dead = { pid: 1, started: 'before the reboot' };
    // What a kill is for the journal: nothing after that moment is done, and its process is gone.
    const killed: LabelTools = {
      ...tools,
      station: { ...line.station, processes: { ...line.station.processes, self: dead }, faults: { reached: (name) => { if (name === moment) throw new Error('killed'); } } },
    };
    await expect(sweep(line.profile, killed)).rejects.toThrow('killed');
    const sent = moment === 'label:sent' ? 1 : 0;
    if (sent === 1) await printer.waitFor(1);
    expect(await sweep()).toMatchObject([{ state: 'doubtful', sentence: expect.stringMatching(/look whether it was printed/) as string }]);
    await sweep();
    expect(printer.labels).toHaveLength(sent);
    const printId = await unfinishedId();
    await decideLabel(tools, printId, 'printed', line.profile);
    expect(await record.labels.labelsOfDevice(deviceId)).toMatchObject([{ state: 'printed', sentence: 'Ana saw that it was printed.' }]);
    expect(await events('label-printed')).toHaveLength(1);
    expect((await refusal(decideLabel(tools, printId, 'again', line.profile))).code).toBe('usage');
  });

  it('may be given up, which is no print', async () => {
    await printer.off();
    await line.make();
    await sweep();
    const printId = await unfinishedId();
    expect((await refusal(decideLabel(tools, printId, 'printed', line.profile))).code).toBe('usage');
    await decideLabel(tools, printId, 'give-up', line.profile);
    expect(await unfinished()).toEqual([]);
    expect(await events('label-printed')).toEqual([]);
    expect((await refusal(decideLabel({ ...tools, station: line.as('auditor') }, printId, 'again', line.profile))).code).toBe('not-allowed');
  });
});

describe('a folder of PDF files', () => {
  it('gets one file for each label, and the same one after a kill', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'imprint-labels-'));
    const profile = { ...line.profile, label: settings({ kind: 'pdf', folder: join(folder, 'labels') }) };
    const { identity } = await line.make();
    const killed: LabelTools = {
      ...tools,
      station: { ...line.station, processes: { ...line.station.processes, self: { pid: 1, started: 'dead' } }, faults: { reached: (name) => { if (name === 'label:sent') throw new Error('killed'); } } },
    };
    await expect(sweep(profile, killed)).rejects.toThrow('killed');
    await sweep(profile);
    const files = readdirSync(join(folder, 'labels'));
    expect(files).toEqual([`label-1-${(identity['mac'] ?? '').replaceAll(':', '-')}.pdf`]);
    expect(readFileSync(join(folder, 'labels', files[0] ?? '')).subarray(0, 5).toString()).toBe('%PDF-');
    expect(await unfinished()).toEqual([]);
    rmSync(folder, { recursive: true });
  });

  it('that cannot be written is a printer that is away', async () => {
    await line.make();
    const [waiting] = await sweep({ ...line.profile, label: settings({ kind: 'pdf', folder: '/proc/labels' }) });
    expect(waiting).toMatchObject({ state: 'waiting', sentence: expect.stringMatching(/cannot be written into \/proc\/labels/) as string });
  });
});

describe('a reprint', () => {
  it('is recorded with who and why, and counted', async () => {
    const device = await line.make();
    await sweep();
    await askReprint(tools, device.deviceId, '  smeared ', line.profile);
    await sweep();
    await printer.waitFor(2);
    expect(printer.fields(1)).toEqual(printer.fields(0));
    const labels = await record.labels.labelsOfDevice(device.deviceId);
    expect(labels.map(({ reprint, reason, state }) => [reprint, reason, state])).toEqual([
      [true, 'smeared', 'printed'],
      [false, undefined, 'printed'],
    ]);
    expect((await events('label-printed'))[1]).toMatchObject({ reprint: true, reason: 'smeared', by: 'Ana' });
  });

  it('wants a reason, a right, and a finished device', async () => {
    const device = await line.make();
    expect(await refusal(askReprint(tools, device.deviceId, ' ', line.profile))).toMatchObject({ code: 'usage', field: 'reason' });
    expect((await refusal(askReprint({ ...tools, station: line.as('qa') }, device.deviceId, 'x', line.profile))).code).toBe('not-allowed');
    const waiting = await line.makeWaiting();
    expect((await refusal(askReprint(tools, waiting.deviceId, 'x', line.profile))).code).toBe('no-such-device');
    expect(await record.labels.labelsOfDevice(device.deviceId)).toHaveLength(1);
  });

  it('of a device from before the profile had a label takes that of the open profile', async () => {
    const device = await line.make();
    const without = loadedProfile({ ...line.profile, label: undefined });
    expect(without.sha256).not.toBe(line.loaded.sha256);
    await askReprint(tools, device.deviceId, 'lost', line.profile);
    await sweep();
    await printer.waitFor(2);
  });
});

describe('the scan that closes a job', () => {
  const slotOf = ({ identity }: MadeDevice, jobId = 'job') => ({ name: 'Slot 1', jobId, identity });
  const scanned = (text: string, awaiting: readonly ReturnType<typeof slotOf>[] = []) => scanBack(line.station, record.labels, line.profile, text, awaiting);

  it('takes the code of the label, or the identity in any notation, once', async () => {
    const [one, other] = [await line.make(), await line.make()];
    // Not printed yet: nobody can have scanned its label.
    expect(await scanned(`DEV:${one.identity['mac'] ?? ''}`)).toBeUndefined();
    await sweep();
    expect((await record.labels.labelsToScan(10)).map(({ deviceId }) => deviceId)).toEqual([other.deviceId, one.deviceId]);
    expect(await scanned(`DEV:${one.identity['mac'] ?? ''}\n`)).toMatchObject({ deviceId: one.deviceId, scannedBy: 'Ana' });
    expect(await scanned((other.identity['mac'] ?? '').replaceAll(':', '-').toUpperCase())).toMatchObject({ deviceId: other.deviceId });
    expect(await record.labels.labelsToScan(10)).toEqual([]);
    // The device is what it was.
    expect((await record.device(one.deviceId))?.state).toBe('preauthorized');
  });

  it('refuses the label of another device and names it', async () => {
    const [one, other] = [await line.make(), await line.make()];
    await sweep();
    await scanned(`DEV:${other.identity['mac'] ?? ''}`);
    for (const wrong of [`DEV:${other.identity['mac'] ?? ''}`, other.identity['mac'] ?? '']) {
      const error = await refusal(scanned(wrong, [slotOf(one)]));
      expect(error).toMatchObject({ code: 'label-differs', field: 'label' });
      expect(error.message).toContain(`that of mac ${other.identity['mac'] ?? ''}. Slot 1 waits for the label of mac ${one.identity['mac'] ?? ''}`);
    }
    expect((await record.labels.labelsToScan(10)).map(({ deviceId }) => deviceId)).toEqual([one.deviceId]);
  });

  it('leaves the code of a new board to the bench', async () => {
    const one = await line.make();
    await sweep();
    expect(await scanned('02:99:00:00:00:01', [slotOf(one)])).toBeUndefined();
    expect(await scanned('something else', [slotOf(one)])).toBeUndefined();
  });
});

describe('the record', () => {
  it('never deletes a label, nor changes one that has ended', async () => {
    await line.make();
    await sweep();
    const [{ printId }] = (await record.labels.labelsToScan(1)) as [LabelPrint];
    expect((await refusal(record.labels.endLabel(printId, { state: 'failed', sentence: 'x' }, new Date().toISOString()))).code).toBe('unexpected');
    expect(await record.labels.startLabel(printId, line.station.processes.self, new Date().toISOString())).toBe(false);
    expect(await record.labels.labelsOfJobs([randomUUID()])).toEqual([]);
  });
});

describe('the printers', () => {
  it('one that does not answer is told in one sentence', async () => {
    // A port on which nobody accepts: the backlog takes the connection, nothing reads.
    const silent = createServer({ pauseOnConnect: true }).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const { port } = silent.address() as { port: number };
    // Taken by the system of the other end, so it counts as sent.
    await sendToNetworkPrinter({ host: '127.0.0.1', port }, '^XA^XZ', never, { connect: 500, send: 500, close: 100 });
    await new Promise((resolve) => setTimeout(resolve, 20));
    silent.close();
    // TEST-NET-1 (RFC 5737): nobody is there.
    const error = await refusal(sendToNetworkPrinter({ host: '192.0.2.1', port: 9100 }, '^XA^XZ', never, { connect: 200, send: 500, close: 100 }));
    expect(error.code).toBe('printer-unreachable');
    expect(error.message).toMatch(/^The label printer 192\.0\.2\.1:9100 cannot be reached: .+\.$/);
  });

  it('CUPS gets the PDF by lp, without a shell', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'imprint-lp-'));
    const lp = join(folder, 'lp');
    writeFileSync(lp, `#!/bin/sh\nfor word in "$@"; do printf '%s\\n' "$word"; done > '${folder}/words'\ncat > '${folder}/file'\n[ "$2" = gone ] && { echo 'lp: The printer or class does not exist.' >&2; exit 1; }\nexit 0\n`);
    chmodSync(lp, 0o755);
    const pdf = Buffer.from('%PDF-1.7 …');
    await sendToCups('Zebra; touch /tmp/never', pdf, { title: 'label-1', copies: 3 }, never, lp);
    expect(readFileSync(join(folder, 'words'), 'utf8').split('\n').slice(0, -1)).toEqual(['-d', 'Zebra; touch /tmp/never', '-n', '3', '-t', 'label-1', '--', '-']);
    expect(readFileSync(join(folder, 'file'))).toEqual(pdf);
    expect(existsSync('/tmp/never')).toBe(false);
    expect(await refusal(sendToCups('gone', pdf, { title: 'x', copies: 1 }, never, lp))).toMatchObject({ code: 'printer-unreachable', message: 'The label cannot be given to the CUPS printer gone: The printer or class does not exist.' });
    expect((await refusal(sendToCups('x', pdf, { title: 'x', copies: 1 }, never, join(folder, 'missing')))).message).toMatch(/no lp command/);
    rmSync(folder, { recursive: true });
  });
});
