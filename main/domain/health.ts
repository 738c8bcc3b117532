/** What `imprint doctor` looks at, and what it thinks of it: facts come in, findings go out, nothing is read here. */
import { canBeSlot, describePort, driveName, type Drive } from './drives';
import { describeBytes } from './targets';
import type { FeedOffer } from './update';

/** ok: as it should be. warning: the work goes on, and somebody should know. stop: cards cannot be made, or must not be. */
export const healthStates = ['ok', 'warning', 'stop'] as const;
export type HealthState = (typeof healthStates)[number];

export const healthChecks = ['memory-lock', 'swap', 'core-dumps', 'group', 'udev-rule', 'readers', 'keyring', 'clock', 'disk-record', 'disk-images', 'data-folder', 'record', 'runtime', 'station-version', 'updates'] as const;
export type HealthCheck = (typeof healthChecks)[number];

export interface HealthFinding {
  readonly check: HealthCheck;
  readonly state: HealthState;
  /** What it means, in one sentence. */
  readonly sentence: string;
  /** What mends it, to be typed as it stands. */
  readonly command?: string | undefined;
}

/** Bytes of locked memory in which custody keeps the keys of all cards. */
export const lockedKeyBytes = 2 * 1024 * 1024;

export interface MemoryFacts {
  /** RLIMIT_MEMLOCK; Infinity where there is no limit. */
  readonly lockLimit: number;
  /** CAP_IPC_LOCK: the limit does not count. */
  readonly unlimited: boolean;
}

export interface UserFacts {
  readonly name: string;
  readonly root: boolean;
  readonly groupExists: boolean;
  /** Whether the user is in the group by the computer's list, and whether this session knows that already. */
  readonly member: boolean;
  readonly active: boolean;
}

export interface SwapArea {
  readonly path: string;
  /** memory: zram, which is on no disk. */
  readonly kind: 'memory' | 'encrypted' | 'plain';
}

export interface CoreDumpFacts {
  /** RLIMIT_CORE of this session. */
  readonly limit: number;
  /** kernel.core_pattern; one that begins with | goes to a program whatever the limit says. */
  readonly pattern: string;
}

export interface ClockFacts {
  readonly server: string;
  /** How far this computer's clock is ahead of the server's, in seconds. Absent where it could not be compared. */
  readonly aheadSeconds?: number | undefined;
  /** Why it could not. */
  readonly trouble?: string | undefined;
}

export interface DiskFacts {
  readonly path: string;
  readonly freeBytes: number;
}

export interface ReaderFacts {
  readonly drives: readonly (Drive & { readonly permitted: boolean })[];
  readonly slots: readonly { readonly name: string; readonly port: string }[];
}

export interface DataFolderFacts {
  readonly path: string;
  readonly exists: boolean;
  readonly own: boolean;
  readonly writable: boolean;
  /** What others may read or write in it, the folder itself included. */
  readonly open: readonly string[];
}

export type RecordFacts =
  | { readonly state: 'none' }
  | { readonly state: 'readable'; readonly entries: number; /** Whether its log was checked now; a long one takes too long. */ readonly checked: boolean; /** What this check or the last one found wrong. */ readonly broken?: string | undefined }
  | { readonly state: 'unreadable'; readonly code: string; readonly sentence: string };

/** How the program came here: from its source, by the computer's packages, or as a folder of its user's, with the script in it that gives rights. */
export type InstalledBy = { readonly by: 'checkout' | 'dpkg' } | { readonly by: 'folder'; readonly rights: string };

export interface RuntimeFacts {
  readonly station: string;
  readonly electron: string;
  readonly installed: InstalledBy;
  /** The unofficial development runtime, or a package that was made with it. */
  readonly unofficial: boolean;
}

/** What the feed offers, or why it could not be asked. */
export type UpdateFacts = { readonly offer: FeedOffer } | { readonly trouble: string };

export interface StationFacts {
  readonly memory: MemoryFacts;
  readonly swap: readonly SwapArea[];
  readonly coreDumps: CoreDumpFacts;
  readonly user: UserFacts;
  /** The installed rule; undefined where there is none. */
  readonly udevRule: { readonly path: string; readonly grants: boolean } | undefined;
  readonly readers: ReaderFacts;
  readonly keyring: { readonly available: boolean };
  /** Of the profile; undefined without one. */
  readonly clock: ClockFacts | undefined;
  readonly disks: { readonly record: DiskFacts; readonly images: DiskFacts };
  readonly folder: DataFolderFacts;
  readonly record: RecordFacts;
  readonly runtime: RuntimeFacts;
  /** What the feed of the settings offers; undefined where they name none, and nobody is asked. */
  readonly updates?: UpdateFacts | undefined;
  /** Why this version may not work with the profile; absent without a profile, or where it may. */
  readonly versionRefused?: string | undefined;
}

