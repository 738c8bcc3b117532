/** The part of ext2fs 4 that is used; the package brings no types. */
declare module 'ext2fs' {
  import type { Disk } from 'file-disk';

  export interface Stats {
    readonly mode: number;
    readonly uid: number;
    readonly gid: number;
    readonly size: number;
    isFile(): boolean;
    isDirectory(): boolean;
    isSymbolicLink(): boolean;
  }

  export interface Files {
    /** Rejects with an error whose `code` is the errno's name, where it has one. */
    lstat(path: string): Promise<Stats>;
    fstat(descriptor: number): Promise<Stats>;
    open(path: string, flags: number, mode?: number): Promise<{ readonly fd: number }>;
    close(descriptor: number): Promise<void>;
    read(descriptor: number, buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesRead: number }>;
    write(descriptor: number, buffer: Buffer, offset: number, length: number, position: number): Promise<{ readonly bytesWritten: number }>;
    fchmod(descriptor: number, mode: number): Promise<void>;
    fchown(descriptor: number, uid: number, gid: number): Promise<void>;
    unlink(path: string): Promise<void>;
    mkdir(path: string, mode: number): Promise<void>;
  }

  export interface MountedFilesystem {
    readonly promises: Files;
  }

  export function mount(disk: Disk, offset?: number): Promise<MountedFilesystem>;
  export function umount(filesystem: MountedFilesystem): Promise<void>;
}
