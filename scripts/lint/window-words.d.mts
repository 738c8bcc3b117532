/** For tests that break the rules. */
export const windowWords: readonly { readonly selector: string; readonly message: string }[];
