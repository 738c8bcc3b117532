import { useEffect, useState } from 'react';
import type { DeviceLogView, ErrorReport } from '../contract';
import { ask } from '../station';

export interface DeviceLogOnPage {
  readonly log: DeviceLogView | undefined;
  readonly error: ErrorReport | undefined;
}

/** What the log says of a device. @param freshness another value: it is read again */
export function useDeviceLog(deviceId: string, freshness: unknown): DeviceLogOnPage {
  const [shown, setShown] = useState<DeviceLogOnPage>({ log: undefined, error: undefined });
  useEffect(() => {
    let left = false;
    void ask('deviceLog', { deviceId }).then((reply) => {
      if (!left) setShown((old) => (reply.ok ? { log: reply.value, error: undefined } : { ...old, error: reply.error }));
    });
    return () => {
      left = true;
    };
  }, [deviceId, freshness]);
  return shown;
}
