#!/usr/bin/env node
/**
 * Verifies an export of an Imprint station with nothing but Node 18 or newer:
 *
 *   node verify-export.mjs [FOLDER] [--key NAME+ID+BASE64] [--anchor FILE …]
 *
 * --key     a public key of the log that you have from elsewhere; without it the export is only held against itself
 * --anchor  checkpoints that you kept from earlier, one or several in a file
 *
 * Prints one line for each thing that is wrong; exit code 0 where nothing is, else 1. It knows nothing of Imprint's own
 * code on purpose: what it checks is written down in docs/record-log.md, from RFC 9162 (tree), https://c2sp.org/signed-note
 * and https://c2sp.org/tlog-checkpoint.
 */
import * as crypto from 'node:crypto';
import { lstat, open, readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const format = 'imprint-export/v1';
const unlisted = new Set(['manifest.json', 'manifest.note', 'manifest.json.p7s']);
const required = ['anchors.txt', 'checkpoint.txt', 'devices.csv', 'devices.jsonl', 'entries.jsonl', 'leaves.bin', 'log-key.txt'];
/** Lines that are told of one kind; the rest is counted. */
const mostTold = 50;
/** A line or record that is longer is wrong; it must not take the memory. */
const longestLine = 1024 * 1024;

// ------------------------------------------------------------------------------------------------------------- hashes

const sha256 = typeof crypto.hash === 'function' ? (bytes) => crypto.hash('sha256', bytes, 'buffer') : (bytes) => crypto.createHash('sha256').update(bytes).digest();

const node = Buffer.alloc(65, 1);
/** RFC 9162, 2.1.1. */
function nodeHash(left, right) {
  node.set(left, 1);
  node.set(right, 33);
  return sha256(node);
}

/** The right edge of a tree: the roots of its complete subtrees, by level. */
class Tree {
  size = 0;
  #peaks = [];

  append(leaf) {
    let hash = leaf;
    let level = 0;
    for (; this.#peaks[level]; level += 1) {
      hash = nodeHash(this.#peaks[level], hash);
      this.#peaks[level] = undefined;
    }
    this.#peaks[level] = hash;
    this.size += 1;
  }

  root() {
    return this.#peaks.reduce((root, peak) => (peak && root ? nodeHash(peak, root) : (peak ?? root)), undefined) ?? sha256(Buffer.alloc(0));
  }
}

// -------------------------------------------------------------------------------------------------------------- notes

class Wrong extends Error {}

function fromBase64(text) {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new Wrong('something is not base64');
  return bytes;
}

function keyOf(name, publicKey) {
  return { name, publicKey, id: sha256(Buffer.concat([Buffer.from(`${name}\n\u0001`), publicKey])).subarray(0, 4).toString('hex') };
}

function parseKey(text) {
  const [, name, id, base64] = /^([^+\s]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(text.trim()) ?? [];
  const bytes = base64 === undefined ? undefined : fromBase64(base64);
  if (bytes?.length !== 33 || bytes[0] !== 1) throw new Wrong(`"${text.trim()}" is no Ed25519 key of a log (name+id+base64)`);
  const key = keyOf(name, bytes.subarray(1));
  if (key.id !== id) throw new Wrong(`the id of the key ${text.trim()} is not its own`);
  return { ...key, text: text.trim() };
}

function verifies(key, message, signature) {
  const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.publicKey]);
  return signature.length === 64 && crypto.verify(null, Buffer.from(message), crypto.createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature);
}

/** @returns the text of a signed note by one of these keys, and which; signatures by others count for nothing */
function openNote(note, keys) {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || !note.endsWith('\n')) throw new Wrong('it is no signed note');
  const text = note.slice(0, end + 1);
  for (const line of note.slice(end + 2, -1).split('\n')) {
    const [, name, base64] = /^\u2014 (\S+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? [];
    if (name === undefined) throw new Wrong('one of its signatures is none');
    const bytes = fromBase64(base64);
    const key = keys.find((each) => each.name === name && each.id === bytes.subarray(0, 4).toString('hex'));
    if (key === undefined) continue;
    if (!verifies(key, text, bytes.subarray(4))) throw new Wrong(`the signature by ${name} is false`);
    return { text, key };
  }
  throw new Wrong('no known key of this log has signed it');
}

function openCheckpoint(note, keys) {
  const { text, key } = openNote(note, keys);
  const [, origin, size, root] = /^([^\n]+)\n(0|[1-9][0-9]*)\n([A-Za-z0-9+/]{43}=)\n(?:[^\n]+\n)*$/.exec(text) ?? [];
  if (origin !== key.name) throw new Wrong('it is no checkpoint of this log');
  return { origin, size: Number(size), root: fromBase64(root) };
}

/** One checkpoint after the other, with an empty line between them: text, empty line, signatures, empty line, … */
function splitNotes(content) {
  const blocks = content.split('\n\n').filter((block) => block.trim() !== '');
  const notes = [];
  for (let at = 0; at < blocks.length; at += 2) notes.push(`${blocks[at].replace(/^\n+/, '')}\n\n${(blocks[at + 1] ?? '').replace(/\n+$/, '')}\n`);
  return notes;
}

// -------------------------------------------------------------------------------------------------------------- files

const pieceSize = 1024 * 1024;

/** A file piece by piece, always in the same memory: a piece is gone when the next one is asked for. */
async function* piecesOf(path) {
  const file = await open(path);
  try {
    const memory = Buffer.allocUnsafe(pieceSize);
    for (;;) {
      const { bytesRead } = await file.read(memory, 0, memory.length, null);
      if (bytesRead === 0) return;
      yield memory.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/**
 * Lines of a file as buffers without their line end, each with one byte of room before it. They are gone when the next ones
 * are asked for: the memory is that of one piece.
 */
async function* linesOf(path) {
  const file = await open(path);
  try {
    let memory = Buffer.allocUnsafe(pieceSize);
    let filled = 1;
    for (;;) {
      const { bytesRead } = await file.read(memory, filled, memory.length - filled, null);
      if (bytesRead === 0) break;
      const bytes = memory.subarray(0, (filled += bytesRead));
      let start = 1;
      const lines = [];
      for (let end = bytes.indexOf(10, start); end >= 0; end = bytes.indexOf(10, start)) {
        lines.push(bytes.subarray(start - 1, end));
        start = end + 1;
      }
      if (filled - start > longestLine) throw new Wrong(`${basename(path)} has a line of more than ${longestLine} bytes`);
      if (lines.length > 0) yield { lines, whole: true };
      memory.copyWithin(0, start - 1, filled);
      filled -= start - 1;
      if (filled > memory.length / 2) memory = Buffer.concat([memory, Buffer.allocUnsafe(memory.length)]);
    }
    if (filled > 1) yield { lines: [memory.subarray(0, filled)], whole: false };
  } finally {
    await file.close();
  }
}

async function fileHash(path) {
  const hash = crypto.createHash('sha256');
  let bytes = 0;
  for await (const piece of piecesOf(path)) {
    hash.update(piece);
    bytes += piece.length;
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function* filesBelow(folder, prefix = '') {
  for (const entry of await readdir(join(folder, prefix), { withFileTypes: true })) {
    const name = `${prefix}${entry.name}`;
    if (entry.isDirectory()) yield* filesBelow(folder, `${name}/`);
    else yield { name, plain: entry.isFile() };
  }
}

async function readManifest(folder, report) {
  const bytes = await readFile(join(folder, 'manifest.json'));
  const manifest = JSON.parse(bytes.toString('utf8'));
  if (manifest.format !== format || !Array.isArray(manifest.files)) throw new Wrong(`manifest.json is not of the format ${format}`);
  const listed = new Map(manifest.files.map((file) => [file.name, file]));
  for (const name of required) if (!listed.has(name)) report(`manifest.json does not name ${name}`);
  if (listed.size !== manifest.files.length) report('manifest.json names a file twice');
  for await (const { name, plain } of filesBelow(folder)) {
    if (!plain) report(`${name} is no ordinary file`);
    else if (!listed.has(name) && !unlisted.has(name)) report(`${name} was added: manifest.json does not name it`);
  }
  for (const { name, ...expected } of manifest.files) {
    const facts = String(name).split('/').includes('..') ? undefined : await lstat(join(folder, name)).catch(() => undefined);
    if (!facts?.isFile()) {
      report(`${name} is missing`);
      continue;
    }
    const found = await fileHash(join(folder, name));
    if (found.bytes !== expected.bytes || found.sha256 !== expected.sha256) report(`${name} was changed: its SHA-256 is ${found.sha256} (${found.bytes} bytes), not ${expected.sha256} (${expected.bytes} bytes)`);
  }
  return { manifest, sha256: sha256(bytes).toString('hex') };
}

// ------------------------------------------------------------------------------------------------------------ entries

const states = { 'key-generated': 'reserved', 'preauthorized': 'preauthorized', 'accepted': 'accepted', 'released': 'released', 'decommissioned': 'decommissioned' };
const eventNames = Object.keys(states);
const eventMark = Buffer.from('"event":"');

/** The tail of a canonical entry: the names behind `data` are event, seq, station and v, and a quotation mark in a text is escaped. */
function tailOf(line) {
  const at = line.lastIndexOf(eventMark);
  const [, event, seq] = at < 0 ? [] : (/^"event":"([a-z-]+)","seq":(0|[1-9][0-9]*),"station":"/.exec(line.toString('latin1', at, at + 100)) ?? []);
  return event === undefined ? undefined : { event, seq: Number(seq) };
}

/** A column of numbers that grows without ever being copied. */
class Column {
  #parts = [];

  /** @param type of array. @param width numbers in a row */
  constructor(type, width = 1) {
    this.type = type;
    this.width = width;
  }

  at(row) {
    return this.#parts[row >>> 16][row & 0xffff];
  }

  set(row, value) {
    this.part(row)[row & 0xffff] = value;
  }

  /** Where a row lies; from `(row & 0xffff) * width` on. */
  part(row) {
    return (this.#parts[row >>> 16] ??= new this.type(this.width << 16));
  }
}

/** Key → what the log says of it. Typed arrays, because a million objects would take a gigabyte. */
class Keys {
  count = 0;
  #fingerprints = new Column(Uint8Array, 32);
  #slots = new Uint32Array(4096);
  #entry = new Column(Float64Array);
  #stateEntry = new Column(Float64Array);
  #stateAt = new Column(Float64Array);
  #state = new Column(Uint8Array);

  /** @returns number of the key, from 0 in the order of their entries; -1 where it is not known */
  find(fingerprint) {
    return this.#slots[this.#slotOf(fingerprint)] - 1;
  }

  add(fingerprint, seq, at) {
    const number = this.count;
    if (number * 4 === this.#slots.length) this.#spread();
    this.#slots[this.#slotOf(fingerprint)] = number + 1;
    this.#fingerprints.part(number).set(fingerprint, (number & 0xffff) * 32);
    this.#entry.set(number, seq);
    this.count += 1;
    this.set(number, 0, seq, at);
  }

  set(number, state, seq, at) {
    this.#state.set(number, state);
    this.#stateEntry.set(number, seq);
    this.#stateAt.set(number, Date.parse(at));
  }

  /** Number of its `key-generated` entry. */
  entryOf(number) {
    return this.#entry.at(number);
  }

  stateOf(number) {
    return { state: states[eventNames[this.#state.at(number)]], stateEntry: this.#stateEntry.at(number), stateAt: new Date(this.#stateAt.at(number)).toISOString() };
  }

  #fingerprint(number) {
    const at = (number & 0xffff) * 32;
    return this.#fingerprints.part(number).subarray(at, at + 32);
  }

  #slotOf(fingerprint) {
    const mask = this.#slots.length - 1;
    for (let slot = fingerprint[0] + fingerprint[1] * 0x100 + fingerprint[2] * 0x10000 + fingerprint[3] * 0x1000000; ; slot += 1) {
      slot &= mask;
      const number = this.#slots[slot];
      if (number === 0 || Buffer.compare(fingerprint, this.#fingerprint(number - 1)) === 0) return slot;
    }
  }

  #spread() {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let number = 0; number < this.count; number += 1) this.#slots[this.#slotOf(this.#fingerprint(number))] = number + 1;
  }
}

/**
 * One pass over entries.jsonl: the tree, its root at each size that is asked for, the keys with their states, the renewals
 * of the log's key.
 */
async function readEntries(folder, sizes, report) {
  const [tree, keys, roots, logKeys, changed] = [new Tree(), new Keys(), new Map(), [], []];
  const leaves = new Leaves(folder);
  const wanted = new Set(sizes);
  if (wanted.has(0)) roots.set(0, tree.root());
  try {
    for await (const { lines, whole } of linesOf(join(folder, 'entries.jsonl'))) {
      if (!whole) report('entries.jsonl does not end with a line end: its last entry was cut off');
      for (const line of lines) {
        const number = tree.size;
        // RFC 9162, 2.1.1: a zero byte before the leaf; the line end of the line before lies there.
        line[0] = 0;
        const leaf = sha256(line);
        let kept = leaves.next();
        while (kept === undefined && (await leaves.load())) kept = leaves.next();
        if (kept !== undefined && !kept.equals(leaf)) changed.push(number);
        tree.append(leaf);
        if (wanted.has(tree.size)) roots.set(tree.size, tree.root());
        const tail = tailOf(line);
        if (tail === undefined) report(`entries.jsonl line ${number + 1} is no entry`);
        else if (tail.seq !== number) report(`entries.jsonl line ${number + 1} holds entry ${tail.seq}: entries were removed, added or put in another order`);
        else if (tail.event === 'log-key' || eventNames.includes(tail.event)) {
          try {
            const entry = JSON.parse(line.toString('utf8', 1));
            if (tail.event === 'log-key') logKeys.push({ seq: number, ...entry.data });
            else readState(entry, number, tail.event, keys, report);
          } catch {
            report(`entries.jsonl line ${number + 1} is no entry`);
          }
        }
      }
    }
  } finally {
    await leaves.close();
  }
  const { count } = leaves;
  const { size } = await lstat(join(folder, 'leaves.bin'));
  if (count !== tree.size || size !== count * 32) report(`leaves.bin has ${size / 32} hashes for ${tree.size} entries`);
  return { tree, keys, roots, logKeys, changed };
}

function readState({ at, data }, seq, event, keys, report) {
  if (event === 'decommissioned' && (data.action !== 'decommission' || data.fingerprint === undefined)) return;
  const fingerprint = Buffer.from(String(data.fingerprint), 'hex');
  if (fingerprint.length !== 32) {
    report(`entry ${seq} names no key`);
    return;
  }
  const number = keys.find(fingerprint);
  if (event === 'key-generated') {
    if (sha256(Buffer.from(data.spki, 'base64')).compare(fingerprint) !== 0) report(`entry ${seq}: the fingerprint is not the SHA-256 of the public key`);
    if (number >= 0) report(`entry ${seq}: the public key is the one of entry ${keys.entryOf(number)}: two devices share it`);
    else keys.add(fingerprint, seq, at);
  } else if (number < 0) {
    report(`entry ${seq} (${event}) is about a key that no earlier entry made`);
  } else {
    keys.set(number, eventNames.indexOf(event), seq, at);
  }
}

/** leaves.bin, piece by piece: the hash of each entry as it was when the entry was logged. */
class Leaves {
  count = 0;
  #pieces;
  #bytes = Buffer.alloc(0);
  #at = 0;

  constructor(folder) {
    this.#pieces = piecesOf(join(folder, 'leaves.bin'));
  }

  /** The next 32 bytes, or undefined where `load` must be called first, or nothing is left. */
  next() {
    if (this.#at + 32 > this.#bytes.length) return undefined;
    this.#at += 32;
    this.count += 1;
    return this.#bytes.subarray(this.#at - 32, this.#at);
  }

  /** @returns whether there is more */
  async load() {
    // Part of a hash, as good as never: kept before its piece is gone.
    const rest = Buffer.from(this.#bytes.subarray(this.#at));
    const { value, done } = await this.#pieces.next();
    if (done === true) return false;
    this.#bytes = rest.length === 0 ? value : Buffer.concat([rest, value]);
    this.#at = 0;
    return true;
  }

  close() {
    return this.#pieces.return();
  }

  /** The tree over the rest. */
  async tree() {
    const tree = new Tree();
    do for (let leaf = this.next(); leaf !== undefined; leaf = this.next()) tree.append(leaf);
    while (await this.load());
    return tree;
  }
}

// --------------------------------------------------------------------------------------------------------------- rows

const csvColumns = ['entry', 'made_at', 'made_by', 'device', 'identity', 'key_type', 'fingerprint', 'public_key', 'profile', 'profile_sha256', 'server_kind', 'server', 'batch', 'state', 'state_entry', 'state_at'];
const jsonNames = ['entry', 'madeAt', 'madeBy', 'device', 'identity', 'keyType', 'fingerprint', 'publicKey', 'profile', 'profileSha256', 'serverKind', 'server', 'batch', 'state', 'stateEntry', 'stateAt'];

/** RFC 8785, for what a row holds. */
function canonical(value) {
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).filter((name) => value[name] !== undefined).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(',')}}`;
}

function csvCell(value) {
  const harmless = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

function csvRecord(row) {
  return `${jsonNames.map((name) => csvCell(name === 'identity' ? canonical(row.identity) : String(row[name] ?? ''))).join(',')}\r`;
}

function csvCells(record) {
  return [...record.replace(/\r$/, '').matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain);
}

function selected({ from, before, batch, profile, states: wanted }, row) {
  return (from === undefined || row.madeAt >= from) && (before === undefined || row.madeAt < before) && (batch === undefined || row.batch === batch) && (profile === undefined || row.profile === profile) && (wanted === undefined || wanted.includes(row.state));
}

const csv = {
  name: 'devices.csv',
  header: `${csvColumns.join(',')}\r`,
  textOf: csvRecord,
  entryOf: (text) => /^(\d+),/.exec(text)?.[1],
  differences: (one, other) => csvColumns.filter((_, at) => csvCells(one)[at] !== csvCells(other)[at]),
  isOpen: (text) => (text.split('"').length - 1) % 2 === 1,
};
const jsonl = {
  name: 'devices.jsonl',
  header: undefined,
  textOf: canonical,
  entryOf: (text) => /"entry":(\d+),/.exec(text)?.[1],
  differences(one, other) {
    try {
      const [left, right] = [JSON.parse(one), JSON.parse(other)];
      return jsonNames.filter((name) => canonical(left[name] ?? null) !== canonical(right[name] ?? null));
    } catch {
      return [];
    }
  },
  isOpen: () => false,
};

/** Walks the rows of a file beside the rows that the log expects, and says where they part. */
class Rows {
  #kind;
  #report;
  #records;
  #current;
  #missing = new Map();
  #unexpected = [];

  constructor(folder, kind, report) {
    this.#kind = kind;
    this.#report = report;
    this.#records = recordsOf(join(folder, kind.name), kind);
  }

  async start() {
    await this.#advance();
    if (this.#kind.header === undefined) return;
    if (this.#current?.text !== this.#kind.header) this.#report(`${this.#kind.name} line 1: its header was changed`);
    await this.#advance();
  }

  async expect(row) {
    const text = this.#kind.textOf(row);
    while (this.#current !== undefined) {
      const current = this.#current;
      if (current.text === text) return this.#advance();
      const entry = Number(this.#kind.entryOf(current.text) ?? -1);
      if (entry > row.entry) break;
      if (entry === row.entry) {
        const names = this.#kind.differences(current.text, text);
        this.#report(`${this.#kind.name} line ${current.line}: the row of entry ${row.entry} was changed${names.length === 0 ? '' : ` (${names.join(', ')})`}`);
        return this.#advance();
      }
      this.#pass(entry);
      await this.#advance();
    }
    if (this.#missing.size < 10_000) this.#missing.set(row.entry, { device: row.device, text });
    else this.#report(`${this.#kind.name}: the row of entry ${row.entry} (device ${row.device}) is not where it belongs`);
  }

  async end() {
    for (; this.#current !== undefined; await this.#advance()) this.#pass(Number(this.#kind.entryOf(this.#current.text) ?? -1));
    for (const { line, entry, text } of this.#unexpected) {
      if (this.#missing.get(entry)?.text === text) {
        this.#missing.delete(entry);
        this.#report(`${this.#kind.name} line ${line}: the row of entry ${entry} stands in another place`);
      } else {
        this.#report(`${this.#kind.name} line ${line}: this row was added: ${text.slice(0, 120)}`);
      }
    }
    for (const [entry, { device }] of this.#missing) this.#report(`${this.#kind.name}: the row of entry ${entry} (device ${device}) was removed`);
  }

  #pass(entry) {
    const { line, text } = this.#current;
    if (this.#unexpected.length < 10_000) this.#unexpected.push({ line, entry, text });
    else this.#report(`${this.#kind.name} line ${line}: this row was added`);
  }

  close() {
    return this.#records.close();
  }

  async #advance() {
    while (this.#records.ready.length === 0 && !this.#records.ended) await this.#records.more();
    this.#current = this.#records.ready.pop();
  }
}

/** Records with the line on which each begins; a quoted cell may go over several lines. `ready` is turned around, for pop. */
function recordsOf(path, kind) {
  const lines = linesOf(path);
  let number = 0;
  let open;
  const self = {
    ready: [],
    ended: false,
    close: () => lines.return(),
    async more() {
      const { value, done } = await lines.next();
      if (done === true) {
        self.ended = true;
        if (open !== undefined) self.ready.push(open);
        return;
      }
      for (const line of value.lines) {
        number += 1;
        const text = line.toString('utf8', 1);
        const record = open === undefined ? { line: number, text } : { line: open.line, text: `${open.text}\n${text}` };
        open = kind.isOpen(record.text) && record.text.length < longestLine ? record : undefined;
        if (open === undefined) self.ready.push(value.whole ? record : { ...record, text: `${record.text} [without line end]` });
      }
      self.ready.reverse();
    },
  };
  return self;
}

async function checkRows(folder, keys, selection, report) {
  const files = [new Rows(folder, csv, report), new Rows(folder, jsonl, report)];
  try {
    return await compareRows(folder, files, keys, selection);
  } finally {
    for (const file of files) await file.close();
  }
}

async function compareRows(folder, files, keys, selection) {
  for (const file of files) await file.start();
  let [number, key, count] = [-1, 0, 0];
  for await (const { lines } of linesOf(join(folder, 'entries.jsonl'))) {
    for (const line of lines) {
      number += 1;
      if (key >= keys.count || keys.entryOf(key) !== number) continue;
      const { at, by, data } = JSON.parse(line.toString('utf8', 1));
      const { device, identity, keyType, fingerprint, spki, profile, profileSha256, serverKind, server, batch } = data;
      const row = { entry: number, madeAt: at, madeBy: by, device, identity, keyType, fingerprint, publicKey: spki, profile, profileSha256, serverKind, server, batch, ...keys.stateOf(key) };
      key += 1;
      if (!selected(selection, row)) continue;
      count += 1;
      for (const file of files) await file.expect(row);
    }
  }
  for (const file of files) await file.end();
  return count;
}

// ------------------------------------------------------------------------------------------------------------ the whole

/**
 * The keys of the log, from one that is trusted through its renewals in the log.
 * @returns keys that the log has had, the one that signs now last
 */
function chainOf(trusted, renewals, report) {
  const chain = [trusted];
  for (const { seq, key, previous, signature, previousSignature } of renewals) {
    const last = chain.at(-1);
    if (previous !== last.text) continue;
    const next = parseKey(key);
    const statement = `imprint-log-key/v1\nentry ${seq}\nprevious ${previous}\nnext ${key}\n`;
    if (next.name === last.name && verifies(next, statement, fromBase64(signature ?? '')) && verifies(last, statement, fromBase64(previousSignature ?? ''))) chain.push(next);
    else report(`entry ${seq}: the key of the log was renewed without the signatures of both keys`);
  }
  return chain;
}

/**
 * @param {string} folder
 * @param {{key?: string, anchors?: string[], finding?: (line: string) => void}} options key: as --key; anchors: signed notes
 * @returns what was found and counted; nothing is wrong where `findings` is 0
 */
export async function verifyExport(folder, { key: given, anchors: kept = [], finding = () => {} } = {}) {
  let findings = 0;
  const told = new Map();
  const report = (line) => {
    findings += 1;
    const kind = line.replace(/\d+/g, '#').slice(0, 40);
    const count = (told.get(kind) ?? 0) + 1;
    told.set(kind, count);
    if (count <= mostTold) finding(line);
    else if (count === mostTold + 1) finding(`… and more of the kind "${line.slice(0, 80)}"`);
  };
  const part = async (what, work) => {
    try {
      return await work();
    } catch (error) {
      report(`${what}: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  const text = (name) => readFile(join(folder, name), 'utf8');
  const result = { findings: 0, files: 0, entries: 0, devices: 0, anchors: 0, origin: undefined, key: undefined, root: undefined };
  const listed = await part('manifest.json', () => readManifest(folder, report));
  const key = await part('log-key.txt', async () => parseKey(await text('log-key.txt')));
  const head = key && (await part('checkpoint.txt', async () => openCheckpoint(await text('checkpoint.txt'), [key])));
  if (head === undefined) return { ...result, findings };
  const manifest = listed?.manifest ?? { files: [], selection: {} };
  if (listed !== undefined) {
    await part('manifest.note', async () => {
      const signed = openNote(await text('manifest.note'), [keyOf(`${key.name}/manifest`, key.publicKey)]);
      if (signed.text !== `${format}\norigin ${key.name}\nmanifest ${listed.sha256}\n`) throw new Wrong('it was signed for another manifest.json: manifest.json was changed');
    });
    if (manifest.origin !== head.origin || manifest.entries !== head.size) report('manifest.json names another log, or another number of entries, than the checkpoint');
  }
  const notes = [...splitNotes(await text('anchors.txt').catch(() => '')), ...kept.flatMap(splitNotes)];
  const sizes = notes.map((note) => Number(/^[^\n]*\n(\d+)\n/.exec(note)?.[1] ?? -1));
  const log = await part('entries.jsonl', () => readEntries(folder, sizes, report));
  if (log === undefined) return { ...result, findings };

  if (log.tree.size !== head.size) report(`entries.jsonl has ${log.tree.size} entries, the checkpoint stands over ${head.size}: entries were ${log.tree.size < head.size ? 'removed' : 'added'}`);
  else if (!log.tree.root().equals(head.root)) report('the entries are not those under the checkpoint: their root is another one');
  const genuine = log.changed.length > 0 && (await new Leaves(folder).tree()).root().equals(head.root);
  for (const seq of log.changed) report(genuine ? `entries.jsonl line ${seq + 1}: entry ${seq} was changed after it was logged` : `leaves.bin: the hash of entry ${seq} is not the one of the entry`);

  await part('the key of the log', () => {
    const first = log.logKeys.find(({ previous }) => previous === undefined);
    const trusted = parseKey(given ?? first?.key ?? key.text);
    const chain = chainOf(trusted, log.logKeys, report);
    if (chain.at(-1).text !== key.text) report(`the checkpoint is signed by ${key.text}, which ${given === undefined ? 'the first key of the log' : 'the given key'} (${trusted.text}) did not lead to`);
    const all = [...chain, key, ...log.logKeys.map((each) => parseKey(each.key))].filter((each) => each.name === key.name);
    for (const [index, note] of notes.entries()) {
      const name = `anchor ${index + 1} (${sizes[index]} entries)`;
      try {
        const anchor = openCheckpoint(note, all);
        const root = log.roots.get(anchor.size);
        if (anchor.size > log.tree.size) report(`${name} stands over more entries than this log has: entries were taken away, or the export is older than the anchor`);
        else if (!root?.equals(anchor.root)) report(`${name}: the log did not begin with these entries then: history was rewritten`);
      } catch (error) {
        report(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  });
  const devices = await part('devices', () => checkRows(folder, log.keys, manifest.selection ?? {}, report));
  if (listed !== undefined && devices !== undefined && manifest.devices !== devices) report(`manifest.json says ${manifest.devices} devices, the log has ${devices} of this selection`);
  return { findings, files: manifest.files.length, entries: log.tree.size, devices, anchors: notes.length, origin: head.origin, key: key.text, root: head.root.toString('base64') };
}

async function main(args) {
  const [folders, anchors] = [[], []];
  let key;
  for (let at = 0; at < args.length; at += 1) {
    if (args[at] === '--key') key = args[(at += 1)];
    else if (args[at] === '--anchor') anchors.push(await readFile(args[(at += 1)] ?? '', 'utf8'));
    else folders.push(args[at]);
  }
  if (folders.length > 1 || folders[0]?.startsWith('-')) throw new Wrong('Usage: node verify-export.mjs [FOLDER] [--key NAME+ID+BASE64] [--anchor FILE …]');
  const folder = folders[0] ?? dirname(process.argv[1]);
  const { findings, ...found } = await verifyExport(folder, { key, anchors, finding: (line) => console.log(line) });
  if (findings > 0) console.log(`${findings} findings: this export cannot be relied on.`);
  else console.log(`Nothing is wrong: ${found.devices} devices, ${found.entries} entries, ${found.files} files, ${found.anchors} anchors of ${found.origin}, signed by ${found.key}.`);
  if (findings === 0 && key === undefined) console.log('The key came with the export: compare it with the one that the station showed you, or give it with --key.');
  return findings > 0 ? 1 : 0;
}

// By name: the command line of Imprint has this module within its bundle.
if (basename(process.argv[1] ?? '') === 'verify-export.mjs') {
  main(process.argv.slice(2)).then(
    (code) => {
      process.exitCode = code;
    },
    (error) => {
      console.log(error instanceof Error ? error.message : String(error));
      process.exitCode = 1;
    },
  );
}
