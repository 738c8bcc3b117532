import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, open, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';

/*
 * Disk images for the tests, made and examined by the system's own tools and not
 * by the code under test. No root and no loop device is needed.
 *
 * Debian packages: e2fsprogs, dosfstools, fdisk; mtools for files in vfat.
 */

const mebibyte = 1024 * 1024;
const sectorBytes = 512;
const sectorsPerMebibyte = mebibyte / sectorBytes;

export type PartitionType = 'vfat' | 'ext2' | 'ext3' | 'ext4' | 'none';

/** A folder by its absolute path in the filesystem; mode 0755 and owner 0:0 unless said. vfat knows neither. */
export type FolderSpecification = string | { path: string; mode?: number; uid?: number; gid?: number };

/** A file by its absolute path in the filesystem; mode 0644 and owner 0:0 unless said. vfat knows neither. */
export interface FileSpecification {
  path: string;
  bytes: Uint8Array;
  mode?: number;
  uid?: number;
  gid?: number;
}

export interface PartitionSpecification {
  type: PartitionType;
  sizeMiB: number;
  /** Filesystem label, and the partition's name in a GPT. At most 11 characters for vfat, 16 for ext. */
  label?: string;
  /** Features for `mkfs -O`, on top of mke2fs's defaults; `^name` takes one away. Ext only. */
  features?: string[];
  /** Bytes per block, ext only. 4096 unless said, as on any filesystem of 512 MiB or more. */
  blockSize?: number;
  /** Bytes per inode, ext only. */
  inodeSize?: number;
  /** Made in this order; missing parents of folders and files are made too. */
  folders?: FolderSpecification[];
  files?: FileSpecification[];
  /**
   * The part of the blocks left free by folders and files that filler files
   * (/filler-1 ...) then take. 100 leaves no free block, the reserve for root included.
   */
  fillPercent?: number;
}

export interface ImageSpecification {
  table: 'mbr' | 'gpt';
  /** Size of the whole image; as small as the partitions allow unless said. */
  sizeMiB?: number;
  partitions: PartitionSpecification[];
  /** MBR only: the partitions from the fourth on (or the last, if there are fewer) are logical ones. */
  extended?: boolean;
}

export interface MadePartition {
  /** As Linux numbers it, from 1; logical partitions of an MBR from 5. */
  index: number;
  /** Bytes from the start of the image. */
  offset: number;
  bytes: number;
}

export interface MadeImage {
  path: string;
  bytes: number;
  partitions: MadePartition[];
}

interface CommandResult {
  code: number;
  stdout: string;
  stderr: string;
}

/**
 * Makes a disk image as a sparse file, all partitions aligned at 1 MiB.
 * An existing file is replaced.
 *
 * @throws Error with the tool's own output when a tool refuses
 */
export async function makeImage(path: string, specification: ImageSpecification): Promise<MadeImage> {
  const layout = layOut(specification);
  const file = await open(path, 'w');
  await file.truncate(layout.bytes).finally(() => file.close());

  await writePartitionTable(path, layout.table);
  for (const [position, partition] of specification.partitions.entries()) {
    const place = layout.partitions[position];
    if (place === undefined) throw new Error('layout and specification differ');
    await makeFilesystem(path, place, partition);
  }
  return { path, bytes: layout.bytes, partitions: layout.partitions };
}

/**
 * Makes an image in Mender's layout: MBR; 1 vfat boot of 16 MiB, 2 and 3 ext4
 * rootfs that share what is left, 4 ext4 data with `/mender` (0700, 0:0).
 *
 * @param rootfsFillPercent part of each rootfs that filler takes, for a realistic share of mapped blocks
 */
export async function standardMenderImage(
  path: string,
  dataMiB: number,
  totalMiB: number,
  rootfsFillPercent = 0,
): Promise<MadeImage> {
  const bootMiB = 16;
  const rootfsMiB = Math.floor((totalMiB - 1 - bootMiB - dataMiB) / 2);
  if (rootfsMiB < 8) throw new RangeError(`${totalMiB} MiB leave no room for two root filesystems`);
  const rootfs = (label: string): PartitionSpecification => ({
    type: 'ext4',
    sizeMiB: rootfsMiB,
    label,
    folders: ['/data', '/var/lib'],
    files: [
      { path: '/etc/hostname', bytes: Buffer.from('test-board\n') },
      { path: '/etc/mender/mender.conf', bytes: Buffer.from('{"ServerURL":"https://mender.example.test"}\n') },
    ],
    fillPercent: rootfsFillPercent,
  });
  const image = await makeImage(path, {
    table: 'mbr',
    sizeMiB: totalMiB,
    partitions: [
      {
        type: 'vfat',
        sizeMiB: bootMiB,
        label: 'BOOT',
        files: [
          { path: '/config.txt', bytes: Buffer.from('enable_uart=1\n') },
          { path: '/cmdline.txt', bytes: Buffer.from('console=tty1 root=/dev/mmcblk0p2 rootwait\n') },
        ],
      },
      rootfs('rootfs-a'),
      rootfs('rootfs-b'),
      { type: 'ext4', sizeMiB: dataMiB, label: 'data', folders: [{ path: '/mender', mode: 0o700 }] },
    ],
  });
  for (const partition of image.partitions.slice(1, 3)) {
    await debugfs(path, partition.offset, 'symlink /var/lib/mender /data/mender', { write: true });
  }
  return image;
}

