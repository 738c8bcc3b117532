/**
 * A soak of the server side: two workstations with four stations each make devices at one practice server, while a watch for
 * each looks after them. Bundled and started by scripts/soak.mjs, in Electron as Node.
 *
 *   coordinator FOLDER DEVICES SEED MINUTES
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SqliteRecordStore } from '../../main/storage/record-store';
import { RawApi } from '../contract/mender-fixture';
import { Child } from './children';
import { readRecord, readServer } from './evidence';
import type { FromServer, FromStation, FromWatch, MemorySample, Setup, ToServer, ToStation, ToWatch } from './messages';
import { planDevices, randomNumbers, type PlannedDevice } from './plan';
import { allFindings, describeResult, type SoakResult, type WatchResult } from './result';
import { judge, type Finding } from './verdict';

const workstationCount = 2;
const stationsEach = 4;
/** Cards that a station works on at once. */
const slots = 4;
const mostBoots = 24;
/** Rounds of each watch after the last device, when nothing changes any more: the memory that it takes then is judged. */
const warmRounds = 40;
const quietRounds = 120;
const quietSeconds = 120;
const pauseBetweenRounds = 250;

const [folder = '', devicesText = '', seedText = '', minutesText = ''] = process.argv.slice(2);
const seed = Number(seedText);
const deadline = Date.now() + Number(minutesText) * 60_000;

interface Station {
  readonly workstation: number;
  readonly child: Child<FromStation, ToStation>;
  inFlight: number;
}

interface Workstation {
  readonly record: string;
  readonly watch: Child<FromWatch, ToWatch>;
  readonly memory: MemorySample[];
  started: boolean;
  rounds: number;
  troubles: number;
}

/** One try to make a device, at one station. */
interface Attempt {
  readonly station: Station;
  state: 'running' | 'waiting' | 'done' | 'failed';
}

interface Progress {
  readonly device: PlannedDevice;
  attempts: Attempt[];
  /** The station that made it. */
  maker?: Station;
  tries: number;
  booting: boolean;
  finished: boolean;
}

class Soak {
  readonly #random = randomNumbers(seed + 1);
  readonly #stations: Station[] = [];
  readonly #workstations: Workstation[] = [];
  readonly #progress = new Map<string, Progress>();
  readonly #queue: PlannedDevice[][] = [];
  readonly #boots: (() => void)[] = [];
  readonly #early = new Map<string, string>();
  readonly #endings: Record<string, number> = {};
  readonly #problems: string[] = [];
  #waited = 0;
  #booting = 0;
  #finished = 0;
  #turn = 0;
  #done: () => void = () => undefined;

