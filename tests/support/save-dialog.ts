/** What the person answers to the system's question for a place, which no test can press. */
import type { StationWindow } from './window';

/** From now on the answer is this path, or that the question was closed. */
export async function answerSaveDialog({ application }: StationWindow, path: string | undefined): Promise<void> {
  await application.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: filePath === undefined, filePath: filePath ?? '' });
  }, path);
}

/** What the last copy put on the clipboard. */
export function copied({ application }: StationWindow): Promise<string> {
  return application.evaluate(({ clipboard }) => clipboard.readText());
}
