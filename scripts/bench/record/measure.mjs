/**
 * One phase of the bench `record` in a process of its own, so that its memory is its own: `PHASE FOLDER DEVICES`.
 * Prints one line of JSON.
 */
import { randomInt } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { signCheckpoint } from '../../../main/ledger/checkpoint';
import { writeExport } from '../../../main/ledger/export-writer';
import { firstLogKey } from '../../../main/ledger/log-key';
import { verifierKeyText } from '../../../main/ledger/note';
import { verifyExport } from '../../../main/ledger/verifier/verify-export.mjs';
import { dayOf, lastDays, partsOf } from '../../../main/domain/shifts';
import { openDatabase } from '../../../main/storage/database';
import { exportedDevices, exportedEntries } from '../../../main/storage/log-export';
import { LogStore } from '../../../main/storage/log-store';
import { SqliteRecordStore } from '../../../main/storage/record-store';
import { RecordSession } from '../../../main/storage/session';
import { fingerprintOf, keyGenerated, logSigner, spkiOf } from '../../../tests/support/log';

const [, , phase, folder, count] = process.argv;
const devices = Number(count);
const signer = logSigner('bench', 'bench/imprint/1');
const path = join(folder, 'record.sqlite');
const now = () => new Date().toISOString();
const searches = 40;
const slots = 10;

