import { useState } from 'react';
import type { Notice } from '../contract';
import { ActionButton } from '../frame/action-button';
import { isDialogOpen } from '../logic/elements';
import { rangeOfDays } from '../logic/days';
import type { RecordSearch } from '../state/page';
import { useKeys } from '../state/use-keys';
import { ask } from '../station';
import { texts } from '../texts';

const { export: words } = texts.audit;

/** Hands out the devices of the batch and the days that are asked for. */
export function ExportPanel({ search, notify }: { readonly search: RecordSearch; readonly notify: (notice: Notice) => void }) {
  const [writing, setWriting] = useState(false);
  const { batch, from, to } = search;
  const selection = { ...(batch === '' ? {} : { batch }), ...rangeOfDays(from, to) };

  const start = (): void => {
    if (writing) return;
    setWriting(true);
    void ask('exportRecord', selection).then((reply) => {
      setWriting(false);
      if (!reply.ok) notify({ sentence: reply.error.sentence, tone: 'problem' });
      else if (reply.value !== undefined) notify({ sentence: reply.value.sentence, tone: reply.value.path === undefined ? 'information' : 'success' });
    });
  };

  useKeys((event) => {
    if (!event.ctrlKey || event.altKey || event.metaKey || event.key.toLowerCase() !== 'e' || isDialogOpen()) return;
    event.preventDefault();
    if (!event.repeat) start();
  });

  return (
    <section className="panel" aria-label={words.title}>
      <header className="panel__head">
        <h2>{words.title}</h2>
      </header>
      <p>{Object.keys(selection).length === 0 ? words.all : words.what}</p>
      <ActionButton onPress={start} keyName="Ctrl+E" tone="main" disabled={writing} testId="export">
        {writing ? words.writing : words.start}
      </ActionButton>
    </section>
  );
}
