import { performance } from 'node:perf_hooks';
import { lateness } from './guest.mjs';
import { faultsOfFinishedCard } from './findings.mjs';

const mebibyte = 1024 * 1024;

/** Slow enough that there is time to pull a card in each phase. */
export const slow = 10 * mebibyte;

/** What the cases share: the guest, its cards, the image, and how a job is run and judged. */
export class Bench {
  guest;
  cards;
  golden;
  /** For programs that the guest runs besides the driver. */
  electron;
  /** A bundle: see tests/qemu/reset-as-user.ts. */
  resetAsUser;
  #jobs = 0;

  constructor(guest, cards, golden, { electron, resetAsUser }) {
    this.guest = guest;
    this.cards = cards;
    this.golden = golden;
    this.electron = electron;
    this.resetAsUser = resetAsUser;
  }

  /**
   * Starts a job in the guest.
   * @param {object} parameters see `provision` in tests/qemu/driver.ts
   */
  start(parameters) {
    const job = `job-${++this.#jobs}`;
    const seen = [];
    let spki;
    const stop = this.guest.onEvent((event) => {
      if (event.job !== job) return;
      if (event.event === 'progress') seen.push(event);
      if (event.event === 'key') ({ spki } = event);
    });
    const { answer } = this.guest.start('provision', { job, ...parameters });
    const ended = answer.finally(stop);
    ended.catch(() => undefined);
    return {
      job,
      seen,
      /** The public half of the key that was made for this card. */
      spki: () => spki,
      /** The answer, or an error when it does not come. */
      end: (seconds = 120) => Promise.race([ended, lateness(seconds, `No answer to ${job}`)]),
      /** Resolves when the job has done that part of that phase, or more, or has ended. */
      reaches: (phase, part) => Promise.race([this.guest.event('progress', (event) => event.job === job && isBeyond(event, phase, part)), ended]),
      cancel: () => this.guest.ask('cancel', { job }),
    };
  }

  /** Seconds from now to the end of a job, with its answer. */
  async ending(job, seconds = 60) {
    const started = performance.now();
    const answer = await job.end(seconds);
    return { answer, seconds: (performance.now() - started) / 1000 };
  }

  /** A card that is made from its beginning to its end, and what is wrong with it. */
  async makeCard(plugged, parameters = {}) {
    const answer = await this.start({ path: plugged.drive.path, ...parameters }).end(180);
    if (!answer.ok) return { answer, faults: [`${answer.error.code}: ${answer.error.sentence}`] };
    return { answer, faults: await faultsOfFinishedCard(plugged.path, this.golden, answer.value.spki) };
  }

  /** The same card again, as a person would put it in again: it must become a good card. */
  async secondTry(path) {
    await this.cards.speed();
    const plugged = await this.cards.plug(path);
    try {
      const { faults } = await this.makeCard(plugged);
      return faults;
    } finally {
      await plugged.pull();
    }
  }

  /** Whether the custody process still answers and holds no key. */
  async custodyFaults() {
    const { keysHeld } = await this.guest.ask('status', {}, 10);
    return keysHeld === 0 ? [] : [`${keysHeld} keys left in memory`];
  }

  async shell(words, input) {
    const { status, stdout, stderr } = await this.guest.ask('run', { words, input });
    if (status !== 0) throw new Error(`${words.join(' ')}: ${stderr || stdout}`);
    return stdout;
  }
}

const phaseOrder = ['open', 'erase', 'write', 'verify', 'head', 'key'];

// The engine sends ten messages a second at most, so the one that would say it exactly may never come.
const isBeyond = (event, phase, part) => {
  const ahead = phaseOrder.indexOf(event.phase) - phaseOrder.indexOf(phase);
  return ahead > 0 || (ahead === 0 && partOf(event) >= part);
};

function partOf({ phase, doneBytes, totalBytes, erasedBytes }) {
  switch (phase) {
    case 'erase':
      return erasedBytes === 0 ? 0 : doneBytes / erasedBytes;
    case 'write':
      return (doneBytes - erasedBytes) / Math.max(1, totalBytes - erasedBytes);
    case 'head':
      return 1;
    default:
      return doneBytes / totalBytes;
  }
}
