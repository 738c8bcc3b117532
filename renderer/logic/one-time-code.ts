/** How many digits the code of a second factor may have; RFC 6238 (TOTP) has six to eight. */
export const mostCodeDigits = 12;
export const fewestCodeDigits = 4;

/** Only the digits of what was typed: codes are shown in groups, and scanners add spaces. */
export function codeDigits(text: string): string {
  return text.replace(/[^0-9]/g, '').slice(0, mostCodeDigits);
}
