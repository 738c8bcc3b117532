import { useEffect, useState } from 'react';
import type { ErrorReport, ListSource, ListView, ReadingParams } from '../contract';
import { ask } from '../station';

/** After the last change of what is pasted. */
const restMilliseconds = 250;

export interface ListControl {
  readonly text: string;
  readonly onText: (text: string) => void;
  /** The file instead of the text. */
  readonly fileName: string | undefined;
  readonly chooseFile: () => void;
  readonly leaveFile: () => void;
  readonly source: ListSource | undefined;
  readonly reading: ReadingParams;
  readonly onReading: (reading: ReadingParams) => void;
  /** Undefined before it was read, and while it is read again. */
  readonly view: ListView | undefined;
  readonly error: ErrorReport | undefined;
}

/** A list that was pasted or chosen, read by main again whenever it or its columns change. */
export function useList(): ListControl {
  const [text, setText] = useState('');
  const [file, setFile] = useState<{ readonly file: string; readonly name: string }>();
  const [reading, setReading] = useState<ReadingParams>({});
  const [view, setView] = useState<ListView>();
  const [error, setError] = useState<ErrorReport>();

  useEffect(() => {
    setView(undefined);
    setError(undefined);
    const source = sourceOf(text, file?.file);
    if (source === undefined) return undefined;
    let left = false;
    const timer = setTimeout(() => {
      void ask('readList', { source, reading }).then((reply) => {
        if (left) return;
        if (reply.ok) setView(reply.value);
        else setError(reply.error);
      });
    }, restMilliseconds);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [text, file, reading]);

  return {
    text,
    onText: (now) => {
      setText(now);
      // Another list has other columns.
      setReading({});
    },
    fileName: file?.name,
    chooseFile: () => {
      void ask('chooseListFile', {}).then((reply) => {
        if (!reply.ok) return setError(reply.error);
        if (reply.value === undefined) return;
        setFile(reply.value);
        setReading({});
      });
    },
    leaveFile: () => {
      setFile(undefined);
      setReading({});
    },
    source: sourceOf(text, file?.file),
    reading,
    onReading: setReading,
    view,
    error,
  };
}

function sourceOf(text: string, file: string | undefined): ListSource | undefined {
  if (file !== undefined) return { file };
  return text.trim() === '' ? undefined : { text };
}
