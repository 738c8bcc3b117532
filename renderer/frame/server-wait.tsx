import { useEffect, useState } from 'react';
import { formatTimeLeft } from '../logic/format';
import { texts } from '../texts';
import { Icon } from './icons';

/** A visible wait for the server: it has no end that could be counted, so the time that has passed is shown. */
export function ServerWait({ sentence }: { readonly sentence: string }) {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    const started = performance.now();
    const timer = setInterval(() => setSeconds(Math.floor((performance.now() - started) / 1000)), 500);
    return () => clearInterval(timer);
  }, []);
  return (
    <div className="server-wait" role="status" data-testid="server-wait">
      <p className="server-wait__word">
        <Icon name="waiting" />
        {texts.conflict.waiting}
        {/* Seconds are for the eyes: read aloud, they would drown the result. */}
        <span className="server-wait__time" aria-hidden="true">{seconds === 0 ? '' : texts.conflict.waited(formatTimeLeft(seconds))}</span>
      </p>
      <div className="server-wait__bar" aria-hidden="true">
        <div className="server-wait__moving" />
      </div>
      <p>{sentence}</p>
    </div>
  );
}
