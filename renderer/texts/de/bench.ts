import type { Texts } from '../../texts';
import { number } from './count';

/** What the bench says: scan, slots, and the questions that come while cards are made. */
export const bench = {
  scan: {
    label: (attribute) => `${attributeName(attribute)} scannen`,
    placeholder: 'Wartet auf Scan',
    others: 'Für dieses Gerät ebenfalls nötig',
    hintFree: (attribute) => `Karte einlegen, dann ${attributeName(attribute)} der Platine scannen.`,
    hintReady: 'Kennung prüfen, dann mit Enter die Karte schreiben.',
    hintRunning: 'Karte stecken lassen, bis hier das Ergebnis steht.',
    hintEnded: 'Karte entnehmen. Nächste Platine scannen oder F7 drücken.',
    forSlot: (slot) => `für ${slot}`,
    allBusy: 'Alle Steckplätze arbeiten. Auf eine Karte warten oder eine fertige mit F7 entnehmen.',
    expected: (expected) => `Erwartet: ${expected}`,
    problem: 'Problem',
  },

  batchField: {
    label: 'Los',
    none: 'Kein Los',
    hint: 'Los scannen oder tippen, dann Enter. Leer: das des Profils oder keines.',
  },

  outbox: {
    label: 'Karten, die auf den Server warten',
    waiting: (count) => (count === 1 ? '1 Karte wartet auf den Server' : `${number(count)} Karten warten auf den Server`),
    limit: (limit) => `von höchstens ${number(limit)}`,
    full: 'Keine neue Karte kann beginnen, bis der Server antwortet.',
    keep: 'Diese Karten behalten: Sie sind gut, und der Server erfährt es, wenn er wieder da ist.',
    next: (time) => `Nächster Versuch ${time}`,
    trying: 'Versuch läuft…',
    tryNow: 'Jetzt versuchen',
  },

  slot: {
    selected: 'Gewählt',
    noIdentity: '—',
    cancelAgain: 'Noch einmal Esc drücken, um diese Karte abzubrechen.',
    fingerprint: 'Fingerabdruck des öffentlichen Schlüssels',
    none: 'Dieser Arbeitsplatz hat noch keine Steckplätze. Mit F4 die des Lesers zuordnen.',
  },

  actions: {
    conflict: 'Was ist zu tun?',
    label: (slot) => `Aktionen für ${slot}`,
    start: 'Karte schreiben',
    cancel: 'Abbrechen',
    cancelAgain: 'Zum Abbrechen noch einmal drücken',
    powerOn: 'Einschalten',
    clear: 'Entnehmen',
    renew: 'Karte erneuern',
    inSlot: (action, slot) => `${action} (${slot})`,
  },

  progress: {
    label: 'Fortschritt',
    amount: (done, total) => `${done} von ${total}`,
    left: (time) => `noch ${time}`,
    unknownLeft: 'Restzeit unbekannt',
    phases: {
      image: 'Abbild wird gelesen',
      export: 'Export läuft',
      fetch: 'Update wird geholt',
      reserve: 'Kennung wird belegt',
      check: 'Wird geprüft',
      generate: 'Schlüssel wird erzeugt',
      write: 'Karte wird geschrieben',
      verify: 'Karte wird zurückgelesen',
      enrol: 'Server wird benachrichtigt',
      confirm: 'Schlüssel wird erprobt',
      destroy: 'Schlüssel wird vernichtet',
      record: 'Wird aufgezeichnet',
    },
  },

  day: {
    title: 'Heute',
    empty: 'Heute noch keine Karte.',
    done: 'Fertig',
    accepted: 'Angenommen',
    stopped: 'Gestoppt',
    open: (identity) => `Seite von ${identity} öffnen`,
    words: {
      open: 'Läuft',
      done: 'Vorautorisiert',
      failed: 'Gestoppt',
      cancelled: 'Abgebrochen',
      compensated: 'Zurückgenommen',
      waiting: 'Wartet',
    },
  },

  slotStates: {
    free: 'frei',
    ready: 'bereit',
    running: 'läuft',
    done: 'fertig',
    accepted: 'angenommen',
    waiting: 'wartet',
    cancelled: 'abgebrochen',
    failed: 'gestoppt',
  },

  slotWords: {
    'Free': 'Frei',
    'Ready': 'Bereit',
    'Starting': 'Beginnt',
    'Running': 'Läuft',
    'Reserving': 'Belegen',
    'Checking': 'Prüfen',
    'Generating': 'Erzeugen',
    'Writing': 'Schreiben',
    'Verifying': 'Rücklesen',
    'Enrolling': 'Anmelden',
    'Trying the key': 'Erproben',
    'Erasing': 'Vernichten',
    'Recording': 'Aufzeichnen',
    'Reading': 'Lesen',
    'Exporting': 'Exportieren',
    'Renewing': 'Erneuern',
    'Preauthorized': 'Vorautorisiert',
    'Enrolled': 'Angemeldet',
    'Accepted': 'Angenommen',
    'Renewed': 'Erneuert',
    'Waiting': 'Wartet',
    'Scan the label': 'Etikett scannen',
    'Cancelled': 'Abgebrochen',
    'Decommissioned': 'Stillgelegt',
    'Stopped': 'Gestoppt',
    'Not renewed': 'Nicht erneuert',
  },

  drive: { card: (size) => `Karte ${size}`, noCard: 'Keine Karte' },

  renewal: {
    title: (slot) => `Karte in ${slot} erneuern?`,
    sentence: 'Der Server gibt der Karte in diesem Steckplatz ein neues Zertifikat oder Token. Ihr Schlüssel bleibt auf der Karte. Karte stecken lassen, bis dort das Ergebnis steht.',
    yes: 'Erneuern',
    no: 'Zurück',
    notHere: 'Der Server dieses Profils gibt seinen Geräten nichts, was erneuert wird.',
  },

  code: {
    title: 'Ein Einmalcode wird gebraucht',
    question: (account) => `Jetziger Code für ${account}`,
    hint: 'Nur Ziffern. Er wird einmal verwendet und nirgends aufbewahrt.',
    answer: 'Verwenden',
    refuse: 'Jetzt nicht',
  },

  secret: {
    title: 'Ein Geheimnis wird gebraucht',
    value: 'Geheimnis',
    keep: 'Im Schlüsselbund dieses Computers aufbewahren',
    answer: 'Verwenden',
    refuse: 'Jetzt nicht',
  },

  slots: {
    title: 'Steckplätze des Lesers',
    notInPractice: 'Der Übungsplatz hat eigene Steckplätze. Ein Profil öffnen, um die eines Lesers zuzuordnen.',
    profileHasSlots: 'Dieses Profil nennt seine Steckplätze selbst. Was hier zugeordnet wird, verwenden Profile ohne Steckplätze.',
    bound: 'Zugeordnete Steckplätze',
    noneBound: 'Kein Steckplatz ist zugeordnet.',
    drives: 'Laufwerke jetzt',
    noDrives: 'Kein Kartenleser ist angesteckt.',
    columns: { path: 'Laufwerk', name: 'Leser', card: 'Karte', port: 'Anschluss', slot: 'Steckplatz' },
    bind: 'Steckplätze neu zuordnen',
    next: (slot) => `${slot} ist als Nächstes dran. Eine Karte, die schon steckt, zählt nicht: herausnehmen und wieder einlegen.`,
    finish: 'Fertig',
    stop: 'Beenden, alte Steckplätze behalten',
    close: 'Schließen',
  },
} satisfies Partial<Texts>;

function attributeName(attribute: string): string {
  return attribute === 'mac' ? 'MAC' : attribute;
}
