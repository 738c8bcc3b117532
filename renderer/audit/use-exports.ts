import { useEffect, useState } from 'react';
import type { ExportView } from '../contract';
import { ask, listen } from '../station';

/** The export that is being written, or how the last one ended. It goes on in main without this page. */
export function useExports(): ExportView {
  const [view, setView] = useState<ExportView>();
  useEffect(() => {
    let left = false;
    const end = listen('exports', (told) => setView(told));
    void ask('exports', {}).then((reply) => {
      // An event that came meanwhile is newer.
      if (!left && reply.ok) setView((now) => now ?? reply.value);
    });
    return () => {
      left = true;
      end();
    };
  }, []);
  return view ?? nothing;
}

const nothing: ExportView = {};
