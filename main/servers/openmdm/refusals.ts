import { z } from 'zod';
import { ImprintError } from '../../domain/errors';
import type { HttpReply } from '../http/http-exchange';
import { refusalOfReply } from '../http/http-failures';
import { printableWords } from '../http/server-words';

/** `code` and `details` come from the server's core only; what its HTTP layer or a proxy refuses has neither. */
const errorBody = z.object({ error: z.string(), code: z.string().optional(), details: z.unknown().optional() });
const mismatchDetails = z.object({ deviceId: z.string().min(1) });

type ErrorBody = z.infer<typeof errorBody>;

export type EnvelopeAction = 'retry' | 'reauth' | 'unenroll';

/** The body of a refusal, where it is one in OpenMDM's form. */
function bodyOf(reply: HttpReply): ErrorBody | undefined {
  try {
    return errorBody.safeParse(JSON.parse(reply.text)).data;
  } catch {
    return undefined;
  }
}

interface Cause {
  /** How the server's sentence begins; it has one code for all of these. */
  readonly words: RegExp;
  readonly sentence: (doing: string) => string;
  readonly field?: string;
}

/** Why `ENROLLMENT_ERROR` (status 400), as @openmdm/core 0.11 words it. */
const causes: readonly Cause[] = [
  {
    words: /^Pinned-key enrollment is required\b/i,
    sentence: (doing) => `The server takes devices with a key of their own only, and this was the shared secret, while ${doing}; use the device's key in the profile.`,
  },
  {
    words: /^Pinned-key enrollment requires attestationChallenge\b/i,
    sentence: (doing) => `The server did not get its challenge back while ${doing}; a proxy on the way changes requests, ask whoever runs the network.`,
  },
  {
    words: /^Pinned-key enrollment requires an adapter\b/i,
    sentence: (doing) => withoutChallenges(doing),
  },
  {
    words: /^Invalid enrollment public key\b/i,
    sentence: (doing) => `The server cannot use the public key while ${doing}: it takes EC keys on P-256 only; set the key type of the profile to ec-p256.`,
    field: 'keyType',
  },
  {
    words: /^Invalid enrollment signature \(device-pinned-key/i,
    sentence: (doing) => `The signature of the device's key does not fit what the server received while ${doing}: a proxy changed the request, or the server's version signs other fields than this Imprint knows.`,
  },
  {
    words: /^Invalid enrollment signature\b/i,
    sentence: (doing) => `The server has another shared secret than the profile, or received another text than was signed, while ${doing}; compare the secret with the server's deviceSecret.`,
    field: 'server.options.deviceSecret',
  },
  {
    words: /^Enrollment timestamp\b/i,
    sentence: (doing) => `The clocks of this workstation and of the server differ by more than the server allows (15 minutes unless it was set) while ${doing}; set the clock that is wrong.`,
  },
  {
    words: /^Enrollment method\b/i,
    sentence: (doing) => `The server does not allow this enrolment method while ${doing}; set identity attribute method in the profile to one that it allows.`,
    field: 'identity.method',
  },
  {
    words: /^Device not registered\b/i,
    sentence: (doing) => `The server takes no devices that it does not know (its autoEnroll is off) while ${doing}; have autoEnroll switched on there, a device cannot be registered beforehand.`,
  },
  {
    words: /^Enrollment validation failed\b/i,
    sentence: (doing) => `A rule that whoever runs the server wrote for it refuses this device while ${doing}; ask them which.`,
  },
];

function withoutChallenges(doing: string): string {
  // Never by the shared secret instead: whoever has read one device's software could then enrol as any other.
  return `The database of this server keeps no challenges, so devices with a key of their own cannot enrol there (while ${doing}); ask whoever runs the server to set up its challenge table. Nothing was enrolled by the shared secret instead.`;
}

function refusedEnrolment(words: string, doing: string): ImprintError {
  const cause = causes.find((candidate) => candidate.words.test(words));
  if (cause !== undefined) return new ImprintError('server-refused', cause.sentence(doing), { field: cause.field });
  if (/^Device must provide at least one identifier/i.test(words)) return missing('an identifier', doing);
  return new ImprintError('server-refused', `The server refused the enrolment (${printableWords(words) ?? 'without a reason'}) while ${doing}.`);
}

function missing(what: string, doing: string): ImprintError {
  return new ImprintError('identity-missing-attribute', `The server did not find ${what} in the request while ${doing}; look at the identity of the profile.`, {
    field: 'identity',
    expected: 'model, manufacturer, osVersion and one of macAddress, serialNumber, imei, androidId',
  });
}

/**
 * A reply of OpenMDM that says no, in the closed codes, as one sentence for the person at the bench.
 *
 * - `server-challenge-invalid`: a fresh challenge helps, everything else of the request may stay.
 * - `identity-at-server`: the device is pinned to another key; only an admin can undo that.
 * - `server-busy`: whether the request was processed is not known after a 5xx.
 *
 * @param doing completes "while …"
 */
export function refusalOfMdm(reply: HttpReply, doing: string): ImprintError {
  const body = bodyOf(reply);
  const words = body?.error ?? '';
  switch (body?.code) {
    case 'CHALLENGE_INVALID':
      return new ImprintError('server-challenge-invalid', `The server's challenge was used already or is older than it allows (5 minutes unless it was set) while ${doing}; try again, with a fresh one.`);
    case 'PUBLIC_KEY_MISMATCH': {
      const id = mismatchDetails.safeParse(body.details).data?.deviceId;
      const which = id === undefined ? '' : ` (device ${printableWords(id) ?? 'without a name'})`;
      return new ImprintError('identity-at-server', `The server has this device already under another key${which}: its storage was wiped, or somebody else uses its identity. Find out which; then an admin unpins it there (PATCH /devices/ID, {"publicKey": null}) or here (--replace, with an adminToken). Nothing was changed while ${doing}.`, {
        field: 'identity',
        expected: 'an identity that the server does not have',
      });
    }
    case 'ENROLLMENT_ERROR':
      return refusedEnrolment(words, doing);
    case 'DEVICE_NOT_FOUND':
      return gone(doing);
    case undefined:
      break;
  }
  if (reply.status === 400 && /^Missing required fields/i.test(words)) return missing('model, manufacturer or osVersion', doing);
  if (reply.status === 400 && /^At least one device identifier/i.test(words)) return missing('an identifier', doing);
  if (reply.status === 503 && /^Enrollment challenges are not supported/i.test(words)) return new ImprintError('server-refused', withoutChallenges(doing));
  if (reply.status === 429) {
    return new ImprintError('server-busy', `The server takes no more enrolments for now (usually 60 requests a minute from one place, and a device needs two) while ${doing}; try again in a minute.`);
  }
  if (reply.status === 404 && /^Device not found/i.test(words)) return gone(doing);
  if (reply.status === 404) {
    return new ImprintError('server-refused', `Nothing of OpenMDM answers at this address while ${doing}: server.url must be the address at which it is mounted, such as ${reply.origin}/mdm.`, { field: 'server.url' });
  }
  if (reply.status === 500) {
    return new ImprintError('server-busy', `The server failed at this request (500) while ${doing}; it answers so for a body that it cannot read as well, so its log tells whether it has a problem of its own or a proxy changes requests.`);
  }
  return refusalOfReply(reply, doing);
}

function gone(doing: string): ImprintError {
  return new ImprintError('device-not-accepted', `The server does not have this device any more while ${doing}; it was removed or blocked there.`);
}

/** What an envelope of protocol 2 asks an agent to do, as a refusal. */
export function refusalOfAction(action: EnvelopeAction, message: string | undefined, doing: string): ImprintError {
  const words = message === undefined ? undefined : printableWords(message);
  const said = words === undefined ? '' : ` (${words})`;
  switch (action) {
    case 'retry':
      return new ImprintError('server-busy', `The server takes this request later${said} while ${doing}; try again in a minute.`);
    case 'reauth':
      return new ImprintError('device-not-accepted', `The server does not take the device's token${said} while ${doing}: it has expired, or is not this server's; the device needs a new one.`);
    case 'unenroll':
      return gone(doing);
  }
}
