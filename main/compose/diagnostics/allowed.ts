/** What a diagnostics bundle may say of settings and profiles: each member is taken by its name, nothing else is. */
import { basename } from 'node:path';
import type { ProfileSummary, SettingsSummary } from '../../contract/diagnostics-file';
import type { StationSettings } from '../../contract/station-settings';
import { describePartition, type Profile } from '../../domain/profile';

/** SECURITY: a path or a query may be a secret, as those of many webhooks are. */
function originOf(url: string): string {
  try {
    return new URL(url).origin;
  } catch {
    return '';
  }
}

export function profileSummary({ name, server, identity, keyType, image, files, erase, targets, outboxLimit, station }: Profile): ProfileSummary {
  const { credentials } = server;
  return {
    name,
    server: {
      kind: server.kind,
      origin: originOf(server.url),
      ...(credentials === undefined ? {} : { credentials: { type: credentials.type, from: (credentials.type === 'token' ? credentials.token : credentials.password).from } }),
      ownAuthority: server.certificateAuthority !== undefined,
      proxy: server.proxy !== undefined,
      clientVersion: server.clientVersion,
      options: Object.keys(server.options ?? {}).sort(),
    },
    identity: identity.map((attribute) => ({ name: attribute.name, scan: attribute.scan, constant: attribute.constant !== undefined, pattern: attribute.pattern !== undefined })),
    keyType,
    image: { name: basename(image.path), sha256: image.sha256 },
    files: files.map(({ content, partition, path, mode, uid, gid, createFolders }) => ({ content, partition: describePartition(partition), path, mode: mode.toString(8).padStart(4, '0'), uid, gid, createFolders })),
    erase,
    slots: targets.slots.map((slot) => ({ name: slot.name, fixedDisk: slot.fixedDisk, port: slot.port })),
    minimumBytes: targets.minimumBytes,
    maximumBytes: targets.maximumBytes,
    startWhenInserted: targets.startWhenInserted === true,
    outboxLimit,
    station: station === undefined ? undefined : { atLeast: station.atLeast, atMost: station.atMost },
  };
}

export function settingsSummary({ name, shifts, log, webhooks, mes }: StationSettings): SettingsSummary {
  return {
    name,
    shifts: [...(shifts ?? [])],
    checkpointSeconds: log?.checkpointSeconds,
    anchors: (log?.anchors ?? []).map((place) => ('file' in place ? { to: 'file' as const } : { to: 'url' as const, origin: originOf(place.url) })),
    webhooks: (webhooks ?? []).map(({ url, events, secret, caFile, timeoutSeconds }) => ({ origin: originOf(url), events: [...events], secretFrom: 'keyring' in secret ? ('keyring' as const) : ('environment' as const), ownAuthority: caFile !== undefined, timeoutSeconds })),
    mes: mes === undefined ? undefined : { folder: mes.folder !== undefined, port: mes.http?.port, access: mes.http?.access },
  };
}
