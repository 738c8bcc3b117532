import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** QEMU's control socket: one JSON object a line. */
export class Qmp {
  #socket;
  #waiting = new Map();
  #listeners = new Set();
  #next = 1;

  /** @param {string} path @param {() => boolean} alive whether QEMU still runs */
  static async connect(path, alive) {
    for (;;) {
      const socket = connect(path);
      try {
        await once(socket, 'connect');
        const qmp = new Qmp(socket);
        await qmp.execute('qmp_capabilities');
        return qmp;
      } catch (error) {
        if (!alive()) throw error;
        await sleep(100);
      }
    }
  }

  constructor(socket) {
    this.#socket = socket;
    onLines(socket, (line) => this.#receive(JSON.parse(line)));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('QEMU is gone'));
      this.#waiting.clear();
    });
  }

  execute(command, parameters = {}) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(`${JSON.stringify({ execute: command, arguments: parameters, id })}\n`);
    });
  }

  /** Resolves at the first event of that name that `matches`. Listen before the command that causes it. */
  event(name, matches = () => true) {
    return new Promise((resolve) => {
      const listener = (event) => {
        if (event.event !== name || !matches(event.data)) return;
        this.#listeners.delete(listener);
        resolve(event);
      };
      this.#listeners.add(listener);
    });
  }

  close() {
    this.#socket.destroy();
  }

  #receive(message) {
    if (message.event !== undefined) for (const listener of [...this.#listeners]) listener(message);
    const waiting = this.#waiting.get(message.id);
    if (waiting === undefined) return;
    this.#waiting.delete(message.id);
    if (message.error) waiting.reject(new Error(`QEMU: ${message.error.desc}`));
    else waiting.resolve(message.return);
  }
}

export function onLines(stream, take) {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop();
    for (const line of lines) if (line.trim() !== '') take(line);
  });
}
