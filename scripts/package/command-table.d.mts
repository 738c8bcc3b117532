export interface CommandHelp {
  readonly name: string;
  readonly words: readonly string[];
  readonly options: readonly string[];
  readonly synopsis: readonly string[];
  readonly does: string;
}
export interface CommandTable {
  readonly commands: readonly CommandHelp[];
  readonly options: Readonly<Record<string, { readonly type: string }>>;
  readonly common: readonly string[];
  readonly explained: readonly (readonly [string, string])[];
  readonly exitCodes: string;
}
export function readCommandTable(): Promise<CommandTable>;
