import { ImprintError } from '../domain/errors';
import type { DeviceState } from '../domain/job';

/** In SQL: the states in which nobody holds the identity any more. */
export const freeStates = `('released', 'decommissioned')`;

export const stateInWords: Readonly<Record<DeviceState, string>> = {
  reserved: 'being provisioned',
  preauthorized: 'expected by the server',
  accepted: 'accepted by the server',
  released: 'released',
  decommissioned: 'decommissioned',
};

/** `2026-11-22 07:47 UTC` */
export function day(moment: string): string {
  return `${moment.slice(0, 10)} ${moment.slice(11, 16)} UTC`;
}

/** Brings a moment to the one form whose order as text is its order in time. @throws ImprintError unexpected */
export function timestamp(text: string): string {
  const moment = new Date(text);
  if (!/^\d{4}-\d{2}-\d{2}T.*Z$/.test(text) || Number.isNaN(moment.getTime())) throw bug(`"${text}" is no ISO 8601 moment in UTC`);
  return moment.toISOString();
}

/** @throws ImprintError usage */
export function wholeNumber(value: number, name: string): number {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new ImprintError('usage', `The ${name} of a list is a whole number from 0.`, { field: name, expected: 'a whole number from 0' });
  }
  return value;
}

export function noSuchDevice(deviceId: string): ImprintError {
  return new ImprintError('no-such-device', `The record has no device ${deviceId}.`);
}

export function bug(what: string): ImprintError {
  return new ImprintError('unexpected', `${what}: this is a mistake in Imprint; nothing was recorded.`);
}

/** A pattern of LIKE, with `ESCAPE '\'`, for texts that hold this one anywhere; in any letter case of ASCII. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
