/** Types of the stand-alone verifier for those who load it; the file itself stays plain JavaScript that Node runs as it is. */

export interface VerifyExportOptions {
  /** `name+id+base64` of a key of the log that is trusted. */
  readonly key?: string | undefined;
  /** Signed notes that were kept from earlier; each text may hold several. */
  readonly anchors?: readonly string[] | undefined;
  /** Called with one line for each thing that is wrong; of one kind only the first ones are told. */
  readonly finding?: ((line: string) => void) | undefined;
}

export interface VerifiedExport {
  /** 0: nothing is wrong. */
  readonly findings: number;
  readonly files: number;
  readonly entries: number;
  readonly devices: number | undefined;
  readonly anchors: number;
  readonly origin: string | undefined;
  readonly key: string | undefined;
  /** Base64. */
  readonly root: string | undefined;
}

export function verifyExport(folder: string, options?: VerifyExportOptions): Promise<VerifiedExport>;
