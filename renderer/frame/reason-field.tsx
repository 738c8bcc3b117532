import type { RevocationReason } from '../contract';
import { texts } from '../texts';

/** The reason that is meant where nobody chooses: the device ends, and nothing is known against its key. */
export const usualReason: RevocationReason = 'cessation-of-operation';

const reasons = Object.keys(texts.revocationReasons) as readonly RevocationReason[];

/** Why the certificates of a device are revoked. */
export function ReasonField({ reason, onReason }: { readonly reason: RevocationReason; readonly onReason: (reason: RevocationReason) => void }) {
  return (
    <label className="field reason">
      {texts.confirm.reason}
      <select data-testid="reason" value={reason} onChange={(event) => onReason(reasons.find((each) => each === event.target.value) ?? usualReason)}>
        {reasons.map((each) => (
          <option key={each} value={each}>
            {texts.revocationReasons[each]}
          </option>
        ))}
      </select>
    </label>
  );
}
