import { useCallback, useEffect, useState } from 'react';
import type { DeviceDetails, ErrorReport, ServerView } from '../contract';
import { ask } from '../station';

export interface DeviceOnPage {
  readonly device: DeviceDetails | undefined;
  readonly server: ServerView | undefined;
  readonly asking: boolean;
  readonly error: ErrorReport | undefined;
  readonly askServer: () => void;
  /** Something was done to it: record and server are read again. */
  readonly reload: () => void;
}

/** The record of one device, and what the server says of it now: asked each time the page opens. */
export function useDevice(deviceId: string): DeviceOnPage {
  const [device, setDevice] = useState<DeviceDetails>();
  const [server, setServer] = useState<ServerView>();
  const [asking, setAsking] = useState(true);
  const [error, setError] = useState<ErrorReport>();
  const [round, setRound] = useState(0);

  const askServer = useCallback(() => {
    setAsking(true);
    void ask('askServer', { deviceId }).then((reply) => {
      setAsking(false);
      setServer(reply.ok ? reply.value : { sentence: reply.error.sentence, authSets: [] });
    });
  }, [deviceId]);

  useEffect(() => {
    let left = false;
    void ask('device', { deviceId }).then((reply) => {
      if (left) return;
      if (!reply.ok) {
        setAsking(false);
        setError(reply.error);
        return;
      }
      setDevice(reply.value.device);
      if (reply.value.server !== undefined) setServer(reply.value.server);
      askServer();
    });
    return () => {
      left = true;
    };
  }, [deviceId, askServer, round]);

  return { device, server, asking, error, askServer, reload: () => setRound((now) => now + 1) };
}