/**
 * Marks the ext filesystem at `offset` as one whose journal still has to be
 * replayed (INCOMPAT_RECOVER, superblock checksum kept valid).
 */
export async function setNeedsRecovery(path: string, offset: number): Promise<void> {
  await debugfs(path, offset, 'feature needs_recovery', { write: true });
  // Not by its output alone: the wrong flag here would make a refusal test pass for another reason.
  const features = await debugfs(path, offset, 'feature');
  if (!features.split(/\s+/).includes('needs_recovery')) throw new Error(`debugfs did not set needs_recovery: ${features}`);
}

/**
 * One debugfs request on the ext filesystem at `offset` in the image.
 *
 * @returns what debugfs printed
 * @throws Error with debugfs's own words when the filesystem does not open or the
 *   request fails (a file that does not exist, too); for presence use `existsInImage`
 */
export async function debugfs(
  path: string,
  offset: number,
  request: string,
  options: { write?: boolean } = {},
): Promise<string> {
  const mode = options.write === true ? ['-w'] : [];
  return checkedDebugfs([...mode, '-R', request, atOffset(path, offset)], request);
}

/** Whether the ext filesystem at `offset` holds something at the absolute path `file`. */
export async function existsInImage(path: string, offset: number, file: string): Promise<boolean> {
  const result = await run('debugfs', ['-R', `stat ${quoted(file)}`, atOffset(path, offset)]);
  const complaint = debugfsComplaint(result);
  if (complaint === '') return true;
  if (/File not found by ext2_lookup/.test(complaint)) return false;
  throw new Error(`debugfs: ${complaint}`);
}

/** The bytes of a regular file in the ext filesystem at `offset`; an Error if there is none. */
export async function readFileInImage(path: string, offset: number, file: string): Promise<Buffer> {
  const inode = await debugfs(path, offset, `stat ${quoted(file)}`);
  const size = /Type: regular[\s\S]*?\sSize: (\d+)/.exec(inode)?.[1];
  if (size === undefined) throw new Error(`${file} is no regular file: ${inode}`);
  const bytes = await new Promise<Buffer>((resolve, reject) => {
    execFile(
      'debugfs',
      ['-R', `cat ${quoted(file)}`, atOffset(path, offset)],
      { env: toolEnvironment, encoding: 'buffer', maxBuffer: 256 * mebibyte },
      (error, stdout) => {
        if (error !== null) reject(new Error('debugfs did not run to its end', { cause: error }));
        else resolve(stdout);
      },
    );
  });
  // A file kept inside its inode comes out of debugfs padded with zeros.
  if (bytes.length < Number(size)) throw new Error(`${file} has ${size} bytes, debugfs gave ${bytes.length}`);
  return bytes.subarray(0, Number(size));
}

/**
 * Checks the ext filesystem at `offset` and changes nothing (`e2fsck -fn`).
 *
 * @returns e2fsck's exit code (0: clean, 4: errors, 8: could not check) and all it printed
 */
export async function e2fsck(path: string, offset: number): Promise<{ code: number; output: string }> {
  const result = await run('e2fsck', ['-fn', atOffset(path, offset)]);
  return { code: result.code, output: result.stdout + result.stderr };
}

/** Free blocks and block size of the ext filesystem at `offset`, as its superblock says. */
export async function freeSpace(path: string, offset: number): Promise<{ freeBlocks: number; blockSize: number }> {
  const header = await debugfs(path, offset, 'stats -h');
  return { freeBlocks: numberAfter('Free blocks:', header), blockSize: numberAfter('Block size:', header) };
}