/** Where facts come from. Each answers with what it found, and never throws because something is missing. */
export interface StationHealth {
  facts(): Promise<StationFacts>;
}

/** Everything that was looked at, in an order in which a person reads it. */
export function judge(facts: StationFacts): readonly HealthFinding[] {
  const { user, runtime, readers } = facts;
  return [
    judgeMemory(facts.memory, user.name, runtime.installed),
    judgeSwap(facts.swap, locksKeys(facts.memory)),
    judgeCoreDumps(facts.coreDumps),
    judgeGroup(user, runtime.installed),
    judgeRule(facts.udevRule, user, runtime.installed),
    judgeReaders(readers, user, runtime.installed),
    judgeKeyring(facts.keyring.available),
    judgeClock(facts.clock),
    judgeDisk('disk-record', 'the record', facts.disks.record, recordRoom),
    judgeDisk('disk-images', 'decoded images', facts.disks.images, imageRoom),
    judgeFolder(facts.folder),
    judgeRecord(facts.record),
    judgeRuntime(runtime),
    ...(facts.versionRefused === undefined ? [] : [stop('station-version', facts.versionRefused, 'imprint update check FILE')]),
    ...(facts.updates === undefined ? [] : [judgeUpdates(facts.updates, runtime.station)]),
  ];
}

/** The worst of them. */
export function worstState(findings: readonly HealthFinding[]): HealthState {
  return healthStates[Math.max(0, ...findings.map(({ state }) => healthStates.indexOf(state)))] ?? 'ok';
}

const ok = (check: HealthCheck, sentence: string): HealthFinding => ({ check, state: 'ok', sentence });
const warn = (check: HealthCheck, sentence: string, command?: string): HealthFinding => ({ check, state: 'warning', sentence, command });
const stop = (check: HealthCheck, sentence: string, command?: string): HealthFinding => ({ check, state: 'stop', sentence, command });

const locksKeys = ({ lockLimit, unlimited }: MemoryFacts): boolean => unlimited || lockLimit >= lockedKeyBytes;

/** A word of a shell command, whatever is in it. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_./:@%+=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function judgeMemory(memory: MemoryFacts, user: string, installed: InstalledBy): HealthFinding {
  if (locksKeys(memory)) return ok('memory-lock', `Keys can be kept in locked memory, which never reaches the swap space (${memory.unlimited || memory.lockLimit === Infinity ? 'no limit' : describeBytes(memory.lockLimit)}).`);
  return warn(
    'memory-lock',
    `This session may lock ${describeBytes(memory.lockLimit)} and custody needs ${describeBytes(lockedKeyBytes)}: the kernel may put a key into the swap space. Sign in again after the command.`,
    installed.by === 'folder' ? giveRights(installed, user) : `echo ${shellWord(`${user} - memlock 65536`)} | sudo tee /etc/security/limits.d/70-imprint.conf`,
  );
}

function judgeSwap(areas: readonly SwapArea[], locked: boolean): HealthFinding {
  const plain = areas.filter(({ kind }) => kind === 'plain');
  if (areas.length === 0) return ok('swap', 'Swap is off: no memory reaches a disk.');
  if (plain.length === 0) return ok('swap', `Swap is on (${areas.map(({ path }) => path).join(', ')}), in memory or encrypted: nothing on a disk can be read later.`);
  const where = plain.map(({ path }) => path).join(', ');
  const sentence = locked
    ? `Swap is on and not encrypted (${where}): keys are locked and stay out of it, but not out of a hibernation image, and server credentials may reach it.`
    : `Swap is on and not encrypted (${where}), and keys cannot be locked: a private key may be written to that disk and stay there.`;
  return warn('swap', sentence, 'sudo swapoff -a && sudo sed -i \'/\\sswap\\s/ s/^/# /\' /etc/fstab');
}

function judgeCoreDumps({ limit, pattern }: CoreDumpFacts): HealthFinding {
  const piped = pattern.startsWith('|');
  const discarded = /^\|\s*(?:\/usr)?\/bin\/false\b/.test(pattern);
  if (discarded || (limit === 0 && !piped)) return ok('core-dumps', 'Core dumps are off: a crash writes no memory to a disk.');
  const where = piped ? `go to a program (${pattern.slice(1).trim().split(' ')[0] ?? ''})` : 'are written to a file';
  return warn(
    'core-dumps',
    `Core dumps are on and ${where}: the process with the keys switches its own off, but a crash of another one may write server credentials to a disk.`,
    'echo \'kernel.core_pattern=|/bin/false\' | sudo tee /etc/sysctl.d/70-imprint.conf && sudo sysctl --system',
  );
}

/** What the administrator runs where group, rule or limit are missing. */
function giveRights(installed: InstalledBy, user: string): string {
  if (installed.by === 'dpkg') return 'sudo dpkg --install imprint_*.deb';
  const script = installed.by === 'folder' ? shellWord(installed.rights) : 'node scripts/install-udev-rule.mjs';
  return `sudo ${script} ${user === 'root' ? 'USER' : shellWord(user)}`;
}

