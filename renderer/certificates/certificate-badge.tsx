import { certificateIcons, Icon } from '../frame/icons';
import { shownState } from '../logic/certificates';
import { texts } from '../texts';

type Shown = Parameters<typeof shownState>[0];

/** Word, shape and colour of a certificate's state together. */
export function CertificateBadge({ certificate }: { readonly certificate: Shown }) {
  const state = shownState(certificate, Date.now());
  return (
    <span className={`badge tone--${state}`} data-testid="certificate-state" data-state={state}>
      <Icon name={certificateIcons[state]} />
      {texts.certificateStates[state]}
    </span>
  );
}
