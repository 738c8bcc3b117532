import { useState } from 'react';
import { errorWords, type Said } from '../logic/of-main';
import { play, rememberedSound, rememberSound, sounds, type SoundSettings } from '../logic/sounds';
import { ask } from '../station';
import { texts } from '../texts';
import { ActionButton } from './action-button';
import { Dialog } from './dialog';
import { EscapeButton } from './escape-button';
import { Icon } from './icons';
import { SaidText } from './said';

const { settings: words, sounds: names } = texts.desk;

/** How loud the bench is, what its sounds mean, and the sheet of command codes. */
export function DeskDialog({ onClose }: { readonly onClose: () => void }) {
  const [settings, setSettings] = useState<SoundSettings>(rememberedSound);
  const [printed, setPrinted] = useState<Said>();
  const change = (part: Partial<SoundSettings>): void => {
    const next = { ...settings, ...part };
    setSettings(next);
    rememberSound(next);
  };
  const print = (): void => {
    void ask('commandCodes', {}).then((reply) => setPrinted(reply.ok ? (reply.value === undefined ? undefined : { said: words.saved(reply.value) }) : errorWords(reply.error)));
  };
  return (
    <Dialog title={words.title} onClose={onClose} className="desk-dialog">
      <div data-testid="desk-dialog">
        <label className="field">
          {`${words.volume}: ${String(settings.volume)} %`}
          <input type="range" min={0} max={100} step={5} value={settings.volume} data-testid="volume" onChange={(event) => change({ volume: Number(event.target.value) })} />
        </label>
        <label className="check">
          <input type="checkbox" checked={settings.muted} data-testid="mute" onChange={(event) => change({ muted: event.target.checked })} />
          {words.mute}
        </label>
        <h3>{words.listen}</h3>
        <p className="quiet">{words.words}</p>
        <div className="desk-dialog__sounds">
          {sounds.map((sound) => (
            <button key={sound} type="button" className="button button--plain" onClick={() => play(sound, settings)}>
              {names[sound]}
            </button>
          ))}
        </div>
        <h3>{words.codes}</h3>
        <p className="quiet">{words.codesMeaning}</p>
        <ActionButton testId="print-codes" onPress={print} icon={<Icon name="ready" />}>
          {words.print}
        </ActionButton>
        {printed === undefined ? null : (
          <p role="status">
            <SaidText words={printed} />
          </p>
        )}
      </div>
      <div className="dialog__actions">
        <EscapeButton tone="main" first onPress={onClose}>{words.close}</EscapeButton>
      </div>
    </Dialog>
  );
}