function judgeGroup({ name, root, groupExists, member, active }: UserFacts, installed: InstalledBy): HealthFinding {
  if (root) return warn('group', 'The station runs as root, which may write every disk of this computer: run it as a user in the group imprint.', 'sudo usermod --append --groups imprint USER');
  if (active) return ok('group', `${name} is in the group imprint, which may write cards.`);
  if (member) return warn('group', `${name} was put into the group imprint, and this session is older: sign out and in again.`, 'loginctl terminate-session "$XDG_SESSION_ID"');
  if (groupExists) return warn('group', `${name} is not in the group imprint, so cards in readers cannot be written by this user.`, `sudo usermod --append --groups imprint ${shellWord(name)}`);
  return warn('group', 'This computer has no group imprint, so cards in readers can be written by root alone.', giveRights(installed, name));
}

function judgeRule(rule: StationFacts['udevRule'], { name }: UserFacts, installed: InstalledBy): HealthFinding {
  if (rule?.grants === true) return ok('udev-rule', `${rule.path} gives cards in readers to the group imprint.`);
  const sentence = rule === undefined ? 'The udev rule is not installed, so the system gives card readers to nobody but root.' : `${rule.path} does not give cards to the group imprint: it is another rule, or was changed.`;
  return warn('udev-rule', sentence, giveRights(installed, name));
}

function judgeReaders({ drives, slots }: ReaderFacts, user: UserFacts, installed: InstalledBy): HealthFinding {
  const readers = drives.filter((drive) => drive.bus !== 'loop' && canBeSlot(drive));
  const closed = readers.filter(({ permitted }) => !permitted);
  if (closed.length > 0) {
    const command = user.groupExists && !user.member ? `sudo usermod --append --groups imprint ${shellWord(user.name)}` : giveRights(installed, user.name);
    return stop('readers', `This user may not write ${closed.map((drive) => `${drive.path} (${driveName(drive)})`).join(', ')}: cards there cannot be made.`, command);
  }
  const missing = slots.filter(({ port }) => !drives.some((drive) => drive.portPath === port));
  if (missing.length > 0) return warn('readers', `No reader is at the port of ${missing.map(({ name, port }) => `${name} (${describePort(port)})`).join(', ')}: plug it in where it was, or bind the slots anew.`, 'imprint slots list');
  if (readers.length === 0) return warn('readers', 'No card reader is plugged in.', 'imprint drives');
  const bound = slots.length === 0 ? 'no slot is bound yet' : `${String(slots.length)} ${slots.length === 1 ? 'slot is' : 'slots are'} bound`;
  return ok('readers', `${String(readers.length)} ${readers.length === 1 ? 'place' : 'places'} for cards, all may be written by this user; ${bound}.`);
}

function judgeKeyring(available: boolean): HealthFinding {
  if (available) return ok('keyring', 'The desktop keyring encrypts credentials and the keys of the log.');
  return warn('keyring', 'This session has no desktop keyring: credentials must come from the environment or a person, and the key of the log lies in a file that this user alone may read.', 'sudo apt install gnome-keyring');
}

/** A record whose times are this far off misleads nobody; at the second one an IoT Bridge refuses (clockSkew), and others soon do. */
const clockTolerated = 30;
const clockRefused = 300;

