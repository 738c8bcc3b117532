import type { Sound } from './logic/sounds';

const cards = (failed: number, of: number): string => `${String(failed)} of the last ${String(of)} failed here`;

/** Words of scanning, of the red screen, of sounds, and of the desk. */
export const deskTexts = {
  lastScan: 'Last scan',
  nothingScanned: 'Nothing was scanned yet.',
  scanned: (identity: string, slot: string) => `${identity} is in ${slot}.`,
  started: (slot: string) => `${slot} is being written.`,
  chosen: (slot: string) => `${slot} is chosen.`,
  tookBack: (slot: string) => `${slot}: the board was taken back.`,
  cancelAsked: 'Scan CANCEL once more to stop the card.',
  cancelled: 'The card is being stopped.',
  takenOut: (slot: string) => `The card of ${slot} is out.`,
  takeOutNext: (slot: string) => `Take out the card of ${slot} next.`,
  repeated: (slot: string) => `${slot}: the same board once more, with another card.`,
  nothingReady: 'No board is ready: scan the label of a board first.',
  nothingRuns: 'No card is at work that could be stopped.',
  nothingToTakeBack: 'No scanned board waits for its start.',
  nothingToTakeOut: 'No card is to be taken out.',
  noSuchSlot: (slot: number) => `This bench has no slot ${String(slot)}.`,
  unknownCommand: 'This version of Imprint does not know that command: print the codes anew.',
  noSignIn: 'Nobody signs in at this station.',

  redScreen: 'Stop',
  redScreenHint: 'Scan the next board, or scan NEXT.',
  dismiss: 'Next',

  next: 'Take out next',
  takeOut: 'Take out this card',
  failed: cards,
  suspect: 'Look at this port',
  badLot: (lot: string, failed: number, of: number) => `Cards of the lot ${lot} fail in several slots: ${String(failed)} of ${String(of)} in 30 days. Set them aside.`,

  sound: (name: string) => `Sound: ${name}`,
  sounds: { 'accepted': 'scan accepted', 'start': 'start', 'done': 'done', 'error': 'stop', 'take-out': 'take out the card' } satisfies Record<Sound, string>,
  settings: {
    title: 'Sounds and command codes',
    open: 'Sounds and command codes',
    volume: 'Volume',
    mute: 'Mute',
    listen: 'What they sound like',
    words: 'Each sound also stands as a word under the scan field.',
    codes: 'Command codes',
    codesMeaning: 'Barcodes for the keys of the bench: with them a shift needs only the scanner.',
    print: 'Save the sheet as PDF…',
    saved: (path: string) => `The sheet is in ${path}: print it at 100 %.`,
    close: 'Close',
  },
  layout: {
    title: 'How the slots stand on the desk',
    columns: 'Columns',
    automatic: 'Automatic',
    order: 'Counted',
    orders: { 'rows': 'in rows, from the top', 'rows-up': 'in rows, from the bottom', 'columns': 'in columns, from the top', 'columns-up': 'in columns, from the bottom' },
  },
};
