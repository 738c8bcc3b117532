/**
 * Every way in which Imprint says no. The set is closed: a new refusal is a new code here, with the exit code of the
 * command line beside it, so that no layer can invent an error that another one cannot explain.
 */

/** Exit codes of the command line; documented in docs/command-line.md. */
export const exitCodes = {
  unexpected: 1,
  usage: 2,
  input: 3,
  conflict: 4,
  image: 5,
  target: 6,
  server: 7,
  record: 8,
  cancelled: 9,
  custody: 10,
  label: 11,
} as const;

export type ErrorArea = keyof typeof exitCodes;

const areaOfCode = {
  'unexpected': 'unexpected',
  'usage': 'usage',

  'profile-unreadable': 'input',
  'profile-invalid': 'input',
  'identity-invalid': 'input',
  'identity-unknown-attribute': 'input',
  'identity-missing-attribute': 'input',
  'credential-missing': 'input',
  'key-type-unsupported': 'input',
  'no-such-device': 'input',
  'no-such-slot': 'input',
  'not-allowed': 'input',
  'import-invalid': 'input',
  'batch-invalid': 'input',
  'no-such-batch': 'input',
  'export-unwritable': 'input',
  'export-unreadable': 'input',
  'export-too-many-files': 'input',
  'export-key-invalid': 'input',
  'sign-in-needed': 'input',
  'sign-in-refused': 'input',
  'sign-in-paused': 'input',
  'operator-invalid': 'input',
  'no-such-operator': 'input',
  'no-such-webhook': 'input',
  'order-invalid': 'input',

  'identity-recorded': 'conflict',
  'identity-at-server': 'conflict',
  'outbox-full': 'conflict',
  'public-key-recorded': 'conflict',
  'slot-busy': 'conflict',
  'operator-exists': 'conflict',
  'last-admin': 'conflict',
  'integration-running': 'conflict',
  'order-exists': 'conflict',
  'batch-exists': 'conflict',
  'batch-stopped': 'conflict',
  'identity-foreign': 'conflict',
  'identity-planned': 'conflict',

  'image-unreadable': 'image',
  'image-hash-differs': 'image',
  'image-changed': 'image',
  'image-truncated': 'image',
  'image-no-partition-table': 'image',
  'image-no-such-partition': 'image',
  'image-unsupported-filesystem': 'image',
  'image-needs-recovery': 'image',
  'image-casefold': 'image',
  'image-missing-folder': 'image',
  'image-partition-full': 'image',
  'image-path-occupied': 'image',
  'image-file-not-separable': 'image',

  'target-not-found': 'target',
  'target-not-a-card': 'target',
  'target-not-permitted': 'target',
  'target-read-only': 'target',
  'target-mounted': 'target',
  'target-busy': 'target',
  'target-too-small': 'target',
  'target-out-of-range': 'target',
  'target-system-disk': 'target',
  'target-not-removable': 'target',
  'target-changed': 'target',
  'target-counterfeit': 'target',
  'target-write-failed': 'target',
  'target-read-failed': 'target',
  'verify-content-differs': 'target',
  'verify-file-missing': 'target',
  'verify-file-attributes': 'target',
  'verify-key-unreadable': 'target',
  'verify-key-differs': 'target',
  'verify-key-unknown': 'target',

  'server-unreachable': 'server',
  'server-untrusted': 'server',
  'server-sign-in-refused': 'server',
  'server-refused': 'server',
  'server-busy': 'server',
  'server-challenge-invalid': 'server',
  'server-reply-invalid': 'server',
  'device-not-accepted': 'server',

  'record-unavailable': 'record',
  'record-full-disk': 'record',
  'record-from-the-future': 'record',
  'record-corrupt': 'record',
  'log-entry-invalid': 'record',
  'log-checkpoint-invalid': 'record',
  'log-proof-invalid': 'record',
  'log-broken': 'record',
  'restore-older': 'conflict',

  'cancelled': 'cancelled',

  'custody-unavailable': 'custody',
  'custody-no-such-key': 'custody',
  'custody-key-failed': 'custody',

  'printer-unreachable': 'label',
  'label-doubtful': 'label',
  'label-invalid': 'label',
  'label-differs': 'label',
} as const satisfies Record<string, ErrorArea>;

export type ErrorCode = keyof typeof areaOfCode;

export const errorCodes = Object.keys(areaOfCode) as readonly ErrorCode[];

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(areaOfCode, value);
}

export interface ErrorDetails {
  /** The field of the input that is wrong, as the person wrote it: `identity.mac`, `image.sha256`. */
  readonly field?: string | undefined;
  /** What was expected there, in words. */
  readonly expected?: string | undefined;
  readonly cause?: unknown;
}

/** The form in which an error crosses a process or is printed as JSON. The cause stays behind: it may hold anything. */
export interface ErrorReport {
  readonly code: ErrorCode;
  /** One sentence for the person at the bench. */
  readonly sentence: string;
  readonly field?: string | undefined;
  readonly expected?: string | undefined;
}

/** The one error class that crosses a boundary. `message` is the sentence for the person at the bench. */
export class ImprintError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;
  readonly expected: string | undefined;

  constructor(code: ErrorCode, sentence: string, details: ErrorDetails = {}) {
    super(sentence, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'ImprintError';
    this.code = code;
    this.field = details.field;
    this.expected = details.expected;
  }

  /** Exit code of the command line for this error. */
  get exitCode(): number {
    return exitCodes[areaOfCode[this.code]];
  }

  toReport(): ErrorReport {
    return {
      code: this.code,
      sentence: this.message,
      ...(this.field === undefined ? {} : { field: this.field }),
      ...(this.expected === undefined ? {} : { expected: this.expected }),
    };
  }

  static fromReport(report: ErrorReport): ImprintError {
    return new ImprintError(report.code, report.sentence, { field: report.field, expected: report.expected });
  }
}

/**
 * Whatever was thrown, as an ImprintError.
 *
 * SECURITY: the message of a foreign error is kept, so nothing that handles a private key may put it into one.
 */
export function asImprintError(thrown: unknown): ImprintError {
  if (thrown instanceof ImprintError) return thrown;
  if (isAbort(thrown)) return cancelled();
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ImprintError('unexpected', `Something went wrong that Imprint does not know: ${message}`, { cause: thrown });
}

export function cancelled(): ImprintError {
  return new ImprintError('cancelled', 'Cancelled at the bench.');
}

function isAbort(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}
