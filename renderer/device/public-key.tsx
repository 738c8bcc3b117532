import type { DeviceDetails } from '../contract';
import { groupsOfFour } from '../logic/fingerprint';
import { texts } from '../texts';

/** A SHA-256 value to be read aloud; copied, it is one piece with single spaces. */
export function Fingerprint({ value, testId }: { readonly value: string; readonly testId?: string }) {
  return (
    <p className="fingerprint" data-testid={testId} data-value={value}>
      {groupsOfFour(value).map((group, index) => (
        <span key={index}>{`${group} `}</span>
      ))}
    </p>
  );
}

export function PublicKeyPanel({ device }: { readonly device: DeviceDetails }) {
  return (
    <section className="panel" aria-label={texts.device.publicKey}>
      <header className="panel__head">
        <h2>{texts.device.publicKey}</h2>
        <span className="panel__aside">{texts.device.keyTypes[device.keyType]}</span>
      </header>
      {device.fingerprint === undefined ? (
        <p className="quiet">{texts.device.noPublicKey}</p>
      ) : (
        <>
          <h3>{texts.device.fingerprint}</h3>
          <Fingerprint value={device.fingerprint} testId="fingerprint" />
        </>
      )}
      {device.publicKeyPem === undefined ? null : (
        <pre className="pem" role="group" tabIndex={0} aria-label={texts.device.publicKey}>
          {device.publicKeyPem.trim()}
        </pre>
      )}
    </section>
  );
}
