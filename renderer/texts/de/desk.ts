import type { Texts } from '../../texts';
import { number } from './count';

/** Words of scanning, of the red screen, of sounds, and of the desk. What is printed on a command code is the same in every language. */
export const desk: Texts['desk'] = {
  lastScan: 'Letzter Scan',
  nothingScanned: 'Noch wurde nichts gescannt.',
  scanned: (identity, slot) => `${identity} ist in ${slot}.`,
  started: (slot) => `${slot} wird geschrieben.`,
  chosen: (slot) => `${slot} ist gewählt.`,
  tookBack: (slot) => `${slot}: Die Platine wurde zurückgenommen.`,
  cancelAsked: 'CANCEL noch einmal scannen, um die Karte zu stoppen.',
  cancelled: 'Die Karte wird gestoppt.',
  takenOut: (slot) => `Die Karte von ${slot} ist draußen.`,
  takeOutNext: (slot) => `Als Nächstes die Karte von ${slot} entnehmen.`,
  repeated: (slot) => `${slot}: dieselbe Platine noch einmal, mit einer anderen Karte.`,
  nothingReady: 'Keine Platine ist bereit: zuerst ein Etikett scannen.',
  nothingRuns: 'Keine Karte läuft, die gestoppt werden könnte.',
  nothingToTakeBack: 'Keine gescannte Platine wartet auf ihren Beginn.',
  nothingToTakeOut: 'Keine Karte ist zu entnehmen.',
  noSuchSlot: (slot) => `Dieser Arbeitsplatz hat keinen Steckplatz ${String(slot)}.`,
  unknownCommand: 'Diese Version von Imprint kennt den Befehl nicht: Codes neu drucken.',
  noSignIn: 'An dieser Station meldet sich niemand an.',

  redScreen: 'Halt',
  redScreenHint: 'Nächste Platine scannen, oder NEXT scannen.',
  dismiss: 'Weiter',

  next: 'Als Nächstes entnehmen',
  takeOut: 'Diese Karte entnehmen',
  failed: (failed, of) => `${number(failed)} der letzten ${number(of)} hier misslungen`,
  suspect: 'Anschluss prüfen',
  badLot: (lot, failed, of) => `Karten der Charge ${lot} misslingen in mehreren Steckplätzen: ${number(failed)} von ${number(of)} in 30 Tagen. Aussondern.`,

  sound: (name) => `Ton: ${name}`,
  sounds: { 'accepted': 'Scan angenommen', 'start': 'Beginn', 'done': 'fertig', 'error': 'Halt', 'take-out': 'Karte entnehmen' },
  settings: {
    title: 'Töne und Befehlscodes',
    open: 'Töne und Befehlscodes',
    volume: 'Lautstärke',
    mute: 'Stumm',
    listen: 'Wie sie klingen',
    words: 'Jeder Ton steht auch als Wort unter dem Scanfeld.',
    codes: 'Befehlscodes',
    codesMeaning: 'Strichcodes für die Tasten des Arbeitsplatzes: Mit ihnen braucht eine Schicht nur den Scanner.',
    print: 'Blatt als PDF speichern…',
    saved: (path) => `Das Blatt liegt in ${path}: mit 100 % drucken.`,
    close: 'Schließen',
  },
  layout: {
    title: 'Wie die Steckplätze auf dem Tisch stehen',
    columns: 'Spalten',
    automatic: 'Automatisch',
    order: 'Gezählt',
    orders: { 'rows': 'in Reihen, von oben', 'rows-up': 'in Reihen, von unten', 'columns': 'in Spalten, von oben', 'columns-up': 'in Spalten, von unten' },
  },
};