  async run(): Promise<SoakResult> {
    const started = performance.now();
    const plan = planDevices(Number(devicesText), seed);
    const server = new Child<FromServer, ToServer>('server-process', { kind: 'setup', folder: join(folder, 'server'), seed }, () => undefined);
    const { server: access } = await server.next('ready');
    await this.#open({ kind: 'setup', folder, seed, server: access });
    this.#take(plan);

    const ended = new Promise<void>((resolve) => (this.#done = resolve));
    const lost = Promise.race([server.lost, ...this.#stations.map(({ child }) => child.lost), ...this.#workstations.map(({ watch }) => watch.lost)]);
    const ticker = setInterval(() => this.#tell(plan.length, started), 10_000);
    this.#fill();
    const inTime = await Promise.race([ended.then(() => true), sleep(deadline - Date.now(), false), lost]);
    clearInterval(ticker);
    const makingSeconds = (performance.now() - started) / 1000;
    if (!inTime) this.#problems.push(`${plan.length - this.#finished} devices were not finished after ${minutesText} minutes`);

    server.send({ kind: 'stop-faults' });
    const watches = await Promise.all(this.#workstations.map((workstation) => this.#lookQuietly(workstation)));
    server.send({ kind: 'count' });
    const { requests, faults, conflicts } = await server.next('counts');

    const raw = new RawApi(access.url, access.certificateAuthority);
    raw.token = (await raw.logIn(access.username, access.password)).text;
    const atServer = await readServer(raw);
    await raw.close();
    await Promise.all([...this.#stations.map(({ child }) => child.stop()), ...this.#workstations.map(({ watch }) => watch.stop()), server.stop()]);
    const records = await Promise.all(this.#workstations.map(({ record }, index) => readRecord(record, `workstation ${index + 1}`)));
    const findings: Finding[] = [
      { claim: 'everything came to its end', checked: plan.length, violations: this.#problems },
      ...judge({
        plan,
        server: atServer,
        recorded: records.flatMap(({ held }) => held),
        released: new Set(records.flatMap(({ released }) => released)),
        unfinishedJobs: records.reduce((sum, { unfinishedJobs }) => sum + unfinishedJobs, 0),
      }),
    ];
    return {
      devices: plan.length,
      rivals: plan.filter(({ rivalry }) => rivalry !== undefined).length,
      seed,
      makingSeconds,
      totalSeconds: (performance.now() - started) / 1000,
      requests,
      faults,
      conflicts,
      endings: this.#endings,
      waited: this.#waited,
      findings,
      watches,
    };
  }

  async #open(setup: Setup): Promise<void> {
    for (let number = 0; number < workstationCount; number += 1) {
      const record = join(folder, `workstation-${number + 1}`, 'record.sqlite');
      mkdirSync(join(folder, `workstation-${number + 1}`), { recursive: true });
      // Its schema is made before eight processes want to do so at once.
      await SqliteRecordStore.open(record).close();
      const memory: MemorySample[] = [];
      const watch = new Child<FromWatch, ToWatch>('watch-process', { ...setup, record }, (message) => {
        if (message.kind === 'memory') memory.push(message.sample);
        if (message.kind === 'report') workstation.rounds += 1;
        if (message.kind === 'trouble') workstation.troubles += 1;
      });
      const workstation: Workstation = { record, watch, memory, started: false, rounds: 0, troubles: 0 };
      this.#workstations.push(workstation);
      for (let place = 0; place < stationsEach; place += 1) {
        const child: Child<FromStation, ToStation> = new Child<FromStation, ToStation>('station-process', { ...setup, record }, (message) => this.#hear(station, message));
        const station: Station = { workstation: number, child, inFlight: 0 };
        this.#stations.push(station);
      }
    }
    await Promise.all([...this.#stations.map(({ child }) => child.next('ready')), ...this.#workstations.map(({ watch }) => watch.next('ready'))]);
  }

  #take(plan: readonly PlannedDevice[]): void {
    for (const device of plan) {
      this.#progress.set(device.mac, { device, attempts: [], tries: 0, booting: false, finished: false });
      const last = this.#queue.at(-1);
      if (device.partner !== undefined && last?.[0]?.mac === device.partner) last.push(device);
      else this.#queue.push([device]);
    }
  }

  /** Gives every station with an empty slot something to do. */
  #fill(): void {
    for (;;) {
      const free = this.#stations.filter(({ inFlight }) => inFlight < slots);
      const unit = free.length === 0 ? undefined : this.#queue.shift();
      if (unit === undefined) return;
      this.#turn += 1;
      const station = free[this.#turn % free.length] as Station;
      for (const device of unit) {
        this.#make(device.mac, station);
        if (device.rivalry !== undefined) this.#make(device.mac, this.#rivalOf(station, device.rivalry === 'same-workstation'));
      }
    }
  }

  #rivalOf(station: Station, sameWorkstation: boolean): Station {
    const rivals = this.#stations.filter((each) => each !== station && (each.workstation === station.workstation) === sameWorkstation);
    return rivals[Math.floor(this.#random() * rivals.length)] as Station;
  }

  #make(mac: string, station: Station): void {
    const progress = this.#of(mac);
    progress.attempts.push({ station, state: 'running' });
    progress.tries += 1;
    station.inFlight += 1;
    station.child.send({ kind: 'make', mac });
  }

  #of(mac: string): Progress {
    const progress = this.#progress.get(mac);
    if (progress === undefined) throw new Error(`Nobody planned ${mac}.`);
    return progress;
  }

  #hear(station: Station, message: FromStation): void {
    if (message.kind === 'made') this.#made(station, message);
    else if (message.kind === 'sent') this.#sent(station, message.mac, message.state);
    else if (message.kind === 'booted') this.#booted(message);
  }

  #made(station: Station, { mac, state, code, sentence }: Extract<FromStation, { kind: 'made' }>): void {
    station.inFlight -= 1;
    const progress = this.#of(mac);
    const attempt = progress.attempts.find((each) => each.station === station && each.state === 'running');
    if (attempt === undefined) throw new Error(`Nobody asked for ${mac}.`);
    this.#count(code === undefined || state === 'waiting' ? state : `${state}: ${code}`);
    attempt.state = state === 'done' ? 'done' : state === 'waiting' ? 'waiting' : 'failed';
    if (attempt.state === 'waiting') {
      this.#waited += 1;
      const early = this.#early.get(`${station.workstation} ${mac}`);
      if (early !== undefined) attempt.state = early === 'done' ? 'done' : 'failed';
    }
    const mayFail = progress.device.rivalry !== undefined || code === 'outbox-full';
    if (attempt.state === 'failed' && !mayFail) process.stderr.write(`${mac}: ${sentence}\n`);
    this.#settle(progress);
    this.#fill();
  }

  /** Any station of a workstation may have sent it, and its word may be here before that of the one who made it. */
  #sent(station: Station, mac: string, state: string): void {
    const progress = this.#of(mac);
    this.#count(`outbox, ${state}`);
    const attempt = progress.attempts.find((each) => each.station.workstation === station.workstation && each.state === 'waiting');
    if (attempt === undefined) {
      this.#early.set(`${station.workstation} ${mac}`, state);
      return;
    }
    attempt.state = state === 'done' ? 'done' : 'failed';
    this.#settle(progress);
  }

  /** Looks at the attempts of a device when one of them has ended. */
  #settle(progress: Progress): void {
    const { device, attempts } = progress;
    if (attempts.some(({ state }) => state === 'running' || state === 'waiting')) return;
    const made = attempts.filter(({ state }) => state === 'done');
    if (made.length > 1) this.#problems.push(`${device.mac} was made ${made.length} times`);
    const [first] = made;
    if (first === undefined) {
      // A person would try again as well.
      if (progress.tries >= 20) {
        this.#problems.push(`${device.mac} could not be made`);
        this.#finish(progress);
        return;
      }
      const { station } = attempts[0] as Attempt;
      setTimeout(() => this.#make(device.mac, station), 1000);
      progress.attempts = [];
      return;
    }
    progress.maker = first.station;
    this.#startWatch(first.station.workstation);
    if (device.fate === 'never') this.#finish(progress);
    else if (device.partner === undefined) this.#powerOn(progress);
    else {
      const partner = this.#of(device.partner);
      if (partner.maker === undefined) return;
      this.#powerOn(progress);
      this.#powerOn(partner);
    }
  }

  /** With its first device: a watch that finds nothing to watch looks again after a quarter of an hour only. */
  #startWatch(number: number): void {
    const workstation = this.#workstations[number];
    if (workstation === undefined || workstation.started) return;
    workstation.started = true;
    workstation.watch.send({ kind: 'start' });
  }

  /** Some seconds later, as boards are put together. */
  #powerOn(progress: Progress): void {
    if (progress.booting) return;
    progress.booting = true;
    setTimeout(() => {
      this.#boots.push(() => progress.maker?.child.send({ kind: 'boot', mac: progress.device.mac, fate: progress.device.fate, partner: progress.device.partner }));
      this.#startBoots();
    }, this.#random() * 8000);
  }

  #startBoots(): void {
    while (this.#booting < mostBoots) {
      const boot = this.#boots.shift();
      if (boot === undefined) return;
      this.#booting += 1;
      boot();
    }
  }

  #booted({ mac, problem }: Extract<FromStation, { kind: 'booted' }>): void {
    this.#booting -= 1;
    if (problem !== undefined) this.#problems.push(`The board of ${mac} (${this.#of(mac).device.fate}): ${problem}`);
    this.#finish(this.#of(mac));
    this.#startBoots();
  }

  #finish(progress: Progress): void {
    if (progress.finished) return;
    progress.finished = true;
    this.#finished += 1;
    if (this.#finished === this.#progress.size) this.#done();
  }

  #count(ending: string): void {
    this.#endings[ending] = (this.#endings[ending] ?? 0) + 1;
  }

  #tell(total: number, started: number): void {
    const made = [...this.#progress.values()].filter(({ maker }) => maker !== undefined).length;
    const rss = this.#workstations.map(({ memory }) => memory.at(-1)?.residentMiB.toFixed(0) ?? '?').join(' and ');
    process.stderr.write(`${((performance.now() - started) / 1000).toFixed(0)} s: ${made} of ${total} made, ${this.#finished} finished; the watches take ${rss} MiB\n`);
  }

  /** Until nothing changes any more, then until all is compiled and allocated, and then for the numbers. */
  async #lookQuietly(workstation: Workstation): Promise<WatchResult> {
    const { watch, memory, rounds, troubles } = workstation;
    const busy = [...memory];
    for (let quiet = 0; quiet < warmRounds; ) quiet = (await this.#look(workstation)).changed === 0 ? quiet + 1 : 0;
    const before = await this.#collect(watch);
    const [firstSample, began] = [memory.length, performance.now()];
    let [looks, longest] = [0, 0];
    while (looks < quietRounds || performance.now() - began < quietSeconds * 1000) {
      longest = Math.max(longest, (await this.#look(workstation)).seconds);
      looks += 1;
    }
    const quiet = memory.slice(firstSample);
    return { busy, quiet, rounds, troubles, quietRounds: looks, longestQuietRound: longest, heapMiB: [before, await this.#collect(watch)] };
  }

  async #look({ watch }: Workstation): Promise<{ readonly changed: number; readonly seconds: number }> {
    const began = performance.now();
    const answer = watch.next('round');
    watch.send({ kind: 'round' });
    const { report, sentence } = await answer;
    if (report === undefined) throw new Error(`The watch fails without faults: ${sentence ?? ''}`);
    const seconds = (performance.now() - began) / 1000;
    await sleep(pauseBetweenRounds);
    return { changed: report.changed, seconds };
  }

  async #collect(watch: Workstation['watch']): Promise<number> {
    const answer = watch.next('heap');
    watch.send({ kind: 'collect' });
    return (await answer).mebibytes;
  }
}

void new Soak().run().then(
  (result) => {
    const text = describeResult(result);
    process.stdout.write(`${text}\n`);
    writeFileSync(join(folder, 'result.md'), `${text}\n`);
    process.exit(allFindings(result).some(({ violations }) => violations.length > 0) ? 1 : 0);
  },
  (thrown: unknown) => {
    process.stderr.write(`${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}\n`);
    process.exit(1);
  },
);
