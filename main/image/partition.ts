export interface Partition {
  /** As Linux counts: the slot in the table, logical partitions of an MBR from 5. */
  readonly number: number;
  /** Bytes from the start of the disk. */
  readonly offset: number;
  readonly bytes: number;
  /** MBR type byte (`0x83`) or GPT type GUID in upper case. */
  readonly type: string;
  /** GPT partition name, absent where it is empty. */
  readonly name?: string | undefined;
  /** An MBR's extended partition: a container without a filesystem. */
  readonly extended: boolean;
}

export interface PartitionTable {
  readonly table: 'mbr' | 'gpt';
  readonly partitions: readonly Partition[];
}
