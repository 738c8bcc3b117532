import type { MessagePortLike } from './remote-procedures';

/** The port to the process that forked this one. */
export function parentPort(): MessagePortLike {
  const port = process.parentPort;
  return {
    post: (message) => {
      port.postMessage(message);
    },
    listen: (listener) => {
      port.on('message', (event) => {
        listener(event.data);
      });
    },
  };
}
