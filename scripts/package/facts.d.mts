export const SMOKE_SUFFIX: string;
export function packageVersion(smoke: boolean, wanted?: string): { readonly number: string; readonly text: string };
export function recordSchema(): number;
