import { useEffect, useRef, useState } from 'react';
import type { BenchView, ErrorReport, LabelPreview, LabelsView, Notice } from '../contract';
import { Dialog } from '../frame/dialog';
import { Icon } from '../frame/icons';
import { English } from '../frame/said';
import { viewIdentity } from '../logic/identity';
import { refused, told } from '../logic/of-main';
import { ask } from '../station';
import { texts } from '../texts';

const { dialog: words, states } = texts.labels;

interface LabelsDialogProps {
  readonly bench: BenchView;
  readonly notify: (notice: Notice) => void;
  readonly onClose: () => void;
}

/** The template of the profile with the last device in it, and the labels that are not printed. */
export function LabelsDialog({ bench, notify, onClose }: LabelsDialogProps) {
  const [preview, setPreview] = useState<LabelPreview>();
  const [testing, setTesting] = useState(false);
  const { labels, scanAttribute } = bench;
  const close = useRef<HTMLButtonElement>(null);
  // A scanner's Enter must not decide anything.
  useEffect(() => close.current?.focus(), []);
  const may = bench.rights.includes('provision');

  // Another label may have been printed meanwhile: the preview is that of the last device.
  const finished = bench.counts.done;
  useEffect(() => {
    void ask('labelPreview', {}).then((reply) => {
      if (reply.ok) setPreview(reply.value);
      else notify(refused(reply.error));
    });
  }, [finished, notify]);

  const problem = (reply: { readonly ok: true } | { readonly ok: false; readonly error: ErrorReport }): void => {
    if (!reply.ok) notify(refused(reply.error));
  };
  const test = (): void => {
    if (testing) return;
    setTesting(true);
    void ask('printTestLabel', {}).then((reply) => {
      setTesting(false);
      if (reply.ok) notify(told(reply.value.sentence, 'success'));
      problem(reply);
    });
  };

  return (
    <Dialog title={words.title} onClose={onClose} className="dialog--wide">
      <div className="labels" data-testid="labels-dialog">
        {labels.on ? <Preview preview={preview} scanAttribute={scanAttribute} /> : <p>{words.off}</p>}
        <Queue labels={labels} scanAttribute={scanAttribute} may={may} onProblem={problem} />
        <div className="dialog__actions">
          {labels.on && may ? (
            <>
              <button type="button" className="button button--plain" data-testid="test-label" disabled={testing} onClick={test}>
                <Icon name="label" />
                {testing ? words.testing : words.test}
              </button>
              <button type="button" className="button button--plain" data-testid="try-labels" disabled={labels.unfinished.length === 0} onClick={() => void ask('tryLabels', {}).then(problem)}>
                <Icon name="again" />
                {words.tryNow}
              </button>
            </>
          ) : null}
          <button type="button" className="button button--main" ref={close} onClick={onClose}>
            {words.close}
            <kbd aria-hidden="true">Esc</kbd>
          </button>
        </div>
      </div>
    </Dialog>
  );
}

function Preview({ preview, scanAttribute }: { readonly preview: LabelPreview | undefined; readonly scanAttribute: string }) {
  if (preview === undefined) return <p className="quiet">{words.loading}</p>;
  const what = preview.identity === undefined ? words.sample : words.of(viewIdentity(preview.identity, scanAttribute).main);
  return (
    <figure className="label-preview" data-testid="label-preview">
      {/* SECURITY: a picture runs nothing, whatever is in it. */}
      {preview.svg === undefined ? null : <img alt={words.alt(what)} src={`data:image/svg+xml;charset=utf-8,${encodeURIComponent(preview.svg)}`} style={{ aspectRatio: `${String(preview.width)} / ${String(preview.height)}` }} />}
      <figcaption>
        <strong>{what}</strong>
        <span>{words.size(String(preview.width), String(preview.height))}</span>
        <span>{preview.printer}</span>
      </figcaption>
      {preview.problems.map((sentence) => (
        <p key={sentence} className="label-preview__problem">
          <Icon name="warning" />
          <English>{sentence}</English>
        </p>
      ))}
    </figure>
  );
}

interface QueueProps {
  readonly labels: LabelsView;
  readonly scanAttribute: string;
  readonly may: boolean;
  readonly onProblem: (reply: { readonly ok: true } | { readonly ok: false; readonly error: ErrorReport }) => void;
}

function Queue({ labels, scanAttribute, may, onProblem }: QueueProps) {
  if (labels.unfinished.length === 0) return labels.on ? <p className="quiet">{words.empty}</p> : null;
  const decide = (printId: number, decision: 'printed' | 'again' | 'give-up'): void => void ask('decideLabel', { printId, decision }).then(onProblem);
  return (
    <section aria-label={words.queue}>
      <h3>{words.queue}</h3>
      <ul className="label-queue">
        {labels.unfinished.map(({ printId, identity, state, sentence }) => (
          <li key={printId} data-testid="unfinished-label" data-state={state}>
            <p>
              <Icon name={state === 'doubtful' ? 'warning' : 'waiting'} />
              <strong>{viewIdentity(identity, scanAttribute).main}</strong> {state === 'doubtful' ? words.asked : states[state]}
              {sentence === undefined ? null : <small><English>{sentence}</English></small>}
            </p>
            {may && state !== 'sending' ? (
              <div className="label-queue__actions">
                {state === 'doubtful' ? (
                  <>
                    <button type="button" className="button button--plain" data-testid="label-printed" onClick={() => decide(printId, 'printed')}>
                      {words.yes}
                    </button>
                    <button type="button" className="button button--plain" data-testid="label-again" onClick={() => decide(printId, 'again')}>
                      {words.again}
                    </button>
                  </>
                ) : null}
                <button type="button" className="button button--quiet" data-testid="label-give-up" onClick={() => decide(printId, 'give-up')}>
                  {words.giveUp}
                </button>
              </div>
            ) : null}
          </li>
        ))}
      </ul>
    </section>
  );
}
