import { Icon } from '../frame/icons';
import { SaidText } from '../frame/said';
import { texts } from '../texts';
import type { BenchSignals } from './use-bench-signals';

const { desk: words } = texts;

/** The last scan's result, always there and read aloud; the last sound as a word, for whoever cannot hear it. */
export function ScanResult({ last, sound, alarm }: Pick<BenchSignals, 'last' | 'sound' | 'alarm'>) {
  return (
    <div className={last === undefined ? 'scan-result' : `scan-result scan-result--${last.good ? 'good' : 'bad'}`} data-testid="last-scan" data-good={last?.good}>
      <Icon name={last === undefined ? 'ready' : last.good ? 'done' : 'failed'} />
      <span className="scan-result__label">{words.lastScan}</span>
      {/* The region stays and its words are new, or a screen reader does not notice them. A red screen says its sentence itself. */}
      <p role="status" aria-live={alarm === undefined ? 'polite' : 'off'}>
        <span key={last?.number}>{last === undefined ? words.nothingScanned : <SaidText words={last.said} />}</span>
      </p>
      {sound === undefined ? null : (
        <small data-testid="sound" data-sound={sound}>
          {words.sound(words.sounds[sound])}
        </small>
      )}
    </div>
  );
}
