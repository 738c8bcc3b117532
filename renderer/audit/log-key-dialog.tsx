import { CopyButton } from '../frame/copy-button';
import { Dialog } from '../frame/dialog';
import { EscapeButton } from '../frame/escape-button';
import { texts } from '../texts';
import { QrCode } from './qr-code';

const { log: words } = texts.audit;

/** The key that verifies whatever this log signs, to be taken along: by camera, by clipboard, or read aloud. */
export function LogKeyDialog({ logKey, onClose }: { readonly logKey: string; readonly onClose: () => void }) {
  return (
    <Dialog title={words.key} onClose={onClose} className="dialog--wide log-key">
      <div className="log-key__columns" data-testid="log-key">
        <QrCode text={logKey} label={words.keyAsCode} />
        <div className="log-key__words">
          <p>{words.keyMeaning}</p>
          <p className="log-key__text code" role="group" tabIndex={0} aria-label={words.key} data-testid="log-key-text">
            {logKey}
          </p>
          <CopyButton text={logKey} what={words.key} />
        </div>
      </div>
      <div className="dialog__actions">
        <EscapeButton tone="main" first onPress={onClose}>{texts.audit.close}</EscapeButton>
      </div>
    </Dialog>
  );
}
