import type { Texts } from '../../texts';

/** What stands around the pages. */
export const frame = {
  application: 'Imprint',

  navigation: {
    label: 'Seiten',
    bench: 'Platz',
    devices: 'Geräte',
    acceptance: 'Annahme',
    certificates: 'Zertifikate',
    audit: 'Register',
    shift: 'Schicht',
    dashboard: 'Übersicht',
    help: 'Tasten',
    openProfile: 'Profil öffnen…',
    openPractice: 'Übungsplatz',
    dark: 'Dunkel',
    light: 'Hell',
    switchTo: (theme) => `Zur Darstellung „${theme === 'dark' ? 'Dunkel' : theme === 'light' ? 'Hell' : theme}“ wechseln`,
  },

  copy: { copy: 'Kopieren', copied: 'Kopiert' },

  practice: {
    badge: 'Übung',
    sentence: 'Simulierter Server, Karten sind Dateien. Nichts hier erreicht ein echtes Gerät.',
  },

  notices: { dismiss: 'Schließen', information: 'Hinweis', success: 'Erledigt', problem: 'Problem' },
  warnings: 'Warnungen',

  problems: {
    noStation: 'Diese Seite wurde außerhalb der Station geöffnet: Dahinter ist nichts.',
    noAnswer: 'Die Station hat nicht geantwortet. Kommt das wieder vor: Station schließen und neu starten.',
    title: 'Der Arbeitsplatz kann nicht angezeigt werden',
    retry: 'Noch einmal versuchen',
  },

  languages: { label: 'Sprache', names: { 'en': 'English', 'de': 'Deutsch', 'zh-Hans': '中文' } },

  locale: { numbers: 'de', dates: 'de' },
  units: { milliseconds: 'ms', seconds: 's', minutes: 'min', hours: 'h', days: 'Tagen', perSecond: (amount) => `${amount}/s`, megabytesPerSecond: (amount) => `${amount} MB/s` },
} satisfies Partial<Texts>;