/** Milliseconds of one run. */
async function timed(work) {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

/** Entries a second: each transaction is on the disk before the next one begins. */
async function append(perTransaction) {
  const session = new RecordSession(openDatabase(join(folder, `append-${perTransaction}.sqlite`)));
  const log = new LogStore(session);
  const transactions = Math.max(1, Math.round(4000 / perTransaction));
  const entry = (number) => ({ at: now(), station: 'bench', by: 'Ana', event: 'key-generated', data: keyGenerated(number) });
  const milliseconds = await timed(async () => {
    for (let turn = 0; turn < transactions; turn += 1) {
      const first = turn * perTransaction;
      await session.write(() => log.append(Array.from({ length: perTransaction }, (_, offset) => entry(first + offset))));
    }
  });
  await session.close();
  return (transactions * perTransaction * 1000) / milliseconds;
}

const identityOf = (number) => ({ mac: keyGenerated(number).identity.mac });
/** One device a second. */
const atOf = (number) => new Date(Date.parse('2026-01-01T00:00:00Z') + number * 1000).toISOString();
const batchOf = (number) => `WO-${4700 + Math.floor(number / 500)}`;

const card = '31914983424 bytes, serial 0x00000001, USB reader';
/** The steps that the log tells of, with what it says of a Mender device. */
const steps = [
  ['write', { card, bytes: 629_145_600 }],
  ['verify', { card, bytes: 629_145_600, files: [{ path: '/mender/mender-agent.pem', partition: 4, mode: 0o600, uid: 0, gid: 0 }] }],
  ['destroy', {}],
  ['enrol', {}],
];

/** A line's record after years, written by the real store: each device with its whole life, from its key to its acceptance. */
async function fill() {
  const database = openDatabase(path);
  // Durability is measured elsewhere, and these rows are nobody's.
  database.connection.pragma('synchronous = OFF');
  const store = new SqliteRecordStore(database, 'bench');
  await store.log.log({ event: 'log-key', by: 'station', at: now(), data: firstLogKey(signer.key) });
  for (let from = 0; from < devices; from += 500) {
    database.connection.exec('BEGIN IMMEDIATE');
    const accepted = [];
    for (let number = from; number < Math.min(devices, from + 500); number += 1) {
      const at = atOf(number);
      const [jobId, deviceId] = [`job-${number}`, `device-${number}`];
      await store.reserve({
        jobId, deviceId, identity: identityOf(number), batch: batchOf(number), profileName: 'gateway', profileSha256: 'a'.repeat(64), imageSha256: 'b'.repeat(64), at,
        serverKind: 'mender', serverUrl: 'https://mender.example', keyType: 'ed25519', slot: `Slot ${(number % slots) + 1}`, targetPath: '/dev/sdx', operator: 'Ana', owner: { pid: 1, started: 'bench' },
      });
      await store.recordPublicKey(jobId, { type: 'ed25519', spki: spkiOf(number), fingerprint: fingerprintOf(number) }, at);
      if (number % 100 === 13) {
        await store.endJob(jobId, 'failed', 'released', 'The card did not take it.', at, undefined, 'target-write-failed');
        continue;
      }
      for (const [step, facts] of steps) {
        await store.startStep(jobId, step, at);
        await store.endStep(jobId, step, 'done', 'Done.', at, facts);
      }
      await store.endJob(jobId, 'done', 'preauthorized', 'The server expects it.', at, `server-${number}`);
      if (number % 100 !== 7) accepted.push({ deviceId, state: 'accepted', sentence: 'The board came with the key that was made for it.', checkedAt: at });
    }
    await store.saveAcceptances(accepted);
    database.connection.exec('COMMIT');
    // What was given back is only freed between two turns of the loop.
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { size } = await store.log.head();
  await store.close();
  return { entries: size };
}

async function search() {
  const store = SqliteRecordStore.open(path);
  const page = { limit: 50, offset: 0 };
  const questions = {
    'an identity': (number) => store.findByIdentity(identityOf(number)),
    'a fingerprint': (number) => store.findByFingerprint(fingerprintOf(number)),
    'a device with its entries in the log': (number) => store.log.entriesOfDevice(`device-${number}`),
    'any device, by the end of its identity': (number) => store.search.searchDevices({ ...page, text: identityOf(number).mac.slice(6) }),
    'any device, by the beginning of its fingerprint': (number) => store.search.searchDevices({ ...page, text: fingerprintOf(number).slice(0, 12) }),
    'any device, by a text that all have': () => store.search.searchDevices({ ...page, text: '02:00' }),
    'any device, by its batch': (number) => store.search.searchDevices({ ...page, batch: batchOf(number) }),
    'any device, by its maker in a day': (number) => store.search.searchDevices({ ...page, operator: 'Ana', from: atOf(Math.max(0, number - 86_400)), before: atOf(number) }),
    'the acceptance of a batch': (number) => store.acceptancePage({ ...page, batch: batchOf(number) }),
    'the acceptance, by a part of an identity': (number) => store.acceptancePage({ ...page, text: identityOf(number).mac.slice(6) }),
  };
  const measured = {};
  for (const [name, ask] of Object.entries(questions)) {
    // Once before, as the page of a station that is open has it.
    await ask(0);
    measured[name] = [];
    for (let turn = 0; turn < searches; turn += 1) measured[name].push(await timed(() => ask(randomInt(devices))));
  }
  await store.close();
  return measured;
}

/** The line lead's page, and the report of a day, whatever day of the record that is. */
async function reports() {
  const store = SqliteRecordStore.open(path);
  const dayMilliseconds = 86_400_000;
  const questions = {
    'dashboard of 30 days': (number) => {
      const now = new Date(atOf(number));
      const today = { from: dayOf(now).toISOString(), until: dayOf(now, 1).toISOString() };
      return store.reports.dashboard({ now: now.toISOString(), days: lastDays(now, 30), hours: partsOf(today, 'hour').parts });
    },
    // At a device a second a day has 86,400 of them; a line with ten slots makes 2400.
    'shift report of a day': (number) => store.reports.shiftReport({ from: new Date(Date.parse(atOf(number)) - dayMilliseconds).toISOString(), until: atOf(number) }),
    'shift report of 2400 devices': (number) => store.reports.shiftReport({ from: atOf(Math.max(0, number - 2400)), until: atOf(number) }),
  };
  const measured = {};
  for (const [name, ask] of Object.entries(questions)) {
    await ask(devices - 1);
    measured[name] = [];
    for (let turn = 0; turn < 10; turn += 1) measured[name].push(await timed(() => ask(devices - 1 - randomInt(Math.ceil(devices / 10)))));
  }
  await store.close();
  return measured;
}

/** A folder as the target of an export. */
function folderTarget(place) {
  return {
    async create(name) {
      await mkdir(place, { recursive: true });
      const file = await open(join(place, name), 'w');
      return {
        write: (bytes) => file.writeFile(bytes),
        async close() {
          await file.sync();
          await file.close();
        },
      };
    },
  };
}

async function exported() {
  const session = new RecordSession(openDatabase(path));
  const log = new LogStore(session);
  const head = await session.read(() => log.head());
  const checkpoint = await signCheckpoint({ origin: signer.key.name, ...head }, signer);
  const source = {
    checkpoint,
    entries: () => exportedEntries(session, log, head.size),
    devices: () => exportedDevices(session, log, head.size, {}),
    selection: {},
    anchors: [],
    verifier: await readFile(process.env.IMPRINT_VERIFIER),
    madeAt: now(),
    madeBy: 'bench',
  };
  const result = {};
  const milliseconds = await timed(async () => Object.assign(result, await writeExport(source, folderTarget(join(folder, 'export')), { signer })));
  await session.close();
  if (result.devices !== devices) throw new Error(`${result.devices} devices were exported`);
  return { milliseconds, entries: result.entries };
}

async function verified() {
  const findings = [];
  const milliseconds = await timed(() => verifyExport(join(folder, 'export'), { key: verifierKeyText(signer.key), finding: (sentence) => findings.push(sentence) }));
  if (findings.length > 0) throw new Error(findings[0]);
  return { milliseconds };
}

async function checked() {
  const store = SqliteRecordStore.open(path);
  let found;
  const milliseconds = await timed(async () => (found = await store.log.check(verifierKeyText(signer.key), () => undefined, new AbortController().signal)));
  await store.close();
  if (!found.sound || found.devices !== devices) throw new Error(found.sentence ?? 'the check saw other devices');
  return { milliseconds };
}

const phases = { 'append': async () => ({ eight: await append(8), one: await append(1) }), fill, search, reports, 'export': exported, 'verify': verified, 'check': checked };
phases[phase]().then(
  // Linux counts it in KiB.
  (result) => process.stdout.write(`${JSON.stringify({ ...result, memoryMiB: process.resourceUsage().maxRSS / 1024 })}\n`),
  (error) => {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  },
);
