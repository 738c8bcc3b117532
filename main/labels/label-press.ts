import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ImprintError } from '../domain/errors';
import type { LabelPress } from '../domain/label-layout';
import { makeCode } from './codes';
import { sendToCups } from './cups-printer';
import { sendToNetworkPrinter } from './network-printer';
import { pdfOf } from './pdf';
import { zplOf } from './zpl';

/** The printers of the world: a TCP port, CUPS, a folder. */
export const labelPress: LabelPress = {
  codes: makeCode,
  async print(printer, label, name, signal) {
    switch (printer.kind) {
      case 'zpl':
        return sendToNetworkPrinter(printer, zplOf(label), signal);
      case 'cups':
        // The queue makes the copies.
        return sendToCups(printer.printer, await pdfOf(label, 1), { title: name, copies: label.copies }, signal);
      case 'pdf':
        return writeInto(printer.folder, name, await pdfOf(label, label.copies));
    }
  },
};

/** CRASH: whole or not at all, and under one name: the same label again replaces its own file. */
function writeInto(folder: string, name: string, pdf: Uint8Array): void {
  const path = join(folder, `${name.replace(/[^A-Za-z0-9._-]+/g, '-')}.pdf`);
  try {
    // Its parent must be there: Node goes round for ever where a recursive mkdir meets a folder that nobody can make (/proc).
    if (!existsSync(folder)) mkdirSync(folder);
    const file = openSync(`${path}.new`, 'w');
    try {
      writeFileSync(file, pdf);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(`${path}.new`, path);
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'it is not known why';
    throw new ImprintError('printer-unreachable', `The label cannot be written into ${folder} (${code}).`, { field: 'label.printer.folder', expected: 'a folder that this user may write', cause: thrown });
  }
}
