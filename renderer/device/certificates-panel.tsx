import { CertificateBadge } from '../certificates/certificate-badge';
import type { Certificate } from '../contract';
import { formatDateTime } from '../logic/format';
import { reasonWords } from '../logic/words';
import { texts } from '../texts';

const { device: words } = texts;

/** Every certificate that was issued for the device, newest first. */
export function CertificatesPanel({ certificates }: { readonly certificates: readonly Certificate[] }) {
  if (certificates.length === 0) return null;
  return (
    <section className="panel" aria-label={words.certificates} data-testid="certificates-panel">
      <header className="panel__head">
        <h2>{words.certificates}</h2>
      </header>
      {certificates.map((certificate) => (
        <CertificateItem key={certificate.sha256} certificate={certificate} />
      ))}
    </section>
  );
}

function CertificateItem({ certificate }: { readonly certificate: Certificate }) {
  const { serial, issuer, notBefore, notAfter, pem, revokedAt, revocationReason } = certificate;
  return (
    <article className="certificate" aria-label={`${words.serial} ${serial}`} data-testid="certificate" data-state={certificate.state}>
      <p className="certificate__head">
        <CertificateBadge certificate={certificate} />
        <strong>{words.validity(formatDateTime(notBefore), formatDateTime(notAfter))}</strong>
      </p>
      <dl className="facts">
        <dt>{words.serial}</dt>
        <dd className="code">{serial}</dd>
        <dt>{words.issuer}</dt>
        <dd>{issuer}</dd>
        {revokedAt === undefined ? null : (
          <>
            <dt>{words.revokedAt}</dt>
            <dd>
              {formatDateTime(revokedAt)}
              {revocationReason === undefined ? '' : `, ${reasonWords(revocationReason)}`}
            </dd>
          </>
        )}
      </dl>
      <details className="certificate__pem">
        <summary>{words.pem}</summary>
        <pre className="pem" role="group" tabIndex={0} aria-label={words.pem}>
          {pem.trim()}
        </pre>
      </details>
    </article>
  );
}
