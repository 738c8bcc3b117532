import { join } from 'node:path';
import { app, dialog, type BrowserWindow } from 'electron';

export interface PlaceQuestion {
  readonly title: string;
  /** What the file or folder is called unless the person writes something else. */
  readonly name: string;
  readonly button: string;
  /** How such files end, without the point; absent for a folder. */
  readonly extension?: string;
}

/** Asks by the system's own dialog where something shall be saved. @returns undefined where the person closed it */
export async function askForPlace(window: BrowserWindow, { title, name, button, extension }: PlaceQuestion): Promise<string | undefined> {
  const { canceled, filePath } = await dialog.showSaveDialog(window, {
    title,
    buttonLabel: button,
    defaultPath: join(app.getPath('home'), name),
    ...(extension === undefined ? {} : { filters: [{ name: extension, extensions: [extension] }] }),
    properties: ['createDirectory', 'showOverwriteConfirmation'],
  });
  if (canceled || filePath === '') return undefined;
  // Not every system's dialog adds it.
  return extension === undefined || filePath.endsWith(`.${extension}`) ? filePath : `${filePath}.${extension}`;
}
