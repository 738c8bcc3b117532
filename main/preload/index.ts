/** The window's only view of the station: two functions. Runs sandboxed; everything is checked again in main. */
import { contextBridge, ipcRenderer } from 'electron';

contextBridge.exposeInMainWorld('imprint', {
  call: (name: unknown, params: unknown): Promise<unknown> => ipcRenderer.invoke('imprint:call', String(name), params),
  on: (name: unknown, listener: (value: unknown) => void): (() => void) => {
    const receive = (_event: unknown, told: unknown, value: unknown): void => {
      if (told === name) listener(value);
    };
    ipcRenderer.on('imprint:event', receive);
    return () => {
      ipcRenderer.removeListener('imprint:event', receive);
    };
  },
});
