import { Icon } from '../frame/icons';
import { SaidText } from '../frame/said';
import { texts } from '../texts';
import type { BenchSignals } from './use-bench-signals';

const { desk: words } = texts;

/** The last scan's result, always there and read aloud; the last sound as a word, for whoever cannot hear it. */
export function ScanResult({ last, sound }: Pick<BenchSignals, 'last' | 'sound'>) {
  return (
    <div className={last === undefined ? 'scan-result' : `scan-result scan-result--${last.good ? 'good' : 'bad'}`} data-testid="last-scan" data-good={last?.good}>
      <Icon name={last === undefined ? 'ready' : last.good ? 'done' : 'failed'} />
      <span className="scan-result__label">{words.lastScan}</span>
      <p role="status" key={last?.number}>
        {last === undefined ? words.nothingScanned : <SaidText words={last.said} />}
      </p>
      {sound === undefined ? null : (
        <small data-testid="sound" data-sound={sound}>
          {words.sound(words.sounds[sound])}
        </small>
      )}
    </div>
  );
}