/** SHA-256 of a file, in lower-case hex. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: mebibyte })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

interface TableEntry {
  number: number;
  startSector: number;
  sectors: number;
  type: string;
  name?: string;
}

interface Layout {
  bytes: number;
  table: { label: 'dos' | 'gpt'; entries: TableEntry[] };
  partitions: MadePartition[];
}

function layOut({ table, sizeMiB, partitions, extended = false }: ImageSpecification): Layout {
  const count = partitions.length;
  if (count === 0) throw new RangeError('an image needs a partition');
  if (extended && table === 'gpt') throw new RangeError('only an MBR has an extended partition');
  if (table === 'mbr' && !extended && count > 4) throw new RangeError('an MBR holds 4 primary partitions: ask for extended');

  const primaryCount = extended ? Math.min(3, count - 1) : count;
  const entries: TableEntry[] = [];
  const made: MadePartition[] = [];
  let next = 1;
  let extendedEntry: TableEntry | undefined;

  for (const [position, partition] of partitions.entries()) {
    const logical = position >= primaryCount;
    if (logical) {
      if (extendedEntry === undefined) {
        extendedEntry = { number: primaryCount + 1, startSector: next * sectorsPerMebibyte, sectors: 0, type: 'f' };
        entries.push(extendedEntry);
      }
      // Each logical partition has its own boot record in the mebibyte before it.
      next += 1;
    }
    const number = logical ? 5 + position - primaryCount : position + 1;
    entries.push({
      number,
      startSector: next * sectorsPerMebibyte,
      sectors: partition.sizeMiB * sectorsPerMebibyte,
      type: tableType(table, partition.type),
      ...(table === 'gpt' && partition.label !== undefined ? { name: partition.label } : {}),
    });
    made.push({ index: number, offset: next * mebibyte, bytes: partition.sizeMiB * mebibyte });
    next += partition.sizeMiB;
  }
  if (extendedEntry !== undefined) extendedEntry.sectors = next * sectorsPerMebibyte - extendedEntry.startSector;

  // A GPT keeps its second copy behind the last partition.
  const smallest = table === 'gpt' ? next + 1 : next;
  const total = sizeMiB ?? smallest;
  if (total < smallest) throw new RangeError(`the partitions need ${smallest} MiB, the image has ${total}`);
  return {
    bytes: total * mebibyte,
    table: { label: table === 'gpt' ? 'gpt' : 'dos', entries },
    partitions: made,
  };
}

function tableType(table: ImageSpecification['table'], type: PartitionType): string {
  if (table === 'mbr') return type === 'vfat' ? 'c' : '83';
  return type === 'vfat' ? 'EBD0A0A2-B9E5-4433-87C0-68B6B72699C7' : '0FC63DAF-8483-4772-8E79-3D69D8477DE4';
}

async function writePartitionTable(path: string, table: Layout['table']): Promise<void> {
  const lines = table.entries.map((entry) => {
    const name = entry.name === undefined ? '' : `, name="${entry.name}"`;
    // sfdisk takes the partition's number from the digits at the end of the name.
    return `partition-${entry.number} : start=${entry.startSector}, size=${entry.sectors}, type=${entry.type}${name}`;
  });
  await checked('sfdisk', ['--quiet', '--no-reread', '--no-tell-kernel', path], [`label: ${table.label}`, ...lines, ''].join('\n'));
}

async function makeFilesystem(path: string, place: MadePartition, partition: PartitionSpecification): Promise<void> {
  switch (partition.type) {
    case 'none':
      return;
    case 'vfat':
      await makeVfat(path, place, partition);
      await fillVfat(path, place, partition);
      return;
    case 'ext2':
    case 'ext3':
    case 'ext4':
      await makeExt(path, place, partition);
      await populateExt(path, place, partition);
      await fillExt(path, place, partition.fillPercent ?? 0);
      if (partition.features?.includes('quota')) await countQuotas(path, place);
  }
}

async function makeExt(path: string, place: MadePartition, partition: PartitionSpecification): Promise<void> {
  const features = partition.features ?? [];
  const extended = [`offset=${place.offset}`, 'root_owner=0:0', 'nodiscard'];
  if (features.includes('casefold')) extended.push('encoding=utf8');
  await checked('mke2fs', [
    ...['-q', '-F', '-t', partition.type, '-T', 'default'],
    ...['-b', String(partition.blockSize ?? 4096)],
    ...(partition.inodeSize === undefined ? [] : ['-I', String(partition.inodeSize)]),
    ...(partition.label === undefined ? [] : ['-L', partition.label]),
    ...(features.length === 0 ? [] : ['-O', features.join(',')]),
    ...['-E', extended.join(',')],
    ...[path, `${place.bytes / 1024}k`],
  ]);
}

async function populateExt(path: string, place: MadePartition, partition: PartitionSpecification): Promise<void> {
  const { folders, files } = contents(partition);
  if (folders.length + files.length === 0) return;
  await withScratchFolder(async (scratch) => {
    const requests: string[] = [];
    const own = (item: { path: string; uid?: number; gid?: number }, mode: number): void => {
      requests.push(`set_inode_field ${quoted(item.path)} mode 0${mode.toString(8)}`);
      if (item.uid !== undefined) requests.push(`set_inode_field ${quoted(item.path)} uid ${item.uid}`);
      if (item.gid !== undefined) requests.push(`set_inode_field ${quoted(item.path)} gid ${item.gid}`);
    };
    for (const folder of folders) {
      requests.push(`mkdir ${quoted(folder.path)}`);
      own(folder, 0o040000 | (folder.mode ?? 0o755));
    }
    for (const [number, file] of files.entries()) {
      const source = join(scratch, `file-${number}`);
      await writeFile(source, file.bytes);
      requests.push(`write ${quoted(source)} ${quoted(file.path)}`);
      own(file, 0o100000 | (file.mode ?? 0o644));
    }
    const script = join(scratch, 'requests');
    await writeFile(script, `${requests.join('\n')}\n`);
    await checkedDebugfs(['-w', '-f', script, atOffset(path, place.offset)], 'making the folders and files');
  });
}

async function fillExt(path: string, place: MadePartition, percent: number): Promise<void> {
  checkPercent(percent);
  const { freeBlocks, blockSize } = await freeSpace(path, place.offset);
  const target = freeBlocks - Math.ceil((freeBlocks * percent) / 100);
  if (target === freeBlocks) return;

  await withScratchFolder(async (scratch) => {
    const source = join(scratch, 'filler');
    let free = freeBlocks;
    for (let number = 1; free > target; number += 1) {
      const wanted = free - target;
      // A large file also takes index blocks, so it stays below the target; files
      // of up to 4 blocks need none, even if no two of their blocks are neighbours.
      const large = wanted - Math.ceil(wanted / 100) - 8;
      const blocks = large > 4 ? large : Math.min(wanted, 4);
      await writeRepeated(source, blocks * blockSize);
      await debugfs(path, place.offset, `write ${quoted(source)} /filler-${number}`, { write: true });
      const left = (await freeSpace(path, place.offset)).freeBlocks;
      if (left >= free) throw new Error(`filling made no progress at ${left} free blocks`);
      free = left;
    }
    if (free < 0 || (percent === 100 && free !== 0)) throw new Error(`${free} blocks are free after filling`);
  });
}

/** debugfs leaves the quota files as they were; e2fsck counts again what it wrote. */
async function countQuotas(path: string, place: MadePartition): Promise<void> {
  const result = await run('e2fsck', ['-fy', atOffset(path, place.offset)]);
  if (result.code !== 0 && result.code !== 1) throw new Error(`e2fsck ended with ${result.code}: ${result.stdout}${result.stderr}`);
}

