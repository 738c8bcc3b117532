import type { Texts } from '../../texts';
import { counted } from './count';

/** What is said of the certificates that servers issued. */
export const certificates = {
  certificateStates: {
    issued: 'Ausgestellt',
    ending: 'Endet bald',
    expired: 'Abgelaufen',
    superseded: 'Ersetzt',
    revoked: 'Widerrufen',
    lost: 'Verloren',
  },

  revocationReasons: {
    'cessation-of-operation': 'Das Gerät endet',
    'key-compromise': 'Sein Schlüssel ist anderen bekannt, oder seine Karte ist verloren',
    'superseded': 'Eine neue Karte tritt an seine Stelle',
    'affiliation-changed': 'Es gehört jetzt jemand anderem',
    'unspecified': 'Kein Grund',
  },

  certificates: {
    title: 'Zertifikate',
    counts: 'Zertifikate nach Zustand',
    all: 'Alle',
    filter: 'Filter',
    text: 'Kennung, Seriennummer oder Aussteller',
    textPlaceholder: 'Scannen oder tippen',
    within: 'Läuft ab in',
    any: 'Beliebig',
    spans: { 0: 'Abgelaufen', 24: '1 Tag', 168: '7 Tagen', 720: '30 Tagen', 2160: '90 Tagen', 8760: '1 Jahr' },
    find: 'Suchen',
    clear: 'Alle zeigen',
    shown: (count) => counted(count, 'Zertifikat', 'Zertifikate'),
    empty: 'Kein Zertifikat passt.',
    nothingYet: 'Kein Zertifikat ist aufgezeichnet: Die Server der Geräte dieser Station gaben keine.',
    loading: 'Register wird gelesen…',
    rows: 'Zertifikate, das nächste ablaufende zuerst',
    columns: { expires: 'Läuft ab', state: 'Zustand', identity: 'Kennung', batch: 'Los', serial: 'Seriennummer', issuer: 'Aussteller' },
    inTime: (time) => `in ${time}`,
    ago: (time) => `vor ${time}`,
    compromised: 'Zertifizierungsstelle kompromittiert',
  },

  compromised: {
    title: 'Wenn die ausstellende Zertifizierungsstelle selbst kompromittiert ist',
    intro: 'Einzelne Zertifikate zu widerrufen hilft nicht: Wer den Schlüssel der Stelle hat, stellt neue aus. Jedes Gerät, für das sie bürgte, braucht ein Zertifikat einer anderen Stelle.',
    steps: [
      'Linie anhalten: keine Karte machen, nichts erneuern. Allen an den Arbeitsplätzen und den Betreibern der Server Bescheid geben.',
      'Die Betreiber der übergeordneten Stelle widerrufen dort die kompromittierte Sub-CA und veröffentlichen die neue Sperrliste. Ab dann werden ihre Geräte überall abgewiesen, wo die Liste gelesen wird.',
      'Sie richten eine neue Sub-CA mit neuem Schlüssel ein, und Bridge und CA stellen mit ihr aus. Ihr Zertifikat in die Profile eintragen; die Wurzel bleibt.',
      'Geräte auflisten: mit dem Filter oben und dem Namen des Ausstellers, oder „imprint certificates --issuer NAME --csv“.',
      'Für jedes eine neue Karte machen: das Gerät mit dem Grund „Sein Schlüssel ist anderen bekannt“ stilllegen, dann erneut machen. Erneuern genügt nicht: Es würde mit einem Zertifikat verlangt, dem niemand mehr traut.',
      'Fertig, wenn die Liste kein ausgestelltes Zertifikat dieses Ausstellers mehr zeigt.',
    ],
    close: 'Schließen',
  },
} satisfies Partial<Texts>;
