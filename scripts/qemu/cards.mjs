import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { lateness } from './guest.mjs';

const mebibyte = 1024 * 1024;

/** Whoever would not be slowed down. */
const unlimited = 0;

/**
 * Cards are files on the host: what is on a card is read from its file, behind the engine's back.
 * A card goes into the guest's USB bus and comes out of it while the guest runs.
 */
export class Cards {
  #guest;
  #folder;
  #golden;
  #count = 0;

  /** Bytes of each card: a little more than the image. */
  bytes;

  static async prepare(guest, folder, golden) {
    const cards = new Cards(guest, folder, golden);
    await guest.qmp.execute('object-add', { 'qom-type': 'throttle-group', id: 'speed', limits: { 'bps-total': unlimited } });
    return cards;
  }

  constructor(guest, folder, golden) {
    this.#guest = guest;
    this.#folder = folder;
    this.#golden = golden;
    this.bytes = golden.bytes + 7 * mebibyte;
  }

  /** How fast all cards together are, in bytes per second; without a number as fast as they can. */
  async speed(bytesPerSecond = unlimited) {
    await this.#guest.qmp.execute('qom-set', { path: '/objects/speed', property: 'limits', value: { 'bps-total': bytesPerSecond } });
  }

  /** A used card: an older one's head boots, and there is old data in every other byte. */
  make(filling = 0xa5) {
    const path = join(this.#folder, `card-${++this.#count}.img`);
    const bytes = Buffer.alloc(this.bytes, filling);
    readFileSync(this.#golden.path).copy(bytes, 0, 0, mebibyte);
    writeFileSync(path, bytes);
    return path;
  }

  remove(path) {
    rmSync(path, { force: true });
  }

  /**
   * Puts a card into a port and waits until the guest lists it.
   * @param {string} path the card's file
   * @param {{port?: number, readOnly?: boolean, errors?: object[], serial?: string}} [options] `errors`: blkdebug's inject-error rules
   * @returns {Promise<{id: string, path: string, drive: {path: string}, pull: () => Promise<void>}>}
   */
  async plug(path, { port = 1, readOnly = false, errors = [], serial } = {}) {
    const { qmp } = this.#guest;
    const id = `plugged${++this.#count}`;
    const own = serial ?? id;
    const nodes = [];
    const add = async (node) => {
      const name = `node${++this.#count}`;
      await qmp.execute('blockdev-add', { ...node, 'node-name': name, 'read-only': readOnly });
      nodes.unshift(name);
      return name;
    };
    let top = await add({ driver: 'file', filename: path });
    if (errors.length > 0) top = await add({ driver: 'blkdebug', image: top, 'inject-error': errors });
    top = await add({ driver: 'throttle', 'throttle-group': 'speed', file: top });
    await qmp.execute('device_add', { driver: 'usb-storage', id, bus: 'usb.0', port: String(port), drive: top, removable: true, serial: own });
    const removeNodes = async () => {
      for (const name of nodes) await qmp.execute('blockdev-del', { 'node-name': name });
    };
    const pull = async () => {
      const gone = qmp.event('DEVICE_DELETED', ({ device }) => device === id);
      await qmp.execute('device_del', { id });
      await Promise.race([gone, lateness(20, 'The card did not come out')]);
      await removeNodes();
    };
    const drive = await this.#drive(own);
    return { id, path, drive, pull };
  }

  async #drive(serial) {
    for (let tries = 0; tries < 300; tries += 1) {
      const drives = await this.#guest.ask('drives');
      const drive = drives.find((each) => each.serial === serial && each.mediaPresent);
      if (drive !== undefined) return drive;
      await sleep(100);
    }
    throw new Error(`The guest never saw the card ${serial}:\n${this.#guest.lastWords()}`);
  }
}
