import { emitKeypressEvents, type Key } from 'node:readline';
import type { ReadStream } from 'node:tty';
import { ImprintError } from '../../domain/errors';

/**
 * Asks at a terminal and shows nothing of what is typed. Backspace takes back a character, Ctrl-U all of them.
 * The terminal is afterwards as it was before, however it ends.
 * @returns what was typed before Enter; undefined where that is nothing (Ctrl-D, or the terminal went away)
 * @throws ImprintError cancelled on Ctrl-C, which a terminal in raw mode does not turn into a signal; the signal's reason when that aborts
 */
export async function readHidden(question: string, input: ReadStream, output: NodeJS.WritableStream, signal: AbortSignal): Promise<string | undefined> {
  signal.throwIfAborted();
  const wasRaw = input.isRaw;
  let endQuestion = (): void => undefined;
  try {
    return await new Promise<string | undefined>((resolve, reject) => {
      const characters: string[] = [];
      const finish = (): void => {
        resolve(characters.length === 0 ? undefined : characters.join(''));
      };
      const onKey = (text: string | undefined, key: Key): void => {
        if (key.name === 'return' || key.name === 'enter') finish();
        else if (key.name === 'backspace') characters.pop();
        else if (key.ctrl === true && key.name === 'c') reject(new ImprintError('cancelled', 'Cancelled.'));
        else if (key.ctrl === true && key.name === 'u') characters.length = 0;
        else if (key.ctrl === true && key.name === 'd' && characters.length === 0) finish();
        // Arrows, function keys and other control characters are no part of a secret.
        else if (text !== undefined && !/^\p{Cc}/u.test(text)) characters.push(text);
      };
      const onEnd = (): void => {
        resolve(undefined);
      };
      const onAbort = (): void => {
        reject(signal.reason as Error);
      };
      endQuestion = () => {
        input.off('keypress', onKey);
        input.off('end', onEnd);
        signal.removeEventListener('abort', onAbort);
      };
      emitKeypressEvents(input);
      input.on('keypress', onKey);
      input.on('end', onEnd);
      signal.addEventListener('abort', onAbort);
      // SECURITY: the echo goes off before the question invites anybody to type.
      input.setRawMode(true);
      input.resume();
      output.write(`${question}: `);
    });
  } finally {
    endQuestion();
    input.setRawMode(wasRaw);
    input.pause();
    output.write('\n');
  }
}
