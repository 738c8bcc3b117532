import { Disk } from 'file-disk';
import type { ReadResult, WriteResult } from 'file-disk';
import type { BlockDevice, BlockReader } from './block-device';

/**
 * A window of a block device in the form that the partition and filesystem libraries take. What lies outside of the
 * window does not exist for them. Where the device cannot be written, what they write is forgotten.
 */
export class WindowDisk extends Disk {
  readonly #device: BlockReader | BlockDevice;
  readonly #offset: number;
  readonly #bytes: number;

  constructor(device: BlockReader | BlockDevice, offset = 0, bytes: number = device.bytes - offset) {
    super();
    this.#device = device;
    this.#offset = offset;
    this.#bytes = bytes;
  }

  /** Freed blocks keep what the golden image has there: the base class would rather forget what was written to them. */
  override async discard(): Promise<void> {
    await Promise.resolve();
  }

  protected override _getCapacity(): Promise<number> {
    return Promise.resolve(this.#bytes);
  }

  protected override async _read(buffer: Buffer, bufferOffset: number, length: number, position: number): Promise<ReadResult> {
    this.#check(length, position);
    await this.#device.read(buffer, bufferOffset, length, this.#offset + position);
    return { bytesRead: length, buffer };
  }

  protected override async _write(buffer: Buffer, bufferOffset: number, length: number, position: number): Promise<WriteResult> {
    this.#check(length, position);
    if ('write' in this.#device) await this.#device.write(buffer, bufferOffset, length, this.#offset + position);
    return { bytesWritten: length, buffer };
  }

  protected override async _flush(): Promise<void> {
    await Promise.resolve();
  }

  #check(length: number, position: number): void {
    if (position < 0 || position + length > this.#bytes) throw new RangeError('access outside of the partition');
  }
}
