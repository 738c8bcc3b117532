import type { RefObject } from 'react';
import { useRef, useState } from 'react';
import type { ErrorReport } from '../contract';
import { answered, emptyScanBuffer, readTerminator, typed } from '../logic/scan-buffer';

export interface ScanFieldControl {
  readonly text: string;
  readonly others: Readonly<Record<string, string>>;
  readonly onText: (text: string) => void;
  readonly onOther: (name: string, value: string) => void;
  /** Enter or Tab. @returns whether the key was used up */
  readonly onTerminator: (key: 'Enter' | 'Tab', repeat: boolean) => boolean;
  /** A scan that was caught elsewhere: over a dialog, on another page. */
  readonly take: (text: string) => void;
  /** Hands the text over as Enter would. */
  readonly submit: () => void;
  /** A scan ended in another input: what the scanner still sends is no start key. */
  readonly expectTail: () => void;
  /** The focus came back from elsewhere: a text that was handed over before is replaced by the next scan. */
  readonly returned: () => void;
  /** @returns whether there was anything to empty */
  readonly empty: () => boolean;
}

interface ScanFieldInput {
  readonly field: RefObject<HTMLInputElement | null>;
  readonly scan: (text: string, others: Readonly<Record<string, string>>) => Promise<ErrorReport | undefined>;
  readonly start: () => void;
  /** A refusal names an attribute; the input for it takes the focus. */
  readonly onRefusal: (refusal: ErrorReport) => void;
}

/** The text of the scan field and of the inputs beside it, and what Enter makes of it. */
export function useScanField({ field, scan, start, onRefusal }: ScanFieldInput): ScanFieldControl {
  const [text, setText] = useState('');
  const [others, setOthers] = useState<Readonly<Record<string, string>>>({});
  const buffer = useRef(emptyScanBuffer);
  // Two scans in a row reach main in their order.
  const queue = useRef<Promise<void>>(Promise.resolve());

  const handOver = (scanned: string): void => {
    const sent = { text: scanned, others };
    // The next scan replaces this text, whether it is accepted or not.
    field.current?.select();
    queue.current = queue.current.then(async () => {
      const refusal = await scan(sent.text, sent.others);
      buffer.current = answered(buffer.current);
      if (refusal !== undefined) {
        field.current?.select();
        onRefusal(refusal);
        return;
      }
      setText((now) => (now.trim() === sent.text ? '' : now));
      setOthers((now) => (now === sent.others ? {} : now));
    });
  };

  const onTerminator = (key: 'Enter' | 'Tab', repeat: boolean): boolean => {
    const read = readTerminator(buffer.current, { key, repeat, text: field.current?.value ?? '', at: performance.now() });
    buffer.current = read.buffer;
    if (read.meaning.action === 'submit') handOver(read.meaning.text);
    if (read.meaning.action === 'start') start();
    return read.meaning.action !== 'pass';
  };

  const empty = (): boolean => {
    const something = text !== '';
    setText('');
    return something;
  };

  return {
    text,
    others,
    onText: (now) => {
      buffer.current = typed(buffer.current);
      setText(now);
    },
    onOther: (name, value) => setOthers((now) => ({ ...now, [name]: value })),
    onTerminator,
    expectTail: () => {
      buffer.current = { ...buffer.current, submittedAt: performance.now() };
    },
    take: (caught) => {
      buffer.current = { submittedAt: performance.now(), pending: buffer.current.pending + 1 };
      handOver(caught);
    },
    submit: () => void onTerminator('Enter', false),
    returned: () => {
      if (buffer.current.submittedAt !== undefined) field.current?.select();
    },
    empty,
  };
}
