import type { Diagnosis, Finding, WatchedDevice } from '../../domain/acceptance';
import { describeIdentity } from '../../domain/identity';
import { fingerprintOf } from './devices';
import type { MdmOptions } from './options';
import type { MdmDevice } from './replies';

/**
 * What has become of a recorded device, by its row at the server.
 *
 * The status says little: a device that was enrolled once is `pending`, whether its board ever came or not. Its sign of life
 * is a heartbeat later than the end of its job; what was before is the station's own, or the board's former life.
 *
 * @param row undefined where the admin's part does not show it
 */
export function judgeDevice(device: WatchedDevice, row: MdmDevice | undefined, options: MdmOptions): Finding {
  const who = describeIdentity(device.identity);
  const found = (state: Finding['state'], sentence: string, diagnosis?: Diagnosis): Finding => ({
    deviceId: device.deviceId,
    state,
    diagnosis,
    sentence,
    serverStatus: row?.status,
    serverDeviceId: row?.id,
  });
  if (row === undefined || row.status === 'unenrolled') {
    return found('missing', `The server has no device ${who}: it was retired or deleted there. Ask who did that; where it was right, decommission it here too.`, 'not-at-server');
  }
  const at = `${who} (device ${row.id}, ${row.status})`;
  if (row.status === 'unenrolling') return found('stuck', `The server is unenrolling ${at}: somebody ordered that there. Wait until it is gone.`, 'decommissioning');
  if (row.status === 'blocked') return found('stuck', `The server has blocked ${at}: ask who did that and why, then unblock it there, or decommission the device.`, 'rejected');
  const pinned = fingerprintOf(row);
  if (row.publicKey !== undefined && pinned !== device.fingerprint) {
    return found('stuck', `The server has pinned another key for ${at} than the one on its card: the board was wiped and enrolled anew, or somebody else uses its identity. Find out which, unpin it there, and make a new card.`, 'pinned-to-another-key');
  }
  if (row.publicKey === undefined && options.enrolment === 'pinned-key') {
    return found('stuck', `The server has no key pinned for ${at}: an admin unpinned it, and the next board that enrols with this identity gets it. Renew its card to pin its key again.`, 'unpinned');
  }
  const heartbeat = Date.parse(row.lastHeartbeat ?? '');
  const finished = Date.parse(device.finishedAt ?? '');
  if (Number.isNaN(heartbeat)) return found('waiting', `The server has enrolled ${who}, and no board reported so far: put its card in, switch it on, and check its network.`, 'never-seen');
  // Without a known end of its job any heartbeat counts: there was nobody else to send it.
  if (Number.isNaN(finished) || heartbeat > finished) {
    const how = options.enrolment === 'hmac' ? 'A board reported with the token of this device' : 'The board reported with the token that was given for its key';
    return found('accepted', `${how}: ${who} is accepted.`);
  }
  return found('waiting', `The last report of ${who} says ${new Date(heartbeat).toISOString()}, before its card was finished: no board came since, or its clock is wrong (reports carry the board's own time).`, 'never-seen');
}

/** Without an admin token nothing can be said. */
export function unknownDevice(device: WatchedDevice, sentence: string): Finding {
  return { deviceId: device.deviceId, state: 'waiting', diagnosis: undefined, sentence };
}
