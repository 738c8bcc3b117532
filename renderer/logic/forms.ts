import type { ErrorReport } from '../contract';

/** Enter leads to the next field that must be filled. @returns whether there is one: then nothing is sent yet */
export function toFirstEmpty(form: HTMLFormElement | null): boolean {
  const fields = [...(form?.querySelectorAll<HTMLInputElement | HTMLSelectElement>('input[required], select[required]') ?? [])];
  const empty = fields.find((field) => field.value.trim() === '');
  empty?.focus();
  return empty !== undefined;
}

/** The error, where it is about this field of a form. */
export function errorAt(error: ErrorReport | undefined, field: string): ErrorReport | undefined {
  return error?.field === field ? error : undefined;
}

/** The error, where it is about none of these fields: it stands above them. */
export function errorBeside(error: ErrorReport | undefined, fields: readonly string[]): ErrorReport | undefined {
  return error === undefined || fields.includes(error.field ?? '') ? undefined : error;
}

/** A scanner that ends with two line ends must not press the button that the first one led to. */
export const scannerPause = 300;
