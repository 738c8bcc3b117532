/** What can be heard at the bench. Each differs in its number of tones, their height and their rhythm. */
export const sounds = ['accepted', 'start', 'done', 'error', 'take-out'] as const;
export type Sound = (typeof sounds)[number];

interface Tone {
  readonly hertz: number;
  /** Seconds from the beginning. */
  readonly at: number;
  readonly seconds: number;
  readonly wave: OscillatorType;
}

const tone = (hertz: number, at: number, seconds: number, wave: OscillatorType = 'sine'): Tone => ({ hertz, at, seconds, wave });

export const tonesOf: Readonly<Record<Sound, readonly Tone[]>> = {
  'accepted': [tone(1320, 0, 0.09)],
  'start': [tone(660, 0, 0.1), tone(880, 0.12, 0.12)],
  'done': [tone(784, 0, 0.12), tone(988, 0.14, 0.12), tone(1319, 0.28, 0.28)],
  // Low and rough: nothing else at the bench sounds like it.
  'error': [tone(165, 0, 0.3, 'sawtooth'), tone(131, 0.38, 0.5, 'sawtooth')],
  'take-out': [tone(988, 0, 0.08, 'triangle'), tone(988, 0.16, 0.08, 'triangle'), tone(988, 0.32, 0.08, 'triangle')],
};

export interface SoundSettings {
  /** 0 to 100. */
  readonly volume: number;
  readonly muted: boolean;
}

const storageKey = 'imprint.sound';
const usual: SoundSettings = { volume: 70, muted: false };

export function readSoundSettings(text: string | null): SoundSettings {
  const parts = /^(\d{1,3}) (on|muted)$/.exec(text ?? '');
  const volume = Number(parts?.[1] ?? usual.volume);
  return parts === null || volume > 100 ? usual : { volume, muted: parts[2] === 'muted' };
}

export const soundSettingsText = ({ volume, muted }: SoundSettings): string => `${String(volume)} ${muted ? 'muted' : 'on'}`;

export function rememberedSound(): SoundSettings {
  try {
    return readSoundSettings(localStorage.getItem(storageKey));
  } catch {
    return usual;
  }
}

export function rememberSound(settings: SoundSettings): void {
  try {
    localStorage.setItem(storageKey, soundSettingsText(settings));
  } catch {
    // A choice that cannot be kept still holds until the window closes.
  }
}

let context: AudioContext | undefined;

/** Plays a sound; a computer without one stays silent, and the words are on the screen all the same. */
export function play(sound: Sound, { volume, muted }: SoundSettings): void {
  if (muted || volume === 0) return;
  try {
    context ??= new AudioContext();
    void context.resume().catch(() => undefined);
    const now = context.currentTime + 0.01;
    for (const { hertz, at, seconds, wave } of tonesOf[sound]) {
      const oscillator = new OscillatorNode(context, { type: wave, frequency: hertz });
      const gain = new GainNode(context, { gain: 0 });
      // Without a ramp each tone begins and ends with a click.
      gain.gain.setValueAtTime(0, now + at);
      gain.gain.linearRampToValueAtTime((volume / 100) * 0.5, now + at + 0.01);
      gain.gain.linearRampToValueAtTime(0, now + at + seconds);
      oscillator.connect(gain).connect(context.destination);
      oscillator.start(now + at);
      oscillator.stop(now + at + seconds);
    }
  } catch {
    context = undefined;
  }
}