async function makeVfat(path: string, place: MadePartition, partition: PartitionSpecification): Promise<void> {
  if (partition.features !== undefined) throw new RangeError('vfat has no features to choose');
  await withScratchFolder(async (scratch) => {
    // Apart from the image: mkfs.vfat derives the width of the FAT from the whole file's size.
    const filesystem = join(scratch, 'vfat');
    const file = await open(filesystem, 'w');
    await file.truncate(place.bytes).finally(() => file.close());
    await checked('mkfs.vfat', [
      ...['-h', String(place.offset / sectorBytes)],
      ...(partition.label === undefined ? [] : ['-n', partition.label]),
      filesystem,
    ]);
    await checked('dd', [
      ...[`if=${filesystem}`, `of=${path}`, `bs=${mebibyte}`, `seek=${place.offset / mebibyte}`],
      ...['conv=notrunc,sparse', 'status=none'],
    ]);
  });
}

async function fillVfat(path: string, place: MadePartition, partition: PartitionSpecification): Promise<void> {
  const { folders, files } = contents(partition);
  const percent = partition.fillPercent ?? 0;
  checkPercent(percent);
  if (folders.length + files.length === 0 && percent === 0) return;
  const drive = ['-i', `${path}@@${place.offset}`];
  await withScratchFolder(async (scratch) => {
    for (const folder of folders) await checked('mmd', [...drive, `::${folder.path}`]);
    const source = join(scratch, 'file');
    for (const file of files) {
      await writeFile(source, file.bytes);
      await checked('mcopy', [...drive, source, `::${file.path}`]);
    }
    if (percent > 0) {
      // Whole clusters, as mdir counts them: so 100 % fits exactly.
      const free = await freeVfatBytes(drive);
      await writeRepeated(source, Math.floor((free * percent) / 100));
      await checked('mcopy', [...drive, source, '::/filler-1']);
      if (percent === 100 && (await freeVfatBytes(drive)) !== 0) throw new Error('clusters are free after filling');
    }
  });
}

