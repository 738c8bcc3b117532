export interface PackedFile {
  readonly path: string;
  readonly size: number;
  readonly unpacked: boolean;
}
export function filesOfAsar(path: string): PackedFile[];
export function assertContents(files: readonly PackedFile[]): void;
