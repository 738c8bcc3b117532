export interface Exception {
  readonly advisory: string;
  readonly package: string;
  readonly reason: string;
  readonly until: string;
}
export interface Known {
  readonly advisory: string;
  readonly package: string;
  readonly title: string;
  readonly severity: string;
  readonly ended?: string | undefined;
}
export function judge(
  report: object,
  locked: Readonly<Record<string, { readonly dev?: boolean; readonly devOptional?: boolean }>>,
  exceptions: readonly Exception[],
  now: Date,
): { readonly refused: readonly Known[]; readonly accepted: readonly Known[]; readonly unused: readonly Exception[] };
