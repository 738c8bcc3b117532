/** Numbers as a person reads them. Units keep one width while they run, so nothing on the screen jumps. */

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
/** A no-break space: a number and its unit stay on one line. */
const space = '\u00a0';

/** 2147483648 → `2.15 GB`: decimal units, as cards are sold; three digits that count. */
export function formatBytes(bytes: number): string {
  let value = Math.max(0, bytes);
  let unit = 0;
  // 999.5 would be printed as 1000.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)}${space}${units[unit] ?? ''}`;
}

/** Bytes a second, or undefined where nothing is known yet. */
export function formatRate(bytesPerSecond: number): string | undefined {
  return bytesPerSecond > 0 ? `${formatBytes(bytesPerSecond)}/s` : undefined;
}

/** Seconds → `45 s`, `2 min 05 s`, `1 h 02 min`. Never below one second: what runs is not over. */
export function formatTimeLeft(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 60) return `${String(whole)}${space}s`;
  if (whole < 3600) return `${String(Math.floor(whole / 60))}${space}min ${twoDigits(whole % 60)}${space}s`;
  return `${String(Math.floor(whole / 3600))}${space}h ${twoDigits(Math.floor((whole % 3600) / 60))}${space}min`;
}

/** Between two moments (ISO 8601) → `120 ms`, `4.2 s`, `2 min 05 s`; undefined where one is missing. */
export function formatDuration(startedAt: string, endedAt: string | undefined): string | undefined {
  if (endedAt === undefined) return undefined;
  const milliseconds = Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
  if (Number.isNaN(milliseconds)) return undefined;
  if (milliseconds < 1000) return `${String(milliseconds)}${space}ms`;
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)}${space}s`;
  return formatTimeLeft(milliseconds / 1000);
}

/** Share of the work, 0 to 100 in whole steps, or undefined where the total is not known. 100 only when all is done. */
export function percentOf(done: number, total: number): number | undefined {
  if (total <= 0) return undefined;
  return Math.floor(Math.min(1, Math.max(0, done / total)) * 100);
}

/** A share from 0 to 1 → `98.5 %`; 100 only where it is all. */
export function formatShare(share: number): string {
  const percent = Math.floor(Math.min(1, Math.max(0, share)) * 1000) / 10;
  return `${percent.toFixed(percent === 100 || percent === 0 ? 0 : 1)}${space}%`;
}

/** A moment (ISO 8601) → `14:03:27` of this computer's day. */
export function formatTime(iso: string): string {
  const date = new Date(iso);
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':');
}

/** A moment (ISO 8601) → `2025-11-22 14:03:27` in this computer's time zone. */
export function formatDateTime(iso: string): string {
  const date = new Date(iso);
  return `${String(date.getFullYear())}-${twoDigits(date.getMonth() + 1)}-${twoDigits(date.getDate())} ${formatTime(iso)}`;
}

/** A moment (ISO 8601) → `2025-11-22`. */
export function formatDate(iso: string): string {
  return formatDateTime(iso).slice(0, 10);
}

/** How long ago, in one unit: `12 min`, `5 h`, `3 days`. */
export function formatAge(iso: string, now: number): string {
  const minutes = Math.max(0, Math.floor((now - Date.parse(iso)) / 60_000));
  if (minutes < 120) return `${String(minutes)}${space}min`;
  if (minutes < 48 * 60) return `${String(Math.floor(minutes / 60))}${space}h`;
  return `${String(Math.floor(minutes / (24 * 60)))}${space}days`;
}

/** How far a moment is from now, in one unit: `12 min`, `5 h`, `3 days`; which side of it the caller knows. */
export function formatDistance(iso: string, now: number): string {
  const moment = Date.parse(iso);
  return moment <= now ? formatAge(iso, now) : formatAge(new Date(now).toISOString(), moment);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
