import type { ErrorReport } from '../domain/errors';
import type { Progress, StepName } from '../domain/job';
import { describeBytes } from '../domain/targets';

/** One line of the command line's `--json` output. */
export type OutputEvent =
  | { readonly event: 'step'; readonly step: StepName; readonly state: string; readonly sentence: string }
  | ({ readonly event: 'progress' } & Progress)
  | { readonly event: 'notice'; readonly sentence: string }
  | { readonly event: 'warning'; readonly sentence: string }
  | ({ readonly event: 'error'; readonly exitCode: number } & ErrorReport)
  | ({ readonly event: 'result' } & Readonly<Record<string, unknown>>);

/** Where a command's words go: results to standard output, everything else to standard error; with --json all as lines on standard output. */
export interface Output {
  readonly json: boolean;
  emit(event: OutputEvent): void;
  /** A result for people; in JSON mode nothing. */
  print(text: string): void;
}

export function commandOutput(json: boolean): Output {
  let progressShown = false;
  const endProgress = (): void => {
    if (progressShown) process.stderr.write('\r\u001b[K');
    progressShown = false;
  };
  return {
    json,
    emit(event) {
      if (json) {
        process.stdout.write(`${JSON.stringify(event)}\n`);
        if (event.event !== 'error') return;
      }
      switch (event.event) {
        case 'progress':
          if (!process.stderr.isTTY) return;
          progressShown = true;
          process.stderr.write(`\r\u001b[K${progressLine(event)}`);
          return;
        case 'step':
          endProgress();
          if (event.state !== 'started') process.stderr.write(`${event.step.padEnd(9)} ${event.sentence}\n`);
          return;
        case 'error':
          endProgress();
          process.stderr.write(`${event.sentence}${event.field === undefined ? '' : ` [${event.field}]`}${event.expected === undefined ? '' : ` Expected: ${event.expected}.`}\n`);
          return;
        case 'notice':
        case 'warning':
          endProgress();
          process.stderr.write(`${event.sentence}\n`);
          return;
        case 'result':
          endProgress();
          return;
      }
    },
    print(text) {
      endProgress();
      if (!json) process.stdout.write(`${text}\n`);
    },
  };
}

function progressLine({ phase, unit, doneBytes, totalBytes, bytesPerSecond, secondsLeft }: Progress): string {
  const percent = totalBytes === 0 ? 100 : Math.floor((doneBytes / totalBytes) * 100);
  const left = secondsLeft === undefined ? '' : `, ${String(Math.ceil(secondsLeft))} s left`;
  const amount = unit === undefined ? `  ${describeBytes(doneBytes)} of ${describeBytes(totalBytes)}, ${describeBytes(bytesPerSecond)}/s` : '';
  return `${phase.padEnd(9)} ${String(percent).padStart(3)} %${amount}${left}`;
}
