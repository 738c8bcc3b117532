import type { Texts } from '../../texts';
import { counted, number } from './count';

/** What the report of a shift says. */
export const report: Texts['report'] = {
  title: 'Schichtbericht',
  loading: 'Register wird gelesen…',
  spans: { 'shift': 'Diese Schicht', 'before': 'Die Schicht davor', 'sign-in': 'Seit meiner Anmeldung', 'span': 'Von – bis' },
  span: 'Zeit',
  from: 'Von',
  until: 'Bis',
  batch: 'Los',
  operator: 'Gemacht von',
  show: 'Zeigen',
  wrongSpan: 'Das Ende liegt nicht nach dem Anfang.',
  between: (from, until) => `${from} bis ${until}`,
  pdf: 'PDF…',
  anchor: 'PDF als Anker…',
  anchorHint: 'Unterschreibt den Stand des Protokolls und hält im Register fest, dass dieses Papier ihn hat. Drucken und fern der Station aufbewahren.',
  writing: 'Wird geschrieben…',
  numbers: { started: 'Begonnen', done: 'Fertig', accepted: 'Angenommen', failed: 'Misslungen', cancelled: 'Abgebrochen', waiting: 'Warten', running: 'In Arbeit', firstPass: 'Erstausbeute', finalYield: 'Endausbeute', perHour: 'Karten je Stunde' },
  boards: (good, of) => `${number(good)} von ${number(of)} Platinen`,
  percent: (value) => (value === undefined ? '–' : `${value.toLocaleString('de', { minimumFractionDigits: 1, maximumFractionDigits: 1 })}\u00a0%`),
  plots: {
    perHour: 'Karten je Stunde',
    perDay: 'Karten je Tag',
    hatched: 'Schraffiert: misslungen',
    causes: 'Fehler nach Ursache',
    speed: 'Schreibgeschwindigkeit der Steckplätze',
    noCards: 'In dieser Zeit endete keine Karte.',
    noFailures: 'Nichts ist misslungen.',
    noSpeed: 'In dieser Zeit wurde nichts geschrieben.',
    table: (title) => `${title}, als Tabelle`,
    columns: { time: 'Zeit', cause: 'Ursache', cards: 'Karten', slot: 'Steckplatz', speed: 'Megabyte je Sekunde' },
  },
  tables: { slots: 'Steckplätze', operators: 'Bediener', batches: 'Lose', name: 'Name', write: 'Schreiben', noBatch: '(kein Los)', used: 'Verwendete Abbilder und Profile', image: 'Abbild', profile: 'Profil', cards: (count) => counted(count, 'Karte', 'Karten') },
  log: { title: 'Protokoll des Registers', first: 'Am Anfang', last: 'Am Ende', key: 'Schlüssel', none: 'Noch kein unterschriebener Stand', head: (size, time, root) => `${size} Einträge, ${time}, Wurzel ${root}` },
};

/** What the dashboard says. */
export const dashboard: Texts['dashboard'] = {
  title: 'Übersicht',
  today: 'Heute',
  month: 'Letzte 30 Tage',
  at: (time) => `Stand ${time}`,
  slots: 'Steckplätze',
  batches: 'Lose in Arbeit',
  noBatches: 'Noch hat kein Los Geräte.',
  batchLine: (accepted, total) => `${number(accepted)} von ${number(total)} angenommen`,
  columns: { name: 'Steckplatz', doneToday: 'Heute fertig', failedToday: 'Heute misslungen', done: 'Fertig', failed: 'Misslungen', share: 'Misslungen von allen', day: 'Tag', firstPass: 'Erstausbeute' },
  yields: 'Erstausbeute je Tag',
};
