/** A reset by whoever runs this, in a guest of the fault campaign: `reset-as-user.cjs PORT`, one JSON object on standard output. */
import { asImprintError } from '../../main/domain/errors';
import { resetReader } from '../../main/flash/reader-reset';

resetReader(process.argv[2] ?? '').then(
  (value) => process.stdout.write(JSON.stringify({ ok: true, value })),
  (thrown: unknown) => process.stdout.write(JSON.stringify({ ok: false, error: asImprintError(thrown).toReport() })),
);
