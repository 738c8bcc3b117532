import { useState } from 'react';
import type { BatchSummary } from '../contract';
import { formatCount } from '../logic/format';
import { texts } from '../texts';
import { EscapeButton } from '../frame/escape-button';

const { batches: words } = texts;

interface SignOffFormProps {
  readonly summary: BatchSummary;
  readonly operator: string;
  readonly signing: boolean;
  readonly onSign: (remark: string) => void;
  readonly onLeave: () => void;
}

/** The second press: who says what about how many devices. Without all of them accepted it needs a reason. */
export function SignOffForm({ summary, operator, signing, onSign, onLeave }: SignOffFormProps) {
  const [remark, setRemark] = useState('');
  const { batch, counts, total } = summary;
  const needsRemark = counts.accepted < total;
  const ready = !signing && (!needsRemark || remark.trim() !== '');
  return (
    <form
      className="sign-off"
      data-testid="sign-off-form"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) onSign(remark.trim());
      }}
    >
      <h4>{words.confirmTitle(batch)}</h4>
      <p>{words.confirm(operator, formatCount(counts.accepted), formatCount(total))}</p>
      <label className="field">
        {needsRemark ? words.remarkLabel : words.remarkOptional}
        <input type="text" autoFocus={needsRemark} required={needsRemark} maxLength={2000} value={remark} data-testid="remark" autoComplete="off" onChange={(event) => setRemark(event.target.value)} />
      </label>
      <div className="dialog__actions">
        <EscapeButton onPress={onLeave}>{words.no}</EscapeButton>
        <button type="submit" className="button button--main" autoFocus={!needsRemark} data-testid="confirm-sign-off" disabled={!ready}>
          {signing ? words.signing : words.yes}
          <kbd aria-hidden="true">Enter</kbd>
        </button>
      </div>
    </form>
  );
}
