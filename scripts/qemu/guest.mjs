import { spawn } from 'node:child_process';
import { createWriteStream, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '../support/problem.mjs';
import { onLines, Qmp } from './qmp.mjs';

/**
 * A machine with a USB bus and no network, in software emulation. It sees the host's tree read-only and runs the driver
 * (tests/qemu/driver.ts), which does what `ask` and `start` say.
 */
export class Guest {
  #process;
  #channel;
  #waiting = new Map();
  #listeners = new Set();
  #next = 1;
  #ended;
  #console;
  qmp;

  /** @param {{folder: string, kernel: string, initrd: string, processors: number}} settings */
  static async boot({ folder, kernel, initrd, processors }) {
    const guest = new Guest();
    guest.#console = join(folder, 'console.log');
    const [control, channel] = ['control.socket', 'channel.socket'].map((name) => join(folder, name));
    const words = [
      '-machine', 'q35', '-accel', 'tcg,thread=multi', '-cpu', 'max', '-smp', String(processors), '-m', '1024', '-nodefaults', '-no-user-config', '-display', 'none', '-nic', 'none', '-no-reboot',
      '-kernel', kernel, '-initrd', initrd, '-append', 'console=ttyS0 panic=-1 oops=panic mitigations=off rdinit=/init loglevel=5',
      '-chardev', `file,id=console,path=${guest.#console}`, '-serial', 'chardev:console',
      '-chardev', `socket,id=channel,path=${channel},server=on,wait=off`, '-serial', 'chardev:channel',
      '-qmp', `unix:${control},server=on,wait=off`,
      '-fsdev', 'local,id=host,path=/,security_model=none,readonly=on,multidevs=remap', '-device', 'virtio-9p-pci,fsdev=host,mount_tag=host',
      '-device', 'qemu-xhci,id=usb',
    ];
    const errors = createWriteStream(join(folder, 'qemu.log'));
    guest.#process = spawn('qemu-system-x86_64', words, { stdio: ['ignore', 'pipe', 'pipe'] });
    guest.#process.stdout.pipe(errors);
    guest.#process.stderr.pipe(errors);
    let running = true;
    guest.#ended = new Promise((resolve) => {
      guest.#process.once('error', resolve);
      guest.#process.once('exit', resolve);
    }).then(() => {
      running = false;
      for (const { reject } of guest.#waiting.values()) reject(new Problem(`The guest ended:\n${guest.lastWords()}`));
      guest.#waiting.clear();
    });
    process.once('exit', () => guest.#process.kill('SIGKILL'));
    guest.qmp = await Qmp.connect(control, () => running);
    guest.#channel = await connected(channel, () => running);
    const ready = guest.event('ready');
    onLines(guest.#channel, (line) => guest.#receive(line));
    await Promise.race([ready, guest.#ended.then(() => Promise.reject(new Problem(`The guest did not start:\n${guest.lastWords()}`))), lateness(300, 'The guest\'s driver did not start')]);
    return guest;
  }

  /** Sends a command; its answer carries `ok`, `value` or `error`, and how long it took in the guest. */
  start(command, parameters = {}) {
    const id = this.#next++;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#channel.write(`${JSON.stringify({ id, command, ...parameters })}\n`);
    return { id, answer };
  }

  /** The value of a command that must succeed. */
  async ask(command, parameters, seconds = 120) {
    const { ok, value, error } = await Promise.race([this.start(command, parameters).answer, lateness(seconds, `The guest did not answer to ${command}`)]);
    if (!ok) throw new Problem(`${command}: ${error.code}: ${error.sentence}`);
    return value;
  }

  /** Resolves with the first event that `matches`. */
  event(name, matches = () => true) {
    return new Promise((resolve) => {
      const stop = this.onEvent((event) => {
        if (event.event !== name || !matches(event)) return;
        stop();
        resolve(event);
      });
    });
  }

  onEvent(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  lastWords() {
    return readFileSync(this.#console, 'utf8').split('\n').slice(-25).join('\n');
  }

  async stop() {
    await Promise.race([this.qmp.execute('quit').catch(() => undefined), sleep(2000)]);
    this.qmp.close();
    this.#channel.destroy();
    this.#process.kill('SIGKILL');
    await this.#ended;
  }

  #receive(line) {
    let message;
    try {
      message = JSON.parse(line);
    } catch {
      return;
    }
    for (const listener of [...this.#listeners]) listener(message);
    if (message.event !== 'answer') return;
    this.#waiting.get(message.id)?.resolve(message);
    this.#waiting.delete(message.id);
  }
}

async function connected(path, alive) {
  for (;;) {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
      socket.on('error', () => undefined);
      return socket;
    } catch (error) {
      if (!alive()) throw error;
      await sleep(100);
    }
  }
}

/** Rejects after so many seconds; it keeps no process alive. */
export async function lateness(seconds, sentence) {
  await sleep(seconds * 1000, undefined, { ref: false });
  throw new Problem(`${sentence} within ${seconds} s.`);
}
