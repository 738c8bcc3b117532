import { spawn } from 'node:child_process';
import { cancelled, ImprintError } from '../domain/errors';

const patience = 20_000;

/**
 * Gives a PDF to a queue of CUPS by lp(1), over its standard input. "Printed" means that the queue has it: CUPS keeps it until its
 * printer is there.
 *
 * SECURITY: no shell; the queue's name is one argument and never an option.
 *
 * @param program for tests
 * @throws ImprintError printer-unreachable, label-doubtful, cancelled
 */
export async function sendToCups(printer: string, pdf: Uint8Array, { title, copies }: { readonly title: string; readonly copies: number }, signal: AbortSignal, program = 'lp'): Promise<void> {
  if (signal.aborted) throw cancelled();
  const child = spawn(program, ['-d', printer, '-n', String(copies), '-t', title, '--', '-'], { stdio: ['pipe', 'ignore', 'pipe'], env: { ...process.env, LC_ALL: 'C' } });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(0, 500)));
  // Where lp ends early, its exit code says why.
  child.stdin.on('error', () => undefined);
  const timer = setTimeout(() => child.kill(), patience);
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', (error) => {
        reject(unreachable(printer, 'code' in error && error.code === 'ENOENT' ? 'this computer has no lp command (Debian package cups-client)' : error.message));
      });
      child.once('close', resolve);
      child.stdin.end(pdf);
    });
    if (code === null) throw new ImprintError('label-doubtful', `It is not known whether CUPS took the label for ${printer}: lp did not end.`, { field: 'label.printer' });
    if (code !== 0) throw unreachable(printer, firstLine(said) || `lp ended with ${String(code)}`);
  } finally {
    clearTimeout(timer);
  }
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').replace(/^lp: /, '').replace(/\.$/, '').trim();
}

function unreachable(printer: string, why: string): ImprintError {
  return new ImprintError('printer-unreachable', `The label cannot be given to the CUPS printer ${printer}: ${why}.`, { field: 'label.printer' });
}