function judgeClock(clock: ClockFacts | undefined): HealthFinding {
  if (clock === undefined) return warn('clock', 'The clock was compared with no server, because no profile was given.', 'imprint doctor --profile P.json');
  const { server, aheadSeconds: ahead, trouble } = clock;
  if (ahead === undefined) return warn('clock', `The clock could not be compared with ${server}: ${trouble ?? 'it told no time'}`.replace(/[.]?$/, '.'), 'timedatectl status');
  const away = Math.abs(ahead);
  if (away <= clockTolerated) return ok('clock', `The clock agrees with ${server} to ${String(Math.round(away))} s.`);
  const sentence = `The clock is ${String(Math.round(away))} s ${ahead > 0 ? 'ahead of' : 'behind'} ${server}`;
  const command = 'sudo timedatectl set-ntp true';
  return away > clockRefused ? stop('clock', `${sentence}: certificates, tokens and challenges are taken for expired or not valid yet.`, command) : warn('clock', `${sentence}: times in the record are wrong by as much.`, command);
}

interface Room {
  readonly stop: number;
  readonly warning: number;
}
const recordRoom: Room = { stop: 100_000_000, warning: 1_000_000_000 };
/** A decoded image of a board has a few gigabytes. */
const imageRoom: Room = { stop: 200_000_000, warning: 8_000_000_000 };

function judgeDisk(check: 'disk-record' | 'disk-images', what: string, { path, freeBytes }: DiskFacts, room: Room): HealthFinding {
  const sentence = `${describeBytes(freeBytes)} are free for ${what} at ${path}`;
  const command = check === 'disk-images' ? `du -h ${shellWord(path)}` : `df -h ${shellWord(path)}`;
  if (freeBytes < room.stop) return stop(check, `${sentence}: the next card ends with a full disk.`, command);
  if (freeBytes < room.warning) return warn(check, `${sentence}: that may be too little soon.`, command);
  return ok(check, `${sentence}.`);
}

function judgeFolder({ path, exists, own, writable, open }: DataFolderFacts): HealthFinding {
  if (!exists) return ok('data-folder', `${path} is not there yet; the station makes it for this user alone.`);
  if (!own) return stop('data-folder', `${path} belongs to another user: what the station keeps there is that user's to change.`, `sudo chown -R "$USER" ${shellWord(path)}`);
  if (!writable) return stop('data-folder', `This user may not write ${path}: nothing can be recorded.`, `chmod -R u+rwX ${shellWord(path)}`);
  if (open.length > 0) return stop('data-folder', `Other users may read or change ${open.slice(0, 3).join(', ')}${open.length > 3 ? ` and ${String(open.length - 3)} more` : ''}: the record and the station's secrets are this user's alone.`, `chmod -R go= ${shellWord(path)}`);
  return ok('data-folder', `${path} is this user's alone.`);
}

function judgeRecord(record: RecordFacts): HealthFinding {
  if (record.state === 'none') return ok('record', 'There is no record yet; the first card makes it.');
  if (record.state === 'unreadable') {
    const command = record.code === 'record-from-the-future' ? 'imprint update check FILE' : 'imprint restore --from BACKUP';
    return stop('record', `The record cannot be used: ${record.sentence}`, command);
  }
  if (record.broken !== undefined) return stop('record', `${record.broken} No card is made until an administrator has looked at it.`, 'imprint log check');
  const entries = `${String(record.entries)} entries`;
  return ok('record', record.checked ? `The record can be read, and its log of ${entries} is as it was logged.` : `The record can be read; its log of ${entries} takes too long to be checked here, and no check before found anything wrong ("imprint log check").`);
}

function judgeRuntime({ station, electron, installed, unofficial }: RuntimeFacts): HealthFinding {
  const version = `Imprint ${station} on Electron ${electron}`;
  const checkout = installed.by === 'checkout';
  if (unofficial) return warn('runtime', `${version}, ${checkout ? 'an unofficial development runtime' : 'a smoke package, made to try out packages'}: make no cards for customers with it.`, checkout ? 'npm run setup' : undefined);
  return ok('runtime', checkout ? `${version}, from a checkout.` : `${version}.`);
}

function judgeUpdates(updates: UpdateFacts, installed: string): HealthFinding {
  if ('trouble' in updates) return warn('updates', updates.trouble, 'imprint update feed');
  const { offer } = updates;
  if (offer.newer) return warn('updates', `Imprint ${offer.version} is offered, and ${installed} is installed: fetch it now or later, apply it when no card is being made.`, 'imprint update fetch');
  return ok('updates', `${installed} is installed, and the feed has nothing newer (${offer.version}).`);
}