async function freeVfatBytes(drive: string[]): Promise<number> {
  const listing = (await checked('mdir', [...drive, '::/'])).stdout;
  const digits = /([\d ]+) bytes free/.exec(listing)?.[1];
  if (digits === undefined) throw new Error(`mdir says nothing about free space: ${listing}`);
  return Number(digits.replaceAll(' ', ''));
}

type Folder = Exclude<FolderSpecification, string>;

/** What is to be made, parents before children, each folder once. */
function contents(partition: PartitionSpecification): { folders: Folder[]; files: FileSpecification[] } {
  const files = partition.files ?? [];
  const asked = (partition.folders ?? []).map((folder) => (typeof folder === 'string' ? { path: folder } : folder));
  const byPath = new Map(asked.map((folder) => [folder.path, folder]));
  const made = new Set(partition.type === 'vfat' ? ['/'] : ['/', '/lost+found']);
  const folders: Folder[] = [];
  const add = (path: string): void => {
    if (!posix.isAbsolute(path)) throw new RangeError(`${path} is not an absolute path`);
    if (made.has(path)) return;
    add(posix.dirname(path));
    made.add(path);
    folders.push(byPath.get(path) ?? { path });
  };
  for (const folder of asked) add(folder.path);
  for (const file of files) add(posix.dirname(file.path));
  return { folders, files };
}

function checkPercent(percent: number): void {
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`fillPercent is ${percent}, not 0 to 100`);
}

/** Not zeros: debugfs and mcopy must not take them for holes. */
async function writeRepeated(path: string, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(mebibyte, 0xa5);
  const file = await open(path, 'w');
  try {
    for (let written = 0; written < bytes; written += chunk.length) {
      await file.write(chunk, 0, Math.min(chunk.length, bytes - written));
    }
  } finally {
    await file.close();
  }
  const size = (await stat(path)).size;
  if (size !== bytes) throw new Error(`${path} has ${size} bytes instead of ${bytes}`);
}

async function withScratchFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'imprint-image-'));
  try {
    await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function atOffset(path: string, offset: number): string {
  return `${path}?offset=${offset}`;
}

function quoted(path: string): string {
  if (/["\n]/.test(path)) throw new RangeError('debugfs takes no path with a quotation mark or a line break');
  return `"${path}"`;
}

function numberAfter(name: string, text: string): number {
  const line = text.split('\n').find((candidate) => candidate.startsWith(name));
  const value = Number(line?.slice(name.length).trim() || NaN);
  if (!Number.isInteger(value)) throw new Error(`no "${name}" in ${text}`);
  return value;
}

const toolEnvironment: NodeJS.ProcessEnv = {
  ...process.env,
  // The administration tools are not on every user's PATH.
  PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin`,
  LC_ALL: 'C',
  TZ: 'UTC',
  DEBUGFS_PAGER: '__none__',
  MTOOLSRC: '/dev/null',
};

function run(command: string, parameters: string[], input = ''): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      command,
      parameters,
      { env: toolEnvironment, maxBuffer: 64 * mebibyte },
      (error, stdout, stderr) => {
        // A code that is no number means that the tool never ran or was killed.
        if (error === null) resolve({ code: 0, stdout, stderr });
        else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr });
        else reject(new Error(`${command} did not run (is its Debian package installed?)`, { cause: error }));
      },
    );
    // A tool that ends before it has read all closes the pipe; its exit code tells the story.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

async function checked(command: string, parameters: string[], input?: string): Promise<CommandResult> {
  const result = await run(command, parameters, input);
  if (result.code !== 0) throw new Error(`${command} ended with ${result.code}: ${result.stderr}${result.stdout}`);
  return result;
}

async function checkedDebugfs(parameters: string[], what: string): Promise<string> {
  const result = await run('debugfs', parameters);
  const complaint = debugfsComplaint(result);
  if (complaint !== '') throw new Error(`debugfs, ${what}: ${complaint}`);
  return result.stdout;
}

/** debugfs ends with 0 whatever happens: anything but its version on stderr is a complaint. */
function debugfsComplaint(result: CommandResult): string {
  const lines = result.stderr.split('\n').filter((line) => line !== '' && !/^debugfs \d/.test(line));
  return result.code === 0 ? lines.join('\n') : `exit code ${result.code} ${lines.join('\n')}`;
}
