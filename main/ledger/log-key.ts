import type { EventData } from './events';
import { fromBase64, invalidNote, parseVerifierKey, sameKey, signatureTypes, verifierKeyText, verifyEd25519 } from './note';
import type { NoteSigner, VerifierKey } from './note';

/**
 * The key that signs a log's checkpoints is renewed by an entry that both keys have signed: the old one says who follows
 * it, the new one that it is really there. So whoever trusts one key of a log comes to trust the later ones by reading it.
 */

/**
 * What both sign. Its second line is no number, so it can never be read as a checkpoint.
 *
 * @param seq number of the entry that will hold it: the same renewal cannot stand anywhere else
 */
export function renewalStatement(seq: number, previous: VerifierKey, next: VerifierKey): Uint8Array {
  const lines = ['imprint-log-key/v1', `entry ${seq}`, `previous ${verifierKeyText(previous)}`, `next ${verifierKeyText(next)}`];
  return Buffer.from(`${lines.join('\n')}\n`, 'utf8');
}

/** The data of a log's first entry. */
export function firstLogKey(key: VerifierKey): EventData<'log-key'> {
  return { key: verifierKeyText(key) };
}

/** The data of the entry that renews the key. @throws ImprintError log-checkpoint-invalid where the two are not keys of one log */
export async function renewLogKey(seq: number, previous: NoteSigner, next: NoteSigner): Promise<EventData<'log-key'>> {
  const statement = renewalStatement(seq, previous.key, next.key);
  const [signature, previousSignature] = await Promise.all([next.sign(statement), previous.sign(statement)]);
  const data = {
    key: verifierKeyText(next.key),
    previous: verifierKeyText(previous.key),
    signature: Buffer.from(signature).toString('base64'),
    previousSignature: Buffer.from(previousSignature).toString('base64'),
  };
  if (!isRenewal(seq, data, previous.key)) throw invalidNote('the two keys are not of one log, or one of their signatures is false');
  return data;
}

/**
 * The key that is trusted after a log-key entry, given one that was trusted before it.
 *
 * @returns the next key where `trusted` has handed over to it in this entry, else `trusted` itself
 * @throws ImprintError log-checkpoint-invalid where the entry names `trusted` as the previous key and is not signed by both
 */
export function trustedAfter(trusted: VerifierKey, seq: number, data: EventData<'log-key'>): VerifierKey {
  if (data.previous !== verifierKeyText(trusted)) return trusted;
  if (!isRenewal(seq, data, trusted)) throw invalidNote(`entry ${seq} says that the key of the log was renewed, and is not signed by both keys`);
  return parseVerifierKey(data.key);
}

function isRenewal(seq: number, data: EventData<'log-key'>, previous: VerifierKey): boolean {
  const next = parseVerifierKey(data.key);
  if (next.type !== signatureTypes.ed25519 || previous.type !== next.type || next.name !== previous.name || sameKey(next, previous)) return false;
  const statement = renewalStatement(seq, previous, next);
  const own = fromBase64(data.signature ?? '');
  const handed = fromBase64(data.previousSignature ?? '');
  return own !== undefined && handed !== undefined && verifyEd25519(next.publicKey, statement, own) && verifyEd25519(previous.publicKey, statement, handed);
}
