/** Numbers and moments as a person of this language reads them. Units keep one width while they run, so nothing on the screen jumps. */
import { texts } from '../texts';

const { locale, units: words } = texts;

const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
/** A no-break space: a number and its unit stay on one line. */
const space = '\u00a0';

/** One for each number of digits behind the point: making one costs more than a thousand uses. Nothing is grouped in what is measured. */
const measured = [0, 1, 2].map((digits) => new Intl.NumberFormat(locale.numbers, { minimumFractionDigits: digits, maximumFractionDigits: digits, useGrouping: false }));
const counted = new Intl.NumberFormat(locale.numbers);

const twoDigit = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const times = new Intl.DateTimeFormat(locale.dates, { ...twoDigit, second: '2-digit' });
const clocks = new Intl.DateTimeFormat(locale.dates, twoDigit);
const dates = new Intl.DateTimeFormat(locale.dates, { year: 'numeric', month: '2-digit', day: '2-digit' });

/** A moment that a server names otherwise stands as it is. */
function moment(format: Intl.DateTimeFormat, iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? iso : format.format(date);
}

function digitsOf(value: number, digits: 0 | 1 | 2): string {
  return measured[digits]?.format(value) ?? String(value);
}

/** 1234567 → `1,234,567` */
export function formatCount(count: number): string {
  return counted.format(count);
}

/** 3.14 → `3.1` */
export function formatDecimal(value: number): string {
  return digitsOf(value, 1);
}

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
  return `${digitsOf(value, digits)}${space}${units[unit] ?? ''}`;
}

/** Bytes a second, or undefined where nothing is known yet. */
export function formatRate(bytesPerSecond: number): string | undefined {
  return bytesPerSecond > 0 ? words.perSecond(formatBytes(bytesPerSecond)) : undefined;
}

/** Seconds → `45 s`, `2 min 05 s`, `1 h 02 min`. Never below one second: what runs is not over. */
export function formatTimeLeft(seconds: number): string {
  const whole = Math.max(1, Math.ceil(seconds));
  if (whole < 60) return `${String(whole)}${space}${words.seconds}`;
  if (whole < 3600) return `${String(Math.floor(whole / 60))}${space}${words.minutes} ${twoDigits(whole % 60)}${space}${words.seconds}`;
  return `${String(Math.floor(whole / 3600))}${space}${words.hours} ${twoDigits(Math.floor((whole % 3600) / 60))}${space}${words.minutes}`;
}

/** Between two moments (ISO 8601) → `120 ms`, `4.2 s`, `2 min 05 s`; undefined where one is missing. */
export function formatDuration(startedAt: string, endedAt: string | undefined): string | undefined {
  if (endedAt === undefined) return undefined;
  const milliseconds = Math.max(0, Date.parse(endedAt) - Date.parse(startedAt));
  if (Number.isNaN(milliseconds)) return undefined;
  if (milliseconds < 1000) return `${String(milliseconds)}${space}${words.milliseconds}`;
  if (milliseconds < 59_950) return `${digitsOf(milliseconds / 1000, 1)}${space}${words.seconds}`;
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
  return `${digitsOf(percent, percent === 100 || percent === 0 ? 0 : 1)}${space}%`;
}

/** A moment (ISO 8601) → `14:03:27` of this computer's day. */
export function formatTime(iso: string): string {
  return moment(times, iso);
}

/** A moment (ISO 8601) → `14:03` */
export function formatClock(iso: string): string {
  return moment(clocks, iso);
}

/** A moment (ISO 8601) → `2025-11-22 14:03:27` in this computer's time zone. */
export function formatDateTime(iso: string): string {
  return `${formatDate(iso)} ${formatTime(iso)}`;
}

/** A moment (ISO 8601) → `2025-11-22 14:03` */
export function formatDateClock(iso: string): string {
  return `${formatDate(iso)} ${formatClock(iso)}`;
}

/** A moment (ISO 8601) → `2025-11-22`. */
export function formatDate(iso: string): string {
  return moment(dates, iso);
}

/** A moment, or a day such as `2025-11-22`, without its year: `11-22`, short enough for an axis. */
export function formatDay(iso: string): string {
  // A day alone would be read as midnight in Greenwich, which is another day here.
  return formatDate(iso.length === 10 ? `${iso}T12:00:00` : iso).replace(/^\d{4}\D|\d{4}$/, '');
}

/** How long ago, in one unit: `12 min`, `5 h`, `3 days`. */
export function formatAge(iso: string, now: number): string {
  const minutes = Math.max(0, Math.floor((now - Date.parse(iso)) / 60_000));
  if (minutes < 120) return `${String(minutes)}${space}${words.minutes}`;
  if (minutes < 48 * 60) return `${String(Math.floor(minutes / 60))}${space}${words.hours}`;
  return `${String(Math.floor(minutes / (24 * 60)))}${space}${words.days}`;
}

/** How far a moment is from now, in one unit: `12 min`, `5 h`, `3 days`; which side of it the caller knows. */
export function formatDistance(iso: string, now: number): string {
  const moment = Date.parse(iso);
  return moment <= now ? formatAge(iso, now) : formatAge(new Date(now).toISOString(), moment);
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
